"""SeaweedFS, an S3 server, encrypts objects under keys of Keywright: what docs/clients.md says of it."""

import base64
import contextlib
import json
import os
import pathlib
import re
import struct
import time
import urllib.request

import botocore.exceptions
import pytest

from buckets import SeaweedFS
from gateway import MARKER, refused
from keywright import Deployment
from test_readme import blocks, follow, section, steps

CLIENTS = (pathlib.Path(__file__).parents[2] / "docs/clients.md").read_text()
SECTION = section("SeaweedFS with SSE-KMS", CLIENTS)
# Not compressible, so that no file has the marker in another form.
CONTENT = b"".join(MARKER + os.urandom(992) for _ in range(18_000))
ALIAS = "alias/objects"
ENCRYPTED = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": ALIAS}
DEFAULT = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": ALIAS}}]}
CACHE_SECONDS = 10


class Storage:
    """A Keywright over TLS, a SeaweedFS set up as the page says, and the key that it uses."""

    def __init__(self, folder):
        self.folder = folder
        self.keywright = Deployment(folder, tls="localhost").init().start()
        self.page = blocks("console", SECTION)
        self.environment = self.keywright.environment()
        credentials = folder / "credentials.json"
        prepare = steps(self.page[0])
        command, _ = prepare.pop()
        assert command.startswith("aws iam create-access-key ")
        follow([*prepare, (f"{command} > {credentials}", [])], folder, self.environment)
        access_key = json.loads(credentials.read_text())["AccessKey"]
        (configuration,) = map(json.loads, blocks("json", SECTION))
        provider = configuration["kms"]["providers"]["keywright"]
        assert provider["type"] == "aws"
        provider |= {
            "endpoint": self.keywright.endpoint, "access_key": access_key["AccessKeyId"],
            "secret_key": access_key["SecretAccessKey"], "cache_ttl": f"{CACHE_SECONDS}s",
        }
        # Nothing uses this one: it tells SeaweedFS's own default.
        configuration["kms"]["providers"]["patient"] = {name: provider[name] for name in provider if name != "cache_ttl"}
        self.seaweed = SeaweedFS(
            folder, "app", "secret", "objects", {"kms": configuration["kms"]}, {"AWS_CA_BUNDLE": str(self.keywright.ca)}
        )
        self.s3 = self.seaweed.client

    def kms(self, connect, operation, **given):
        client = connect("boto3", self.environment, self.folder)
        try:
            return client.call("kms", operation, **given)
        finally:
            client.close()

    def key(self, connect):
        return self.kms(connect, "DescribeKey", KeyId=ALIAS)["KeyMetadata"]["Arn"]

    def put(self, name, body=MARKER, **given):
        return self.s3.put_object(Bucket="objects", Key=name, Body=body, **given)

    def get(self, name, **given):
        return self.s3.get_object(Bucket="objects", Key=name, **given)["Body"].read()

    def calls(self, operation):
        """Keywright's records of the calls that SeaweedFS made."""
        records = self.keywright.journal()
        return [r for r in records if r.get("eventName") == operation and r.get("arn", "").endswith("user/seaweedfs")]

    def contexts(self):
        """The encryption contexts of all data keys so far."""
        made = self.calls("GenerateDataKey")
        return [record["requestParameters"]["encryptionContext"] for record in made]

    @contextlib.contextmanager
    def disabled(self, connect):
        """Inside, the key is disabled, and SeaweedFS's memory of data keys is not over yet."""
        self.kms(connect, "DisableKey", KeyId=self.key(connect))
        yield
        self.kms(connect, "EnableKey", KeyId=self.key(connect))

    def within(self, ask):
        """What is answered once SeaweedFS's parts have found each other after a start."""
        for _ in range(100):
            try:
                return ask()
            except botocore.exceptions.ClientError:
                time.sleep(0.1)
        return ask()

    def end(self):
        self.seaweed.end()
        self.keywright.end()


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    storage = Storage(tmp_path_factory.mktemp("storage"))
    yield storage
    storage.end()


def test_objects_are_encrypted_and_come_back(storage):
    """The commands of the page, with files that are there."""
    folder = storage.folder
    (folder / "big.bin").write_bytes(CONTENT)
    (folder / "small.bin").write_bytes(MARKER)
    serve, use = storage.page[1:]
    ((command, _),) = steps(serve)
    assert command.startswith("weed server ") and "-s3.config=s3.json" in command
    # SeaweedFS came up with one.
    storage.s3.delete_bucket(Bucket="objects")
    told = steps(use.replace("http://127.0.0.1:8333", storage.seaweed.endpoint).replace("=…", "=secret"))
    follow(told, folder, storage.environment)
    assert (folder / "back.bin").read_bytes() == CONTENT
    assert (folder / "part.bin").read_bytes() == CONTENT[10_000_000:10_000_100]
    assert storage.s3.head_object(Bucket="objects", Key="small.bin")["ServerSideEncryption"] == "aws:kms"
    assert storage.get("small.bin") == MARKER
    storage.s3.delete_bucket_encryption(Bucket="objects")
    storage.s3.copy_object(Bucket="objects", Key="copy.bin", CopySource="objects/big.bin", **ENCRYPTED)
    assert storage.get("copy.bin") == CONTENT
    assert storage.seaweed.holding(MARKER) == []
    # The same search finds what is not encrypted.
    storage.put("open.bin", CONTENT[:4096])
    assert storage.seaweed.holding(MARKER)


def test_each_object_and_part_has_a_data_key_for_its_name(storage):
    start = len(storage.contexts())
    answer = storage.put("of/its own", **ENCRYPTED)
    assert answer["SSEKMSKeyId"].startswith("arn:aws:kms:us-east-1:") and ":key/" in answer["SSEKMSKeyId"]
    storage.put("in a bucket", BucketKeyEnabled=True, **ENCRYPTED)
    storage.put("in a bucket too", BucketKeyEnabled=True, **ENCRYPTED)
    of_object, of_bucket = "arn:aws:s3:::objects/of/its own", "arn:aws:s3:::objects"
    assert storage.contexts()[start:] == [{"aws:s3:arn": arn} for arn in (of_object, of_bucket, of_bucket)]
    upload = storage.s3.create_multipart_upload(Bucket="objects", Key="parts", **ENCRYPTED)["UploadId"]
    size, parts = 5 * 2**20, []
    for number in (1, 2, 3):
        part = storage.s3.upload_part(
            Bucket="objects", Key="parts", UploadId=upload, PartNumber=number, Body=CONTENT[(number - 1) * size:number * size]
        )
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    storage.s3.complete_multipart_upload(Bucket="objects", Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
    assert storage.contexts()[start + 3:] == [{"aws:s3:arn": "arn:aws:s3:::objects/parts"}] * 3
    for first, last in [(0, 0), (size - 5, size + 5), (2 * size, 3 * size - 1), (100, 3 * size - 7)]:
        assert storage.get("parts", Range=f"bytes={first}-{last}") == CONTENT[first:last + 1]
    assert storage.get("parts", Range="bytes=-7") == CONTENT[:3 * size][-7:]
    assert storage.get("parts", PartNumber=2) == CONTENT[size:2 * size]


def test_copies_and_presigned_urls_work(storage):
    storage.put("source", CONTENT[:3_000_000], **ENCRYPTED)
    storage.s3.copy_object(Bucket="objects", Key="copy", CopySource="objects/source", **ENCRYPTED)
    assert storage.s3.head_object(Bucket="objects", Key="copy")["ServerSideEncryption"] == "aws:kms"
    url = storage.s3.generate_presigned_url("get_object", Params={"Bucket": "objects", "Key": "copy"})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == CONTENT[:3_000_000]


def test_objects_outlive_a_kill_and_a_rotation(storage, connect):
    storage.put("lasting", **ENCRYPTED)
    storage.kms(connect, "RotateKeyOnDemand", KeyId=storage.key(connect))
    storage.seaweed.end()
    storage.keywright.kill()
    # The port that SeaweedFS was told.
    storage.keywright.start(port=storage.keywright.port)
    storage.seaweed.start()
    assert storage.within(lambda: storage.get("lasting")) == MARKER


def test_a_disabled_key_opens_what_was_read_until_the_memory_is_over(storage, connect):
    storage.put("read", **ENCRYPTED)
    storage.put("not read", **ENCRYPTED)
    assert storage.get("read") == MARKER
    with storage.disabled(connect):
        assert storage.get("read") == MARKER
        with refused("InternalError", 500):
            storage.get("not read")
        with refused("InternalError", 500):
            storage.put("new", **ENCRYPTED)
        assert storage.calls("GenerateDataKey")[-1]["errorCode"] == "DisabledException"
        time.sleep(CACHE_SECONDS)
        with refused("InternalError", 500):
            storage.get("read")
        assert storage.calls("Decrypt")[-1]["errorCode"] == "DisabledException"
        names = [item["Key"] for item in storage.s3.list_objects_v2(Bucket="objects")["Contents"]]
        assert "read" in names and "new" not in names
        assert storage.s3.head_object(Bucket="objects", Key="read")["ContentLength"] == len(MARKER)
    assert storage.get("read") == MARKER


def test_data_keys_are_remembered_for_an_hour_unless_told_otherwise(storage):
    log = (storage.folder / "seaweed.log").read_text()
    told = re.findall(r"KMS data key caching enabled \(ttl=(\w+), ", log)
    assert set(told) == {f"{CACHE_SECONDS}s", "1h0m0s"}


def test_nothing_is_stored_while_keywright_is_gone(storage):
    storage.put("before", **ENCRYPTED)
    storage.keywright.kill()
    begun = time.monotonic()
    with refused("InternalError", 500):
        storage.put("meanwhile", **ENCRYPTED)
    with refused("InternalError", 500):
        storage.get("before")
    assert time.monotonic() - begun < 10
    storage.keywright.start(port=storage.keywright.port)
    with refused("404", 404):
        storage.s3.head_object(Bucket="objects", Key="meanwhile")
    assert storage.get("before") == MARKER


def test_what_does_not_work_is_as_the_page_says(storage):
    storage.put("secret", **ENCRYPTED)
    with refused("InternalError", 500):
        storage.put("keyless", ServerSideEncryption="aws:kms")
    storage.s3.put_bucket_encryption(Bucket="objects", ServerSideEncryptionConfiguration=DEFAULT)
    with refused("InternalError", 500):
        storage.put("keyless", ServerSideEncryption="aws:kms")
    storage.s3.delete_bucket_encryption(Bucket="objects")
    with refused("InternalError", 500):
        storage.put("managed", ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/aws/s3")
    upload = storage.s3.create_multipart_upload(Bucket="objects", Key="parts of others", **ENCRYPTED)["UploadId"]
    with refused("NotImplemented", 501):
        storage.s3.upload_part_copy(
            Bucket="objects", Key="parts of others", UploadId=upload, PartNumber=1, CopySource="objects/secret"
        )
    stated = base64.b64encode(json.dumps({"aws:s3:arn": "arn:aws:s3:::another/name", "team": "a"}).encode()).decode()
    storage.put("misnamed", SSEKMSEncryptionContext=stated, **ENCRYPTED)
    assert storage.contexts()[-1] == {"aws:s3:arn": "arn:aws:s3:::another/name", "team": "a"}
    assert storage.get("misnamed") == MARKER


def test_what_seaweedfs_stores_unencrypted_is_as_the_page_says(storage):
    def stored(name):
        """Whether the disk shows what the object of this name has."""
        assert storage.get(name) == body
        return storage.seaweed.holding(body[:64]) != []

    body = os.urandom(5000)
    storage.put("original", body, **ENCRYPTED)
    assert not stored("original")
    storage.s3.put_bucket_encryption(Bucket="objects", ServerSideEncryptionConfiguration=DEFAULT)
    storage.s3.copy_object(Bucket="objects", Key="in a bucket with a key", CopySource="objects/original")
    assert not stored("in a bucket with a key")
    storage.s3.delete_bucket_encryption(Bucket="objects")
    storage.s3.copy_object(Bucket="objects", Key="copied", CopySource="objects/original")
    assert stored("copied")
    body = os.urandom(5000)
    answer = storage.put("twice", body, ServerSideEncryption="aws:kms:dsse", SSEKMSKeyId=ALIAS)
    assert "ServerSideEncryption" not in answer
    assert stored("twice")


def test_changes_on_the_disk_are_not_noticed(storage):
    """Somebody who writes the disk turns one text into another of the same length, without a key."""
    was, becomes = b"pay alice 100 euro", b"pay eve 999 euro!!"
    known = set(needles(storage.seaweed))
    size = len(was) + 1000
    storage.put("order", was + os.urandom(1000), **ENCRYPTED)
    # SeaweedFS stores things of its own as well.
    ((path, at, _),) = (needle for needle in set(needles(storage.seaweed)) - known if needle[2] == size)
    with path.open("r+b") as file:
        file.seek(at)
        sealed = bytearray(file.read(size))
        for place, (one, other) in enumerate(zip(was, becomes, strict=True)):
            sealed[place] ^= one ^ other
        file.seek(at)
        file.write(sealed)
        file.seek(needle_end(path, at))
        file.write(struct.pack(">I", crc32c(sealed)))
    assert storage.get("order", Range=f"bytes=0-{len(was) - 1}") == becomes


def needles(seaweed):
    """The pieces of objects on SeaweedFS's disk: the file, where the content begins, and how long it is. An index has 17 bytes
    for each: its name, a place in units of 8 bytes whose highest byte comes last, a length."""
    for index in seaweed.folder.glob("*.idx"):
        entries, volume = index.read_bytes(), index.with_suffix(".dat")
        contents = volume.read_bytes()
        for entry in struct.iter_unpack(">QIBI", entries[:len(entries) // 17 * 17]):
            at = (entry[2] << 32 | entry[1]) * 8 + 20
            yield volume, at, int.from_bytes(contents[at - 4:at])


def needle_end(path, at):
    """Where a piece's CRC-32C is: behind its content and what is told of it."""
    with path.open("rb") as file:
        file.seek(at - 8)
        return at - 4 + int.from_bytes(file.read(4))


def crc32c(content):
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_who_may_read_is_not_keywrights_to_say(storage, connect):
    """A key policy that denies everybody but SeaweedFS's own user denies none of SeaweedFS's users."""
    key = storage.key(connect)
    policy = json.loads(storage.kms(connect, "GetKeyPolicy", KeyId=key)["Policy"])
    arn = storage.calls("Decrypt")[-1]["arn"]
    allowed = policy["Statement"][0]["Principal"]["AWS"]
    policy["Statement"].append({
        "Effect": "Deny", "Principal": "*", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": arn}},
    })
    storage.kms(connect, "PutKeyPolicy", KeyId=key, Policy=json.dumps(policy))
    storage.put("of app", **ENCRYPTED)
    assert storage.get("of app") == MARKER
    assert {record["arn"] for record in storage.keywright.journal() if record.get("eventName") == "Decrypt"} == {arn} != {allowed}
