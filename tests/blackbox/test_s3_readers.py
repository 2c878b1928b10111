"""Readers of objects that somebody overwrites meanwhile: each gets one object as a whole."""

import threading
import time

import pytest

import kill_s3
from gateway import S3Gateway, eventually

SECONDS = 2
PART_BYTES = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    gateway = S3Gateway(tmp_path_factory.mktemp("gateway"))
    gateway.s3().create_bucket(Bucket="bucket")
    yield gateway
    gateway.end()


@pytest.mark.parametrize("read", ["get", "copy"])
def test_reading_goes_on_while_an_object_is_overwritten(gateway, read):
    s3, bodies = gateway.s3(), [b"0" * 1000, b"1" * 1000]
    s3.put_object(Bucket="bucket", Key=read, Body=bodies[0])
    until = time.monotonic() + SECONDS
    failures, written = [], []

    def overwrite():
        writer = gateway.s3()
        while time.monotonic() < until:
            writer.put_object(Bucket="bucket", Key=read, Body=bodies[len(written) % 2])
            written.append(None)

    def ask():
        reader = gateway.s3(retries={"total_max_attempts": 1})
        try:
            while time.monotonic() < until:
                key = read
                if read == "copy":
                    key = f"copy of {threading.get_ident()}"
                    reader.copy_object(Bucket="bucket", Key=key, CopySource={"Bucket": "bucket", "Key": read})
                assert reader.get_object(Bucket="bucket", Key=key)["Body"].read() in bodies
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for work in (overwrite, ask, ask)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and written, failures
    eventually(lambda: kill_s3.is_in_order(gateway), 10)


@pytest.mark.parametrize("end", ["overwritten", "deleted"])
def test_a_slow_reader_gets_all_parts_of_what_it_began_to_read(gateway, end):
    before = set(gateway.files())
    s3, parts = gateway.s3(), [b"1" * PART_BYTES, b"2" * PART_BYTES, b"3" * 1000]
    upload = {"Bucket": "bucket", "Key": "parts", "UploadId": s3.create_multipart_upload(Bucket="bucket", Key="parts")["UploadId"]}
    sent = [
        {"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=part)["ETag"]}
        for number, part in enumerate(parts, 1)
    ]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": sent})
    slow = s3.get_object(Bucket="bucket", Key="parts")["Body"]
    first, held = slow.read(1000), set(gateway.files()) - before
    if end == "overwritten":
        s3.put_object(Bucket="bucket", Key="parts", Body=b"new")
        assert s3.get_object(Bucket="bucket", Key="parts")["Body"].read() == b"new"
    else:
        s3.delete_object(Bucket="bucket", Key="parts")
    time.sleep(0.5)
    assert held and held <= set(gateway.files()), "the reader's files stay"
    assert first + slow.read() == b"".join(parts)
    eventually(lambda: kill_s3.is_in_order(gateway), 10)
