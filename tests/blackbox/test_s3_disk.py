"""The S3 gateway's disk, its restarts, and what it does without Keywright: nothing lost, changed or readable."""

import contextlib
import http.client
import os
import shutil
import sqlite3
import time

import pytest

from gateway import KMS, MARKER, S3Gateway, body, crc32, document, encryption, eventually, many, refused
from object_format import CHUNK

# For so long the gateway may go by what Keywright said of an access key.
VALID_SECONDS = 60


@pytest.fixture
def own(tmp_path):
    """A gateway that the test may stop, with a bucket `invoices`."""
    gateway = S3Gateway(tmp_path)
    gateway.s3().create_bucket(Bucket="invoices")
    yield gateway
    gateway.end()


def test_nothing_is_readable_on_the_disk(own):
    s3 = own.s3()
    content = MARKER + os.urandom(CHUNK - len(MARKER)) + MARKER * 3000
    for name, how in (("s3", {}), ("kms", KMS), ("saved", KMS | {"BucketKeyEnabled": True})):
        s3.put_object(Bucket="invoices", Key=name, Body=content, **how)
        s3.put_object(Bucket="invoices", Key="short", Body=MARKER, **how)
        s3.copy_object(Bucket="invoices", Key=f"copy-{name}", CopySource={"Bucket": "invoices", "Key": name}, **how)
    assert body(s3.get_object(Bucket="invoices", Key="copy-kms")) == content
    for told in (MARKER, crc32(content).encode()):
        assert own.holding(told) == [], "checksums tell of the data too"
    assert [path for path in own.keywright.data.rglob("*") if path.is_file() and MARKER in path.read_bytes()] == []
    assert not any(path.stat().st_mode & 0o077 for path in own.files())
    # What is replaced or deleted is gone.
    for name in ("s3", "kms", "saved", "copy-s3", "copy-kms", "copy-saved", "short"):
        s3.delete_object(Bucket="invoices", Key=name)
    eventually(lambda: own.files() == [], 10)


def test_a_restart_keeps_everything(own):
    s3 = own.s3()
    content = os.urandom(2 * CHUNK)
    s3.put_object(Bucket="invoices", Key="kms", Body=content, **KMS, Metadata={"a": "b"}, Tagging="t=1")
    s3.put_object(Bucket="invoices", Key="saved", Body=content, **KMS, BucketKeyEnabled=True)
    s3.put_object(Bucket="invoices", Key="plain", Body=content)
    policy = document({"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::invoices/kms"})
    s3.put_bucket_policy(Bucket="invoices", Policy=policy)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/docs"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket="invoices", ServerSideEncryptionConfiguration={"Rules": [rule]})
    before = [s3.head_object(Bucket="invoices", Key=key)["ETag"] for key in ("kms", "plain", "saved")]
    stray = own.data / "data" / "00" / ("0" * 32)
    for end in (own.stop, own.kill):
        end()
        stray.write_bytes(b"what an upload left that never ended")
        own.start()
        s3 = own.s3()
        listed = s3.list_objects_v2(Bucket="invoices")["Contents"]
        assert [(item["Key"], item["ETag"]) for item in listed] == list(zip(("kms", "plain", "saved"), before, strict=True))
        for key in ("kms", "plain", "saved"):
            assert body(s3.get_object(Bucket="invoices", Key=key)) == content
        got = s3.head_object(Bucket="invoices", Key="kms")
        assert (got["Metadata"], encryption(got)) == ({"a": "b"}, ("aws:kms", own.key, None))
        assert s3.get_object_tagging(Bucket="invoices", Key="kms")["TagSet"] == [{"Key": "t", "Value": "1"}]
        assert s3.get_bucket_encryption(Bucket="invoices")["ServerSideEncryptionConfiguration"]["Rules"] == [rule]
        with refused("AccessDenied"):
            s3.delete_object(Bucket="invoices", Key="kms")
        assert not stray.exists()


def test_an_old_catalog_costs_no_object(own, tmp_path):
    def swap(catalog):
        """Puts this catalog in place of the one that is there, which is returned."""
        own.stop()
        replaced = tmp_path / f"{catalog.name} replaced"
        for folder, files in (replaced, own.data.glob("catalog.db*")), (own.data, catalog.glob("*")):
            folder.mkdir(exist_ok=True)
            for file in list(files):
                shutil.move(file, folder)
        own.start()
        return replaced

    own.stop()
    old = tmp_path / "old"
    old.mkdir()
    for file in own.data.glob("catalog.db*"):
        shutil.copy(file, old)
    own.start()
    content = os.urandom(2 * CHUNK)
    own.s3().put_object(Bucket="invoices", Key="new", Body=content)

    new = swap(old)
    with refused("NoSuchKey", 404):
        own.s3().get_object(Bucket="invoices", Key="new")
    swap(new)
    assert body(own.s3().get_object(Bucket="invoices", Key="new")) == content


def new_file(gateway, put):
    """The file that an upload makes."""
    before = set(gateway.files())
    put()
    (made,) = set(gateway.files()) - before
    return made


def test_changed_files_are_never_read_as_if_nothing_were(gateway, s3, bucket):
    content = os.urandom(20 * CHUNK)
    for how in ({}, KMS):
        file = new_file(gateway, lambda: s3.put_object(Bucket=bucket, Key=f"k{len(how)}", Body=content, **how))
        whole = file.read_bytes()
        assert len(whole) > len(content)
        for name, wrong in (
            ("first chunk", flipped(whole, 1000)), ("last chunk", flipped(whole, -100)), ("header", flipped(whole, 5)),
            ("last tag", flipped(whole, -1)), ("cut", whole[:-1]), ("cut at a chunk", whole[: -(CHUNK + 16)]),
            ("chunks in another order", swapped(whole, 17, 18)), ("nothing", b""),
        ):
            file.write_bytes(wrong)
            status, got = read(gateway, f"/{bucket}/k{len(how)}")
            assert status in (None, 500), name
            assert len(got) < len(content) and (status == 500 or content.startswith(got)), name
            # What is intact is still read.
            if name in ("last chunk", "last tag"):
                part = s3.get_object(Bucket=bucket, Key=f"k{len(how)}", Range="bytes=10-19")
                assert body(part) == content[10:20]
                with refused("InternalError", 500):
                    s3.get_object(Bucket=bucket, Key=f"k{len(how)}", Range="bytes=-10")
        file.unlink()
        assert read(gateway, f"/{bucket}/k{len(how)}")[0] in (500, 503)
        file.write_bytes(whole)
        assert read(gateway, f"/{bucket}/k{len(how)}") == (200, content)


def flipped(data, at):
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


def swapped(data, one, other):
    """With two sealed chunks in each other's place, counted from the end of the header."""
    sealed = CHUNK + 16
    header = len(data) % sealed
    pieces = [data[header + at * sealed: header + (at + 1) * sealed] for at in range(len(data) // sealed)]
    pieces[one], pieces[other] = pieces[other], pieces[one]
    return data[:header] + b"".join(pieces)


def read(gateway, target):
    """Status and body; no status if the connection ended before the body did."""
    headers = gateway.signed("GET", target)
    with contextlib.closing(gateway.connection()) as connection:
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        try:
            return answer.status, answer.read()
        except http.client.IncompleteRead as cut:
            return None, cut.partial


def test_files_and_rows_in_each_others_place_are_refused(own):
    contents = {name: os.urandom(CHUNK) for name in ("a", "b")}
    for how in ({}, KMS, KMS | {"BucketKeyEnabled": True}):
        s3, files = own.s3(), []
        s3.delete_objects(Bucket="invoices", Delete={"Objects": [{"Key": name} for name in contents]})
        for name, content in contents.items():
            eventually(lambda: len(own.files()) == len(files), 10)
            files.append(new_file(own, lambda: s3.put_object(Bucket="invoices", Key=name, Body=content, **how)))
        whole = [file.read_bytes() for file in files]
        for file, other in zip(files, reversed(whole), strict=True):
            file.write_bytes(other)
        for name in contents:
            assert read(own, f"/invoices/{name}")[0] == 500
        for file, right in zip(files, whole, strict=True):
            file.write_bytes(right)
        # Whole rows: everything of an object under the name of another.
        own.stop()
        rename(own, ("a", "x"), ("b", "a"), ("x", "b"))
        own.start()
        for name in contents:
            status, told = read(own, f"/invoices/{name}")
            assert status in (400, 500) and contents["a"] not in told and contents["b"] not in told, told
        own.stop()
        rename(own, ("a", "x"), ("b", "a"), ("x", "b"))
        own.start()
        for name, content in contents.items():
            assert read(own, f"/invoices/{name}") == (200, content)


def rename(gateway, *pairs):
    """Renames objects behind the gateway's back."""
    with contextlib.closing(sqlite3.connect(gateway.data / "catalog.db")) as catalog, catalog:
        for old, new in pairs:
            assert catalog.execute("UPDATE object SET key = ? WHERE key = ?", (new.encode(), old.encode())).rowcount == 1


def test_without_keywright_requests_are_answered_in_time(own):
    s3 = own.s3()
    s3.put_object(Bucket="invoices", Key="kms", Body=b"x", **KMS)
    s3.put_object(Bucket="invoices", Key="plain", Body=b"x")
    with own.without_keywright():
        asks = [
            lambda: s3.get_object(Bucket="invoices", Key="kms"),
            lambda: s3.put_object(Bucket="invoices", Key="new", Body=b"x", **KMS),
            lambda: own.s3("bob").list_buckets(),
        ]

        def ask(ask):
            began = time.monotonic()
            with refused("ServiceUnavailable", 503):
                ask()
            return time.monotonic() - began

        # The gateway tries for ten seconds.
        assert max(many(ask, asks)) < 15
        # What needs no key goes on for a minute.
        assert s3.head_object(Bucket="invoices", Key="kms")["ContentLength"] == 1
        s3.delete_object(Bucket="invoices", Key="plain")
    assert body(s3.get_object(Bucket="invoices", Key="kms")) == b"x"
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="invoices")["Contents"]] == ["kms"]


def test_over_tls_all_of_it_is_the_same(tmp_path):
    gateway = S3Gateway(tmp_path, tls="localhost")
    try:
        s3 = gateway.s3()
        s3.create_bucket(Bucket="invoices")
        secure = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::invoices/*"}
        condition = {"Bool": {"aws:SecureTransport": "false"}}
        s3.put_bucket_policy(Bucket="invoices", Policy=document(secure | {"Condition": condition}))
        content = os.urandom(1_000_000)
        s3.put_object(Bucket="invoices", Key="k", Body=content, **KMS)
        assert body(s3.get_object(Bucket="invoices", Key="k")) == content
        with refused("AccessDenied", 403, "SSE-C"):
            s3.put_object(Bucket="invoices", Key="c", Body=b"x", SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32)
    finally:
        gateway.end()


def test_an_access_key_that_is_switched_off_ends_within_a_minute(gateway):
    """The last of its file, so that most of the minute is over."""

    def ends():
        try:
            gateway.s3("retired").list_buckets()
        except gateway.s3("retired").exceptions.ClientError as error:
            return error.response["Error"]

    error = eventually(ends, max(gateway.retired_at + VALID_SECONDS + 2 - time.monotonic(), 1))
    assert error["Code"] == "InvalidAccessKeyId"
