"""Databases whose keys `keywright-client` hands over: what their pages in docs/ say, with the real databases."""

import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import duckdb
import pytest

from keywright import PATIENCE_SECONDS
from test_client import CLIENT, stage
from test_readme import ROOT, blocks, does_what_it_says, machine, section

MARIADB = (ROOT / "docs/mariadb.md").read_text()
DUCKDB = section("DuckDB", (ROOT / "docs/databases.md").read_text())
# An environment whose DuckDB has the extension that it needs to write encrypted databases.
WRITER = pathlib.Path(os.environ["VIRTUAL_ENV"]).with_name("duckdb") / "bin"
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
    folder, _, _ = machine
    (folder / "bin/keywright-client").symlink_to(CLIENT)
    (folder / "shop.cnf").write_text(configuration(folder))
    start, *told = blocks("console", MARIADB)
    try:
        does_what_it_says(start, told, machine, 15)
    finally:
        # The page ends it.
        if (folder / "pid").exists():
            os.kill(int((folder / "pid").read_text()), signal.SIGKILL)


def duckdb_files(folder, environment):
    """Puts the page's programs into a folder, and DuckDB's extension where this environment's DuckDB looks for it."""
    for name, text in re.findall(r"`([a-z]+\.py)`[^`]*:\n\n```python\n(.*?)^```$", DUCKDB, re.M | re.S):
        (folder / name).write_text(text)
    (extension,) = WRITER.parent.glob("lib/*/site-packages/duckdb_extension_httpfs/extensions/*/httpfs.duckdb_extension")
    install = f"import duckdb; duckdb.execute(\"INSTALL '{extension}'\")"
    subprocess.run([WRITER / "python", "-c", install], env=environment, check=True, timeout=PATIENCE_SECONDS)


def test_the_page_of_duckdb_does_what_it_says(machine):
    folder, environment, _ = machine
    environment |= {"PATH": f"{WRITER}:{environment['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    (folder / "bin/keywright-client").symlink_to(CLIENT)
    start, *_ = blocks("console", (ROOT / "docs/databases.md").read_text())
    duckdb_files(folder, environment)
    does_what_it_says(start, blocks("console", DUCKDB), machine, 12)


FILL = """
import sys, orders
connection = orders.connect()
orders.attach(connection, "orders-1.duckdb", "shop", "KEY")
marker = {"marker": sys.argv[1]}
connection.execute("CREATE TABLE shop.orders AS SELECT $marker || i AS item FROM range(20_000) r(i)", marker)
connection.execute("CHECKPOINT shop")
connection.execute("INSERT INTO shop.orders VALUES ($marker)", marker)
connection.execute("SET enable_progress_bar = false; SET preserve_insertion_order = false; SET threads = 1")
connection.execute("SET memory_limit = '60MB'; SET temp_directory = 'spilled'")
connection.execute("SELECT item || i AS many FROM shop.orders, range(200) r(i) ORDER BY hash(many)").fetchone()
print("filled", flush=True)
sys.stdin.read()
"""


def test_duckdb_writes_nothing_in_the_clear_and_opens_by_its_key_alone(stage):
    environment = stage.environment | {"PYTHONDONTWRITEBYTECODE": "1", "HOME": str(stage.folder)}
    duckdb_files(stage.folder, environment)
    key = stage.kms().create_key()["KeyMetadata"]["Arn"]
    for number in [1, 2]:
        stage.done("wrap", "--key", key, "--context", "app=shop", "--new", "32", "--out", f"orders-{number}.json")
    first, second = (stage.done("unwrap", f"orders-{number}.json", "--form", "hex").decode() for number in [1, 2])

    def program(*text, **records):
        keys = [argument for name, record in records.items() for argument in ("--key", f"{name}={record}")]
        command = [CLIENT, "exec", *keys, "--", WRITER / "python", "-c", *text]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=stage.folder, env=environment)

    # Looked for while the program runs: at its end, it removes its log and what did not fit into its memory.
    with program(FILL, MARKER, KEY="orders-1.json") as fills:
        assert fills.stdout.readline() == b"filled\n"
        assert (stage.folder / "orders-1.duckdb.wal").stat().st_size > 0
        assert sum(path.stat().st_size for path in (stage.folder / "spilled").iterdir()) > 10_000_000
        assert found(stage.folder, MARKER) == found(stage.folder, first) == []
    with program("import move", OLD="orders-1.json", NEW="orders-2.json") as moves:
        pass
    assert fills.returncode == moves.returncode == 0
    assert found(stage.folder, MARKER) == []

    # Another release of DuckDB, without the extension, reads each by its own key alone.
    for name, right, wrong in (("orders-1", first, second), ("orders-2", second, first)):
        assert rows(stage.folder / f"{name}.duckdb", right) == 20_001
        with pytest.raises(duckdb.Error, match="Wrong encryption key"):
            rows(stage.folder / f"{name}.duckdb", wrong)
    changed = bytearray((stage.folder / "orders-2.duckdb").read_bytes())
    changed[len(changed) // 2] ^= 1
    (stage.folder / "changed.duckdb").write_bytes(changed)
    with pytest.raises(duckdb.Error, match="tag differs"):
        rows(stage.folder / "changed.duckdb", second)


def rows(path, key):
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS shop (READ_ONLY, ENCRYPTION_KEY $key)", {"key": key})
        return connection.execute("SELECT count(*) FROM shop.orders WHERE length(item) > 0").fetchone()[0]
