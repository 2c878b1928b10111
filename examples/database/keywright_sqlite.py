"""SQLite databases that SQLCipher encrypts, with their keys kept by a KMS that speaks AWS's API: Keywright, or AWS KMS.

    python keywright_sqlite.py create FILE KEY     a new database, under the KMS key KEY
    python keywright_sqlite.py rewrap FILE [KEY]   its data key under the key's newest material, or under another key
    python keywright_sqlite.py rekey FILE          a new data key: writes every page of the database anew

    database = keywright_sqlite.connect("orders.db", boto3.client("kms"))

Beside the database lies a *record*, `orders.db.key`: the database's data key, sealed by the KMS. To open a database is to
have the KMS open the data key. The record and the database are of no use without each other and the KMS.
"""

import base64
import contextlib
import fcntl
import json
import os
import pathlib
import sys
import uuid

import boto3
import botocore.exceptions
from sqlcipher3 import dbapi2 as sqlcipher

VERSION = 1


class DoesNotOpen(Exception):
    """A database or its record is not what it was."""


def create(path, kms, key):
    """Makes an empty database, and returns a connection to it."""
    record_path = _record_path(path)
    for existing in (pathlib.Path(path), record_path):
        if existing.exists():
            raise FileExistsError(f"{existing} is there already")
    identifier = str(uuid.uuid4())
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=_context(identifier))
    # The record is there first: a database without one could never be opened.
    _write(record_path, {
        "version": VERSION, "id": identifier, "key": made["KeyId"], "sealed": _text(made["CiphertextBlob"]),
    })
    database = _opened(path, made["Plaintext"], new=True)
    # SQLite makes the file, and its salt, with the first thing that is written.
    database.execute("PRAGMA user_version = 1")
    return database


def connect(path, kms, **options):
    """A connection to a database; `options` are SQLite's. Raises what the KMS says if it does not open the key."""
    record = _read(path)
    while True:
        try:
            _, database = _tried(path, kms, record, **options)
            return database
        except DoesNotOpen:
            # The data key may have changed since the record was read.
            former, record = record, _read(path)
            if record == former:
                raise


def rewrap(path, kms, key=None):
    """Moves the data key under the KMS key's newest material, or under another KMS key, without opening it here. The
    database is not touched, and connections go on."""
    with _alone(path):
        record = _read(path)
        context = _context(record["id"])
        for name in ("sealed", "next"):
            if name in record:
                moved = kms.re_encrypt(
                    CiphertextBlob=_bytes(record[name]), SourceKeyId=record["key"], SourceEncryptionContext=context,
                    DestinationKeyId=key or record["key"], DestinationEncryptionContext=context,
                )
                record[name] = _text(moved["CiphertextBlob"])
        _write(_record_path(path), record | {"key": moved["KeyId"]})


def rekey(path, kms):
    """Makes a new data key and writes every page anew under it. Nobody else may have the database open meanwhile; who tries is
    told that it is locked. After a kill, `connect` and `rekey` work as ever."""
    with _alone(path):
        _rekey(path, kms, _settled(path, kms))


def _rekey(path, kms, record):
    old = _opened(path, _data_key(kms, record, record["sealed"]), isolation_level=None)
    try:
        made = kms.generate_data_key(KeyId=record["key"], KeySpec="AES_256", EncryptionContext=_context(record["id"]))
        # Out of the write-ahead log, whose pages are under the old key.
        (mode,) = old.execute("PRAGMA journal_mode").fetchone()
        old.execute("PRAGMA journal_mode = DELETE").fetchone()
        # Alone: SQLCipher says `ok` to a new key that it could not write because somebody was reading.
        old.execute("PRAGMA locking_mode = EXCLUSIVE").fetchone()
        old.execute("BEGIN EXCLUSIVE")
        old.execute("COMMIT")
        # Both keys are in the record before the first page changes: at any moment, one of them opens the database.
        _write(_record_path(path), record | {"next": _text(made["CiphertextBlob"])})
        old.execute(f"PRAGMA rekey = {_literal(made['Plaintext'])}").fetchall()
    finally:
        old.close()
    new = _opened(path, made["Plaintext"])
    new.execute(f"PRAGMA journal_mode = {mode}").fetchone()
    new.close()
    _write(_record_path(path), record | {"sealed": _text(made["CiphertextBlob"])})


@contextlib.contextmanager
def _alone(path):
    """Inside, nobody else changes a record in this folder: who wrote back a record that is no longer so would lose a key."""
    folder = os.open(pathlib.Path(path).absolute().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _settled(path, kms):
    """The record of a database, with the one key that the database is under. An interrupted change left two."""
    record = _read(path)
    if "next" in record:
        sealed, database = _tried(path, kms, record)
        database.close()
        record = {name: value for name, value in record.items() if name != "next"} | {"sealed": sealed}
        _write(_record_path(path), record)
    return record


def _tried(path, kms, record, **options):
    """The sealed data key that opens a database, and a connection. Where a kill left pages of both keys, SQLite's journal
    takes the newer ones back."""
    for sealed in filter(None, [record["sealed"], record.get("next")]):
        try:
            return sealed, _opened(path, _data_key(kms, record, sealed), **options)
        except sqlcipher.DatabaseError as error:
            if "not a database" not in str(error):
                raise
    raise DoesNotOpen(f"{path} is damaged, or the record beside it is another database's")


def _opened(path, key, new=False, **options):
    """A connection that has read the database's first page. Unless it is `new`, the file has to be there."""
    if not new and not pathlib.Path(path).exists():
        raise FileNotFoundError(f"{path} is not there")
    database = sqlcipher.connect(path, **options)
    try:
        # SQLCipher would write to standard error what is an exception here.
        database.execute("PRAGMA cipher_log_level = NONE")
        database.execute(f"PRAGMA key = {_literal(key)}")
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        database.close()
        raise
    return database


def _literal(key):
    """A key as SQLCipher takes it without deriving another from it."""
    return f"\"x'{key.hex()}'\""


def _data_key(kms, record, sealed):
    opened = kms.decrypt(
        KeyId=record["key"], CiphertextBlob=_bytes(sealed), EncryptionContext=_context(record["id"])
    )
    return opened["Plaintext"]


def _context(identifier):
    """What a data key is bound to, in the KMS and its journal."""
    return {"database": identifier}


def _text(blob):
    return base64.b64encode(blob).decode()


def _bytes(text):
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise DoesNotOpen("a record has a sealed key that is not in base64") from None


def _record_path(path):
    return pathlib.Path(f"{path}.key")


def _read(path):
    record_path = _record_path(path)
    try:
        record = json.loads(record_path.read_bytes())
        if record["version"] == VERSION and all(isinstance(record[name], str) for name in ("id", "key", "sealed")):
            return record
    except (KeyError, TypeError, ValueError):
        pass
    raise DoesNotOpen(f"{record_path} is damaged, or of a later version")


def _write(path, record):
    """Puts a record in place at once and for good."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w") as file:
        json.dump(record, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def main(arguments):
    kms = boto3.client("kms")
    match arguments:
        case ["create", path, key]:
            create(path, kms, key).close()
        case ["rewrap", path, *key] if len(key) < 2:
            rewrap(path, kms, *key)
        case ["rekey", path]:
            rekey(path, kms)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (
        DoesNotOpen, OSError, sqlcipher.Error, botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError
    ) as error:
        sys.exit(f"{type(error).__name__}: {error}")
