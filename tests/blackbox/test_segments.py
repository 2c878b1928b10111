"""Full files of the journal are compressed while the server works, and everything reads them as before."""

import json
import secrets
import time

import pytest

import segments
from clients import Refused
from keywright import keywright

SEGMENT_BYTES = 64 * 1024 * 1024
# No call waits for the disk: thousands are needed to fill a file.
FAST = ["--journal", "handed-over"]
# A policy that is refused, and recorded as it came.
POLICY_BYTES = 32_000


def fill(client, deployment):
    """Writes until a segment is full, and returns how many calls that took."""
    full = len(segments.files(deployment.data / "journal"))
    for calls in range(1, 2 * SEGMENT_BYTES // POLICY_BYTES):
        with pytest.raises(Refused):
            client.call("kms", "CreateKey", Policy=secrets.token_hex(POLICY_BYTES // 2))
        if len(segments.files(deployment.data / "journal")) > full:
            return calls
    pytest.fail("no segment is full")


def compressed(deployment):
    return sorted(path.name for path in (deployment.data / "journal").glob("*.zst"))


def until(what, is_true, seconds=60):
    for _ in range(seconds * 100):
        if is_true():
            return
        time.sleep(0.01)
    pytest.fail(what)


def metric(deployment, name):
    _, page = deployment.page("/metrics")
    return next(float(line.split()[1]) for line in page.splitlines() if line.startswith(name + " "))


def test_a_compressed_journal_answers_as_before(deployment, connect, tmp_path):
    deployment.init().start(*FAST)
    client = connect("boto3", deployment.environment(), tmp_path)
    key = client.call("kms", "CreateKey")["KeyMetadata"]
    client.call("kms", "Encrypt", KeyId=key["KeyId"], Plaintext=b"hello")
    calls = 2 + fill(client, deployment)
    until("it is not compressed", lambda: len(segments.files(deployment.data / "journal")) == 2 and
          not list((deployment.data / "journal").glob("*0001.journal")))
    assert compressed(deployment) == ["00000000000000000001.journal.zst"]

    events = client.call("cloudtrail", "LookupEvents", LookupAttributes=[
        {"AttributeKey": "ResourceName", "AttributeValue": key["Arn"]}])["Events"]
    assert [event["EventName"] for event in events] == ["Encrypt", "CreateKey"]
    usage = keywright("trail", "usage", key["Arn"], "--data-dir", deployment.data)
    assert usage.returncode == 0 and "Encrypt" in usage.stdout, usage.stdout + usage.stderr
    assert "the chain holds: records 1 to " in deployment.verify()

    shown = deployment.journal()
    read = segments.records(deployment.data / "journal")
    assert [record[6] for record in read] == [record["eventName"] for record in shown]
    assert len(read) >= calls
    assert metric(deployment, "keywright_journal_compressed_segments") == 1
    assert metric(deployment, "keywright_journal_bytes") < 0.7 * metric(deployment, "keywright_journal_uncompressed_bytes")
    oldest = metric(deployment, "keywright_journal_oldest_record_timestamp_seconds")
    assert abs(oldest - time.time()) < 600

    # Another start reads what was compressed, and a changed byte is found.
    deployment.restart(*FAST)
    assert len(deployment.journal()) >= len(shown)
    deployment.stop()
    [name] = compressed(deployment)
    path = deployment.data / "journal" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    done = keywright("journal", "verify", "--data-dir", deployment.data)
    assert done.returncode == 1 and f"a damaged piece of a compressed segment in `{name}`" in done.stderr, done.stderr


def test_a_kill_during_the_compression_loses_nothing(deployment, connect, tmp_path):
    deployment.init().start(*FAST)
    client = connect("boto3", deployment.environment(), tmp_path)
    fill(client, deployment)
    # It is killed wherever it is: while it checks, writes, compares and removes. Each start begins again, until one ends.
    journal = deployment.data / "journal"
    first = journal / "00000000000000000001.journal"
    kills = 0
    for moment in [0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6]:
        until("it does not begin", lambda: compressed(deployment) or not first.exists())
        time.sleep(moment)
        deployment.kill()
        kills += first.exists()
        assert "the chain holds" in deployment.verify()
        segments.records(journal)
        deployment.start(*FAST)
    assert kills > 0, "no kill came in time"
    until("it is not compressed", lambda: not first.exists())
    assert compressed(deployment) == [first.name + ".zst"]
    assert len(deployment.journal()) == len(segments.records(journal))


def test_what_the_configuration_says_of_the_journal_is_checked(deployment):
    deployment.init()
    file = deployment.folder / "keywright.toml"
    for text, expected in [
        ('[journal]\nkeep = "400"', "expected days such as `400d`"),
        ('[journal]\nmax_bytes = "1MiB"', "expected a size such as `20GiB`, from `256MiB` on"),
        ('[journal]\nkep = "400d"', "did you mean `journal.keep`?"),
    ]:
        file.write_text(text)
        done = keywright("check", "--config", file)
        assert done.returncode == 1 and expected in done.stderr, done.stderr
    file.write_text('[journal]\nkeep = "400d"\nmax_bytes = "256MiB"\n')
    deployment.start("--config", file)
    assert json.loads(deployment.page("/healthz")[1])
