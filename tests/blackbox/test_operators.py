"""What operators get wrong, and what they are told: the words and the exit code, and that nothing was changed."""

import hashlib
import os
import pathlib
import sqlite3
import zlib

import pytest

from clients import Refused
from keywright import Deployment, keywright

USAGE = 2
FAILED = 1


def said(done, code, *lines):
    """It ended with this code, and these are the first lines that it said."""
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert done.stderr.splitlines()[: len(lines)] == list(lines)


def refuses_to_serve(deployment, *options):
    listeners = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]
    return keywright("serve", "--data-dir", deployment.data, *listeners, *options)


def contents(folder):
    """Every file with its hash."""
    files = [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def ready(deployment):
    return deployment.init()


def test_init_leaves_what_is_there(ready):
    before = contents(ready.folder)
    again = keywright("init", "--data-dir", ready.data)
    said(again, FAILED, f"keywright: {ready.data} holds a deployment already; nothing was changed")
    assert contents(ready.folder) == before


def test_an_unknown_option_names_the_nearest(ready):
    done = keywright("serve", "--data-dir", ready.data, "--lisen", "127.0.0.1:1")
    said(done, USAGE, "error: unexpected argument '--lisen' found", "", "  tip: a similar argument exists: '--listen'")


def test_an_unknown_command_names_the_nearest():
    done = keywright("sreve")
    said(done, USAGE, "error: unrecognized subcommand 'sreve'", "", "  tip: a similar subcommand exists: 'serve'")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lisen = '127.0.0.1:1'", "`lisen`: unknown key; did you mean `listen`?"),
        ("[limits]\nidle = 3", "`limits.idle`: unknown key; did you mean `limits.idle_seconds`?"),
        ("workers = 0", "`workers`: expected a whole number from 1 to 1024"),
        (
            "[seal]\nkey_file = 'a'\npassphrase_file = 'b'",
            "`seal.passphrase_file`: expected either this or `seal.key_file`, not both",
        ),
    ],
)
def test_a_wrong_key_of_the_configuration_is_named(tmp_path, text, told):
    file = tmp_path / "keywright.toml"
    file.write_text(text)
    said(keywright("check", "--config", file), FAILED, f"keywright: `{file}`: {told}")


def test_a_configuration_that_is_not_there_is_named(tmp_path):
    file = tmp_path / "none.toml"
    said(
        keywright("serve", "--config", file), FAILED,
        f"keywright: `{file}` cannot be read: No such file or directory (os error 2)",
    )


def test_nothing_listens_off_loopback_without_tls(ready):
    done = keywright("serve", "--data-dir", ready.data, "--listen", "0.0.0.0:0")
    said(
        done, FAILED,
        "keywright: `listen` is 0.0.0.0:0, which others can reach, and there is no TLS: keys would cross the network "
        "readable; make a certificate with `keywright init --tls HOST`, name one under [tls], or listen on 127.0.0.1",
    )


def test_admin_pages_stay_on_loopback(ready):
    done = keywright("serve", "--data-dir", ready.data, "--admin-listen", "0.0.0.0:0")
    said(
        done, FAILED,
        "keywright: `admin_listen` is 0.0.0.0:0, which others can reach, and its pages are not guarded: listen on "
        "127.0.0.1, or set `danger_admin_off_loopback = true` in the configuration file",
    )


def test_a_second_server_on_one_directory_is_refused(ready, tmp_path):
    ready.start()
    lock = ready.data / "store" / "keywright.lock"
    said(
        refuses_to_serve(ready), FAILED,
        f"keywright: the store is in use by another process, which holds the lock file `{lock}`",
    )
    assert ready.page("/readyz")[0] == 200


def test_a_taken_address_is_named(ready, tmp_path):
    ready.start()
    other = Deployment(tmp_path / "other")
    other.folder.mkdir()
    other.init()
    addresses = {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0"}
    for setting in addresses:
        taken = addresses | {setting: f"127.0.0.1:{ready.port}"}
        done = keywright(
            "serve", "--data-dir", other.data, "--listen", taken["listen"], "--admin-listen", taken["admin_listen"],
        )
        said(
            done, FAILED,
            f"keywright: cannot listen on 127.0.0.1:{ready.port}, which is `{setting}`: Address already in use (os error 98)",
        )


def test_a_damaged_store_is_not_served(ready):
    file = ready.data / "store" / "keywright.db"
    whole = file.read_bytes()
    file.write_bytes(b"\0" * 100 + whole[100:])
    done = refuses_to_serve(ready)
    assert done.returncode == FAILED
    assert f"the store `{file}` is damaged" in done.stderr and "restore it from a backup" in done.stderr
    assert file.read_bytes()[:100] == b"\0" * 100


def test_a_record_that_was_altered_is_not_served(ready):
    file = ready.data / "store" / "keywright.db"
    with sqlite3.connect(file) as database:
        database.execute("UPDATE record SET value = zeroblob(length(value)) WHERE key = CAST('-/-/seal' AS BLOB)")
        assert database.total_changes == 1
    database.close()
    done = refuses_to_serve(ready)
    assert done.returncode == FAILED
    assert "damaged" in done.stderr


def put(database, key, value):
    """Writes a row as the server would, checksum included: what anybody can do who can write the file."""
    (revision,) = database.execute("SELECT revision FROM record WHERE key = ?", [key]).fetchone() or (1,)
    checksum = zlib.crc32(len(key).to_bytes(4, "little") + revision.to_bytes(8, "little") + key + value)
    database.execute("REPLACE INTO record VALUES (?, ?, ?, ?)", [key, value, revision, checksum])


def test_one_edited_row_stops_the_start(ready):
    with sqlite3.connect(ready.data / "store" / "keywright.db") as database:
        rows = database.execute("SELECT key, value FROM record").fetchall()
        ((key, value),) = [(key, value) for key, value in rows if b"/access-key/" in key]
        put(database, key, value[:-1] + bytes([value[-1] ^ 1]))
    database.close()
    done = refuses_to_serve(ready)
    assert done.returncode == FAILED
    assert f"the record `{key.decode()}` is not one that this deployment wrote there" in done.stderr


def test_a_store_of_before_is_served_after_it_was_authenticated(ready, connect, tmp_path):
    with sqlite3.connect(ready.data / "store" / "keywright.db") as database:
        for key, value in database.execute("SELECT key, value FROM record").fetchall():
            if key.startswith(b"-/-/ledger/"):
                database.execute("DELETE FROM record WHERE key = ?", [key])
            elif value.startswith(b"KWR\x01"):
                put(database, key, value[48:])
    database.close()
    done = refuses_to_serve(ready)
    assert done.returncode == FAILED
    assert "`keywright store authenticate`" in done.stderr
    done = keywright("store", "authenticate", "--data-dir", ready.data)
    assert (done.returncode, "are authenticated from now on" in done.stderr) == (0, True), done.stderr
    ready.start()
    client = connect("boto3", ready.environment(), tmp_path)
    client.call("kms", "CreateKey")
    client.close()
    ready.stop()
    assert "AuthenticateStore" in [record["eventName"] for record in ready.journal()]
    done = keywright("store", "authenticate", "--data-dir", ready.data)
    said(done, FAILED, "keywright: the store's records are authenticated already; nothing was changed")


def test_a_store_of_a_newer_version_is_left_alone(ready):
    file = ready.data / "store" / "keywright.db"
    with sqlite3.connect(file) as database:
        database.execute("UPDATE meta SET value = 99 WHERE name = 'schema'")
    database.close()
    done = refuses_to_serve(ready)
    assert done.returncode == FAILED
    assert f"the store `{file}` has schema version 99" in done.stderr
    assert "run the newer Keywright that wrote it" in done.stderr


def test_an_altered_journal_is_found(ready, connect, tmp_path):
    ready.start()
    client = connect("boto3", ready.environment(), tmp_path)
    for _ in range(5):
        client.call("kms", "GenerateRandom", NumberOfBytes=8)
    client.close()
    ready.stop()
    assert "the chain holds: records 1 to 5" in ready.verify()
    end = ready.verify().splitlines()[-1]
    assert end.startswith("5:")
    ready.start()
    client = connect("boto3", ready.environment(), tmp_path)
    client.call("kms", "GenerateRandom", NumberOfBytes=8)
    client.close()
    ready.stop()
    newer = ready.verify().splitlines()[-1]
    assert keywright("journal", "verify", "--data-dir", ready.data, "--since", end).returncode == 0
    other = end[:-1] + ("0" if end[-1] != "0" else "1")
    for wrong, told in [(other, "it was written anew"), ("7" + newer[1:], "it has no record 7")]:
        done = keywright("journal", "verify", "--data-dir", ready.data, "--since", wrong)
        assert (done.returncode, told in done.stderr) == (FAILED, True), done.stderr
    (segment,) = (ready.data / "journal").glob("*.journal")
    altered = bytearray(segment.read_bytes())
    position = altered.index(b"GenerateRandom")
    altered[position] ^= 1
    segment.write_bytes(altered)
    done = keywright("journal", "verify", "--data-dir", ready.data)
    assert done.returncode == FAILED
    assert "the chain holds" not in done.stdout
    assert "keywright: " in done.stderr
    # What a server cannot vouch for it does not go on writing to.
    assert refuses_to_serve(ready).returncode == FAILED


class TestSeal:
    """A server that cannot unseal starts, refuses calls, says so, and goes on when the seal is there."""

    @pytest.fixture
    def call(self, connect, tmp_path):
        def call(deployment):
            client = connect("boto3", deployment.environment() | {"AWS_MAX_ATTEMPTS": "1"}, tmp_path)
            try:
                return client.call("kms", "ListKeys")
            finally:
                client.close()

        return call

    def sealed(self, deployment, call, why):
        stays = deployment.process.log("the strongroom stays sealed")
        assert why in stays["error"]
        (status, parts) = deployment.page("/readyz")
        assert (status, parts.startswith("seal: sealed: "), why in parts) == (503, True, True), parts
        assert '"seal":"sealed: ' in deployment.page("/healthz")[1]
        assert deployment.process.log("calls are refused, seal: sealed: ")["level"] == "WARN"
        with pytest.raises(Refused) as told:
            call(deployment)
        assert told.value.code == "KMSInternalException"

    def test_the_wrong_key(self, ready, call, tmp_path):
        file = tmp_path / "data.seal-key"
        right = file.read_bytes()
        other = Deployment(tmp_path / "other")
        other.folder.mkdir()
        other.init()
        file.write_bytes((other.folder / "data.seal-key").read_bytes())
        ready.start()
        self.sealed(ready, call, "wrong seal key or passphrase, or altered data")
        file.write_bytes(right)
        ready.process.log("the strongroom is unsealed")
        assert call(ready) == {"Keys": [], "Truncated": False}

    def test_no_key(self, ready, call, tmp_path):
        file = tmp_path / "data.seal-key"
        file.rename(tmp_path / "aside")
        ready.start()
        self.sealed(ready, call, f"the seal's file {file}: No such file or directory (os error 2)")
        assert not file.exists()

    def test_not_a_key(self, ready, call, tmp_path):
        file = tmp_path / "data.seal-key"
        file.write_text("not a key\n")
        ready.start()
        self.sealed(ready, call, f"{file} is not a seal key file")

    def test_the_wrong_passphrase(self, deployment, call, tmp_path):
        file = tmp_path / "passphrase"
        file.write_text("correct horse battery staple\n")
        option = ["--seal-passphrase-file", file]
        deployment.init(*option)
        file.write_text("wrong horse battery staple\n")
        deployment.start(*option)
        self.sealed(deployment, call, "wrong seal key or passphrase, or altered data")
        deployment.stop()
        file.write_text("correct horse battery staple\n")
        deployment.start(*option)
        assert call(deployment)["Keys"] == []

    def test_another_kind_of_seal(self, ready, call, tmp_path):
        file = tmp_path / "passphrase"
        file.write_text("correct horse battery staple\n")
        ready.start("--seal-passphrase-file", file)
        self.sealed(ready, call, "this deployment is sealed by a")


def test_secrets_are_readable_by_their_owner_only(ready):
    ready.start()
    secret = [ready.folder / "data.seal-key", *(path for path in ready.data.rglob("*") if path.is_file())]
    modes = {str(path): os.stat(path).st_mode & 0o077 for path in [ready.data, *secret]}
    private = {path: mode for path, mode in modes.items() if mode and not path.startswith(f"{ready.data}/")}
    assert private == {}
