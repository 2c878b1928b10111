"""The pages of `keywright-s3 serve --metrics`: what was done is counted, and whether the gateway is ready is said."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.request

import pytest

from gateway import BINARY, KMS, MARKER, S3Gateway, body, eventually, refused
from keywright import PATIENCE_SECONDS


class Watched(S3Gateway):
    """A gateway with its pages."""

    def start(self, port=0):
        super().start(port)
        self.pages = re.search(r"http://[\d.:]+", self.process.log("metrics and readiness at ")["message"])[0]

    def page(self, path, method="GET", **headers):
        """Status, kind and text of a page."""
        request = urllib.request.Request(self.pages + path, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], error.read().decode()

    def counts(self):
        """All values, by metric with its labels."""
        status, kind, text = self.page("/metrics")
        assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def gone_up(self, do):
        """By how much each value is higher after something was done."""
        before = self.counts()
        do()
        return {name: value - before.get(name, 0) for name, value in self.counts().items() if value != before.get(name, 0)}


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    gateway = Watched(tmp_path_factory.mktemp("watched"), options=["--metrics", "127.0.0.1:0"])
    gateway.s3().create_bucket(Bucket="secret-bucket")
    yield gateway
    gateway.end()


def requests(operation, code="ok"):
    return f'keywright_s3_requests_total{{operation="{operation}",code="{code}"}}'


def kms_calls(operation, code="ok"):
    return f'keywright_s3_kms_calls_total{{operation="{operation}",code="{code}"}}'


def test_what_was_done_is_counted(watched):
    s3, data = watched.s3(), os.urandom(200_000)

    def work():
        s3.put_object(Bucket="secret-bucket", Key="k", Body=data, **KMS)
        for _ in range(3):
            assert body(s3.get_object(Bucket="secret-bucket", Key="k")) == data
        s3.delete_object(Bucket="secret-bucket", Key="k")

    up = watched.gone_up(work)
    assert (up[requests("PutObject")], up[requests("GetObject")], up[requests("DeleteObject")]) == (1, 3, 1)
    assert (up[kms_calls("GenerateDataKey")], up[kms_calls("Decrypt")]) == (1, 3)
    assert up["keywright_s3_received_bytes_total"] == len(data)
    assert up["keywright_s3_sent_bytes_total"] == 3 * len(data)
    assert up["keywright_s3_commit_duration_seconds_count"] == 2
    assert up['keywright_s3_kms_call_duration_seconds_count{operation="Decrypt"}'] == 3
    assert up['keywright_s3_request_duration_seconds_bucket{operation="GetObject",le="+Inf"}'] == 3
    counts = watched.counts()
    assert counts["keywright_s3_requests_under_way"] == 0
    assert counts["keywright_s3_connections_total"] >= counts["keywright_s3_connections_open"] >= 1
    assert eventually(lambda: watched.counts()["keywright_s3_files_leaving"] == 0, 10)
    assert counts["keywright_s3_ready"] == 1


def test_bucket_keys_save_calls_and_are_counted(watched):
    def work():
        for number in range(5):
            watched.s3().put_object(Bucket="secret-bucket", Key=f"b{number}", Body=b"x", BucketKeyEnabled=True, **KMS)

    up = watched.gone_up(work)
    assert up["keywright_s3_bucket_key_hits_total"] == 4
    assert up["keywright_s3_bucket_key_misses_total"] == 1
    assert up[kms_calls("GenerateDataKey")] == 1


def test_refusals_are_counted_by_their_codes(watched):
    watched.s3().put_object(Bucket="secret-bucket", Key="k", Body=MARKER, **KMS)
    watched.access_keys["nobody"] = ("AKIANOBODY0000000000", "x" * 40)

    def work():
        with refused("AccessDenied"):
            watched.s3("bob").get_object(Bucket="secret-bucket", Key="k")
        with refused("NoSuchKey"):
            watched.s3().get_object(Bucket="secret-bucket", Key="nothing")
        with refused("InvalidAccessKeyId"):
            watched.s3("nobody").get_object(Bucket="secret-bucket", Key="k")
        watched.kms().disable_key(KeyId=watched.key)
        with refused("KMS.DisabledException"):
            watched.s3().get_object(Bucket="secret-bucket", Key="k")
        watched.kms().enable_key(KeyId=watched.key)

    up = watched.gone_up(work)
    for code in ("AccessDenied", "NoSuchKey", "KMS.DisabledException"):
        assert up[requests("GetObject", code)] == 1, up
    assert up[requests("other", "InvalidAccessKeyId")] == 1
    assert up[kms_calls("Decrypt", "AccessDeniedException")] == 1
    assert up[kms_calls("Decrypt", "DisabledException")] == 1
    assert up[kms_calls("GetSigningKey", "UnrecognizedClientException")] == 1
    _, _, text = watched.page("/metrics")
    assert not any(name in text for name in ("secret-bucket", "alice", "bob", "AKIA", watched.key, watched.account))


def test_a_request_is_under_way_until_its_answer_is_sent(watched):
    watched.s3().put_object(Bucket="secret-bucket", Key="large", Body=bytes(64 * 1024 * 1024))
    answer = watched.s3().get_object(Bucket="secret-bucket", Key="large")["Body"]
    answer.read(10)
    assert watched.counts()["keywright_s3_requests_under_way"] == 1
    watched.s3().delete_object(Bucket="secret-bucket", Key="large")
    assert watched.counts()["keywright_s3_files_leaving"] == 1, "it is still read"
    answer.close()
    assert eventually(lambda: watched.counts()["keywright_s3_requests_under_way"] == 0, 30)
    assert eventually(lambda: watched.counts()["keywright_s3_files_leaving"] == 0, 30)


def test_readiness_follows_kms(watched):
    def ready():
        status, _, text = watched.page("/readyz")
        assert (status == 200) == text.startswith("ready\n")
        return status == 200

    assert ready()
    assert re.search(r"^connections: \d+ open; 0 requests under way$", watched.page("/readyz")[2], re.M)
    watched.s3().put_object(Bucket="secret-bucket", Key="k", Body=MARKER, **KMS)
    before = len(watched.calls("DescribeKey"))
    with watched.without_keywright():
        with refused("ServiceUnavailable"):
            watched.s3().get_object(Bucket="secret-bucket", Key="k")
        assert eventually(lambda: not ready(), 10)
        status, _, text = watched.page("/readyz")
        assert status == 503 and text.startswith("kms: ")
        assert watched.counts()["keywright_s3_ready"] == 0
        status, kind, text = watched.page("/healthz")
        assert (status, kind) == (200, "application/json")
        health = json.loads(text)
        assert (health["alive"], health["ready"], health["catalog"], health["data"]) == (True, False, "answers", "takes files")
    assert eventually(ready, 10), "it is back without a request of anybody"
    for _ in range(20):
        assert ready()
    assert len(watched.calls("DescribeKey")) - before <= 2, "being asked costs no calls"
    assert body(watched.s3().get_object(Bucket="secret-bucket", Key="k")) == MARKER


def test_readiness_follows_kms_while_nobody_calls(watched):
    watched.stop()
    watched.start()
    assert watched.page("/readyz")[0] == 200
    assert not any("kms_calls" in name for name in watched.counts()), "a connection is no call"
    with watched.without_keywright():
        assert eventually(lambda: watched.page("/readyz")[0] == 503, 10)
    assert eventually(lambda: watched.page("/readyz")[0] == 200, 10)


def test_readiness_follows_the_directory(watched):
    # Nobody writes a file where a folder is, not even root.
    (watched.data / ".readyz").mkdir()
    assert eventually(lambda: watched.page("/readyz")[0] == 503, 10)
    assert watched.page("/readyz")[2].startswith("data: ")
    (watched.data / ".readyz").rmdir()
    assert eventually(lambda: watched.page("/readyz")[0] == 200, 10)
    assert not (watched.data / ".readyz").exists()


def test_nothing_else_is_answered_and_no_web_page(watched):
    assert watched.page("/")[0] == 404
    assert watched.page("/metrics", method="POST")[0] == 405
    assert watched.page("/metrics", Origin="http://evil.example")[0] == 403
    assert watched.page("/metrics", Host="evil.example:8015")[0] == 403


def test_the_pages_are_on_loopback_unless_it_is_said(watched, tmp_path):
    arguments = [BINARY, "serve", "--data-dir", tmp_path / "objects", "--listen", "127.0.0.1:0", "--metrics", "0.0.0.0:0"]
    done = subprocess.run(arguments, env=watched.keywright.environment(), capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 1 and "--danger-metrics-off-loopback" in done.stderr
