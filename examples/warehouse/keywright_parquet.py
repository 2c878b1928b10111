"""Parquet's modular encryption with keys of a KMS that speaks AWS's API: Keywright, or AWS KMS. Tried with pyarrow 26.

    keys = ParquetKeys(boto3.client("kms"), {"people": "alias/people", "pay": "arn:aws:kms:us-east-1:111122223333:key/…"})
    keys.write(table, "staff.parquet", footer="people", columns={"people": ["name"], "pay": ["salary"]})
    keys.read("staff.parquet", columns=["name"])

A file names its *master keys*. The KMS keeps those. pyarrow makes a data key for each column, seals the data keys under a
*key encryption key* (KEK) of its own, and has the KMS seal the KEK under the master key: that is double wrapping. With
single wrapping, the KMS seals each data key.
"""

import base64
import binascii
import contextlib
import datetime
import io
import json
import os
import pathlib
import tempfile
import threading
import time
import urllib.parse

import botocore.exceptions
import cryptography.exceptions
import pyarrow
import pyarrow.parquet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyarrow import fs
from pyarrow.parquet import encryption

# What files with encrypted footers begin and end with; others have PAR1. By the end, pyarrow tells what is encrypted.
ENCRYPTED_FOOTER = b"PARE"
TEN_MINUTES = datetime.timedelta(minutes=10)


class Refused(Exception):
    """The KMS refused a call. Has its code and its words, and nothing of a key."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code


class Denied(Refused, PermissionError):
    """The caller may not use the key."""


class ParquetKeys:
    """Writes and reads encrypted files for one caller, whose KMS client it is given."""

    def __init__(self, kms, names=None, context=None, memory=TEN_MINUTES, filesystem=None):
        """`names` gives names for keys: a name stands for a key's id, ARN or alias, or for a list of them. The first of a
        list seals, and all of them open. Other keys are then not used, whatever a file names. Without `names`, the names
        in files are ids, ARNs and aliases.
        `context` is the encryption context of all calls. For `memory`, keys that the KMS opened are remembered.
        `filesystem` is where the files are, such as a `pyarrow.fs.S3FileSystem`; they are this machine's otherwise."""
        if empty := [name for name, keys in (names or {}).items() if not keys]:
            raise ValueError(f"these names stand for no key: {', '.join(empty)}")
        self._kms = kms
        self._names = None
        if names is not None:
            self._names = {name: [keys] if isinstance(keys, str) else list(keys) for name, keys in names.items()}
        self._context = dict(context or {})
        self._memory = memory.total_seconds()
        self._filesystem = filesystem or fs.LocalFileSystem()
        self._factory = encryption.CryptoFactory(lambda connection: _Client(self))
        self._lock = threading.Lock()
        self._opened = {}
        self._since = time.monotonic()

    def write(self, table, path, footer, columns=None, clear=(), *, double_wrapping=True, material_beside=False):
        """Writes a file. The key `footer` seals the file's footer and, without `columns`, all columns.

        `columns` has, for each key, the columns that it seals. All columns must be in `columns` or in `clear`, because
        pyarrow leaves the others unencrypted without a word. With `material_beside`, the sealed keys go into a file
        beside `path`, where `rotate` can replace them."""
        if columns is None:
            which = {"uniform_encryption": True}
        else:
            _account_for(table.column_names, columns, clear)
            which = {"column_keys": {_quoted(key): list(names) for key, names in columns.items()}}
        configuration = encryption.EncryptionConfiguration(
            footer_key=_unquotable(footer), double_wrapping=double_wrapping, internal_key_material=not material_beside,
            data_key_length_bits=256, **which,
        )
        self._forget_in_time()
        beside = (str(path), self._filesystem) if material_beside else ()
        properties = self._factory.file_encryption_properties(encryption.KmsConnectionConfig(), configuration, *beside)
        pyarrow.parquet.write_table(table, str(path), filesystem=self._filesystem, encryption_properties=properties)

    def read(self, path, columns=None):
        """Reads a file, or all files of a folder one behind the other, or some of their columns. Raises `Denied` if the caller
        may not use the key of one, and `ValueError` for a file that is not encrypted, which pyarrow would read without a
        word."""
        return pyarrow.concat_tables(self._read_file(file, columns) for file in self._files(str(path)))

    def properties(self, path):
        """What pyarrow's own readers take as `decryption_properties`, for one read."""
        self._forget_in_time()
        connection, configuration = encryption.KmsConnectionConfig(), encryption.DecryptionConfiguration()
        return self._factory.file_decryption_properties(connection, configuration, str(path), self._filesystem)

    def rotate(self, path, *, double_wrapping=True):
        """Has the KMS open the file's keys and seal them anew, with fresh KEKs, as the master keys now are. The file itself
        does not change. Only files that were written with `material_beside` can be rotated."""
        material = _beside(str(path))
        self.forget()
        # pyarrow removes the old material before it puts the new one there. So it gets a copy, and needs nothing else.
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder, "copy")
            copied = pathlib.Path(_beside(str(copy)))
            copied.write_bytes(self._content(material))
            self._factory.rotate_master_keys(
                encryption.KmsConnectionConfig(), str(copy), fs.LocalFileSystem(), double_wrapping=double_wrapping
            )
            self._replace(material, copied.read_bytes())
        self.forget()

    def forget(self):
        """Drops every key that is remembered: the next call of any kind asks the KMS."""
        with self._lock:
            self._factory.remove_cache_entries_for_all_tokens()
            self._opened.clear()
            self._since = time.monotonic()

    def footer_key(self, path):
        """The data key of a file's footer, for readers that take a key itself. It opens all columns of a file that was
        written without `columns`. It is the caller's to keep secret."""
        self._forget_in_time()
        try:
            material = self._footer_material(str(path))
            if not material["doubleWrapping"]:
                return self.unwrap(material["wrappedDEK"], material["masterKeyID"])
            kek = self.unwrap(material["wrappedKEK"], material["masterKeyID"])
            sealed = base64.b64decode(material["wrappedDEK"])
            return AESGCM(kek).decrypt(sealed[:12], sealed[12:], base64.b64decode(material["keyEncryptionKeyID"]))
        except (KeyError, TypeError, ValueError, EOFError, RecursionError, cryptography.exceptions.InvalidTag) as error:
            raise ValueError(f"{path} does not say how its footer is sealed") from error

    def wrap(self, key, master):
        """A key sealed by the KMS, as text."""
        with _errors_of_the_kms():
            sealed = self._kms.encrypt(KeyId=self._keys(master)[0], Plaintext=key, EncryptionContext=self._context)
        return base64.b64encode(sealed["CiphertextBlob"]).decode()

    def unwrap(self, sealed, master):
        """The key that `wrap` sealed. With single wrapping, pyarrow asks again and again for the same one."""
        key = self._opened.get((sealed, master))
        if key is None:
            key = self._opened_by_the_kms(sealed, master)
            self._opened[sealed, master] = key
        return key

    def _forget_in_time(self):
        """pyarrow's own memory of the keys that it reads with has no end: of an entry that is too old, pyarrow makes no new
        one. So both memories are emptied here."""
        if time.monotonic() - self._since >= self._memory:
            self.forget()

    def _opened_by_the_kms(self, sealed, master):
        try:
            blob = base64.b64decode(sealed, validate=True)
        except binascii.Error:
            raise ValueError(f"the file's key under {master} is not in base64") from None
        *others, last = self._keys(master)
        # Which key opens is said, so that nobody's own key opens what somebody put into the file.
        for key in others:
            try:
                return self._decrypted(blob, key)
            except Refused as refused:
                if refused.code != "IncorrectKeyException":
                    raise
        return self._decrypted(blob, last)

    def _decrypted(self, blob, key):
        with _errors_of_the_kms():
            return self._kms.decrypt(KeyId=key, CiphertextBlob=blob, EncryptionContext=self._context)["Plaintext"]

    def _keys(self, master):
        name = urllib.parse.unquote(master)
        if self._names is None:
            return [name]
        if name not in self._names:
            raise ValueError(f"the key {name} is none of these: {', '.join(self._names)}")
        return self._names[name]

    def _read_file(self, path, columns):
        with self._filesystem.open_input_file(path) as file:
            file.seek(max(file.size() - 4, 0))
            if file.read() != ENCRYPTED_FOOTER:
                raise ValueError(f"{path} is no Parquet file with an encrypted footer")
        properties = self.properties(path)
        return pyarrow.parquet.read_table(
            path, columns=columns, filesystem=self._filesystem, decryption_properties=properties
        )

    def _files(self, path):
        """The files that pyarrow reads at a path: of a folder, those whose names begin with neither `_` nor `.`."""
        if self._filesystem.get_file_info(path).type != fs.FileType.Directory:
            return [path]
        found = self._filesystem.get_file_info(fs.FileSelector(path, recursive=True))
        return sorted(entry.path for entry in found if entry.is_file and entry.base_name[0] not in "_.")

    def _content(self, path):
        with self._filesystem.open_input_stream(path) as file:
            return file.read()

    def _replace(self, path, content):
        """Puts a file in the place of another at once: a kill leaves the one or the other. Buckets do so by themselves."""
        local = isinstance(self._filesystem, fs.LocalFileSystem)
        new = f"{path}.new" if local else path
        with self._filesystem.open_output_stream(new) as file:
            file.write(content)
        if local:
            with open(new, "rb") as file:
                os.fsync(file.fileno())
            os.replace(new, path)

    def _footer_material(self, path):
        """The key material of a file's footer: how its data key is sealed."""
        with self._filesystem.open_input_file(path) as file:
            metadata = json.loads(_key_metadata(_tail(file)))
        if metadata.get("internalStorage", True):
            return metadata
        return json.loads(json.loads(self._content(_beside(path)))[metadata["keyReference"]])


class _Client(encryption.KmsClient):
    """What pyarrow asks."""

    def __init__(self, keys):
        super().__init__()
        self._keys = keys

    def wrap_key(self, key_bytes, master_key_identifier):
        return self._keys.wrap(key_bytes, master_key_identifier)

    def unwrap_key(self, wrapped_key, master_key_identifier):
        return self._keys.unwrap(wrapped_key, master_key_identifier)


@contextlib.contextmanager
def _errors_of_the_kms():
    """Turns an error of the KMS into `Refused`. What botocore raises has the whole answer with it; that is left behind."""
    try:
        yield
    except botocore.exceptions.ClientError as error:
        told = error.response["Error"]
    else:
        return
    raise (Denied if told["Code"] == "AccessDeniedException" else Refused)(told["Code"], told["Message"])


def _quoted(key):
    """A key's name in a form without `:`, `;` and `,`, which pyarrow takes for its own in the names of columns' keys."""
    return urllib.parse.quote(_unquotable(key), safe="/")


def _unquotable(key):
    """A key's name that quoting can be taken from again."""
    if "%" in key:
        raise ValueError(f"the name of a key has no %: {key}")
    return key


def _account_for(names, columns, clear):
    """Checks that every column is either sealed, as a whole, or meant to be in the clear."""
    sealed = {column for columns_of_a_key in columns.values() for column in columns_of_a_key}
    for wrong, words in [
        (sealed - set(names), "there is no column {}"),
        (set(names) - sealed - set(clear), "no key is named for {}: name one, or list the columns in `clear`"),
        (sealed & set(clear), "{} cannot be both sealed and clear"),
    ]:
        if wrong:
            raise ValueError(words.format(", ".join(sorted(wrong))))


def _beside(path):
    """The file that has a file's key material, if the file itself has not."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}_KEY_MATERIAL_FOR_{name}.json"


def _tail(file):
    """What stands between a file's data and its last eight bytes: how it is encrypted, and the sealed footer."""
    size = file.size()
    file.seek(max(size - 8, 0))
    end = file.read()
    length = int.from_bytes(end[:4], "little")
    if end[4:] != ENCRYPTED_FOOTER or length > size - 12:
        raise ValueError("it is no Parquet file with an encrypted footer")
    file.seek(size - 8 - length)
    return file.read(length)


def _key_metadata(tail):
    """The member `key_metadata` of Parquet's FileCryptoMetaData, a struct in Thrift's compact protocol:
    <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>."""
    return _Compact(tail).struct()[2].decode()


class _Compact:
    """As much of Thrift's compact protocol as FileCryptoMetaData needs."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def struct(self):
        members, identifier = {}, 0
        while head := self._byte():
            if head < 16:
                raise ValueError("FileCryptoMetaData has no identifiers so far apart")
            identifier += head >> 4
            members[identifier] = self._value(head & 15)
        return members

    def _value(self, kind):
        match kind:
            case 1 | 2:
                return kind == 1
            case 8:
                return self._data.read(self._number())
            case 12:
                return self.struct()
        raise ValueError(f"FileCryptoMetaData has no members of kind {kind}")

    def _number(self):
        number, shift, byte = 0, 0, 128
        while byte >= 128:
            byte = self._byte()
            number |= (byte & 127) << shift
            shift += 7
        return number

    def _byte(self):
        byte = self._data.read(1)
        if not byte:
            raise EOFError("it ends too early")
        return byte[0]
