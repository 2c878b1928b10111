"""The four tiers of keys that Amazon Redshift has, in small: a warehouse in a folder, under one key of a KMS.

    KMS key ──seals──► cluster key ──seals──► database key ──seals──► block keys ──seal──► blocks of rows

The KMS key stays in the KMS, which seals and opens the cluster key: at each start, and for this cluster's name and time of
creation alone. All other keys are opened in the program's memory. On the disk, each is sealed by the key above it. So each
tier can be rotated by itself, and what lies below is not touched.

    python four_tiers.py create FOLDER KEY NAME            a warehouse for the cluster NAME, under the KMS key KEY
    python four_tiers.py add FOLDER < rows                 puts lines of text into new blocks
    python four_tiers.py show FOLDER                       prints all rows
    python four_tiers.py rotate FOLDER TIER [KEY]          TIER is kms, cluster, database or blocks

The KMS is the one that boto3 finds: Keywright by AWS_ENDPOINT_URL, or AWS KMS.
"""

import base64
import datetime
import itertools
import json
import os
import pathlib
import re
import sys

import boto3
import botocore.exceptions
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROWS_OF_A_BLOCK = 1000


class DoesNotOpen(Exception):
    """Something is not what it was when it was sealed."""


class Warehouse:
    """A warehouse that has started: its cluster key and its database keys are open. One process may write at a time."""

    @classmethod
    def create(cls, folder, kms, key, name):
        """Makes a folder with an empty warehouse for the cluster `name`, and starts it."""
        folder = pathlib.Path(folder)
        (folder / "blocks").mkdir(parents=True)
        # Two calls, because the context has the key's account and Region in it.
        arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
        _, _, _, region, account, _ = arn.split(":")
        now = datetime.datetime.now(datetime.timezone.utc)
        cluster = {
            "arn": f"arn:aws:redshift:{region}:{account}:cluster:{name}", "created": now.strftime("%Y%m%dT%H%M%SZ"), "key": arn,
        }
        made = kms.generate_data_key(KeyId=arn, KeySpec="AES_256", EncryptionContext=_context(cluster))
        cluster |= {
            "cluster_key": _text(made["CiphertextBlob"]),
            "database_keys": {"1": _text(_seal(made["Plaintext"], AESGCM.generate_key(256), "database key 1"))},
        }
        _write(folder / "cluster.json", json.dumps(cluster, indent=1).encode())
        return cls(folder, kms)

    def __init__(self, folder, kms):
        """Starts a warehouse: the KMS opens the cluster key if it is for this cluster, and the key may be used."""
        self._folder = pathlib.Path(folder)
        self._kms = kms
        self._cluster = _read(self._folder / "cluster.json", ["arn", "created", "key", "cluster_key", "database_keys"])
        try:
            opened = kms.decrypt(
                KeyId=self._cluster["key"], CiphertextBlob=_bytes(self._cluster["cluster_key"]),
                EncryptionContext=_context(self._cluster),
            )
        except kms.exceptions.InvalidCiphertextException:
            arn, created = self._cluster["arn"], self._cluster["created"]
            raise DoesNotOpen(f"the cluster key is not the one of {arn}, created {created}") from None
        self._cluster_key = opened["Plaintext"]
        self._database_keys = {
            version: _open(self._cluster_key, _bytes(sealed), f"database key {version}")
            for version, sealed in self._cluster["database_keys"].items()
        }

    def add(self, rows):
        """Puts rows of text into new blocks. Returns the names of the files that were written."""
        written = []
        rows = iter(rows)
        while block_of_rows := list(itertools.islice(rows, ROWS_OF_A_BLOCK)):
            number = len(self._blocks()) + 1
            written += self._write_block(f"{number:06}", 1, block_of_rows)
        return written

    def rows(self):
        """All rows, block by block."""
        for path in self._blocks():
            yield from self._read_block(path)

    def rotate_kms_key(self, key=None):
        """Moves the cluster key under the KMS key's newest material, or under another KMS key. The KMS opens and seals it;
        nothing comes out. Returns the names of the files that were rewritten, as all rotations do."""
        context = _context(self._cluster)
        moved = self._kms.re_encrypt(
            CiphertextBlob=_bytes(self._cluster["cluster_key"]), SourceKeyId=self._cluster["key"],
            SourceEncryptionContext=context, DestinationKeyId=key or self._cluster["key"], DestinationEncryptionContext=context,
        )
        return self._write_cluster(key=moved["KeyId"], cluster_key=_text(moved["CiphertextBlob"]))

    def rotate_cluster_key(self):
        """Makes a new cluster key, and seals the database key under it."""
        made = self._kms.generate_data_key(
            KeyId=self._cluster["key"], KeySpec="AES_256", EncryptionContext=_context(self._cluster)
        )
        self._cluster_key = made["Plaintext"]
        return self._write_cluster(cluster_key=_text(made["CiphertextBlob"]), database_keys=self._sealed_database_keys())

    def rotate_database_key(self):
        """Makes a new database key, and seals all block keys under it. If an earlier rotation was interrupted, this one finishes
        it. In between, both database keys are there, and each block key says under which it is."""
        rewritten = []
        if len(self._database_keys) == 1:
            version = str(int(self._newest()) + 1)
            self._database_keys[version] = AESGCM.generate_key(256)
            rewritten += self._write_cluster(database_keys=self._sealed_database_keys())
        for path in self._blocks():
            sealed = _read_block_key(path)
            if sealed["database_key"] != self._newest():
                rewritten += self._write_block_key(path, self._block_key(path, sealed), sealed["rows"])
        self._database_keys = {self._newest(): self._database_keys[self._newest()]}
        return rewritten + self._write_cluster(database_keys=self._sealed_database_keys())

    def rotate_block_keys(self):
        """Encrypts all blocks anew, each under a new key."""
        rewritten = []
        for path in self._blocks():
            generation = int(_read_block_key(path)["rows"].split(".")[1])
            rewritten += self._write_block(path.stem, generation + 1, self._read_block(path))
        named = {_read_block_key(path)["rows"] for path in self._blocks()}
        for path in self._folder.glob("blocks/*.rows"):
            if path.name not in named:
                path.unlink()
        return rewritten

    def _blocks(self):
        return sorted(self._folder.glob("blocks/*.key"))

    def _newest(self):
        return max(self._database_keys, key=int)

    def _sealed_database_keys(self):
        return {
            version: _text(_seal(self._cluster_key, key, f"database key {version}"))
            for version, key in self._database_keys.items()
        }

    def _write_cluster(self, **changed):
        self._cluster |= changed
        _write(self._folder / "cluster.json", json.dumps(self._cluster, indent=1).encode())
        return ["cluster.json"]

    def _write_block(self, number, generation, rows):
        """Writes a block under a key of its own. The block is there once its key is, which names the file of the rows."""
        key = AESGCM.generate_key(256)
        name = f"{number}.{generation}.rows"
        _write(self._folder / "blocks" / name, _seal(key, json.dumps(rows).encode(), f"block {number}"))
        return [f"blocks/{name}", *self._write_block_key(self._folder / "blocks" / f"{number}.key", key, name)]

    def _write_block_key(self, path, key, rows):
        version = self._newest()
        sealed = _text(_seal(self._database_keys[version], key, f"block key {path.stem}"))
        _write(path, json.dumps({"rows": rows, "database_key": version, "sealed": sealed}).encode())
        return [f"blocks/{path.name}"]

    def _block_key(self, path, sealed):
        version = sealed["database_key"]
        if version not in self._database_keys:
            raise DoesNotOpen(f"block {path.stem} is under database key {version}, which this cluster does not have")
        return _open(self._database_keys[version], _bytes(sealed["sealed"]), f"block key {path.stem}")

    def _read_block(self, path):
        sealed = _read_block_key(path)
        content = (self._folder / "blocks" / sealed["rows"]).read_bytes()
        return json.loads(_open(self._block_key(path, sealed), content, f"block {path.stem}"))


def _read(path, members):
    """A file of JSON, which has these members."""
    try:
        content = json.loads(path.read_bytes())
        if all(content[member] for member in members):
            return content
    except (KeyError, TypeError, ValueError):
        pass
    raise DoesNotOpen(f"{path.name} is damaged")


def _read_block_key(path):
    sealed = _read(path, ["rows", "database_key", "sealed"])
    if not re.fullmatch(rf"{path.stem}\.[0-9]{{1,9}}\.rows", sealed["rows"]):
        raise DoesNotOpen(f"{path.name} does not name a file of its rows")
    return sealed


def _context(cluster):
    """What Redshift binds a cluster key to. The ARN has the cluster's name: a cluster of another name gets no key."""
    return {"aws:redshift:arn": cluster["arn"], "aws:redshift:createtime": cluster["created"]}


def _seal(key, content, what):
    """AES-256-GCM with a random nonce, bound to what the content is. No key here seals often enough for nonces to meet."""
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, content, what.encode())


def _open(key, sealed, what):
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], what.encode())
    except (InvalidTag, ValueError):
        raise DoesNotOpen(f"{what} does not open: it was damaged, moved, or sealed by another key") from None


def _text(sealed):
    return base64.b64encode(sealed).decode()


def _bytes(text):
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        raise DoesNotOpen("a sealed key is not in base64") from None


def _write(path, content):
    """Puts a file in place at once and for good: a kill leaves the old one or the new one."""
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def main(arguments):
    kms = boto3.client("kms")
    match arguments:
        case ["create", folder, key, name]:
            Warehouse.create(folder, kms, key, name)
        case ["add", folder]:
            written = Warehouse(folder, kms).add(line.rstrip("\n") for line in sys.stdin)
            print("written:", *written)
        case ["show", folder]:
            for row in Warehouse(folder, kms).rows():
                print(row)
        case ["rotate", folder, "kms", *key] if len(key) < 2:
            print("rewritten:", *Warehouse(folder, kms).rotate_kms_key(*key))
        case ["rotate", folder, "cluster"]:
            print("rewritten:", *Warehouse(folder, kms).rotate_cluster_key())
        case ["rotate", folder, "database"]:
            print("rewritten:", *Warehouse(folder, kms).rotate_database_key())
        case ["rotate", folder, "blocks"]:
            print("rewritten:", *Warehouse(folder, kms).rotate_block_keys())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (DoesNotOpen, OSError, botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
