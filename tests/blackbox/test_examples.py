"""The examples call the public API alone: they do the same at moto, which stands for AWS KMS here."""

import boto3
import moto
import pyarrow
import pytest

from keywright import REGION
from test_four_tiers import Warehouse
from test_sqlite import keywright_sqlite
from test_warehouses import ParquetKeys

ROWS = ["one", "two", "three"]


@pytest.fixture
def aws(monkeypatch):
    """A client of moto, and two keys."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with moto.mock_aws():
        kms = boto3.client("kms", REGION)
        yield kms, *(kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))


def test_parquet_files(aws, tmp_path):
    kms, people, pay = aws
    table = pyarrow.table({"name": ROWS, "salary": [1, 2, 3]})
    path = tmp_path / "staff.parquet"
    names = {"people": people, "pay": pay}
    for double_wrapping in (True, False):
        keys = ParquetKeys(kms, names, context={"table": "staff"})
        keys.write(
            table, path, "people", {"people": ["name"], "pay": ["salary"]}, double_wrapping=double_wrapping, material_beside=True
        )
        keys.rotate(path, double_wrapping=double_wrapping)
        assert ParquetKeys(kms, names, context={"table": "staff"}).read(path).equals(table)


def test_four_tiers(aws, tmp_path):
    kms, key, other = aws
    Warehouse.create(tmp_path / "warehouse", kms, key, "sales").add(ROWS)
    for rotate in ("rotate_kms_key", "rotate_cluster_key", "rotate_database_key", "rotate_block_keys"):
        getattr(Warehouse(tmp_path / "warehouse", kms), rotate)()
    Warehouse(tmp_path / "warehouse", kms).rotate_kms_key(other)
    assert list(Warehouse(tmp_path / "warehouse", kms).rows()) == ROWS


def test_sqlite_databases(aws, tmp_path):
    kms, key, other = aws
    path = tmp_path / "orders.db"
    with keywright_sqlite.create(path, kms, key) as database:
        database.execute("CREATE TABLE orders (item TEXT)")
        database.executemany("INSERT INTO orders VALUES (?)", [[row] for row in ROWS])
    database.close()
    keywright_sqlite.rewrap(path, kms, other)
    keywright_sqlite.rekey(path, kms)
    database = keywright_sqlite.connect(path, kms)
    assert [item for (item,) in database.execute("SELECT item FROM orders")] == ROWS
    database.close()
