"""The S3 gateway, with boto3, both aws CLIs and requests written by hand: encryption, and who may do what."""

import base64
import hashlib
import json
import time
import urllib.error
import urllib.request
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from gateway import KMS, KMS_USE, MARKER, OTHER_ACCOUNT, S3_ALL, S3Gateway, body, document, encryption, eventually, refused
from keywright import REGION, Deployment
from test_dev import Development


def default(**by):
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": by}]}


def test_answers_say_how_an_object_is_encrypted(gateway, s3, bucket):
    managed = f"arn:aws:kms:{REGION}:{gateway.account}:key/"
    uuid_of_key = gateway.key.rpartition("/")[2]
    for given, expected in (
        ({}, ("AES256", None, None)),
        ({"ServerSideEncryption": "AES256"}, ("AES256", None, None)),
        (KMS, ("aws:kms", gateway.key, None)),
        (KMS | {"SSEKMSKeyId": uuid_of_key}, ("aws:kms", gateway.key, None)),
        (KMS | {"SSEKMSKeyId": gateway.key}, ("aws:kms", gateway.key, None)),
        (KMS | {"SSEKMSKeyId": f"arn:aws:kms:{REGION}:{gateway.account}:alias/docs"}, ("aws:kms", gateway.key, None)),
        (KMS | {"BucketKeyEnabled": True}, ("aws:kms", gateway.key, True)),
    ):
        put = s3.put_object(Bucket=bucket, Key="k", Body=MARKER, **given)
        got = s3.get_object(Bucket=bucket, Key="k")
        for answer in (put, got, s3.head_object(Bucket=bucket, Key="k")):
            assert encryption(answer) == expected, given
        assert body(got) == MARKER
        is_md5 = put["ETag"] == f'"{hashlib.md5(MARKER).hexdigest()}"'
        assert is_md5 == (expected[0] == "AES256"), given
    kind, key, _ = encryption(s3.put_object(Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="aws:kms"))
    assert kind == "aws:kms" and key.startswith(managed) and key not in (gateway.key, gateway.own_key)
    assert gateway.kms().describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"] == key


def test_the_default_of_a_bucket_counts_where_a_request_is_silent(gateway, s3, bucket):
    def shown():
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        return rule["ApplyServerSideEncryptionByDefault"], rule["BucketKeyEnabled"]

    assert shown() == ({"SSEAlgorithm": "AES256"}, False)
    by = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": gateway.key.rpartition("/")[2]}
    configuration = default(**by)
    configuration["Rules"][0]["BucketKeyEnabled"] = True
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=configuration)
    assert shown() == (by, True), "a key is shown as it was put"
    for given, expected in (
        ({}, ("aws:kms", gateway.key, True)),
        ({"ServerSideEncryption": "AES256"}, ("AES256", None, None)),
        (KMS | {"BucketKeyEnabled": False}, ("aws:kms", gateway.key, None)),
    ):
        assert encryption(s3.put_object(Bucket=bucket, Key="k", Body=b"x", **given)) == expected
    for _ in range(2):
        s3.delete_bucket_encryption(Bucket=bucket)
    assert shown() == ({"SSEAlgorithm": "AES256"}, False)
    for wrong in ({"Rules": []}, {"Rules": default(SSEAlgorithm="AES256")["Rules"] * 2}):
        with refused("MalformedXML", 400):
            s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=wrong)
    with refused("InvalidArgument", 400):
        wrong = default(SSEAlgorithm="AES256", KMSMasterKeyID=gateway.key)
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=wrong)


def test_headers_that_contradict_themselves_or_are_not_served_are_refused(gateway, s3, bucket):
    for given, code, status in (
        ({"ServerSideEncryption": "AES256", "SSEKMSKeyId": gateway.key}, "InvalidArgument", 400),
        ({"SSEKMSKeyId": gateway.key}, "InvalidArgument", 400),
        ({"ServerSideEncryption": "rot13"}, "InvalidArgument", 400),
        ({"ServerSideEncryption": "aws:kms:dsse"}, "NotImplemented", 501),
        (KMS | {"SSEKMSEncryptionContext": "bm90IGpzb24="}, "InvalidArgument", 400),
    ):
        with refused(code, status):
            s3.put_object(Bucket=bucket, Key="k", Body=b"x", **given)
    # boto3 itself refuses customer keys over plain HTTP.
    key = base64.b64encode(b"k" * 32).decode()
    headers = {"x-amz-server-side-encryption-customer-algorithm": "AES256", "x-amz-server-side-encryption-customer-key": key}
    status, _, told = gateway.send("PUT", f"/{bucket}/k", headers, b"x")
    assert (status, b"<Code>AccessDenied</Code>" in told) == (403, True), told
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", **KMS)
    for operation, has_text in (("GET", True), ("HEAD", False)):
        status, _, told = gateway.send(operation, f"/{bucket}/k", {"x-amz-server-side-encryption": "aws:kms"})
        assert (status, b"InvalidArgument" in told) == (400, has_text)


def test_a_context_is_needed_to_decrypt_and_never_shown(gateway, s3, bucket):
    context = base64.b64encode(json.dumps({"team": "pay"}).encode()).decode()
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"x", **KMS, SSEKMSEncryptionContext=context)
    assert put["SSEKMSEncryptionContext"] == context
    got = s3.get_object(Bucket=bucket, Key="k")
    assert body(got) == b"x" and "SSEKMSEncryptionContext" not in got
    context = {"aws:s3:arn": f"arn:aws:s3:::{bucket}/k", "team": "pay"}

    def records():
        calls = gateway.calls("GenerateDataKey", "Decrypt")
        return [record for record in calls if record["requestParameters"].get("encryptionContext") == context]

    made, opened = eventually(lambda: len(records()) == 2 and records(), 10)
    assert (made["eventName"], opened["eventName"]) == ("GenerateDataKey", "Decrypt")
    for record in (made, opened):
        alice = f"arn:aws:iam::{gateway.account}:user/alice"
        assert (record["arn"], record["invokedBy"]) == (alice, "s3.amazonaws.com")


def test_errors_of_kms_are_told_as_s3_tells_them(gateway, s3, bucket):
    kms = gateway.kms()
    unknown = f"arn:aws:kms:{REGION}:{gateway.account}:key/{uuid.uuid4()}"
    off, gone = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    signs = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    for name, key in (("off", off), ("gone", gone)):
        s3.put_object(Bucket=bucket, Key=name, Body=b"x", **KMS | {"SSEKMSKeyId": key})
    kms.disable_key(KeyId=off)
    kms.schedule_key_deletion(KeyId=gone, PendingWindowInDays=7)
    put = [
        ("fake-key-id", "KMS.NotFoundException", "Invalid keyId 'fake-key-id'"),
        (unknown.rpartition("/")[2], "KMS.NotFoundException", f"Key '{unknown}' does not exist"),
        (unknown, "KMS.NotFoundException", f"Key '{unknown}' does not exist"),
        (gateway.key.replace(REGION, "eu-west-1"), "KMS.NotFoundException", "Invalid arn eu-west-1"),
        ("alias/none", "KMS.NotFoundException", "alias/none"),
        (off, "KMS.DisabledException", f"{off} is disabled."),
        (gone, "KMS.KMSInvalidStateException", f"{gone} is pending deletion."),
        (signs, "KMS.InvalidKeyUsageException", ""),
    ]
    for key, code, text in put:
        with refused(code, 400, text):
            s3.put_object(Bucket=bucket, Key="new", Body=b"x", **KMS | {"SSEKMSKeyId": key})
    for name, code in (("off", "KMS.DisabledException"), ("gone", "KMS.KMSInvalidStateException")):
        with refused(code, 400):
            s3.get_object(Bucket=bucket, Key=name)
        assert s3.head_object(Bucket=bucket, Key=name)["ContentLength"] == 1
        with refused(code, 400):
            s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": name})
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [item["Key"] for item in listed] == ["gone", "off"], "nothing came of what was refused"
    kms.enable_key(KeyId=off)
    assert body(s3.get_object(Bucket=bucket, Key="off")) == b"x"


def test_who_may_not_use_the_key_is_told_so_in_the_words_of_kms(gateway, s3, bucket):
    s3.put_object(Bucket=bucket, Key="kms", Body=b"x", **KMS)
    s3.put_object(Bucket=bucket, Key="plain", Body=b"x")
    bob = gateway.s3("bob")
    arn = f"arn:aws:iam::{gateway.account}:user/bob"
    why = "because no identity-based policy allows the {} action"
    told = f"User: {arn} is not authorized to perform: {{}} on resource: {gateway.key} {why}"
    with refused("AccessDenied", 403, told.format("kms:Decrypt", "kms:Decrypt")):
        bob.get_object(Bucket=bucket, Key="kms")
    with refused("AccessDenied", 403, told.format("kms:GenerateDataKey", "kms:GenerateDataKey")):
        bob.put_object(Bucket=bucket, Key="new", Body=b"x", **KMS)
    with refused("AccessDenied", 403):
        bob.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "kms"})
    assert bob.head_object(Bucket=bucket, Key="kms")["ContentLength"] == 1
    with refused("403", 403):
        bob.head_object(Bucket=bucket, Key="kms", ChecksumMode="ENABLED")
    assert body(bob.get_object(Bucket=bucket, Key="plain")) == b"x"
    # A caller who may use the key has no part in another's bucket key.
    s3.put_object(Bucket=bucket, Key="saved", Body=b"x", **KMS, BucketKeyEnabled=True)
    with refused("AccessDenied", 403):
        bob.get_object(Bucket=bucket, Key="saved")
    bob.delete_object(Bucket=bucket, Key="kms")


def test_a_key_may_be_usable_through_the_gateway_alone(gateway, bucket):
    root = {"AWS": f"arn:aws:iam::{gateway.account}:root"}
    through = {"kms:ViaService": f"s3.{REGION}.amazonaws.com", "kms:CallerAccount": gateway.account}
    administer = {"Effect": "Allow", "Principal": root, "Action": ["kms:Put*", "kms:Describe*"], "Resource": "*"}
    use = {
        "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "*",
        "Condition": {"StringEquals": through},
    }
    key = gateway.kms().create_key(Policy=document(administer, use))["KeyMetadata"]["Arn"]
    bob = gateway.s3("bob")
    bob.put_object(Bucket=bucket, Key="k", Body=b"x", **KMS | {"SSEKMSKeyId": key})
    assert body(bob.get_object(Bucket=bucket, Key="k")) == b"x"
    for name in ("bob", "root"):
        with refused("AccessDeniedException"):
            gateway.kms(name).generate_data_key(KeyId=key, KeySpec="AES_256")


def test_sessions_may_what_their_role_and_their_session_policy_allow(gateway, s3, bucket):
    worker, reader = gateway.s3("worker"), gateway.s3("reader")
    worker.put_object(Bucket=bucket, Key="k", Body=b"x", **KMS)
    assert body(reader.get_object(Bucket=bucket, Key="k")) == b"x"
    arn = f"arn:aws:sts::{gateway.account}:assumed-role/reader/job"
    why = "because no session policy allows the s3:PutObject action"
    with refused("AccessDenied", 403, f'User: {arn} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::{bucket}/new" {why}'):
        reader.put_object(Bucket=bucket, Key="new", Body=b"x", **KMS)
    *pair, token = gateway.access_keys["worker"]
    for name, wrong, code in (
        ("no-token", pair, "InvalidAccessKeyId"),
        ("other-token", [*pair, gateway.access_keys["reader"][2]], "InvalidToken"),
        ("cut-token", [*pair, token[:-8]], "InvalidToken"),
    ):
        gateway.access_keys[name] = wrong
        with refused(code):
            gateway.s3(name).list_buckets()


def test_denials_stand_wherever_they_are(gateway, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    careful = gateway.s3("careful")
    with refused("AccessDenied", 403, "with an explicit deny in an identity-based policy"):
        careful.delete_object(Bucket=bucket, Key="k")
    answer = careful.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]})
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]
    objects = f"arn:aws:s3:::{bucket}/*"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": objects}
    s3.put_bucket_policy(Bucket=bucket, Policy=document(deny))
    with refused("AccessDenied", 403, "with an explicit deny in a resource-based policy"):
        s3.get_object(Bucket=bucket, Key="k")
    with refused("AccessDenied", 403):
        s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"})
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(document(deny))
    s3.delete_bucket_policy(Bucket=bucket)
    assert body(s3.get_object(Bucket=bucket, Key="k")) == b"x"
    with refused("NoSuchBucketPolicy", 404):
        s3.get_bucket_policy(Bucket=bucket)
    for wrong in ("{", document(deny | {"Resource": "arn:aws:s3:::another/*"}), document(S3_ALL)):
        with refused("MalformedPolicy", 400):
            s3.put_bucket_policy(Bucket=bucket, Policy=wrong)


def test_a_bucket_may_demand_encryption(gateway, s3, bucket):
    objects = f"arn:aws:s3:::{bucket}/*"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": objects}
    kind, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
    other_kind = deny | {"Condition": {"StringNotEquals": {kind: "aws:kms"}}}
    other_key = deny | {"Condition": {"StringNotEqualsIfExists": {key: gateway.key}}}
    s3.put_bucket_policy(Bucket=bucket, Policy=document(other_kind, other_key))
    s3.put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration=default(SSEAlgorithm="aws:kms", KMSMasterKeyID="alias/docs")
    )
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", **KMS)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", **KMS | {"SSEKMSKeyId": gateway.key})
    # The parts of an upload have no headers of encryption. They go by those that it began with.
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts", **KMS)
    at = {"Bucket": bucket, "Key": "parts", "UploadId": upload["UploadId"]}
    part = s3.upload_part(**at, PartNumber=1, Body=b"x")
    s3.complete_multipart_upload(**at, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    other = gateway.kms().create_key()["KeyMetadata"]["Arn"]
    for given in ({}, {"ServerSideEncryption": "AES256"}, KMS | {"SSEKMSKeyId": other}):
        with refused("AccessDenied", 403, "with an explicit deny in a resource-based policy"):
            s3.put_object(Bucket=bucket, Key="new", Body=b"x", **given)
        with refused("AccessDenied", 403):
            s3.copy_object(Bucket=bucket, Key="new", CopySource={"Bucket": bucket, "Key": "k"}, **given)
    # Which key an alias means, KMS does not tell everybody. Then the policy's answer is not known, and is no.
    gateway.user(f"{bucket}-writer", S3_ALL, KMS_USE | {"Action": "kms:GenerateDataKey"})
    writer = gateway.s3(f"{bucket}-writer")
    gateway.kms().create_alias(AliasName=f"alias/{bucket}", TargetKeyId=other)
    s3.put_bucket_policy(Bucket=bucket, Policy=document(deny | {"Condition": {"StringEquals": {key: other}}}))
    with refused("AccessDenied", 403, "which this gateway cannot tell"):
        writer.put_object(Bucket=bucket, Key="new", Body=b"x", **KMS | {"SSEKMSKeyId": f"alias/{bucket}"})
    writer.put_object(Bucket=bucket, Key="k", Body=b"x", **KMS | {"SSEKMSKeyId": gateway.key})


def test_another_account_comes_in_by_the_policy_of_the_bucket(gateway, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.put_object(Bucket=bucket, Key="kms", Body=b"x", **KMS)
    stranger = gateway.s3("stranger")
    for ask in (lambda: stranger.get_object(Bucket=bucket, Key="k"), lambda: stranger.list_objects_v2(Bucket=bucket)):
        with refused("AccessDenied", 403):
            ask()
    allow = {
        "Effect": "Allow", "Principal": {"AWS": OTHER_ACCOUNT}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=document(allow))
    assert body(stranger.get_object(Bucket=bucket, Key="k")) == b"x"
    with refused("AccessDenied", 403, f"User: arn:aws:iam::{OTHER_ACCOUNT}:root is not authorized to perform: kms:Decrypt"):
        stranger.get_object(Bucket=bucket, Key="kms")
    with refused("AccessDenied", 403):
        stranger.put_object(Bucket=bucket, Key="k", Body=b"y")
    assert bucket not in [each["Name"] for each in stranger.list_buckets()["Buckets"]]
    with refused("BucketAlreadyExists", 409):
        stranger.create_bucket(Bucket=bucket)


def test_who_may_not_list_does_not_learn_what_there_is_not(gateway, s3, bucket):
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}
    with refused("NoSuchKey", 404):
        s3.get_object(Bucket=bucket, Key="none")
    s3.put_bucket_policy(Bucket=bucket, Policy=document(deny))
    for ask in (
        lambda: s3.get_object(Bucket=bucket, Key="none"),
        lambda: s3.copy_object(Bucket=bucket, Key="k", CopySource={"Bucket": bucket, "Key": "none"}),
    ):
        with refused("AccessDenied", 403):
            ask()
    with refused("403", 403):
        s3.head_object(Bucket=bucket, Key="none")
    with refused("NoSuchBucket", 404):
        s3.list_objects_v2(Bucket=f"none-{bucket}"[:60])


def test_tags_are_copied_and_counted_for_who_may_read_them(gateway, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="secret=yes")
    for name, denied in (("reads-no-tags", "s3:GetObjectTagging"), ("puts-no-tags", "s3:PutObjectTagging")):
        gateway.user(f"{bucket}-{name}", S3_ALL, KMS_USE, {"Effect": "Deny", "Action": denied, "Resource": "*"})
    reads, puts = (gateway.s3(f"{bucket}-{name}") for name in ("reads-no-tags", "puts-no-tags"))
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": {"Bucket": bucket, "Key": "k"}}
    for client, denied in ((reads, "s3:GetObjectTagging"), (puts, "s3:PutObjectTagging")):
        with refused("AccessDenied", 403, denied):
            client.copy_object(**copy)
        client.copy_object(**copy, TaggingDirective="REPLACE")
    assert s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"] == []
    s3.copy_object(**copy)
    assert s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"] == [{"Key": "secret", "Value": "yes"}]
    assert s3.get_object(Bucket=bucket, Key="k")["TagCount"] == 1
    assert "TagCount" not in reads.get_object(Bucket=bucket, Key="k")


def test_federated_users_of_the_root_user_are_known(gateway, bucket):
    allow = document(S3_ALL, KMS_USE)
    sts = gateway.client("sts", "root", gateway.keywright.endpoint)
    session = sts.get_federation_token(Name="visitor", Policy=allow)["Credentials"]
    gateway.access_keys["visitor"] = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    visitor = gateway.s3("visitor")
    visitor.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert body(visitor.get_object(Bucket=bucket, Key="k")) == b"x"
    with refused("AccessDenied", 403):
        gateway.client("iam", "visitor", gateway.keywright.endpoint).list_users()


def test_forms_are_refused_before_they_are_read(gateway, bucket):
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    status, _, told = gateway.send("POST", f"/{bucket}", form, b"--x--", name="bob")
    assert (status, b"NotImplemented" in told) == (501, True), told


def test_what_a_presigner_puts_into_the_query_counts_or_is_refused(gateway, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    def presigned(method, more):
        request = botocore.awsrequest.AWSRequest(method, f"{gateway.endpoint}/{bucket}/k?{more}")
        credentials = botocore.credentials.Credentials(*gateway.access_keys["alice"])
        botocore.auth.S3SigV4QueryAuth(credentials, "s3", REGION).add_auth(request)
        return gateway.send_signed(method, request.url.removeprefix(gateway.endpoint), {})

    assert presigned("GET", f"x-amz-expected-bucket-owner={gateway.account}&x-amz-checksum-mode=ENABLED")[0] == 200
    assert presigned("GET", f"x-amz-expected-bucket-owner={OTHER_ACCOUNT}")[0] == 403
    for lost in (f"x-amz-copy-source={bucket}%2Fk", "x-amz-meta-a=b", "x-amz-tagging=a%3Db"):
        status, _, told = presigned("PUT", lost)
        assert (status, b"NotImplemented" in told) == (501, True), (lost, told)
    assert body(s3.get_object(Bucket=bucket, Key="k")) == b"x"


def test_a_bucket_of_another_account_than_expected_is_refused(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    expected = {"Bucket": bucket, "ExpectedBucketOwner": OTHER_ACCOUNT}
    for ask in (
        lambda: s3.get_object(Key="k", **expected),
        lambda: s3.put_object(Key="k", Body=b"y", **expected),
        lambda: s3.delete_object(Key="k", **expected),
        lambda: s3.delete_objects(Delete={"Objects": [{"Key": "k"}]}, **expected),
        lambda: s3.list_objects_v2(**expected),
        lambda: s3.get_bucket_encryption(**expected),
        lambda: s3.copy_object(Key="c", CopySource={"Bucket": bucket, "Key": "k"}, **expected),
    ):
        with refused("AccessDenied", 403):
            ask()
    assert body(s3.get_object(Bucket=bucket, Key="k")) == b"x"


def test_wrong_signatures_and_unknown_access_keys_are_refused(gateway, s3, bucket):
    key, secret = gateway.access_keys["alice"]
    gateway.access_keys |= {"forger": (key, secret[::-1]), "nobody": ("AKIAAAAAAAAAAAAAAAAA", secret)}
    for name, code in (("forger", "SignatureDoesNotMatch"), ("nobody", "InvalidAccessKeyId")):
        with refused(code, 403):
            gateway.s3(name).put_object(Bucket=bucket, Key="k", Body=b"x")
    target = f"/{bucket}/k"
    signed = gateway.signed("PUT", target, {"x-amz-meta-a": "1"}, "UNSIGNED-PAYLOAD")
    for change, code in (
        ({"x-amz-meta-a": "2"}, b"SignatureDoesNotMatch"),
        ({"x-amz-meta-b": "2"}, b"AccessDenied"),
        ({"x-amz-server-side-encryption": "AES256"}, b"AccessDenied"),
    ):
        status, _, told = gateway.send_signed("PUT", target, signed | change, b"x")
        assert (status, code in told) == (403, True), told
    # A quarter of an hour is the most.
    for hours, minutes in ((0, 20), (1, 0)):
        past = gateway.signed("PUT", target, None, "UNSIGNED-PAYLOAD", at=time.gmtime(time.time() - 3600 * hours - 60 * minutes))
        status, _, told = gateway.send_signed("PUT", target, past, b"x")
        assert (status, b"RequestTimeTooSkewed" in told) == (403, True), told
    status, _, told = gateway.send_signed("GET", f"/{bucket}", {})
    assert (status, b"AccessDenied" in told) == (403, True), "nobody is anonymous here"
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_presigned_urls_work_and_end(gateway, s3, bucket):
    def fetch(url, data=None, headers=None):
        request = urllib.request.Request(url, data, headers or {}, method="PUT" if data is not None else "GET")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    at = {"Bucket": bucket, "Key": "ä b+c%d/e"}
    put = s3.generate_presigned_url("put_object", at | KMS, 60)
    sse = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "alias/docs"}
    assert fetch(put, b"presigned", sse)[0] == 200
    assert encryption(s3.head_object(**at)) == ("aws:kms", gateway.key, None)
    url = s3.generate_presigned_url("get_object", at | {"ResponseContentType": "text/x"}, 60)
    assert fetch(url) == (200, b"presigned")
    status, told = fetch(s3.generate_presigned_url("put_object", at, 60), b"x", sse)
    assert (status, b"headers present in the request which were not signed" in told) == (403, True), told
    for wrong in (url.replace("e?", "f?"), url.replace("text%2Fx", "text%2Fy"), url[:-1] + ("0" if url[-1] != "0" else "1")):
        status, told = fetch(wrong)
        assert (status, b"SignatureDoesNotMatch" in told) == (403, True), told
    # A session's URL carries its token, and KMS decides for the session.
    assert fetch(gateway.s3("worker").generate_presigned_url("get_object", at, 60)) == (200, b"presigned")
    assert fetch(gateway.s3("bob").generate_presigned_url("get_object", at, 60))[0] == 403
    short = s3.generate_presigned_url("get_object", at, 1)
    status, told = eventually(lambda: (answer := fetch(short))[0] == 403 and answer, 5)
    assert b"AccessDenied" in told and b"Request has expired" in told
    assert fetch(s3.generate_presigned_url("get_object", at, 8 * 86400))[0] == 400


class MovableGateway(S3Gateway):
    """A gateway beside a server for development, whose clock can be moved."""

    def __init__(self, folder):
        self.folder, self.data, self.account = folder, folder / "objects", "0" * 12
        self.development = Development("--verify", "--service", f"s3=arn:aws:iam::{self.account}:user/gateway")
        self.access_keys = {"root": (self.account, "keywright")}
        self.keywright = Deployment(folder)
        self.keywright.process = self.development.process
        self.keywright.port = int(self.development.endpoint.rpartition(":")[2])
        self.keywright.credentials = {"aws_access_key_id": self.account, "aws_secret_access_key": "keywright"}
        self._prepare()
        self.process = None
        self.start()


def test_a_session_that_is_over_is_told_so(tmp_path):
    gateway = MovableGateway(tmp_path)
    try:
        for name in ("known", "late"):
            gateway.session(name, S3_ALL, seconds=900)
        assert gateway.s3("known").list_buckets()["Buckets"] == []
        gateway.development.control("clock", {"advance": "16m"})
        with refused("ExpiredToken", 400):
            gateway.s3("late").list_buckets()
    finally:
        gateway.end()
