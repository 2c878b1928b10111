"""What is lost when the S3 gateway is killed, or its clients vanish: nothing that was acknowledged."""

import time

import pytest

import kill_s3
from gateway import S3Gateway, eventually
from s3_ledger import Lost
from s3_load import Line

ROUNDS = 10
VANISHED = 60
VANISHED_SECONDS = 0.06


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
    eventually(lambda: is_in_order(gateway), 10)
    made = [item["Key"] for item in s3.list_objects_v2(Bucket="bucket").get("Contents", [])]
    assert made, "no client waited long enough"
    for key in made:
        assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == key.encode() * 1000


def is_in_order(gateway):
    """Whether each file has a row, and each row its file."""
    try:
        kill_s3.look_at_files(gateway)
    except (AssertionError, FileNotFoundError):
        return False
    return True


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
