"""Trails: events delivered as files, with digests that AWS's own command line validates; read by tools that know CloudTrail."""

import collections
import gzip
import json
import os
import pathlib
import random
import shutil
import subprocess
import threading
import time

import boto3
import duckdb
import pytest

from buckets import VENV, SeaweedFS
from keywright import BINARY, PATIENCE_SECONDS, REGION, keywright
from kill import Line, Lost
from test_dev import Development
from test_readme import AUDIT, blocks, commands, section

START, END = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
ACCOUNT = "111122223333"
FOLDER = pathlib.Path(__file__).parent


def aws(environment, *arguments):
    """AWS's command line, with the bucket's credentials for the bucket and Keywright's for Keywright."""
    command = [VENV / "bin/python", "-m", "awscli", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=4 * PATIENCE_SECONDS)


def validated(environment, arn, region=REGION):
    """Whether `validate-logs` finds everything whole, and what it says."""
    arguments = ["--trail-arn", arn, "--start-time", START, "--end-time", END, "--region", region, "--verbose"]
    done = aws(environment, "cloudtrail", "validate-logs", *arguments)
    return done.returncode == 0, done.stdout + done.stderr


def events(contents):
    return json.loads(gzip.decompress(contents))["Records"]


def within(seconds, holds):
    for _ in range(seconds * 5):
        if found := holds():
            return found
        time.sleep(0.2)
    pytest.fail("it does not become so")


class Hours:
    """A development whose clock moves, a trail of all Regions into a directory, and some hours of mixed traffic."""

    def __init__(self, folder):
        self.folder = folder / "audit"
        self.folder.mkdir()
        self.data = folder / "data"
        self.development = Development("--bucket", f"audit={self.folder}", "--data-dir", self.data)
        session = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "x", "region_name": REGION}
        self.client = lambda service, region=REGION: boto3.client(
            service, endpoint_url=self.development.endpoint, **{**session, "region_name": region}
        )
        trails = self.client("cloudtrail")
        made = trails.create_trail(
            Name="main", S3BucketName="audit", IsMultiRegionTrail=True, EnableLogFileValidation=True
        )
        self.arn = made["TrailARN"]
        trails.start_logging(Name="main")
        for hour in range(4):
            key = self.client("kms").create_key(Description=f"of hour {hour}")["KeyMetadata"]["KeyId"]
            for number in range(20):
                self.client("kms").encrypt(KeyId=key, Plaintext=b"secret words", EncryptionContext={"n": str(number)})
            with pytest.raises(self.client("kms").exceptions.ClientError):
                self.client("kms").describe_key(KeyId="alias/none")
            self.client("kms", "eu-west-1").list_keys()
            self.client("iam").list_users()
            self.development.control("clock", {"advance": "20m"})
            self.client("sts").get_caller_identity()
            self.development.control("clock", {"advance": "41m"})
        # The clock stands in the future; what is validated is what it has passed.
        self.files = sorted(path for path in self.folder.rglob("*.json.gz"))

    def log_files(self, region=REGION):
        return [path for path in self.files if f"/CloudTrail/{region}/" in str(path)]

    def digests(self, region=REGION):
        return [path for path in self.files if f"/CloudTrail-Digest/{region}/" in str(path)]

    def fill(self, seaweed):
        """Puts the directory into a bucket, as an operator would who moves it."""
        for path in self.files:
            about = path.with_name(f"{path.name}.metadata")
            metadata = json.loads(about.read_text()) if about.exists() else {}
            name = str(path.relative_to(self.folder))
            seaweed.client.put_object(Bucket=seaweed.bucket, Key=name, Body=path.read_bytes(), Metadata=metadata)


@pytest.fixture(scope="module")
def hours(tmp_path_factory):
    hours = Hours(tmp_path_factory.mktemp("hours"))
    yield hours
    assert hours.development.process.end() == 0


@pytest.fixture
def seaweed(hours, tmp_path):
    seaweed = SeaweedFS(tmp_path, ACCOUNT, "keywright")
    hours.fill(seaweed)
    yield seaweed
    seaweed.end()


@pytest.fixture
def environment(hours, seaweed):
    return {
        "AWS_ENDPOINT_URL": hours.development.endpoint, "AWS_ENDPOINT_URL_S3": seaweed.endpoint,
        "AWS_SHARED_CREDENTIALS_FILE": str(seaweed.credentials), "AWS_DEFAULT_REGION": REGION, "AWS_PAGER": "",
        "AWS_EC2_METADATA_DISABLED": "true", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8",
    }


def test_awss_command_line_finds_everything_whole(hours, environment):
    for region in [REGION, "eu-west-1"]:
        whole, told = validated(environment, hours.arn, region)
        assert whole, told
        assert f"{len(hours.digests(region))}/{len(hours.digests(region))} digest files valid" in told
        assert f"{len(hours.log_files(region))}/{len(hours.log_files(region))} log files valid" in told
    assert len(hours.digests()) == 4


def test_awss_command_line_names_what_was_touched(hours, seaweed, environment):
    file, digest, other = hours.log_files()[2], hours.digests()[1], hours.digests()[2]
    name = lambda path: str(path.relative_to(hours.folder))  # noqa: E731
    put = lambda path, body, metadata=None: seaweed.client.put_object(  # noqa: E731
        Bucket="audit", Key=name(path), Body=body, Metadata=metadata or {}
    )
    changed = gzip.compress(gzip.decompress(file.read_bytes()).replace(b"Encrypt", b"Decrypt", 1))
    put(file, changed)
    whole, told = validated(environment, hours.arn)
    assert not whole
    assert any(name(file) in line and "INVALID: hash value doesn't match" in line for line in told.splitlines()), told
    seaweed.client.delete_object(Bucket="audit", Key=name(file))
    whole, told = validated(environment, hours.arn)
    assert not whole
    assert any(name(file) in line and "INVALID: not found" in line for line in told.splitlines()), told
    put(file, file.read_bytes())
    about = lambda path: json.loads(path.with_name(f"{path.name}.metadata").read_text())  # noqa: E731
    put(digest, other.read_bytes(), about(other))
    whole, told = validated(environment, hours.arn)
    assert not whole
    assert any(name(digest) in line and "INVALID" in line for line in told.splitlines()), told
    put(digest, digest.read_bytes(), about(digest))
    whole, told = validated(environment, hours.arn)
    assert whole, told


def test_tools_that_know_cloudtrail_read_the_files(hours, tmp_path):
    selected = subprocess.run(
        [VENV / "bin/trailscraper", "select", "--log-dir", hours.folder, "--from", "2020-01-01", "--to", "2100-01-01"],
        capture_output=True, text=True, timeout=4 * PATIENCE_SECONDS,
    )
    assert selected.returncode == 0, selected.stderr
    records = json.loads(selected.stdout)["Records"]
    files = [path for path in hours.files if "/CloudTrail/" in str(path)]
    assert len(records) == sum(len(events(path.read_bytes())) for path in files) > 80
    generated = subprocess.run(
        [VENV / "bin/trailscraper", "generate"], input=selected.stdout, capture_output=True, text=True,
        timeout=4 * PATIENCE_SECONDS,
    )
    actions = {action for statement in json.loads(generated.stdout)["Statement"] for action in statement["Action"]}
    assert {"kms:Encrypt", "kms:CreateKey", "iam:ListUsers"} <= actions, generated.stdout
    counted = duckdb.sql(
        "select record.eventName as name, count(*) from (select unnest(Records) as record from "
        f"read_json('{hours.folder}/AWSLogs/*/CloudTrail/*/*/*/*/*.json.gz', maximum_object_size=100000000)) "
        "where record.eventSource = 'kms.amazonaws.com' group by name"
    ).fetchall()
    assert dict(counted)["Encrypt"] == 80
    assert "secret words" not in selected.stdout


def test_an_event_is_proved_and_the_journal_verified(hours, environment, tmp_path):
    """As docs/audit.md says, word by word."""
    first = hours.log_files()[0]
    event = next(event["eventID"] for event in events(first.read_bytes()) if event["eventName"] == "Encrypt")
    here = {
        "3f0a1c9e-5b7d-4e0f-9a86-2f4c6d8e0b12": event, "/srv/kms": hours.data, "/mnt/audit-bucket": hours.folder,
        "list-public-keys": f"list-public-keys --start-time {START} --end-time {END}",
    }
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "keywright").symlink_to(BINARY)
    path = {"PATH": f"{programs}:{VENV / 'bin'}:/usr/bin:/bin"}
    told = [
        line for title in ["Proving an event", "Verifying files and journals"]
        for block in blocks("console", section(title, AUDIT)) for line in commands(block)[0]
    ]
    assert len(told) == 5
    for command in told:
        for there, substitute in here.items():
            command = command.replace(there, str(substitute))
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment | path, capture_output=True, text=True,
            timeout=4 * PATIENCE_SECONDS,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        if " verify " in command:
            assert "verified: digests" in done.stdout, done.stdout
        if "proof.json --" in command:
            assert f"event {event} is record" in done.stdout, done.stdout
    # Another program, which shares no code with Keywright.
    checked = subprocess.run(
        [VENV / "bin/python", FOLDER / "check_proof.py", tmp_path / "proof.json", tmp_path / "keys.json"],
        capture_output=True, text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    copy = tmp_path / "copy"
    shutil.copytree(hours.folder, copy)
    changed = copy / first.relative_to(hours.folder)
    changed.write_bytes(gzip.compress(gzip.decompress(changed.read_bytes()).replace(b"Encrypt", b"Decrypt", 1)))
    broken = keywright("trail", "verify", copy, "--public-keys", tmp_path / "keys.json")
    assert broken.returncode == 1 and changed.name in broken.stdout + broken.stderr, broken.stdout + broken.stderr


def test_a_bucket_that_refuses_for_a_while_loses_nothing(deployment, tmp_path):
    deployment.init()
    key = deployment.credentials
    seaweed = SeaweedFS(tmp_path, key["aws_access_key_id"], key["aws_secret_access_key"])
    try:
        config = tmp_path / "keywright.toml"
        config.write_text(f'[delivery]\nperiod_seconds = 1\n{seaweed.table()}[[trails]]\nname = "main"\nbucket = "audit"\n')
        seaweed.write_credentials("wrong")
        deployment.start("--config", config)
        client = boto3.client("cloudtrail", **session(deployment))
        kms = boto3.client("kms", **session(deployment))
        kms.create_key()
        within(20, lambda: client.get_trail_status(Name="main").get("LatestDeliveryError") == "SignatureDoesNotMatch")
        assert seaweed.names() == []
        seaweed.write_credentials(key["aws_secret_access_key"])
        delivered = lambda: [event for name in seaweed.names() for event in events(got(seaweed, name))]  # noqa: E731
        within(60, lambda: "CreateKey" in [event["eventName"] for event in delivered()])
        client.stop_logging(Name="main")
        within(20, lambda: any("Digest" in name for name in seaweed.names()))
        arn = client.get_trail(Name="main")["Trail"]["TrailARN"]
        environment = deployment.environment() | {"AWS_ENDPOINT_URL_S3": seaweed.endpoint}
        whole, told = validated(environment, arn)
        assert whole, told
        assert "1/1 digest files valid" in told
        status, page = deployment.page("/metrics")
        assert status == 200 and "keywright_trails_failures_total" in page
    finally:
        seaweed.end()


@pytest.mark.timeout(3000)
def test_every_acknowledged_call_is_in_one_file_whenever_the_server_is_killed(deployment, tmp_path):
    """`KEYWRIGHT_LONG=1` kills it ten times, after 10,000 calls each."""
    rounds, calls = (10, 10_000) if os.environ.get("KEYWRIGHT_LONG") else (3, 600)
    print(killed(deployment, tmp_path, rounds, calls))


def killed(deployment, tmp_path, rounds, calls):
    """Kills the server again and again under load, with delivery every second."""
    audit = tmp_path / "audit"
    audit.mkdir()
    config = tmp_path / "keywright.toml"
    config.write_text(
        f'[delivery]\nperiod_seconds = 1\n[buckets.audit]\ndirectory = "{audit}"\n'
        '[[trails]]\nname = "main"\nbucket = "audit"\n'
    )
    deployment.init().start("--config", config)
    acknowledged, lock = [], threading.Lock()
    for round_ in range(rounds):
        target = (round_ + 1) * calls
        load = [threading.Thread(target=load_until, args=(deployment, acknowledged, lock, target)) for _ in range(4)]
        for thread in load:
            thread.start()
        within(300, lambda target=target: len(acknowledged) >= target - random.randrange(calls // 2))
        deployment.kill()
        for thread in load:
            thread.join()
        deployment.start("--config", config)
    boto3.client("cloudtrail", **session(deployment)).stop_logging(Name="main")
    within(60, lambda: list(audit.rglob("*Digest*.json.gz")))
    files = [path for path in audit.rglob("*.json.gz") if "/CloudTrail/" in str(path)]
    found = collections.Counter(event.get("requestID") for path in files for event in events(path.read_bytes()))
    lost = [request for request in acknowledged if found[request] == 0]
    twice = [request for request in acknowledged if found[request] > 1]
    assert not lost and not twice, f"{len(lost)} lost and {len(twice)} twice, of {len(acknowledged)}"
    ids = collections.Counter(event["eventID"] for path in files for event in events(path.read_bytes()))
    assert max(ids.values()) == 1
    return len(acknowledged), len(files)


def load_until(deployment, acknowledged, lock, target):
    line = Line(deployment)
    try:
        while len(acknowledged) < target:
            request, _ = line.call("GenerateRandom", NumberOfBytes=16)
            with lock:
                acknowledged.append(request)
            request, _ = line.call("CreateKey")
            with lock:
                acknowledged.append(request)
    except Lost:
        pass
    finally:
        line.close()


def session(deployment):
    key = deployment.credentials
    return {
        "endpoint_url": deployment.endpoint, "region_name": REGION,
        "aws_access_key_id": key["aws_access_key_id"], "aws_secret_access_key": key["aws_secret_access_key"],
    }


def got(seaweed, name):
    return seaweed.client.get_object(Bucket=seaweed.bucket, Key=name)["Body"].read()
