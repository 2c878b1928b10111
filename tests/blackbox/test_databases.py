"""Databases whose keys `keywright-client` hands over: what their pages in docs/ say, with the real databases."""

import os
import re
import signal
import subprocess
import threading
import time

import pytest

from keywright import PATIENCE_SECONDS
from test_client import CLIENT, stage
from test_readme import ROOT, begun, blocks, follow, machine, steps

MARIADB = (ROOT / "docs/mariadb.md").read_text()
MARKER = "marker-7f3a91-row"


def configuration(folder):
    """The page's configuration, for this folder and this user."""
    (text,) = blocks("ini", MARIADB)
    text = text.replace("/srv/shop", str(folder))
    return text.replace("[mariadbd]", "[mariadbd]\nuser = root") if os.geteuid() == 0 else text


class MariaDb:
    """A MariaDB of one's own, that gets its keys from records."""

    def __init__(self, stage):
        self.stage = stage
        self.file = stage.folder / "shop.cnf"
        self.file.write_text(configuration(stage.folder))
        self.command = ["mariadbd", f"--defaults-file={self.file}"]
        self.process = None

    def with_keys(self, records, command):
        """A command that gets the keys of these records."""
        keys = [argument for record in records for argument in ("--key", f"KEYS={record}")]
        form = ["--template", r"KEYS={n};{hex}\n", "--"]
        return ["exec", *keys, *form, *command, "--file-key-management-filename={KEYS}"]

    def install(self, record):
        install = ["mariadb-install-db", f"--defaults-file={self.file}", "--auth-root-authentication-method=normal"]
        self.stage.done(*self.with_keys([record], install))
        return self

    def start(self, *records):
        self.process = self.stage.start(*self.with_keys(records, self.command))
        self.process.log("ready for connections")
        return self

    def stop(self):
        assert self.process.end() == 0
        self.process = None

    def end(self):
        if self.process:
            self.process.end(signal.SIGKILL)

    def say(self, statement):
        done = subprocess.run(
            ["mariadb", f"--defaults-file={self.file}", "--batch", "--skip-column-names", "-e", statement],
            capture_output=True, text=True, timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == 0, f"{statement}: {done.stderr}"
        return done.stdout.splitlines()

    def fails(self):
        """What it says when it does not start without its keys."""
        done = subprocess.run(self.command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        assert done.returncode != 0
        return done.stdout + done.stderr


@pytest.fixture
def database(stage):
    database = MariaDb(stage)
    yield database
    database.end()


def found(folder, text):
    """The files that have this text."""
    return subprocess.run(["grep", "-rla", text, folder], capture_output=True, text=True).stdout.splitlines()


def test_mariadb_has_its_keys_from_records_and_rotates_them_under_load(stage, database):
    kms = stage.kms()
    key = kms.create_key()["KeyMetadata"]["Arn"]
    for number in [1, 2]:
        stage.done("wrap", "--key", key, "--context", "app=shop", "--new", "32", "--out", f"{number}.json")
    database.install("1.json").start("1.json")
    database.say("CREATE DATABASE shop; CREATE TABLE shop.orders (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT)")
    rows = ", ".join(f"('{MARKER}-{row}')" for row in range(500))
    database.say(f"INSERT INTO shop.orders (what) VALUES {rows}")
    # Both what is in memory and what is in logs comes to the disk.
    database.stop()
    assert found(stage.folder, MARKER) == []
    raw = stage.done("unwrap", "1.json", "--form", "hex").decode()
    assert found(stage.folder, raw) == []
    assert re.search("key|encrypt", database.fails(), re.I)

    database.start("1.json", "2.json")
    stop, written = threading.Event(), []

    def write():
        while not stop.is_set():
            database.say(f"INSERT INTO shop.orders (what) VALUES ('{MARKER}-load')")
            written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    database.say("ALTER TABLE shop.orders ENCRYPTION_KEY_ID=2")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(written) < 20:
        assert time.monotonic() < deadline and writer.is_alive()
        time.sleep(0.05)
    stop.set()
    writer.join(PATIENCE_SECONDS)
    tablespaces = "information_schema.INNODB_TABLESPACES_ENCRYPTION"
    assert database.say(f"SELECT CURRENT_KEY_ID FROM {tablespaces} WHERE NAME = 'shop/orders'") == ["2"]
    database.stop()

    kms.rotate_key_on_demand(KeyId=key)
    for number in [1, 2]:
        stage.done("rewrap", f"{number}.json")
    database.start("1.json", "2.json")
    assert database.say("SELECT COUNT(*) FROM shop.orders") == [str(500 + len(written))]
    kms.disable_key(KeyId=key)
    assert database.say("SELECT what FROM shop.orders WHERE id = 500") == [f"{MARKER}-499"]
    database.stop()
    assert found(stage.folder, MARKER) == []
    stage.fails(78, "exec", "--key", "KEYS=1.json", "--", *database.command)


def test_the_page_of_mariadb_does_what_it_says(machine):
    folder, environment, _ = machine
    (folder / "bin/keywright-client").symlink_to(CLIENT)
    (folder / "shop.cnf").write_text(configuration(folder))
    start, *told = blocks("console", MARIADB)
    server, export = begun(start, machine)
    told = [step for block in told for step in steps(block)]
    assert len(told) > 15
    try:
        follow(told, folder, environment, export)
    finally:
        # The page ends it.
        if (folder / "pid").exists():
            os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
    assert server.end() == 0
