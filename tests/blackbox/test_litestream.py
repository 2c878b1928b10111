"""Litestream backs SQLite databases up into a bucket that encrypts under a key of Keywright: docs/databases.md."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import time

import pytest

from gateway import eventually
from keywright import PATIENCE_SECONDS
from test_readme import ROOT, blocks, follow, section, steps
from test_seaweedfs import CACHE_SECONDS, DEFAULT, MARKER, Storage

SECTION = section("Backups of SQLite by Litestream", (ROOT / "docs/databases.md").read_text())


class Backup:
    """A database in a folder, which Litestream copies into SeaweedFS as the page says."""

    def __init__(self, folder):
        self.folder = folder
        self.storage = Storage(folder)
        self.storage.s3.put_bucket_encryption(Bucket="objects", ServerSideEncryptionConfiguration=DEFAULT)
        (configuration,) = blocks("yaml", SECTION)
        (folder / "litestream.yml").write_text(configuration.replace("http://127.0.0.1:8333", self.storage.seaweed.endpoint))
        export, *self.told = [
            (command.replace("=…", "=secret"), shown) for block in blocks("console", SECTION) for command, shown in steps(block)
        ]
        self.export = export[0]
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        with self.database() as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("CREATE TABLE orders (item TEXT)")
        self.count = 0
        self.add(500)

    def database(self, name="orders.db"):
        return contextlib.closing(sqlite3.connect(self.folder / name))

    def add(self, rows):
        """Rows that do not compress, so that the marker stays as it is."""
        with self.database() as database, database:
            items = [(os.urandom(16).hex() + MARKER.decode() + os.urandom(32).hex(),) for _ in range(rows)]
            database.executemany("INSERT INTO orders VALUES (?)", items)
        self.count += rows

    def restored(self, seconds=PATIENCE_SECONDS):
        """How many rows a restored database has, if there is one after so many seconds."""
        (self.folder / "again.db").unlink(missing_ok=True)
        restore = f"{self.export}; exec litestream restore -config litestream.yml -o again.db orders.db"
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(["bash", "-c", restore], cwd=self.folder, env=self.environment, capture_output=True, timeout=seconds)
        if not (self.folder / "again.db").exists():
            return None
        with self.database("again.db") as database:
            return database.execute("SELECT count(*) FROM orders").fetchone()[0]

    def end(self):
        self.storage.end()


@pytest.fixture(scope="module")
def backup(tmp_path_factory):
    backup = Backup(tmp_path_factory.mktemp("backup"))
    yield backup
    backup.end()


def test_backups_are_encrypted_and_restored(backup):
    follow(backup.told, backup.folder, backup.environment, backup.export)
    with backup.database("restored.db") as database:
        assert database.execute("SELECT count(*) FROM orders").fetchone() == (backup.count,)
    names = backup.storage.seaweed.names()
    assert names
    for name in names:
        assert backup.storage.s3.head_object(Bucket="objects", Key=name)["ServerSideEncryption"] == "aws:kms"
    assert backup.storage.seaweed.holding(MARKER) == []
    # The same copies in a bucket without a key.
    copied = backup.storage.get(names[0])
    assert MARKER in copied
    backup.storage.s3.delete_bucket_encryption(Bucket="objects")
    backup.storage.put("in the clear", copied)
    backup.storage.s3.put_bucket_encryption(Bucket="objects", ServerSideEncryptionConfiguration=DEFAULT)
    assert backup.storage.seaweed.holding(MARKER)


def test_copies_wait_for_the_key_and_catch_up(backup, connect):
    log = (backup.folder / "litestream.log").open("w")
    command = ["bash", "-c", f"{backup.export}; exec litestream replicate -config litestream.yml"]
    process = subprocess.Popen(command, cwd=backup.folder, env=backup.environment, stdout=log, stderr=log)
    try:
        backup.add(100)
        eventually(lambda: backup.restored() == backup.count, PATIENCE_SECONDS)
        before = backup.count
        with backup.storage.disabled(connect):
            # SeaweedFS remembers the data keys of what was restored before.
            time.sleep(CACHE_SECONDS)
            backup.add(100)
            assert backup.restored(seconds=3) is None
            assert process.poll() is None
        eventually(lambda: backup.restored() == backup.count > before, PATIENCE_SECONDS)
        backup.storage.keywright.kill()
        backup.add(100)
        time.sleep(1)
        backup.storage.keywright.start(port=backup.storage.keywright.port)
        eventually(lambda: backup.restored() == backup.count, PATIENCE_SECONDS)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        log.close()
