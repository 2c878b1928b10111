"""What the service does, told once, and run by every client."""

import json
import uuid

import pytest

from clients import Refused, refused
from conftest import CLIENTS
from keywright import REGION

HELLO = b"hello, world"
CONTEXT = {"purpose": "test", "tenant": "Ä 1"}


def an_alias():
    return f"alias/test/{uuid.uuid4()}"


def pages(call, member, **given):
    """All items of a listing that is taken two at a time."""
    items = []
    page = call(Limit=2, **given)
    while True:
        assert len(page[member]) <= 2
        items += page[member]
        if not page["Truncated"]:
            assert "NextMarker" not in page
            return items
        page = call(Limit=2, Marker=page["NextMarker"], **given)


def test_the_caller_is_the_root_user(client, shared):
    identity = client.call("sts", "GetCallerIdentity")
    arn = f"arn:aws:iam::{shared.account}:root"
    assert identity == {"UserId": shared.account, "Account": shared.account, "Arn": arn}


def test_a_key_is_described_as_it_was_created(kms, shared):
    created = kms("CreateKey", Description="of a test", KeyUsage="ENCRYPT_DECRYPT", KeySpec="SYMMETRIC_DEFAULT")
    metadata = created["KeyMetadata"]
    assert metadata["Arn"] == f"arn:aws:kms:{REGION}:{shared.account}:key/{metadata['KeyId']}"
    assert metadata["Description"] == "of a test"
    assert (metadata["Enabled"], metadata["KeyState"], metadata["Origin"]) == (True, "Enabled", "AWS_KMS")
    assert metadata["EncryptionAlgorithms"] == ["SYMMETRIC_DEFAULT"]
    for key_id in (metadata["KeyId"], metadata["Arn"]):
        assert kms("DescribeKey", KeyId=key_id)["KeyMetadata"] == metadata
    kms("UpdateKeyDescription", KeyId=metadata["KeyId"], Description="another")
    assert kms("DescribeKey", KeyId=metadata["KeyId"])["KeyMetadata"] == metadata | {"Description": "another"}


def test_an_alias_is_made_moved_and_deleted(kms, key, shared):
    alias = an_alias()
    arn = f"arn:aws:kms:{REGION}:{shared.account}:{alias}"
    kms("CreateAlias", AliasName=alias, TargetKeyId=key["KeyId"])
    (listed,) = kms("ListAliases", KeyId=key["KeyId"])["Aliases"]
    assert (listed["AliasName"], listed["AliasArn"], listed["TargetKeyId"]) == (alias, arn, key["KeyId"])
    with refused("AlreadyExistsException", f"An alias with the name {arn} already exists"):
        kms("CreateAlias", AliasName=alias, TargetKeyId=key["KeyId"])

    other = kms("CreateKey")["KeyMetadata"]
    before = kms("Encrypt", KeyId=alias, Plaintext=HELLO)
    kms("UpdateAlias", AliasName=alias, TargetKeyId=other["KeyId"])
    after = kms("Encrypt", KeyId=arn, Plaintext=HELLO)
    assert (before["KeyId"], after["KeyId"]) == (key["Arn"], other["Arn"])
    assert kms("Decrypt", CiphertextBlob=before["CiphertextBlob"])["Plaintext"] == HELLO

    kms("DeleteAlias", AliasName=alias)
    with refused("NotFoundException", f"Alias {arn} is not found."):
        kms("DescribeKey", KeyId=alias)


def test_what_is_encrypted_decrypts_with_its_context(kms, key):
    sealed = kms("Encrypt", KeyId=key["KeyId"], Plaintext=HELLO, EncryptionContext=CONTEXT)
    assert (sealed["KeyId"], sealed["EncryptionAlgorithm"]) == (key["Arn"], "SYMMETRIC_DEFAULT")
    blob = sealed["CiphertextBlob"]
    assert len(blob) == len(HELLO) + 152

    for given in ({}, {"KeyId": key["Arn"]}):
        opened = kms("Decrypt", CiphertextBlob=blob, EncryptionContext=CONTEXT, **given)
        assert (opened["Plaintext"], opened["KeyId"]) == (HELLO, key["Arn"])
    for context in ({}, {"EncryptionContext": {"purpose": "other"}}):
        with pytest.raises(Refused) as told:
            kms("Decrypt", CiphertextBlob=blob, **context)
        assert told.value.code == "InvalidCiphertextException"
    for damaged in (blob[:-1], blob + b"\0", blob[:-1] + bytes([blob[-1] ^ 1])):
        with pytest.raises(Refused) as told:
            kms("Decrypt", CiphertextBlob=damaged, EncryptionContext=CONTEXT)
        assert told.value.code == "InvalidCiphertextException"
    other = kms("CreateKey")["KeyMetadata"]
    message = "The key ID in the request does not identify a CMK that can perform this operation."
    with refused("IncorrectKeyException", message):
        kms("Decrypt", CiphertextBlob=blob, EncryptionContext=CONTEXT, KeyId=other["KeyId"])


def test_any_bytes_go_in_and_come_out(kms, key):
    plaintext = bytes(range(256)) * 16
    blob = kms("Encrypt", KeyId=key["KeyId"], Plaintext=plaintext)["CiphertextBlob"]
    assert kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == plaintext
    message = (
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
        "Member must have length less than or equal to 4096"
    )
    with refused("ValidationException", message):
        kms("Encrypt", KeyId=key["KeyId"], Plaintext=plaintext + b"\0")


def test_a_blob_moves_to_another_key(kms, key):
    other = kms("CreateKey")["KeyMetadata"]
    blob = kms("Encrypt", KeyId=key["KeyId"], Plaintext=HELLO, EncryptionContext=CONTEXT)["CiphertextBlob"]
    moved = kms(
        "ReEncrypt", CiphertextBlob=blob, SourceEncryptionContext=CONTEXT,
        DestinationKeyId=other["KeyId"], DestinationEncryptionContext={"purpose": "moved"},
    )
    assert (moved["SourceKeyId"], moved["KeyId"]) == (key["Arn"], other["Arn"])
    opened = kms("Decrypt", CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"purpose": "moved"})
    assert (opened["Plaintext"], opened["KeyId"]) == (HELLO, other["Arn"])


def test_data_keys_come_with_their_sealed_form(kms, key):
    made = kms("GenerateDataKey", KeyId=key["KeyId"], KeySpec="AES_256", EncryptionContext=CONTEXT)
    assert len(made["Plaintext"]) == 32
    opened = kms("Decrypt", CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT)
    assert opened["Plaintext"] == made["Plaintext"]
    again = kms("GenerateDataKey", KeyId=key["KeyId"], NumberOfBytes=64)
    assert len(again["Plaintext"]) == 64
    sealed = kms("GenerateDataKeyWithoutPlaintext", KeyId=key["KeyId"], KeySpec="AES_128")
    assert "Plaintext" not in sealed
    assert len(kms("Decrypt", CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"]) == 16


def test_random_bytes_differ(kms):
    one, other = (kms("GenerateRandom", NumberOfBytes=32)["Plaintext"] for _ in range(2))
    assert len(one) == len(other) == 32
    assert one != other


def test_tags_are_put_replaced_listed_and_removed(kms):
    first = [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": ""}, {"TagKey": "c", "TagValue": "3"}]
    key = kms("CreateKey", Tags=first)["KeyMetadata"]["KeyId"]

    def tags():
        listed = pages(lambda **given: kms("ListResourceTags", KeyId=key, **given), "Tags")
        return {tag["TagKey"]: tag["TagValue"] for tag in listed}

    assert tags() == {"a": "1", "b": "", "c": "3"}
    kms("TagResource", KeyId=key, Tags=[{"TagKey": "b", "TagValue": "2"}, {"TagKey": "d", "TagValue": "4"}])
    kms("UntagResource", KeyId=key, TagKeys=["a", "c"])
    assert tags() == {"b": "2", "d": "4"}
    with refused("TagException", "Tags beginning with aws: are reserved"):
        kms("TagResource", KeyId=key, Tags=[{"TagKey": "aws:x", "TagValue": "1"}])


def test_policies_are_put_read_and_enforced(kms, key, shared):
    policy = json.loads(kms("GetKeyPolicy", KeyId=key["KeyId"], PolicyName="default")["Policy"])
    root = f"arn:aws:iam::{shared.account}:root"
    assert policy["Statement"][0]["Principal"] == {"AWS": root}
    assert kms("ListKeyPolicies", KeyId=key["KeyId"])["PolicyNames"] == ["default"]

    denied = {
        "Sid": "only as a test", "Effect": "Deny", "Principal": {"AWS": root}, "Action": "kms:Encrypt", "Resource": "*",
        "Condition": {"StringNotEquals": {"kms:EncryptionContext:purpose": "test"}},
    }
    policy["Statement"].append(denied)
    kms("PutKeyPolicy", KeyId=key["KeyId"], PolicyName="default", Policy=json.dumps(policy))
    assert json.loads(kms("GetKeyPolicy", KeyId=key["KeyId"], PolicyName="default")["Policy"]) == policy
    kms("Encrypt", KeyId=key["KeyId"], Plaintext=HELLO, EncryptionContext=CONTEXT)
    message = (
        f"User: {root} is not authorized to perform: kms:Encrypt on resource: {key['Arn']} "
        "with an explicit deny in a resource-based policy"
    )
    with refused("AccessDeniedException", message):
        kms("Encrypt", KeyId=key["KeyId"], Plaintext=HELLO)
    with pytest.raises(Refused) as told:
        kms("PutKeyPolicy", KeyId=key["KeyId"], PolicyName="default", Policy="{}")
    assert told.value.code == "MalformedPolicyDocumentException"


def test_a_disabled_key_does_nothing_until_it_is_enabled(kms, key):
    blob = kms("Encrypt", KeyId=key["KeyId"], Plaintext=HELLO)["CiphertextBlob"]
    kms("DisableKey", KeyId=key["KeyId"])
    metadata = kms("DescribeKey", KeyId=key["KeyId"])["KeyMetadata"]
    assert (metadata["Enabled"], metadata["KeyState"]) == (False, "Disabled")
    with refused("DisabledException", f"{key['Arn']} is disabled."):
        kms("Encrypt", KeyId=key["KeyId"], Plaintext=HELLO)
    with refused("DisabledException", f"{key['Arn']} is disabled."):
        kms("Decrypt", CiphertextBlob=blob)
    kms("EnableKey", KeyId=key["Arn"])
    assert kms("Decrypt", CiphertextBlob=blob)["Plaintext"] == HELLO


def test_deletion_is_scheduled_and_cancelled(kms, key):
    scheduled = kms("ScheduleKeyDeletion", KeyId=key["KeyId"], PendingWindowInDays=7)
    assert (scheduled["KeyId"], scheduled["KeyState"]) == (key["Arn"], "PendingDeletion")
    assert scheduled["PendingWindowInDays"] == 7
    with refused("KMSInvalidStateException", f"{key['Arn']} is pending deletion."):
        kms("Encrypt", KeyId=key["KeyId"], Plaintext=HELLO)
    assert kms("CancelKeyDeletion", KeyId=key["KeyId"])["KeyId"] == key["Arn"]
    metadata = kms("DescribeKey", KeyId=key["KeyId"])["KeyMetadata"]
    assert metadata["KeyState"] == "Disabled"
    assert "DeletionDate" not in metadata


def test_lists_come_in_pages(kms):
    keys = {kms("CreateKey")["KeyMetadata"]["KeyId"] for _ in range(3)}
    target = min(keys)
    aliases = {an_alias() for _ in range(3)}
    for alias in aliases:
        kms("CreateAlias", AliasName=alias, TargetKeyId=target)
    listed = pages(lambda **given: kms("ListKeys", **given), "Keys")
    assert keys <= {key["KeyId"] for key in listed}
    assert len(listed) == len({key["KeyArn"] for key in listed})
    listed = pages(lambda **given: kms("ListAliases", **given), "Aliases", KeyId=target)
    assert {alias["AliasName"] for alias in listed} == aliases


UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("operation", "given", "code", "message"),
    [
        (
            "DescribeKey", {"KeyId": UNKNOWN}, "NotFoundException",
            f"Key 'arn:aws:kms:{REGION}:ACCOUNT:key/{UNKNOWN}' does not exist",
        ),
        ("DescribeKey", {"KeyId": "fake-key-id"}, "NotFoundException", "Invalid keyId 'fake-key-id'"),
        (
            "CreateAlias", {"AliasName": "first", "TargetKeyId": UNKNOWN}, "ValidationException",
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        ),
        ("GenerateRandom", {}, "ValidationException", "NumberOfBytes is required."),
        (
            "CreateKey", {"KeySpec": "RSA_2048"}, "ValidationException",
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
        ),
    ],
)
def test_errors_have_the_words_of_aws(kms, shared, operation, given, code, message):
    with refused(code, message.replace("ACCOUNT", shared.account)):
        kms(operation, **given)


def test_a_wrong_secret_is_refused(client, connect, shared, tmp_path):
    environment = shared.environment() | {"AWS_SECRET_ACCESS_KEY": "x" * 40}
    stranger = connect(client.name, environment, tmp_path)
    with pytest.raises(Refused) as told:
        stranger.call("kms", "ListKeys")
    assert told.value.code == "InvalidSignatureException"
    stranger.close()


@pytest.mark.parametrize("name", CLIENTS)
def test_keys_survive_a_restart_and_the_move_to_tls(deployment, connect, name, tmp_path):
    """One data directory: in the clear, again after a restart, and then with a certificate of its own CA."""

    def call(operation, **given):
        client = connect(name, deployment.environment(), tmp_path)
        try:
            return client.call("kms", operation, **given)
        finally:
            client.close()

    deployment.init().start()
    key = call("CreateKey", Description="kept")["KeyMetadata"]
    blob = call("Encrypt", KeyId=key["KeyId"], Plaintext=HELLO)["CiphertextBlob"]
    deployment.restart()
    assert call("Decrypt", CiphertextBlob=blob)["Plaintext"] == HELLO
    deployment.stop()
    deployment.certify("localhost")
    deployment.start()
    assert call("DescribeKey", KeyId=key["KeyId"])["KeyMetadata"] == key
    assert call("Decrypt", CiphertextBlob=blob)["Plaintext"] == HELLO
