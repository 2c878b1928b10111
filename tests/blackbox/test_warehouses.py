"""Parquet files under keys of Keywright: docs/warehouses.md, and examples/warehouse/keywright_parquet.py with pyarrow."""

import base64
import concurrent.futures
import datetime
import hashlib
import inspect
import json
import os
import re
import signal
import subprocess
import sys
import time

import botocore.exceptions
import duckdb
import pyarrow
import pyarrow.fs
import pyarrow.parquet
import pytest
from pyarrow.parquet import encryption

from buckets import SeaweedFS
from test_readme import ROOT, begun, blocks, follow, machine, section, steps
from warehouse import EXAMPLES, STAFF, Denied, ParquetKeys, Refused, Warehouse

PAGE = (ROOT / "docs/warehouses.md").read_text()
NOTHING = datetime.timedelta(0)


def test_the_page_says_what_happens(machine):
    folder, environment, _ = machine
    environment |= {"PYTHONPATH": str(EXAMPLES), "PYTHONDONTWRITEBYTECODE": "1"}
    (folder / "bin/staff").symlink_to(os.environ["PARQUET_STAFF"])
    start, *_ = blocks("console", PAGE)
    server, export = begun(start, machine)
    parquet = section("Parquet files with a key for each reader", PAGE)
    programs = re.findall(r"`([a-z]+\.py)`(?: names [^`]*)?[^`]*:\n\n```python\n(.*?)^```$", parquet, re.M | re.S)
    assert len(programs) == len(blocks("python", parquet))
    for name, text in programs:
        (folder / name).write_text(text)
    told = [step for block in blocks("console", parquet) for step in steps(block)]
    assert len(told) > 20
    follow(told, folder, environment, export)
    assert server.end() == 0


@pytest.fixture
def warehouse(shared, tmp_path):
    return Warehouse(shared, tmp_path)


@pytest.mark.parametrize("double_wrapping", [True, False], ids=["double", "single"])
@pytest.mark.parametrize("material_beside", [True, False], ids=["beside", "inside"])
def test_a_file_comes_back_and_shows_nothing(warehouse, double_wrapping, material_beside):
    path = warehouse.write(double_wrapping=double_wrapping, material_beside=material_beside)
    assert warehouse.keys().read(path).equals(STAFF)
    beside = path.with_name("_KEY_MATERIAL_FOR_staff.parquet.json")
    assert beside.exists() == material_beside
    stored = path.read_bytes() + (beside.read_bytes() if material_beside else b"")
    assert b"nobody may see" not in stored and b"salary" not in stored
    # What a file shows to everybody, as the page says.
    assert b'"people"' in path.read_bytes() or material_beside
    assert not material_beside or {"people", "pay"} == set(re.findall(r'masterKeyID\\":\\"(\w+)', beside.read_text()))
    pyarrow.parquet.write_table(STAFF, warehouse.folder / "open", compression="none")
    assert b"nobody may see" in (warehouse.folder / "open").read_bytes()
    assert len(warehouse.keys().footer_key(path)) == 32


def test_columns_are_denied_one_by_one(warehouse):
    path = warehouse.write()
    analyst = warehouse.keys(warehouse.analyst)
    assert analyst.read(path, ["id", "name"]).equals(STAFF.select(["id", "name"]))
    for columns in (["salary"], ["name", "salary"], None):
        with pytest.raises(Denied, match=r"^AccessDeniedException: User: \S+ is not authorized to perform: kms:Decrypt"):
            analyst.read(path, columns)
    nobody = warehouse.user("nobody", ["kms:ListKeys"], ["*"])
    with pytest.raises(PermissionError):
        warehouse.keys(nobody).read(path, ["id"])
    with pytest.raises(Denied):
        warehouse.keys(warehouse.analyst).write(STAFF, warehouse.folder / "another", "people")


@pytest.mark.parametrize(("double_wrapping", "calls"), [(True, 2), (False, 4)], ids=["double", "single"])
def test_a_read_costs_the_calls_that_the_page_says(warehouse, double_wrapping, calls):
    path = warehouse.write(double_wrapping=double_wrapping)
    keys = warehouse.keys()
    assert warehouse.calls(lambda: keys.read(path)) == ["Decrypt"] * calls
    assert warehouse.calls(lambda: keys.read(path)) == []
    writer = warehouse.keys()
    both = [warehouse.folder / name for name in ("one", "two")]
    written = warehouse.calls(lambda: [writer.write(STAFF, path, "people", double_wrapping=double_wrapping) for path in both])
    assert written == ["Encrypt"] * (1 if double_wrapping else 2)
    material = json.loads(re.search(rb'\{"keyMaterialType[^}]*\}', both[0].read_bytes())[0])
    sealed = base64.b64decode(material["wrappedKEK" if double_wrapping else "wrappedDEK"])
    assert len(sealed) == 152 + (16 if double_wrapping else 32)


@pytest.mark.parametrize("double_wrapping", [True, False], ids=["double", "single"])
def test_a_disabled_key_works_as_long_as_it_is_remembered(warehouse, double_wrapping):
    path = warehouse.write(double_wrapping=double_wrapping)
    long, short = warehouse.keys(), warehouse.keys(memory=NOTHING)
    second = warehouse.keys(memory=datetime.timedelta(seconds=1))
    begun = time.monotonic()
    assert second.read(path).equals(STAFF)
    for keys in (long, short):
        assert keys.read(path).equals(STAFF)
    warehouse.kms.disable_key(KeyId=warehouse.pay)
    assert long.read(path).equals(STAFF)
    time.sleep(max(begun + 1.1 - time.monotonic(), 0))
    assert inspect.signature(ParquetKeys).parameters["memory"].default == datetime.timedelta(minutes=10)
    for keys in (second, short, warehouse.keys()):
        with pytest.raises(Refused, match=r"^DisabledException: arn:\S+ is disabled\.$"):
            keys.read(path)
        assert keys.read(path, ["name"]).num_rows == 500
    long.forget()
    with pytest.raises(Refused):
        long.read(path)
    warehouse.kms.enable_key(KeyId=warehouse.pay)
    assert long.read(path).equals(STAFF)


def alone(warehouse):
    """pyarrow's factory with nothing of the example's around it."""
    class Client(encryption.KmsClient):
        def wrap_key(self, key_bytes, master_key_identifier):
            return warehouse.keys().wrap(key_bytes, master_key_identifier)

        def unwrap_key(self, wrapped_key, master_key_identifier):
            return warehouse.keys().unwrap(wrapped_key, master_key_identifier)

    return encryption.CryptoFactory(lambda connection: Client())


def test_pyarrow_alone_goes_on_reading(warehouse):
    """What the example is also for. When this fails, pyarrow has mended it, and the page can say less."""
    def read():
        second = encryption.DecryptionConfiguration(cache_lifetime=datetime.timedelta(seconds=1))
        properties = factory.file_decryption_properties(encryption.KmsConnectionConfig(), second)
        return pyarrow.parquet.read_table(path, decryption_properties=properties)

    path = warehouse.write()
    factory = alone(warehouse)
    read()
    warehouse.kms.disable_key(KeyId=warehouse.pay)
    time.sleep(2)
    assert read().equals(STAFF)
    factory.remove_cache_entries_for_all_tokens()
    with pytest.raises(Refused):
        read()


def test_a_rotation_changes_no_file(warehouse):
    path = warehouse.write(material_beside=True)
    beside = path.with_name("_KEY_MATERIAL_FOR_staff.parquet.json")
    before, sealed = hashlib.sha256(path.read_bytes()).digest(), beside.read_text()
    reader = warehouse.keys()
    reader.read(path)
    new = warehouse.kms.create_key()["KeyMetadata"]["Arn"]
    names = warehouse.names | {"pay": [new, warehouse.pay]}
    rotator = warehouse.user("rotator", ["kms:Encrypt", "kms:Decrypt"], [warehouse.people, warehouse.pay, new])
    # Who may not use the new key changes nothing, and leaves nothing behind.
    with pytest.raises(Denied):
        warehouse.keys(names=names).rotate(path)
    assert beside.read_text() == sealed
    assert {entry.name for entry in warehouse.folder.iterdir()} == {path.name, beside.name}
    warehouse.keys(rotator, names=names).rotate(path)
    assert beside.read_text() != sealed
    assert hashlib.sha256(path.read_bytes()).digest() == before
    assert {entry.name for entry in warehouse.folder.iterdir()} == {path.name, beside.name}
    warehouse.kms.disable_key(KeyId=warehouse.pay)
    assert warehouse.keys(rotator, names=names).read(path).equals(STAFF)
    # A reader that remembers the old key asks anew for the new one, and is told that its name means another key.
    with pytest.raises(Refused, match="^IncorrectKeyException"):
        warehouse.keys(rotator).read(path)
    single = warehouse.keys(rotator, names={"people": warehouse.people, "pay": new})
    single.rotate(path, double_wrapping=False)
    assert single.read(path).equals(STAFF)
    warehouse.kms.enable_key(KeyId=warehouse.pay)


KILLED = """
import os, signal, sys, boto3
from keywright_parquet import ParquetKeys

class Dying(ParquetKeys):
    def wrap(self, key, master):
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        return super().wrap(key, master)

keys = Dying(boto3.client("kms"), {"people": sys.argv[1], "pay": sys.argv[2]})
keys.left = int(sys.argv[4])
keys.rotate(sys.argv[3])
"""


@pytest.mark.parametrize("wrapped", [0, 1])
def test_a_rotation_that_is_killed_leaves_the_old_keys(warehouse, wrapped):
    path = warehouse.write(material_beside=True)
    beside = path.with_name("_KEY_MATERIAL_FOR_staff.parquet.json")
    before = beside.read_bytes()
    arguments = [warehouse.people, warehouse.pay, path, wrapped]
    environment = warehouse.served.environment() | {
        "PYTHONPATH": str(EXAMPLES), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(warehouse.folder),
    }
    done = subprocess.run([sys.executable, "-c", KILLED, *map(str, arguments)], env=environment, cwd=warehouse.folder)
    assert done.returncode == -signal.SIGKILL
    assert beside.read_bytes() == before
    assert warehouse.keys().read(path).equals(STAFF)
    warehouse.keys().rotate(path)
    assert beside.read_bytes() != before
    assert warehouse.keys().read(path).equals(STAFF)


def test_what_cannot_be_rotated_is_refused(warehouse):
    path = warehouse.write()
    with pytest.raises(FileNotFoundError):
        warehouse.keys().rotate(path)
    assert warehouse.keys().read(path).equals(STAFF)
    beside = warehouse.write("lost.parquet", material_beside=True)
    beside.with_name("_KEY_MATERIAL_FOR_lost.parquet.json").unlink()
    with pytest.raises(FileNotFoundError):
        warehouse.keys().read(beside)


def test_arns_aliases_and_ids_are_names_of_keys(warehouse):
    alias = f"alias/{warehouse.folder.name}"
    warehouse.kms.create_alias(AliasName=alias, TargetKeyId=warehouse.pay)
    identifier = warehouse.people.rpartition("/")[2]
    path = warehouse.folder / "named.parquet"
    keys = warehouse.keys(names=None)
    columns = {warehouse.people: ["id"], alias: ["salary"], identifier: ["name"]}
    keys.write(STAFF, path, warehouse.people, columns, material_beside=True)
    stored = path.with_name("_KEY_MATERIAL_FOR_named.parquet.json").read_text()
    assert warehouse.people.replace(":", "%3A") in stored and warehouse.people in stored
    assert warehouse.keys(names=None).read(path).equals(STAFF)
    # What the example is for: pyarrow alone takes the ARN apart.
    bare = encryption.EncryptionConfiguration(footer_key="people", column_keys={warehouse.people: ["id"]})
    with pytest.raises(OSError, match="Incorrect key to columns mapping"):
        alone(warehouse).file_encryption_properties(encryption.KmsConnectionConfig(), bare)


def test_wrong_input_is_refused_before_anything_is_written(warehouse):
    path = warehouse.folder / "refused.parquet"
    keys = warehouse.keys()
    for columns, clear, words in [
        ({"pay": ["salary"]}, [], "no key is named for id, name"),
        ({"pay": ["salary", "bonus"], "people": ["id", "name"]}, [], "there is no column bonus"),
        ({"pay": ["salary"], "people": ["id", "name"]}, ["name"], "name cannot be both sealed and clear"),
        ({"50%": ["id", "name", "salary"]}, [], "the name of a key has no %"),
    ]:
        with pytest.raises(ValueError, match=words):
            keys.write(STAFF, path, "people", columns, clear)
    with pytest.raises(ValueError, match="the key nobody's is none of these: people, pay"):
        keys.write(STAFF, path, "nobody's")
    with pytest.raises(Refused, match="^NotFoundException"):
        warehouse.keys(names=None).write(STAFF, path, "nobody's")
    assert not path.exists() or path.stat().st_size == 0


def test_what_has_no_key_is_clear(warehouse):
    columns = {"pay": ["salary"]}
    path = warehouse.write(columns=columns, clear=["id", "name"])
    stored = path.read_bytes()
    assert b"a name that" in stored and b"a salary that" not in stored
    # And whoever can write the file changes it as he likes.
    path.write_bytes(stored.replace(b"a name that", b"b name that", 1))
    assert warehouse.keys().read(path, ["salary"]).equals(STAFF.select(["salary"]))
    assert not warehouse.keys().read(path, ["name"]).equals(STAFF.select(["name"]))


def test_keys_of_another_context_or_another_key_do_not_open(warehouse):
    path = warehouse.folder / "context.parquet"
    warehouse.keys(context={"table": "staff"}).write(STAFF, path, "people")
    assert warehouse.keys(context={"table": "staff"}).read(path).equals(STAFF)
    for context in ({}, {"table": "orders"}):
        with pytest.raises(Refused, match="^InvalidCiphertextException"):
            warehouse.keys(context=context).read(path)
    with pytest.raises(Refused, match="^IncorrectKeyException"):
        warehouse.keys(names={"people": warehouse.pay}, context={"table": "staff"}).read(path)


def test_a_file_in_the_clear_is_not_read(warehouse):
    path = warehouse.write()
    pyarrow.parquet.write_table(STAFF, path)
    # pyarrow itself reads it, although it was told how to decrypt.
    pyarrow.parquet.read_table(path, decryption_properties=warehouse.keys().properties(path))
    with pytest.raises(ValueError, match=r"staff\.parquet is no Parquet file with an encrypted footer"):
        warehouse.keys().read(path)
    with pytest.raises(ValueError, match=r"staff\.parquet is no Parquet file with an encrypted footer"):
        warehouse.keys().read(warehouse.folder)
    # How the file begins changes nothing: pyarrow reads this one too.
    path.write_bytes(b"PARE" + path.read_bytes()[4:])
    pyarrow.parquet.read_table(path, decryption_properties=warehouse.keys().properties(path))
    for damaged in (path.read_bytes(), b"", b"PAR"):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"staff\.parquet is no Parquet file with an encrypted footer"):
            warehouse.keys().read(path)
    with pytest.raises(ValueError, match="these names stand for no key: pay"):
        warehouse.keys(names={"pay": [], "people": warehouse.people})


def test_a_folder_is_read_as_one_table(warehouse):
    (warehouse.folder / "staff").mkdir()
    for part in range(3):
        warehouse.write(f"staff/{part}.parquet", STAFF.slice(part * 10, 10))
    assert warehouse.keys().read(warehouse.folder / "staff").equals(STAFF.slice(0, 30))
    with pytest.raises(Denied):
        warehouse.keys(warehouse.analyst).read(warehouse.folder / "staff")


def test_threads_share_the_keys_of_a_caller(warehouse):
    path = warehouse.write()
    keys = warehouse.keys(memory=NOTHING)
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        for table in threads.map(lambda _: keys.read(path), range(40)):
            assert table.equals(STAFF)


def test_what_one_caller_read_another_does_not_get(warehouse):
    path = warehouse.write()
    payroll, analyst = warehouse.keys(), warehouse.keys(warehouse.analyst)
    assert payroll.read(path).equals(STAFF)
    with pytest.raises(Denied):
        analyst.read(path)


def test_nested_columns_are_sealed_as_a_whole(warehouse):
    path = warehouse.folder / "nested.parquet"
    people = [{"first": f"first nobody may see {number}", "last": f"last nobody may see {number}"} for number in range(50)]
    lists = [[f"item nobody may see {number}"] for number in range(50)]
    table = pyarrow.table({"person": people, "items": lists, "id": range(50)})
    warehouse.keys().write(table, path, "people", {"pay": ["person", "items"]}, clear=["id"])
    assert b"nobody may see" not in path.read_bytes()
    assert warehouse.keys().read(path).equals(table)
    # pyarrow would leave the rest of the column in the clear.
    with pytest.raises(ValueError, match=r"there is no column person\.first"):
        warehouse.keys().write(table, path, "people", {"pay": ["person.first", "items"]}, clear=["id"])


def test_a_reader_uses_no_key_that_it_does_not_know(warehouse):
    """Somebody puts a file there which names a key of somebody's own, that everybody may use."""
    theirs = warehouse.kms.create_key()["KeyMetadata"]["Arn"]
    path = warehouse.folder / "forged.parquet"
    warehouse.keys(warehouse.kms, names=None).write(STAFF, path, theirs)
    assert warehouse.keys(warehouse.kms, names=None).read(path).equals(STAFF)

    def read():
        with pytest.raises(ValueError, match=f"the key {theirs} is none of these: people, pay"):
            warehouse.keys(warehouse.kms).read(path)

    assert warehouse.calls(read) == []


def test_a_bucket_has_files_as_a_folder_has(warehouse):
    seaweed = SeaweedFS(warehouse.folder, "app", "secret", "lake")
    try:
        bucket = pyarrow.fs.S3FileSystem(
            access_key="app", secret_key="secret", endpoint_override=seaweed.endpoint.removeprefix("http://"), scheme="http"
        )
        keys = warehouse.keys(filesystem=bucket)
        path, columns = "lake/staff/1.parquet", {"people": ["id", "name"], "pay": ["salary"]}
        keys.write(STAFF, path, "people", columns, material_beside=True)
        before = seaweed.client.get_object(Bucket="lake", Key="staff/1.parquet")["Body"].read()
        keys.rotate(path)
        assert seaweed.client.get_object(Bucket="lake", Key="staff/1.parquet")["Body"].read() == before
        assert seaweed.names() == ["staff/1.parquet", "staff/_KEY_MATERIAL_FOR_1.parquet.json"]
        for place in (path, "lake/staff"):
            assert warehouse.keys(filesystem=bucket).read(place).equals(STAFF)
        analyst = warehouse.keys(warehouse.analyst, filesystem=bucket)
        assert analyst.read(path, ["name"]).equals(STAFF.select(["name"]))
        with pytest.raises(Denied):
            analyst.read(path)
        assert len(keys.footer_key(path)) == 32
        assert seaweed.holding(b"nobody may see") == []
    finally:
        seaweed.end()


def test_files_of_the_same_keys_can_be_swapped(warehouse):
    """What the page warns of."""
    one, other = warehouse.write("one.parquet"), warehouse.write("other.parquet", STAFF.slice(0, 3))
    one.write_bytes(other.read_bytes())
    assert warehouse.keys().read(one).equals(STAFF.slice(0, 3))


def test_damage_is_found_and_no_key_is_told(warehouse):
    path = warehouse.write(uniform=True)
    whole = path.read_bytes()
    key = warehouse.keys().footer_key(path)
    at = whole.index(b'"wrappedKEK":"') + len(b'"wrappedKEK":"')
    damages = {
        "cut": whole[:-9],
        "no file": b"PARE",
        "page": whole[:40] + bytes([whole[40] ^ 1]) + whole[41:],
        "sealed key": whole[:at] + (b"B" if whole[at:at + 1] == b"A" else b"A") + whole[at + 1:],
        "not base64": whole[:at] + b"!" + whole[at + 1:],
        "footer": whole[:-12] + bytes([whole[-12] ^ 1]) + whole[-11:],
    }
    for name, damaged in damages.items():
        path.write_bytes(damaged)
        with pytest.raises((OSError, ValueError, Refused)) as told:
            warehouse.keys().read(path)
        for shape in (key.hex(), base64.b64encode(key).decode(), repr(key)):
            assert shape not in str(told.value), name
    for damaged in (b"", b"PAR1", whole[:-9], damages["sealed key"], whole[:-8] + b"\xff\xff\xff\x7fPARE", b"PARE\1\0\0\0PARE"):
        path.write_bytes(damaged)
        with pytest.raises((ValueError, Refused)):
            warehouse.keys().footer_key(path)


def test_keywright_gone_is_an_error_in_time(deployment, tmp_path):
    deployment.init().start()
    warehouse = Warehouse(deployment, tmp_path)
    path = warehouse.write()
    keys = warehouse.keys()
    keys.read(path, ["name"])
    deployment.kill()
    # What is remembered is read.
    assert keys.read(path, ["name"]).num_rows == 500
    with pytest.raises(botocore.exceptions.EndpointConnectionError):
        keys.read(path)
    with pytest.raises(botocore.exceptions.EndpointConnectionError):
        warehouse.keys().write(STAFF, tmp_path / "new.parquet", "people")
    deployment.start(port=deployment.port)
    assert keys.read(path).equals(STAFF)


def test_duckdb_reads_with_the_key_of_a_file(warehouse):
    for double_wrapping in (True, False):
        path = warehouse.write(uniform=True, double_wrapping=double_wrapping, material_beside=double_wrapping)
        key = base64.b64encode(warehouse.keys(warehouse.analyst).footer_key(path)).decode()
        with duckdb.connect() as database:
            database.execute(f"PRAGMA add_parquet_key('k', '{key}')")
            read = f"FROM read_parquet('{path}', encryption_config = {{footer_key: 'k'}})"
            assert database.sql(f"SELECT count(*), min(name) {read}").fetchall() == [(500, STAFF["name"][0].as_py())]
            # What DuckDB writes, it would write without its extension `httpfs` in an unsafe way, and refuses.
            with pytest.raises(duckdb.Error, match="read-only crypto module"):
                database.execute(f"COPY (SELECT 1) TO '{path}.copy' (FORMAT parquet, ENCRYPTION_CONFIG {{footer_key: 'k'}})")
    columns = warehouse.write("columns.parquet")
    key = base64.b64encode(warehouse.keys().footer_key(columns)).decode()
    with duckdb.connect() as database:
        database.execute(f"PRAGMA add_parquet_key('k', '{key}')")
        with pytest.raises(duckdb.Error):
            database.sql(f"FROM read_parquet('{columns}', encryption_config = {{footer_key: 'k'}})").fetchall()
