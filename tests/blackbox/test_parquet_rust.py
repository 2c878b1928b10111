"""The same Parquet files by Rust: examples/warehouse/keywright-parquet and its example `staff`, with those of pyarrow."""

import base64
import json
import os
import re
import subprocess

import duckdb
import pyarrow
import pyarrow.parquet
import pytest

from keywright import PATIENCE_SECONDS
from test_readme import ROOT, blocks
from warehouse import EXAMPLES, STAFF, Denied, Warehouse

# Salaries are numbers there.
TABLE = STAFF.set_column(2, "salary", [[4200 + number for number in range(500)]])
CONTEXT = {"table": "staff"}
COLUMNS = {"people": ["id", "name"], "pay": ["salary"]}


class Failed(Exception):
    """The program failed. Has what it said."""


# What Arrow says before the words of the KMS, when a column is read.
OF_ARROW = "Error: Parquet argument error: External: "


class Staff:
    """The program, by default as `payroll`, who may do everything."""

    def __init__(self, warehouse):
        self.warehouse = warehouse
        self.names = ["--people", warehouse.people, "--pay", warehouse.pay]

    def write(self, *options, name="rust.parquet", user=None, names=None):
        path = self.warehouse.folder / name
        self._run(user, [*(names or self.names), "write", *options, path], lines(TABLE))
        return path

    def read(self, path, *columns, user=None, names=None):
        return self._run(user, [*(names or self.names), "read", path, *columns])

    def _run(self, user, arguments, rows=""):
        environment = self.warehouse.environment(user or self.warehouse.payroll)
        done = subprocess.run(
            [os.environ["PARQUET_STAFF"], *arguments], env=environment, cwd=self.warehouse.folder, input=rows,
            capture_output=True, text=True, timeout=PATIENCE_SECONDS,
        )
        assert (done.returncode == 0) == (not done.stderr), done
        if done.returncode:
            raise Failed(done.stderr)
        return done.stdout


def lines(table):
    """Rows in the form that the program reads and prints."""
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


@pytest.fixture
def warehouse(shared, tmp_path):
    return Warehouse(shared, tmp_path)


@pytest.fixture
def staff(warehouse):
    return Staff(warehouse)


def python(warehouse, kms=None, **given):
    return warehouse.keys(kms, context=CONTEXT, **given)


def masters(path):
    """The names of keys that a file shows."""
    return set(re.findall(rb'"masterKeyID":"([^"]*)"', path.read_bytes()))


def test_pyarrow_reads_what_rust_writes(warehouse, staff):
    path = staff.write()
    stored = path.read_bytes()
    assert stored[:4] == stored[-4:] == b"PARE"
    assert b"nobody may see" not in stored and b"salary" not in stored
    assert masters(path) == {b"people"}
    assert python(warehouse).read(path).equals(TABLE)
    analyst = python(warehouse, warehouse.analyst)
    assert analyst.read(path, ["id", "name"]).equals(TABLE.select(["id", "name"]))
    with pytest.raises(Denied):
        analyst.read(path, ["salary"])
    assert staff.read(path, "id", "name", "salary") == lines(TABLE)


@pytest.mark.parametrize("double_wrapping", [True, False], ids=["double", "single"])
def test_rust_reads_what_pyarrow_writes(warehouse, staff, double_wrapping):
    path = warehouse.folder / "python.parquet"
    python(warehouse).write(TABLE, path, "people", COLUMNS, double_wrapping=double_wrapping)
    assert staff.read(path, "id", "name", "salary") == lines(TABLE)
    asked = warehouse.calls(lambda: staff.read(path, "id", "name", "salary"))
    assert asked == ["Decrypt"] * (2 if double_wrapping else 4)
    python(warehouse).write(TABLE, path, "people", double_wrapping=double_wrapping)
    assert staff.read(path, "name", user=warehouse.analyst) == lines(TABLE.select(["name"]))


def test_one_key_seals_all_columns(warehouse, staff):
    path = staff.write("--uniform")
    assert b"nobody may see" not in path.read_bytes()
    analyst = python(warehouse, warehouse.analyst)
    assert analyst.read(path).equals(TABLE)
    # What the page says: DuckDB takes the text of this key for a longer key. When this fails, one of the two has changed.
    key = base64.b64encode(analyst.footer_key(path)).decode()
    with duckdb.connect() as database:
        database.execute(f"PRAGMA add_parquet_key('k', '{key}')")
        with pytest.raises(duckdb.Error, match="Computed AES tag differs"):
            database.sql(f"FROM read_parquet('{path}', encryption_config = {{footer_key: 'k'}})").fetchall()


def test_arns_are_names_of_keys(warehouse, staff):
    unnamed = [*staff.names, "--unnamed"]
    for options in ([], ["--uniform"]):
        path = staff.write(*options, names=unnamed)
        assert masters(path) == {warehouse.people.encode()}
        assert python(warehouse, names=None).read(path).equals(TABLE)
    path = warehouse.folder / "python.parquet"
    columns = {warehouse.people: ["id", "name"], warehouse.pay: ["salary"]}
    python(warehouse, names=None).write(TABLE, path, warehouse.people, columns)
    assert staff.read(path, "name", "salary", names=unnamed) == lines(TABLE.select(["name", "salary"]))


def refusal(read, path, keys):
    """What a read is refused with. It tells no key of the file."""
    with pytest.raises(Failed) as told:
        read()
    key = keys.footer_key(path)
    for shape in (key.hex(), base64.b64encode(key).decode(), str(list(key))[1:-1], "nobody may see"):
        assert shape not in str(told.value)
    return str(told.value)


def test_columns_are_denied_one_by_one(warehouse, staff):
    path, analyst = staff.write(), warehouse.analyst
    assert staff.read(path, "id", "name", user=analyst) == lines(TABLE.select(["id", "name"]))
    for columns in (["salary"], ["name", "salary"]):
        said = refusal(lambda columns=columns: staff.read(path, *columns, user=analyst), path, python(warehouse))
        assert re.match(rf"{OF_ARROW}AccessDeniedException: User: \S+ is not authorized to perform: kms:Decrypt", said)
    nobody = warehouse.user("nobody", ["kms:ListKeys"], ["*"])
    said = refusal(lambda: staff.read(path, "id", user=nobody), path, python(warehouse))
    assert said.startswith("Error: AccessDeniedException: ")
    with pytest.raises(Failed, match="^Error: AccessDeniedException: .* kms:Encrypt"):
        staff.write(name="denied.parquet", user=analyst)
    assert not (warehouse.folder / "denied.parquet").exists()


def test_other_keys_and_contexts_do_not_open(warehouse, staff):
    path = staff.write()
    wrong = {
        "IncorrectKeyException": ["--people", warehouse.pay, "--pay", warehouse.pay],
        "InvalidCiphertextException": [*staff.names, "--table", "orders"],
        "NotFoundException": ["--people", "alias/nobodys"],
    }
    for code, names in wrong.items():
        said = refusal(lambda names=names: staff.read(path, "id", names=names), path, python(warehouse))
        assert said.startswith(f"Error: {code}: "), said
    # What a file says does not make others' keys be used.
    theirs = warehouse.kms.create_key()["KeyMetadata"]["Arn"]
    warehouse.keys(warehouse.kms, names=None).write(TABLE, path, theirs)
    with pytest.raises(Failed, match=f"the key {theirs} is none of these: pay, people"):
        staff.read(path, "id")


def test_a_disabled_key_is_refused(warehouse, staff):
    path = staff.write()
    warehouse.kms.disable_key(KeyId=warehouse.pay)
    said = refusal(lambda: staff.read(path, "salary"), path, python(warehouse))
    assert re.fullmatch(rf"{OF_ARROW}DisabledException: arn:\S+ is disabled\.\n", said)
    assert staff.read(path, "name") == lines(TABLE.select(["name"]))
    with pytest.raises(Failed, match="^Error: DisabledException: "):
        staff.write(name="disabled.parquet")
    warehouse.kms.enable_key(KeyId=warehouse.pay)
    assert staff.read(path, "salary") == lines(TABLE.select(["salary"]))


def test_a_name_that_moved_to_another_key_opens_older_files(warehouse, staff):
    old, new = staff.write(), warehouse.kms.create_key()["KeyMetadata"]["Arn"]
    mover = warehouse.user("mover", ["kms:Encrypt", "kms:Decrypt"], [warehouse.people, warehouse.pay, new])
    moved = ["--people", warehouse.people, "--pay", new]
    with pytest.raises(Failed, match=f"^{OF_ARROW}IncorrectKeyException: "):
        staff.read(old, "salary", user=mover, names=moved)
    both = [*moved, "--formerly", warehouse.pay]
    assert staff.read(old, "salary", user=mover, names=both) == lines(TABLE.select(["salary"]))
    path = staff.write(name="new.parquet", user=mover, names=both)
    assert staff.read(path, "salary", user=mover, names=moved) == lines(TABLE.select(["salary"]))


def test_what_is_no_whole_encrypted_file_is_not_read(warehouse, staff):
    path = staff.write("--uniform")
    whole = path.read_bytes()
    clear = warehouse.folder / "clear.parquet"
    pyarrow.parquet.write_table(TABLE, clear)
    key = python(warehouse).footer_key(path)
    for damaged in (clear.read_bytes(), b"PARE" + clear.read_bytes()[4:], whole[:-9], b"", b"PAR"):
        path.write_bytes(damaged)
        with pytest.raises(Failed, match="^Error: it is no Parquet file with an encrypted footer\n$"):
            staff.read(path, "id")
    at = whole.index(b'"wrappedKEK":"') + len(b'"wrappedKEK":"')
    for place in (40, at, at + 1, len(whole) - 12):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
        with pytest.raises(Failed) as told:
            staff.read(path, "id", "name", "salary")
        assert base64.b64encode(key).decode() not in str(told.value) and key.hex() not in str(told.value)
    path.write_bytes(whole)
    assert staff.read(path, "id") == lines(TABLE.select(["id"]))


def test_keys_beside_a_file_are_not_read_yet(warehouse, staff):
    """What the page says. When this fails, parquet-key-management has learnt it, and the page can say more."""
    path = warehouse.folder / "beside.parquet"
    python(warehouse).write(TABLE, path, "people", COLUMNS, material_beside=True)
    with pytest.raises(Failed, match="missing field `isFooterKey`"):
        staff.read(path, "id")


def test_keys_of_files_have_the_lengths_that_the_page_says(warehouse, staff):
    path = staff.write()
    assert len(python(warehouse).footer_key(path)) == 16
    material = json.loads(re.search(rb'\{"keyMaterialType[^}]*\}', path.read_bytes())[0])
    assert material["doubleWrapping"] and material["internalStorage"]


def test_the_page_shows_what_the_example_is():
    program = (EXAMPLES / "keywright-parquet/examples/staff.rs").read_text()
    shown = blocks("rust", (ROOT / "docs/warehouses.md").read_text())
    assert shown and all(block in program for block in shown)
