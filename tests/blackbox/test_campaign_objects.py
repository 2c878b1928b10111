"""`keywright-client campaign`: objects of a gateway put under another key, and shredded with their key."""

import os

import pytest

from gateway import S3_ALL, document
from test_campaigns import CLIENT, MARKER, PAGE, became, run
from test_client import Stage
from test_readme import blocks, follow, section, steps
from test_shredding import certified, signer

ODD_NAMES = ["2026/11.txt", "2026/a b+c&d=e?.txt", "2026//ü/%2F", "2026/<x>"]


@pytest.fixture
def owner(gateway, tmp_path):
    """A stage of who may move objects between two keys: `alias/docs` and the key `archive`."""
    archive = gateway.kms().create_key()["KeyMetadata"]["Arn"]
    uses = ["kms:DescribeKey", "kms:GenerateDataKey", "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*"]
    name = f"owner-{os.path.basename(tmp_path)}"
    gateway.user(name, S3_ALL, {"Effect": "Allow", "Action": uses, "Resource": "*"})
    environment = gateway.environment(name) | {
        "AWS_ENDPOINT_URL": gateway.keywright.endpoint, "AWS_ENDPOINT_URL_S3": gateway.endpoint,
    }
    stage = Stage(tmp_path, environment)
    stage.archive, stage.name = archive, name
    return stage


def test_objects_come_under_another_key(gateway, owner, bucket):
    s3 = gateway.s3(owner.name)
    under_docs = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": gateway.key}
    bodies = {name: name.encode() * 100 for name in ODD_NAMES + [f"2026/many/{number}" for number in range(70)]}
    for number, (name, body) in enumerate(bodies.items()):
        s3.put_object(Bucket=bucket, Key=name, Body=body, BucketKeyEnabled=number % 2 == 0, **under_docs)
    s3.put_object(Bucket=bucket, Key="2025/other", Body=b"x", **under_docs)
    s3.put_object(Bucket=bucket, Key="2026/plain", Body=b"x")
    tags = {name: s3.head_object(Bucket=bucket, Key=name)["ETag"] for name in bodies}

    found = ["campaign", "plan", "--to", owner.archive, "--bucket", f"s3://{bucket}/2026/"]
    done = owner.run(*found, "--from", "alias/docs", "--out", "plan.jsonl")
    assert done.returncode == 0 and b"volumes 0, objects 74" in done.stderr, done.stderr
    report, said = run(owner, 0)
    assert report["counts"]["done"] == 74, said
    for number, (name, body) in enumerate(bodies.items()):
        head = s3.head_object(Bucket=bucket, Key=name)
        assert (head["SSEKMSKeyId"], head["ETag"]) == (owner.archive, tags[name])
        assert head.get("BucketKeyEnabled", False) == (number % 2 == 0)
        assert s3.get_object(Bucket=bucket, Key=name)["Body"].read() == body
    assert s3.head_object(Bucket=bucket, Key="2025/other")["SSEKMSKeyId"] == gateway.key
    done = owner.run(*found, "--from", "alias/docs", "--out", "again.jsonl")
    assert b"objects 0" in done.stderr and b"74 are there already" in done.stderr


def test_objects_that_are_gone_denied_or_not_reached(gateway, owner, bucket):
    s3 = gateway.s3(owner.name)
    for name in "abcd":
        s3.put_object(Bucket=bucket, Key=name, Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=gateway.key)
    owner.done("campaign", "plan", "--from", gateway.key, "--to", owner.archive, "--bucket", f"s3://{bucket}", "--out", "plan.jsonl")
    s3.delete_object(Bucket=bucket, Key="a")
    s3.put_object(Bucket=bucket, Key="b", Body=b"x")
    forbids = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:UpdateObjectEncryption", "Resource": f"arn:aws:s3:::{bucket}/c",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=document(forbids))
    report, said = run(owner, 2)
    assert became(report) == {"a": "failed", "b": "cannot", "c": "failed", "d": "done"}
    assert "NoSuchKey" in said and "AccessDenied" in said
    s3.delete_bucket_policy(Bucket=bucket)
    nowhere = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}
    report, said = run(owner, 69, "--wait", "1", **nowhere)
    assert "S3 is not reached" in said
    owner.fails(69, "campaign", "plan", "--from", gateway.key, "--bucket", "s3://b", "--out", "x", "--wait", "1", **nowhere)
    assert "NoSuchBucket" in owner.fails(1, "campaign", "plan", "--from", gateway.key, "--bucket", "s3://none-here", "--out", "x")
    report, _ = run(owner, 2)
    assert became(report) == {"a": "failed", "b": "cannot", "c": "done", "d": "done"}
    gateway.kms().disable_key(KeyId=owner.archive)
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=gateway.key)
    run(owner, 78)


def test_objects_are_shredded_too(gateway, owner, bucket):
    s3 = gateway.s3(owner.name)
    for name in ODD_NAMES:
        s3.put_object(Bucket=bucket, Key=name, Body=MARKER * 10_000, ServerSideEncryption="aws:kms", SSEKMSKeyId=owner.archive)
    shred = ["campaign", "shred"]
    owner.done(*shred, "plan", "--key", owner.archive, "--bucket", f"s3://{bucket}", "--out", "shred.jsonl")
    root = Stage(owner.folder, owner.environment | gateway.environment("root") | {"AWS_ENDPOINT_URL": gateway.keywright.endpoint})
    signs = signer(root, KeySpec="ECC_NIST_P256")
    root.kms().schedule_key_deletion(KeyId=owner.archive, PendingWindowInDays=7)
    certificate = certified(root, 0, signs)
    assert [line["where"] for line in certificate["unreadable"]] == sorted(f"s3://{bucket}/{name}" for name in ODD_NAMES)
    assert all("KMSInvalidStateException" in line["answer"] for line in certificate["unreadable"])


def test_the_pages_objects_come_under_another_key(gateway, owner):
    s3, kms = gateway.s3(owner.name), gateway.kms()
    s3.create_bucket(Bucket="invoices")
    for name in ["2026/11.txt", "2026/12.txt"]:
        s3.put_object(Bucket="invoices", Key=name, Body=b"to be paid\n", ServerSideEncryption="aws:kms", SSEKMSKeyId=gateway.key)
    kms.create_alias(AliasName="alias/archive", TargetKeyId=owner.archive)
    (owner.folder / "bin").mkdir()
    (owner.folder / "bin/keywright-client").symlink_to(CLIENT)
    path = f"{owner.folder}/bin:{owner.environment['PATH']}"
    (block,) = blocks("console", section("What is done with each kind", PAGE))
    follow(steps(block), owner.folder, owner.environment | {"PATH": path})
    assert s3.head_object(Bucket="invoices", Key="2026/12.txt")["SSEKMSKeyId"] == owner.archive
