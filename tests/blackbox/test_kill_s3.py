"""What is lost when the S3 gateway is killed, its clients vanish or its disk is full: nothing that was acknowledged."""

import contextlib
import os
import subprocess
import time

import pytest

import kill_s3
from gateway import S3Gateway, eventually, refused
from s3_ledger import Lost
from s3_load import Line

ROUNDS = 10
VANISHED = 60
VANISHED_SECONDS = 0.06
DISK_BYTES = 12 * 1024 * 1024


def test_nothing_acknowledged_is_lost():
    tally = kill_s3.run(ROUNDS, seed=1)
    assert tally["rounds"] == ROUNDS
    # Else the rounds would prove nothing.
    assert tally["acknowledged"] > ROUNDS


@pytest.fixture
def gateway(tmp_path):
    gateway = S3Gateway(tmp_path)
    yield gateway
    gateway.end()


def test_what_a_client_left_behind_is_whole(gateway):
    s3 = gateway.s3()
    s3.create_bucket(Bucket="bucket")
    for number in range(VANISHED):
        line = Leaving(gateway, VANISHED_SECONDS * number / VANISHED)
        with pytest.raises(Lost):
            line.call("PutObject", "PUT", f"/bucket/{number}", {}, str(number).encode() * 1000)
    eventually(lambda: kill_s3.is_in_order(gateway), 10)
    made = [item["Key"] for item in s3.list_objects_v2(Bucket="bucket").get("Contents", [])]
    assert made, "no client waited long enough"
    for key in made:
        assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == key.encode() * 1000


@pytest.fixture
def small_disk(tmp_path):
    """A gateway whose directory is a disk of its own, which takes root or sudo."""
    folder = tmp_path / "objects"
    folder.mkdir()
    root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    subprocess.run([*root, "mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=777", "tmpfs", folder], check=True)
    gateway = None
    try:
        gateway = S3Gateway(tmp_path)
        yield gateway
    finally:
        if gateway:
            gateway.end()
        subprocess.run([*root, "umount", folder], check=True)


def test_a_full_disk_refuses_writes_and_heals_when_there_is_room(small_disk):
    s3, size = small_disk.s3(), 500_000
    s3.create_bucket(Bucket="bucket")
    upload = s3.create_multipart_upload(Bucket="bucket", Key="u")["UploadId"]
    part = {"Bucket": "bucket", "Key": "u", "UploadId": upload, "PartNumber": 1}
    etag = s3.upload_part(**part, Body=b"part")["ETag"]
    kept = {}
    with refused("ServiceUnavailable", 503):
        for number in range(DISK_BYTES // size + 1):
            s3.put_object(Bucket="bucket", Key=f"{number}", Body=b"%d" % number * size)
            kept[f"{number}"] = b"%d" % number * size
    assert len(kept) > 3
    for _ in range(5):
        with refused("ServiceUnavailable", 503):
            s3.put_object(Bucket="bucket", Key="0", Body=b"new" * size)
        with refused("ServiceUnavailable", 503):
            s3.upload_part(**part, Body=b"new" * size)
    # What was begun gives its room back behind the answer.
    eventually(lambda: kill_s3.is_in_order(small_disk), 10)
    fill(small_disk.data / "filler")
    with refused("ServiceUnavailable", 503):
        s3.put_object(Bucket="bucket", Key="0", Body=b"new" * 3000)
    assert {key: s3.get_object(Bucket="bucket", Key=key)["Body"].read() for key in kept} == kept
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="bucket")["Contents"]] == sorted(kept)
    # What was begun takes no room any more.
    eventually(lambda: kill_s3.is_in_order(small_disk), 10)

    (small_disk.data / "filler").unlink()
    s3.delete_object(Bucket="bucket", Key="0")
    s3.complete_multipart_upload(
        Bucket="bucket", Key="u", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    assert s3.get_object(Bucket="bucket", Key="u")["Body"].read() == b"part"
    eventually(lambda: kill_s3.is_in_order(small_disk), 10)
    s3.put_object(Bucket="bucket", Key="1", Body=b"small")
    eventually(lambda: kill_s3.is_in_order(small_disk), 10)
    s3.put_object(Bucket="bucket", Key="2", Body=b"more" * 200_000)
    assert s3.get_object(Bucket="bucket", Key="2")["Body"].read() == b"more" * 200_000


def fill(path):
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


class Leaving(Line):
    """A client that leaves so long after it has sent everything."""

    def __init__(self, gateway, seconds):
        super().__init__(gateway, "alice")
        self._seconds = seconds

    def _reached(self, place, leaving, whole):
        if whole:
            time.sleep(self._seconds)
            self.close()
            raise Lost(whole)
