"""SQLite databases under keys of Keywright: docs/databases.md, and examples/database/keywright_sqlite.py with SQLCipher."""

import contextlib
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys

import botocore.exceptions
import pytest
from sqlcipher3 import dbapi2 as sqlcipher

from gateway import document
from test_readme import ROOT, begun, blocks, follow, machine, section, steps

EXAMPLES = ROOT / "examples/database"
sys.path.insert(0, str(EXAMPLES))

import keywright_sqlite  # noqa: E402
from keywright_sqlite import DoesNotOpen  # noqa: E402

PAGE = (ROOT / "docs/databases.md").read_text()
MARKER = b"a name that nobody may see"
ROWS = 20_000


def test_the_page_says_what_happens(machine):
    folder, environment, _ = machine
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    start, *_ = blocks("console", PAGE)
    sqlite = section("SQLite", PAGE)
    told = blocks("console", sqlite)
    server, export = begun(start, machine)
    shutil.copy(EXAMPLES / "keywright_sqlite.py", folder)
    ((name, text),) = re.findall(r"`([a-z]+\.py)`[^`]*:\n\n```python\n(.*?)^```$", sqlite, re.M | re.S)
    (folder / name).write_text(text)
    told = [step for block in told for step in steps(block)]
    assert len(told) > 12
    follow(told, folder, environment, export)
    assert server.end() == 0


class Database:
    """A database with rows, and the client of its KMS."""

    def __init__(self, served, folder):
        self.served = served
        self.path = folder / "orders.db"
        self.record = folder / "orders.db.key"
        self.kms = served.client("kms")
        self.key = self.new_key()
        with contextlib.closing(keywright_sqlite.create(self.path, self.kms, self.key)) as made, made:
            made.execute("CREATE TABLE orders (number INTEGER, name TEXT)")
            rows = ((number, f"{MARKER.decode()} {number}") for number in range(ROWS))
            made.executemany("INSERT INTO orders VALUES (?, ?)", rows)

    def new_key(self):
        return self.kms.create_key()["KeyMetadata"]["Arn"]

    def connect(self, **options):
        return contextlib.closing(keywright_sqlite.connect(self.path, self.kms, **options))

    def whole(self):
        """Whether a new connection finds all rows."""
        with self.connect() as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert count(database) == ROWS


def count(database):
    return database.execute("SELECT count(*) FROM orders").fetchone()[0]


@pytest.fixture
def orders(shared, tmp_path):
    return Database(shared, tmp_path)


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_nothing_is_in_the_clear(orders, mode):
    with orders.connect() as database:
        assert database.execute(f"PRAGMA journal_mode = {mode}").fetchone() == (mode,)
        database.execute("UPDATE orders SET number = number + 1")
        files = list(orders.path.parent.iterdir())
        assert len(files) > 2
        for file in files:
            assert MARKER not in file.read_bytes() and b"SQLite format" not in file.read_bytes()
        database.commit()
    with contextlib.closing(sqlite3.connect(orders.path.with_name("clear.db"))) as clear, clear:
        clear.execute("CREATE TABLE orders (name TEXT)")
        clear.execute("INSERT INTO orders VALUES (?)", [MARKER.decode()])
    assert MARKER in orders.path.with_name("clear.db").read_bytes()
    with contextlib.closing(sqlite3.connect(orders.path)) as stranger, pytest.raises(sqlite3.DatabaseError):
        stranger.execute("SELECT count(*) FROM orders")


def test_each_opening_is_recorded_for_its_database(orders):
    with orders.connect():
        record = orders.served.journal()[-1]
    assert (record["eventName"], record["resources"]) == ("Decrypt", [orders.key])
    assert record["requestParameters"]["encryptionContext"] == {"database": json.loads(orders.record.read_text())["id"]}


def test_each_step_takes_the_rights_that_the_page_says(orders):
    def allowed(*actions):
        statement = {"Effect": "Allow", "Action": [f"kms:{action}" for action in actions], "Resource": "*"}
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document(statement))

    iam, name = orders.served.client("iam"), f"operator-{orders.path.parent.name}"
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    kms = orders.served.client("kms", made["AccessKeyId"], made["SecretAccessKey"])
    steps_and_rights = [
        (lambda: keywright_sqlite.create(f"{orders.path}.new", kms, orders.key).close(), ["GenerateDataKey"]),
        (lambda: keywright_sqlite.connect(orders.path, kms).close(), ["Decrypt"]),
        (lambda: keywright_sqlite.rewrap(orders.path, kms), ["ReEncryptFrom", "ReEncryptTo"]),
        (lambda: keywright_sqlite.rekey(orders.path, kms), ["Decrypt", "GenerateDataKey"]),
    ]
    for step, rights in steps_and_rights:
        for missing in rights:
            allowed(*{"Decrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo"} - {missing})
            with pytest.raises(botocore.exceptions.ClientError, match=f"not authorized to perform: kms:{missing}"):
                step()
        allowed(*rights)
        step()
    orders.whole()


def test_a_disabled_key_opens_nothing_and_open_connections_go_on(orders):
    with orders.connect() as database:
        orders.kms.disable_key(KeyId=orders.key)
        assert count(database) == ROWS
        for refused in (orders.connect, lambda: keywright_sqlite.rekey(orders.path, orders.kms)):
            with pytest.raises(orders.kms.exceptions.DisabledException):
                refused()
    orders.kms.enable_key(KeyId=orders.key)
    orders.whole()


def test_keywright_gone_is_an_error_in_time(deployment, tmp_path):
    deployment.init().start()
    orders = Database(deployment, tmp_path)
    with orders.connect() as database:
        deployment.kill()
        assert count(database) == ROWS
        for refused in (orders.connect, lambda: keywright_sqlite.rekey(orders.path, orders.kms)):
            with pytest.raises(botocore.exceptions.EndpointConnectionError):
                refused()
    deployment.start(port=deployment.port)
    orders.whole()


def test_rewrap_moves_the_data_key_and_nothing_else(orders):
    other = orders.new_key()
    before, record = orders.path.read_bytes(), json.loads(orders.record.read_text())
    with orders.connect() as database:
        keywright_sqlite.rewrap(orders.path, orders.kms, other)
        orders.kms.disable_key(KeyId=orders.key)
        assert count(database) == ROWS
    assert orders.path.read_bytes() == before
    after = json.loads(orders.record.read_text())
    assert {name for name in record if record[name] != after[name]} == {"key", "sealed"}
    assert after["key"] == other
    orders.whole()
    keywright_sqlite.rewrap(orders.path, orders.kms)
    assert json.loads(orders.record.read_text())["sealed"] != after["sealed"]
    orders.whole()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_rekey_makes_the_old_data_key_worthless(orders, mode):
    with orders.connect() as database:
        database.execute(f"PRAGMA journal_mode = {mode}").fetchone()
    old, pages = orders.record.read_bytes(), orders.path.read_bytes()
    keywright_sqlite.rekey(orders.path, orders.kms)
    new = orders.record.read_bytes()
    size = 4096
    assert all(orders.path.read_bytes()[at:at + size] != pages[at:at + size] for at in range(0, len(pages), size))
    orders.whole()
    with orders.connect() as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == (mode,)
    orders.record.write_bytes(old)
    with pytest.raises(DoesNotOpen, match="is damaged, or the record beside it is another database's"):
        orders.connect()
    orders.record.write_bytes(new)
    orders.whole()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_rekey_waits_for_nobody_to_read_and_changes_nothing_otherwise(orders, mode, monkeypatch):
    # SQLite's own patience, shortened.
    connect = sqlcipher.connect
    monkeypatch.setattr(sqlcipher, "connect", lambda path, **options: connect(path, **({"timeout": 0.2} | options)))
    with orders.connect() as reader:
        reader.execute(f"PRAGMA journal_mode = {mode}").fetchone()
        record = orders.record.read_bytes()
        rows = reader.execute("SELECT name FROM orders")
        assert rows.fetchone()
        with pytest.raises(sqlcipher.OperationalError, match="database is locked"):
            keywright_sqlite.rekey(orders.path, orders.kms)
        assert orders.record.read_bytes() == record
        assert len(rows.fetchall()) == ROWS - 1
    orders.whole()
    with orders.connect() as idle:
        assert count(idle) == ROWS
        if mode == "delete":
            keywright_sqlite.rekey(orders.path, orders.kms)
            with pytest.raises(sqlcipher.DatabaseError, match="file is not a database"):
                count(idle)
    orders.whole()


KILLED = """
import os, pathlib, signal, sys, threading, time, boto3, keywright_sqlite

path, place = pathlib.Path(sys.argv[1]), sys.argv[2]
write, opened, literal = keywright_sqlite._write, keywright_sqlite._opened, keywright_sqlite._literal

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def when_pages_change():
    journal = path.with_name(path.name + "-journal")
    size = path.stat().st_size
    while not (journal.exists() and journal.stat().st_size > size // 8):
        time.sleep(0)
    die()

if place == "before the record":
    keywright_sqlite._write = die
if place == "before the pages":
    keywright_sqlite._write = lambda *given: (write(*given), die())
if place == "among the pages":
    threading.Thread(target=when_pages_change, daemon=True).start()
if place == "after the pages":
    calls = []
    keywright_sqlite._write = lambda *given: die() if calls else (write(*given), calls.append(1))
keywright_sqlite.rekey(path, boto3.client("kms"))
"""
PLACES = ["before the record", "before the pages", "among the pages", "after the pages"]


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("place", PLACES)
def test_a_rekey_that_is_killed_leaves_a_whole_database(orders, place, mode):
    with orders.connect() as database:
        database.execute(f"PRAGMA journal_mode = {mode}").fetchone()
    environment = orders.served.environment() | {"PYTHONPATH": str(EXAMPLES), "PYTHONDONTWRITEBYTECODE": "1"}
    # Among the pages, the change may be over sooner than the kill comes: then once more.
    for _ in range(20):
        done = subprocess.run([sys.executable, "-c", KILLED, orders.path, place], env=environment)
        if done.returncode or place != "among the pages":
            break
    assert done.returncode == -signal.SIGKILL
    assert ("next" in json.loads(orders.record.read_text())) == (place != "before the record")
    keywright_sqlite.rewrap(orders.path, orders.kms, orders.new_key())
    orders.whole()
    keywright_sqlite.rekey(orders.path, orders.kms)
    assert "next" not in json.loads(orders.record.read_text())
    orders.whole()


def test_changes_at_the_same_time_lose_no_key(orders):
    """Who writes back a record that he read before somebody else's change would lose the database."""
    environment = orders.served.environment()
    program = [sys.executable, EXAMPLES / "keywright_sqlite.py"]
    for _ in range(3):
        changes = [
            subprocess.Popen([*program, operation, orders.path], env=environment, stderr=subprocess.PIPE)
            for operation in ("rekey", "rewrap", "rewrap", "rekey")
        ]
        # Meanwhile, a connection is made or waits; its data key may be an old one right after.
        while any(change.poll() is None for change in changes):
            keywright_sqlite.connect(orders.path, orders.kms, timeout=60).close()
        for change in changes:
            _, told = change.communicate()
            assert change.returncode == 0, told
        orders.whole()


def test_a_record_opens_its_own_database_alone(orders, tmp_path):
    (tmp_path / "another").mkdir()
    another = Database(orders.served, tmp_path / "another")
    mine = orders.record.read_text()
    orders.record.write_text(another.record.read_text())
    with pytest.raises(DoesNotOpen, match="another database's"):
        orders.connect()
    record = json.loads(mine)
    orders.record.write_text(json.dumps(record | {"id": json.loads(another.record.read_text())["id"]}))
    with pytest.raises(orders.kms.exceptions.InvalidCiphertextException):
        orders.connect()
    orders.record.write_text(json.dumps(record | {"key": another.key}))
    with pytest.raises(orders.kms.exceptions.IncorrectKeyException):
        orders.connect()
    orders.record.write_text(mine)
    orders.whole()


def test_wrong_input_is_refused_and_makes_nothing(orders):
    whole = orders.record.read_bytes()
    later = json.dumps(json.loads(whole) | {"version": 2}).encode()
    for damaged in (b"", whole[:50], b"[]", b"{}", later, whole.replace(b'"sealed": "', b'"sealed": ["')):
        orders.record.write_bytes(damaged)
        with pytest.raises(DoesNotOpen, match="is damaged, or of a later version"):
            orders.connect()
    orders.record.write_bytes(whole.replace(b'"sealed": "', b'"sealed": "!'))
    for ask in (keywright_sqlite.connect, keywright_sqlite.rewrap, keywright_sqlite.rekey):
        with pytest.raises(DoesNotOpen, match="not in base64"):
            ask(orders.path, orders.kms)
    orders.record.write_bytes(whole)
    for existing in (orders.path, orders.path.with_name("new.db")):
        orders.path.with_name("new.db.key").touch()
        with pytest.raises(FileExistsError):
            keywright_sqlite.create(existing, orders.kms, orders.key)
    content = orders.path.read_bytes()
    orders.path.unlink()
    for ask in (orders.connect, lambda: keywright_sqlite.rekey(orders.path, orders.kms)):
        with pytest.raises(FileNotFoundError):
            ask()
    assert not orders.path.exists()
    orders.path.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    with pytest.raises((sqlcipher.DatabaseError, DoesNotOpen)), orders.connect() as database:
        count(database)
    orders.path.write_bytes(content)
    orders.whole()
    program = [sys.executable, EXAMPLES / "keywright_sqlite.py"]
    done = subprocess.run(program, capture_output=True, text=True, env=orders.served.environment())
    assert done.returncode == 1 and done.stderr.strip() == keywright_sqlite.__doc__.strip()
