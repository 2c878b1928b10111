"""The S3 gateway's objects, with boto3, both aws CLIs and requests written by hand: nothing lost, changed or half
visible."""

import base64
import contextlib
import hashlib
import http.client
import os
import re
import subprocess

import pytest

from gateway import KMS, Chunks, body, crc32, encryption, eventually, many, refused
from object_format import CHUNK

# One that the catalog, the signature, XML and paths of files could each take for something else.
ODD_KEYS = [
    "a b", "a+b", "a%20b", "a%2Fb", "//", "a//b", "/a", "a/", "..", "../../etc/passwd", "a/./b", ".", "ä", "a\u0308", "🔑/✓", "a&b<c>\"'",
    "a?b=c#d", "x" * 1024, "ü" * 512, "a\\b", "~", "*", "a;b,c:d@e=f$g", "[]", "\u2028",
]


@pytest.mark.parametrize("how", [{}, KMS], ids=["sse-s3", "sse-kms"])
def test_objects_of_every_length_come_back(s3, bucket, how):
    for length in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 4 * CHUNK, 4 * CHUNK + 1, 8 * CHUNK, 2_000_003):
        content = os.urandom(length)
        put = s3.put_object(Bucket=bucket, Key="k", Body=content, ChecksumAlgorithm="SHA256", **how)
        got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert (got["ContentLength"], got["ETag"]) == (length, put["ETag"])
        assert got["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(content).digest()).decode()
        assert body(got) == content
        head = s3.head_object(Bucket=bucket, Key="k")
        assert (head["ContentLength"], head["ETag"]) == (length, put["ETag"])


def test_ranges_are_those_bytes(gateway, s3, bucket):
    content = os.urandom(5 * CHUNK + 123)
    size = len(content)
    s3.put_object(Bucket=bucket, Key="k", Body=content, **KMS)
    for asked, expected in (
        ("0-0", content[:1]), ("0-", content), (f"{size - 1}-", content[-1:]), ("-1", content[-1:]), ("-200", content[-200:]),
        (f"-{size + 5}", content), (f"{CHUNK - 1}-{CHUNK}", content[CHUNK - 1:CHUNK + 1]), (f"{CHUNK}-{2 * CHUNK - 1}", content[CHUNK:2 * CHUNK]),
        (f"100-{4 * CHUNK + 100}", content[100:4 * CHUNK + 101]), (f"{5 * CHUNK}-{size + 999}", content[5 * CHUNK:]),
    ):
        status, headers, got = gateway.send("GET", f"/{bucket}/k", {"Range": f"bytes={asked}"})
        assert (status, got == expected) == (206, True), (asked, status, len(got))
        first, last, length = map(int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", headers["Content-Range"]).groups())
        assert (content[first : last + 1] == expected, length) == (True, size)
        assert int(headers["Content-Length"]) == len(expected)
    for asked in (f"{size}-", f"{size + 10}-{size + 20}", "-0"):
        status, headers, told = gateway.send("GET", f"/{bucket}/k", {"Range": f"bytes={asked}"})
        assert (status, b"InvalidRange" in told) == (416, True), (asked, told)
    # What is no range of bytes is no range at all.
    for asked in ("bytes=5-2", "bytes=x-y", "lines=1-2", "bytes=", "5-6"):
        status, _, got = gateway.send("GET", f"/{bucket}/k", {"Range": asked})
        assert (status, got == content) == (200, True), (asked, status, got[:400])
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    with refused("InvalidRange", 416):
        s3.get_object(Bucket=bucket, Key="empty", Range="bytes=0-")
    head = s3.head_object(Bucket=bucket, Key="k", Range="bytes=5-9")
    assert (head["ContentLength"], head["ContentRange"]) == (5, f"bytes 5-9/{size}")


def test_conditions_of_reading_hold(gateway, s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    at = {"Bucket": bucket, "Key": "k"}
    assert body(s3.get_object(**at, IfMatch=etag)) == b"x"
    assert body(s3.get_object(**at, IfNoneMatch='"other"')) == b"x"
    modified = s3.head_object(**at)["LastModified"]
    assert body(s3.get_object(**at, IfUnmodifiedSince=modified)) == b"x"
    for given, code in (
        ({"IfMatch": '"other"'}, "PreconditionFailed"), ({"IfNoneMatch": etag}, "304"), ({"IfNoneMatch": "*"}, "304"),
        ({"IfModifiedSince": modified}, "304"), ({"IfUnmodifiedSince": 0}, "PreconditionFailed"),
    ):
        with refused(code):
            s3.get_object(**at, **given)
    status, headers, told = gateway.send("GET", f"/{bucket}/k", {"If-None-Match": etag})
    assert (status, told, headers["ETag"]) == (304, b"", etag)


def test_keys_may_be_odd(gateway, s3, bucket):
    for key in ODD_KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), **KMS)
    for key in ODD_KEYS:
        assert body(s3.get_object(Bucket=bucket, Key=key)) == key.encode(), key
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert listed == sorted(ODD_KEYS, key=str.encode)
    copied = many(lambda key: s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key}), ODD_KEYS, 1)
    assert len(copied) == len(ODD_KEYS) and body(s3.get_object(Bucket=bucket, Key="copy")) == ODD_KEYS[-1].encode()
    with refused("KeyTooLongError", 400):
        s3.put_object(Bucket=bucket, Key="x" * 1025, Body=b"x")
    # Written out more than is needed, as some clients do.
    headers = gateway.signed("GET", f"/{bucket}/a%20b")
    assert gateway.send_signed("GET", f"/{bucket}/%61%20b", headers)[2] == b"a b"
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in [*ODD_KEYS, "copy", "never"]]})
    assert [item["Key"] for item in gone["Deleted"]] == [*ODD_KEYS, "copy", "never"] and "Errors" not in gone
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_listings_have_pages_and_delimiters(s3, bucket):
    keys = [f"{year}/{month:02}/{number:03}" for year in (2025, 2026) for month in range(1, 6) for number in range(150)]
    many(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b""), keys)

    def pages(operation, **given):
        return list(s3.get_paginator(operation).paginate(Bucket=bucket, **given))

    for operation in ("list_objects_v2", "list_objects"):
        found = pages(operation)
        assert [len(page["Contents"]) for page in found] == [1000, 500]
        assert [item["Key"] for page in found for item in page["Contents"]] == keys
        found = pages(operation, Delimiter="/", Prefix="2026/", PaginationConfig={"PageSize": 2})
        prefixes = [item["Prefix"] for page in found for item in page.get("CommonPrefixes", [])]
        assert prefixes == [f"2026/{month:02}/" for month in range(1, 6)]
        assert not any("Contents" in page for page in found)
    after = s3.list_objects_v2(Bucket=bucket, StartAfter="2026/05/147", FetchOwner=True)
    assert [item["Key"] for item in after["Contents"]] == keys[-2:] and after["KeyCount"] == 2
    assert all("Owner" in item for item in after["Contents"])
    none = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"]) == (0, False)
    with refused("InvalidArgument", 400):
        s3.list_objects_v2(Bucket=bucket, ContinuationToken="%%%")
    with refused("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket=bucket)


def test_one_of_many_writers_wins(s3, bucket):
    clients = range(20)

    def race(**condition):
        contents = [os.urandom(100) for _ in clients]

        def put(number):
            try:
                return s3.put_object(Bucket=bucket, Key="lock", Body=contents[number], **condition)["ETag"]
            except s3.exceptions.ClientError as error:
                assert error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict")
                return None

        results = many(put, clients, len(clients))
        (winner,) = [number for number in clients if results[number]]
        assert body(s3.get_object(Bucket=bucket, Key="lock")) == contents[winner]
        return results[winner]

    etag = race(IfNoneMatch="*")
    etag = race(IfMatch=etag)
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="lock", Body=b"x", IfNoneMatch="*")
    with refused("NoSuchKey", 404):
        s3.put_object(Bucket=bucket, Key="none", Body=b"x", IfMatch=etag)


def test_conditions_of_deleting_and_copying_hold_too(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    at = {"Bucket": bucket, "Key": "k"}
    with refused("PreconditionFailed", 412):
        s3.delete_object(**at, IfMatch='"other"')
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "ETag": '"other"'}]})
    assert [error["Code"] for error in answer.get("Errors", [])] == ["PreconditionFailed"]
    # There are no versions, so none but `null` is deleted, read or tagged.
    for ask in (
        lambda: s3.get_object(**at, VersionId="v1"), lambda: s3.delete_object(**at, VersionId="v1"),
        lambda: s3.get_object_tagging(**at, VersionId="v1"),
        lambda: s3.put_object_tagging(**at, VersionId="v1", Tagging={"TagSet": []}),
    ):
        with refused("NoSuchVersion", 404):
            ask()
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "VersionId": "v1"}]})
    assert [error["Code"] for error in answer.get("Errors", [])] == ["NoSuchVersion"]
    source = {"Bucket": bucket, "Key": "k"}
    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": '"other"'}):
        with refused("PreconditionFailed", 412):
            s3.copy_object(**at, CopySource=source, ServerSideEncryption="AES256", **condition)
    assert s3.head_object(**at)["ETag"] == etag
    s3.delete_object(**at, IfMatch=etag)
    with refused("404", 404):
        s3.head_object(**at)


def test_wrong_checksums_leave_nothing(gateway, s3, bucket):
    content = os.urandom(CHUNK + 5)
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    files = set(gateway.files())
    sha256 = base64.b64encode(bytes(32)).decode()
    for given, code in (
        ({"ChecksumCRC32": "AAAAAA=="}, "BadDigest"), ({"ChecksumSHA256": sha256}, "BadDigest"),
        ({"ContentMD5": base64.b64encode(bytes(16)).decode()}, "BadDigest"), ({"ContentMD5": "x"}, "InvalidDigest"),
        ({"ChecksumCRC32": "x"}, "InvalidRequest"),
    ):
        with refused(code, 400):
            s3.put_object(Bucket=bucket, Key="k", Body=content, **given)
    status, _, told = gateway.send_signed("PUT", f"/{bucket}/k", gateway.signed("PUT", f"/{bucket}/k", body_hash="0" * 64), content)
    assert (status, b"XAmzContentSHA256Mismatch" in told) == (400, True)

    def trailer(line, announced="x-amz-checksum-crc32", length=len(content)):
        more = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(length)}
        if announced:
            more["X-Amz-Trailer"] = announced
        headers = gateway.signed("PUT", f"/{bucket}/k", more, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        sent = f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n" + line + b"\r\n"
        status, _, told = gateway.send_signed("PUT", f"/{bucket}/k", headers, sent)
        return status, told

    good = f"x-amz-checksum-crc32:{crc32(content)}\r\n".encode()
    for sent, code in (
        ((b"x-amz-checksum-crc32:AAAAAA==\r\n",), b"BadDigest"), ((b"",), b"MalformedTrailerError"),
        ((f"x-amz-checksum-sha256:{sha256}\r\n".encode(),), b"MalformedTrailerError"),
        ((good, "x-amz-checksum-crc32", len(content) + 1), b"IncompleteBody"),
        ((good, "x-amz-checksum-crc32", len(content) - 1), b"IncompleteBody"),
    ):
        status, told = trailer(*sent)
        assert (status, code in told) == (400, True), (sent[0], told)
    assert body(s3.get_object(Bucket=bucket, Key="k")) == b"before" and set(gateway.files()) == files
    assert trailer(good) == (200, b"")
    assert body(s3.get_object(Bucket=bucket, Key="k")) == content


def test_signed_chunks_are_verified_each(gateway, s3, bucket):
    content, target = os.urandom(3 * CHUNK + 7), f"/{bucket}/k"
    chunks = Chunks(gateway, target, content)
    assert gateway.send_signed("PUT", target, chunks.headers, chunks.body())[0] == 200
    got = s3.get_object(Bucket=bucket, Key="k")
    assert body(got) == content and "ContentEncoding" not in got
    sent = bytearray(chunks.body())
    sent[2 * CHUNK] ^= 1
    status, _, told = gateway.send_signed("PUT", f"/{bucket}/new", Chunks(gateway, f"/{bucket}/new", content).headers, bytes(sent))
    assert (status, b"SignatureDoesNotMatch" in told) == (403, True), told
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="new")


def test_bodies_that_end_early_leave_nothing(gateway, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    content, files = os.urandom(10 * CHUNK), set(gateway.files())
    target = f"/{bucket}/k"
    chunks = Chunks(gateway, target, content)
    for headers, sent in (
        (gateway.signed("PUT", target, {"Content-Length": str(len(content))}, "UNSIGNED-PAYLOAD"), content[: 5 * CHUNK]),
        (gateway.signed("PUT", target, {"Content-Length": str(len(content))}), b""),
        (chunks.headers, chunks.body()[: 5 * CHUNK]),
        (chunks.headers, chunks.body()[:-3]),
    ):
        with contextlib.closing(gateway.connection()) as connection:
            connection.putrequest("PUT", target, skip_accept_encoding=True, skip_host="Host" in headers)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            connection.send(sent)
            connection.sock.shutdown(1)
            with contextlib.suppress(http.client.HTTPException, OSError):
                assert connection.getresponse().status == 400
    # A proper end of signed chunks that is missing: the length is right, the last chunk is not there.
    cut = chunks.body()[: -len(b"0;chunk-signature=" + b"0" * 64 + b"\r\n\r\n")]
    again = gateway.signed("PUT", target, {
        "Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(len(content)), "Content-Length": str(len(cut))
    }, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    assert gateway.send_signed("PUT", target, again, cut)[0] in (400, 403)
    assert body(s3.get_object(Bucket=bucket, Key="k")) == b"before"
    eventually(lambda: set(gateway.files()) == files, 10)


def test_copies_are_sealed_anew(gateway, s3, bucket):
    content = os.urandom(2 * CHUNK + 1)
    s3.put_object(
        Bucket=bucket, Key="k", Body=content, ContentType="text/x", ContentEncoding="gzip", Metadata={"a": "b"}, Tagging="t=1"
    )
    source, at = {"Bucket": bucket, "Key": "k"}, {"Bucket": bucket, "Key": "k"}
    with refused("InvalidRequest", 400, "without changing"):
        s3.copy_object(**at, CopySource=source)
    md5 = f'"{hashlib.md5(content).hexdigest()}"'
    for how, expected in (
        (KMS, ("aws:kms", gateway.key, None)), (KMS | {"BucketKeyEnabled": True}, ("aws:kms", gateway.key, True)),
        ({"ServerSideEncryption": "AES256"}, ("AES256", None, None)),
    ):
        for key in ("k", "other"):
            copied = s3.copy_object(Bucket=bucket, Key=key, CopySource=source, **how)
            got = s3.get_object(Bucket=bucket, Key=key)
            assert encryption(copied) == encryption(got) == expected
            assert body(got) == content and copied["CopyObjectResult"]["ETag"] == got["ETag"]
            assert (got["ETag"] == md5) == (expected[0] == "AES256")
            assert (got["ContentType"], got["ContentEncoding"], got["Metadata"], got["TagCount"]) == ("text/x", "gzip", {"a": "b"}, 1)
    s3.copy_object(**at, CopySource=source, MetadataDirective="REPLACE", Metadata={"c": "d"}, TaggingDirective="REPLACE", Tagging="u=2")
    got = s3.get_object(**at)
    assert (got["Metadata"], got["ContentType"], body(got)) == ({"c": "d"}, "binary/octet-stream", content)
    assert s3.get_object_tagging(**at)["TagSet"] == [{"Key": "u", "Value": "2"}]
    for missing, code in (({"Bucket": bucket, "Key": "none"}, "NoSuchKey"), ({"Bucket": "none-" + bucket[:40], "Key": "k"}, "NoSuchBucket")):
        with refused(code, 404):
            s3.copy_object(Bucket=bucket, Key="new", CopySource=missing)


def test_tags_and_headers_stay_with_the_object(s3, bucket):
    at = {"Bucket": bucket, "Key": "k"}
    headers = {
        "CacheControl": "no-cache", "ContentDisposition": "attachment; filename*=UTF-8''%C3%A4.txt", "ContentLanguage": "de",
        "ContentType": "text/plain; charset=utf-8", "ContentEncoding": "br",
    }
    s3.put_object(**at, Body=b"x", **headers, Metadata={"name": "value", "UPPER": "Case kept"}, Tagging="a=1&b=%C3%A4%20+")
    got = s3.head_object(**at)
    assert {name: got[name] for name in headers} == headers
    assert got["Metadata"] == {"name": "value", "upper": "Case kept"}
    assert s3.get_object_tagging(**at)["TagSet"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "ä  "}]
    s3.put_object_tagging(**at, Tagging={"TagSet": [{"Key": "c", "Value": ""}]})
    assert s3.get_object_tagging(**at)["TagSet"] == [{"Key": "c", "Value": ""}]
    assert s3.get_object(**at)["TagCount"] == 1
    for tags in ([{"Key": "c", "Value": "1"}, {"Key": "c", "Value": "2"}], [{"Key": "x" * 129, "Value": ""}]):
        with refused("InvalidTag", 400):
            s3.put_object_tagging(**at, Tagging={"TagSet": tags})
    s3.delete_object_tagging(**at)
    assert s3.get_object_tagging(**at)["TagSet"] == []
    with refused("NoSuchKey", 404):
        s3.put_object_tagging(Bucket=bucket, Key="none", Tagging={"TagSet": []})


def test_what_is_not_served_says_so_and_changes_nothing(gateway, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", **KMS)
    for method, query in (
        ("PUT", "acl"), ("PUT", "retention"), ("PUT", "legal-hold"), ("GET", "acl"), ("GET", "torrent"),
        ("POST", "restore"), ("POST", "select&select-type=2"), ("PUT", "renameObject"),
    ):
        status, _, told = gateway.send(method, f"/{bucket}/k?{query}", body=b"<X/>" if method != "GET" else b"")
        # What has a body may be refused for the body.
        assert status == 501 or (status == 400 and b"MalformedXML" in told), (method, query, status, told)
    for query in ("versioning", "lifecycle", "cors", "replication", "object-lock", "publicAccessBlock", "logging", "website", "acl"):
        status, _, told = gateway.send("PUT", f"/{bucket}?{query}", body=b"<X/>")
        assert status == 501 or (status == 400 and b"MalformedXML" in told), (query, status, told)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (body(got), encryption(got)[0]) == (b"x", "aws:kms")


def test_the_aws_clis_copy_list_and_remove(gateway, connect, bucket, tmp_path):
    content = os.urandom(3 * CHUNK)
    (tmp_path / "in").mkdir()
    for name in ("a", "b c", "ü"):
        (tmp_path / "in" / name).write_bytes(content)
    for version in ("aws-cli-1", "aws-cli-2"):
        program = connect(version, gateway.environment(), tmp_path)._program

        def aws(*arguments):
            done = subprocess.run([*program, "s3", *arguments], cwd=tmp_path, env=gateway.environment(), capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return done.stdout

        if version == "aws-cli-1":
            aws("cp", "in/b c", f"s3://{bucket}/{version}/", "--sse", "aws:kms", "--sse-kms-key-id", "alias/docs")
            aws("cp", f"s3://{bucket}/{version}/b c", "back")
            assert (tmp_path / "back").read_bytes() == content
            continue
        aws("sync", "in", f"s3://{bucket}/{version}", "--sse", "aws:kms", "--sse-kms-key-id", "alias/docs")
        aws("sync", f"s3://{bucket}/{version}", "out")
        assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == dict.fromkeys(["a", "b c", "ü"], content)
        aws("rm", "--recursive", f"s3://{bucket}")
        assert aws("ls", f"s3://{bucket}") == ""
