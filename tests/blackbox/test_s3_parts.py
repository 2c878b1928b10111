"""Uploads in parts at the S3 gateway, with boto3."""

import base64
import hashlib
import os

import pytest

from gateway import KMS, MARKER, body, encryption, eventually, refused

PART = 5 * 1024 * 1024
# The least that a part may have, one byte more, and a last part that may have less.
LENGTHS = (PART, PART + 1, 70_001)


@pytest.fixture(scope="module")
def contents():
    return [(MARKER + os.urandom(length))[:length] for length in LENGTHS]


def begin(s3, bucket, key="k", **how):
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **how)
    return upload, {"Bucket": bucket, "Key": key, "UploadId": upload["UploadId"]}


def send(s3, at, number, content, **given):
    sent = s3.upload_part(**at, PartNumber=number, Body=content, **given)
    return {"PartNumber": number, "ETag": sent["ETag"]}


@pytest.mark.parametrize("how", [{}, KMS, KMS | {"BucketKeyEnabled": True}], ids=["sse-s3", "sse-kms", "bucket-key"])
def test_parts_become_an_object(gateway, s3, bucket, contents, how):
    expected = ("AES256", None, None) if not how else ("aws:kms", gateway.key, how.get("BucketKeyEnabled"))
    upload, at = begin(s3, bucket, **how, Metadata={"a": "b"}, ContentType="text/x", Tagging="t=1")
    assert encryption(upload) == expected
    # In any order, with gaps, and one of them twice: the last one counts.
    third = send(s3, at, 9, contents[2])
    send(s3, at, 2, os.urandom(PART))
    parts = [send(s3, at, 2, contents[0]), send(s3, at, 5, contents[1]), third]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket), "nothing of it is there yet"
    listed = s3.list_parts(**at)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in listed] == list(zip((2, 5, 9), LENGTHS, strict=True))
    assert [part["ETag"] for part in listed] == [part["ETag"] for part in parts]
    done = s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
    md5s = b"".join(bytes.fromhex(part["ETag"].strip('"')) for part in parts)
    assert done["ETag"] == f'"{hashlib.md5(md5s).hexdigest()}-3"' and encryption(done) == expected

    whole = b"".join(contents)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert body(got) == whole and encryption(got) == expected
    assert (got["Metadata"], got["ContentType"], got["TagCount"], got["ETag"]) == ({"a": "b"}, "text/x", 1, done["ETag"])
    for start, end in ((PART - 1, PART), (PART - 70_000, PART + 70_000), (2 * PART, 2 * PART + 1), (0, len(whole) - 1), (PART - 5, len(whole) - 1)):
        ranged = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={start}-{end}")
        assert body(ranged) == whole[start : end + 1], (start, end)
    for number, content in enumerate(contents, 1):
        got = s3.get_object(Bucket=bucket, Key="k", PartNumber=number)
        assert (body(got) == content, got["PartsCount"]) == (True, 3)
    with refused("InvalidPartNumber", 416):
        s3.get_object(Bucket=bucket, Key="k", PartNumber=4)
    # Whoever did not hear the answer asks again.
    assert s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})["ETag"] == done["ETag"]
    with refused("NoSuchUpload", 404):
        send(s3, at, 1, b"late")
    assert gateway.holding(MARKER) == []


def test_what_does_not_fit_together_is_no_object(s3, bucket, contents):
    _, at = begin(s3, bucket)
    first, second = (send(s3, at, number, contents[number - 1]) for number in (1, 2))
    small = send(s3, at, 3, b"x")
    for parts, code in (
        ([second, first], "InvalidPartOrder"), ([first, first], "InvalidPartOrder"), ([first | {"ETag": second["ETag"]}], "InvalidPart"),
        ([first, {"PartNumber": 4, "ETag": small["ETag"]}], "InvalidPart"), ([small, {"PartNumber": 4, "ETag": "x"}], "InvalidPart"),
    ):
        with refused(code, 400):
            s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
    early = send(s3, at, 4, b"y")
    with refused("EntityTooSmall", 400):
        s3.complete_multipart_upload(**at, MultipartUpload={"Parts": [small, early]})
    for number in (0, 10_001):
        with refused("InvalidArgument", 400):
            send(s3, at, number, b"x")
    with refused("NoSuchUpload", 404):
        s3.complete_multipart_upload(**at | {"Key": "other"}, MultipartUpload={"Parts": [first]})
    with refused("BadDigest", 400):
        send(s3, at, 5, b"x", ChecksumCRC32="AAAAAA==")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    with refused("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket=bucket)
    s3.abort_multipart_upload(**at)
    with refused("NoSuchUpload", 404):
        s3.list_parts(**at)
    s3.delete_bucket(Bucket=bucket)


def test_an_aborted_upload_leaves_nothing(gateway, s3, bucket):
    files = set(gateway.files())
    uploads = [begin(s3, bucket, key)[1] for key in ("a", "b/1", "b/2")]
    for at in uploads:
        send(s3, at, 1, b"x")
    page = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [upload["Key"] for upload in page["Uploads"]] == ["a"]
    assert [prefix["Prefix"] for prefix in page["CommonPrefixes"]] == ["b/"]
    found = [upload for page in s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 2}) for upload in page.get("Uploads", [])]
    assert [(upload["Key"], upload["UploadId"]) for upload in found] == [(at["Key"], at["UploadId"]) for at in uploads]
    for at in uploads:
        s3.abort_multipart_upload(**at)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    eventually(lambda: set(gateway.files()) <= files, 10)


def test_checksums_of_parts_make_the_objects(s3, bucket, contents):
    _, at = begin(s3, bucket, **KMS, ChecksumAlgorithm="SHA256")
    parts, hashes = [], []
    for number, content in enumerate(contents[:2], 1):
        hashes.append(hashlib.sha256(content).digest())
        told = base64.b64encode(hashes[-1]).decode()
        parts.append(send(s3, at, number, content, ChecksumSHA256=told) | {"ChecksumSHA256": told})
    wrong = [parts[0] | {"ChecksumSHA256": parts[1]["ChecksumSHA256"]}, parts[1]]
    with refused("InvalidPart", 400):
        s3.complete_multipart_upload(**at, MultipartUpload={"Parts": wrong})
    done = s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
    whole = base64.b64encode(hashlib.sha256(b"".join(hashes)).digest()).decode()
    assert (done["ChecksumSHA256"], done["ChecksumType"]) == (f"{whole}-2", "COMPOSITE")
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == f"{whole}-2"


def test_parts_are_copied_from_objects(gateway, s3, bucket, contents):
    source = {"Bucket": bucket, "Key": "source"}
    s3.put_object(**source, Body=b"".join(contents), **KMS)
    _, at = begin(s3, bucket)
    parts = []
    for number, asked in enumerate((f"bytes=1-{PART}", "bytes=100-299"), 1):
        copied = s3.upload_part_copy(**at, PartNumber=number, CopySource=source, CopySourceRange=asked)
        parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
    s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
    whole = b"".join(contents)
    assert body(s3.get_object(Bucket=bucket, Key="k")) == whole[1 : PART + 1] + whole[100:300]
    # Who may not open the source copies nothing of it.
    bob = gateway.s3("bob")
    _, at = begin(bob, bucket, "stolen")
    with refused("AccessDenied", 403, "kms:Decrypt"):
        bob.upload_part_copy(**at, PartNumber=1, CopySource=source)


def test_an_upload_opens_with_its_key_alone(gateway, s3, bucket):
    """Another key than that of the bucket now, and one that is switched off while the upload goes on."""
    kms = gateway.kms()
    key = kms.create_key()["KeyMetadata"]["Arn"]
    _, at = begin(s3, bucket, **KMS | {"SSEKMSKeyId": key})
    part = send(s3, at, 1, b"x")
    kms.disable_key(KeyId=key)
    with refused("KMS.DisabledException", 400):
        send(s3, at, 2, b"y")
    with refused("KMS.DisabledException", 400):
        s3.complete_multipart_upload(**at, MultipartUpload={"Parts": [part]})
    kms.enable_key(KeyId=key)
    s3.complete_multipart_upload(**at, MultipartUpload={"Parts": [part]})
    assert encryption(s3.head_object(Bucket=bucket, Key="k")) == ("aws:kms", key, None)
    with refused("AccessDenied", 403):
        gateway.s3("bob").create_multipart_upload(Bucket=bucket, Key="k", **KMS)
