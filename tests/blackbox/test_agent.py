"""`keywright-client agent`: keys of volumes and credentials of units, for who connects as systemd does."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import pytest

from keywright import PATIENCE_SECONDS
from test_client import SECRET, Stage, key, stage

CRYPTSETUP = pathlib.Path("/lib/systemd/systemd-cryptsetup")
PASSPHRASE = b"marker-3c9d-passphrase"
NOBODY = 65534
MEBIBYTE = 1024 * 1024


@pytest.fixture
def records(stage, key):
    """A folder of records: of a volume, of a credential, and of a credential of another context."""
    for folder in ["records/cryptsetup", "records/unit/shop.service"]:
        (stage.folder / folder).mkdir(parents=True)
    wrap = ["wrap", "--key", key, "--context"]
    stage.done(*wrap, "host=a", "--out", "records/cryptsetup/data.json", given=PASSPHRASE)
    stage.done(*wrap, "host=a", "--out", "records/unit/shop.service/db.json", given=SECRET)
    stage.done(*wrap, "host=b", "--out", "records/unit/shop.service/other.json", given=SECRET)
    return key


@contextlib.contextmanager
def agent(stage, *options, **variables):
    started = stage.start("agent", "--socket", "agent.sock", "--records", "records", *options, **variables)
    try:
        started.log("listens at")
        yield started
    finally:
        assert started.end() == 0
        assert not (stage.folder / "agent.sock").exists()


def ask(path, name):
    """What somebody is answered who asks as systemd does: from an end with this abstract name, saying nothing."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(PATIENCE_SECONDS)
        if name:
            asking.bind(b"\0" + name.encode())
        asking.connect(str(path))
        asking.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: asking.recv(65536), b""))


def refused(answer):
    """Whether systemd takes this for no credential: it would take no bytes for an empty one."""
    return len(answer) > MEBIBYTE and not answer.strip(b"\0")


def test_systemd_is_answered_by_the_name_of_its_end(stage, records):
    path = stage.folder / "agent.sock"
    with agent(stage, "--context", "host=a") as started:
        assert path.stat().st_mode & 0o777 == 0o600
        assert ask(path, "6b6c833b2d32a9bb/cryptsetup/data") == PASSPHRASE
        started.log("volume data: is handed over")
        assert ask(path, "1f/unit/shop.service/db") == SECRET
        started.log("credential db of shop.service: is handed over")
        assert refused(ask(path, "1f/unit/shop.service/other"))
        started.log("other.json`: `host=a` is not in its encryption context")
        assert refused(ask(path, "1f/unit/shop.service/none"))
        assert ask(path, "1f/cryptsetup/none") == b""
        started.log("volume none: `records/cryptsetup/none.json`: ")
        for name in ["1f/unit/../cryptsetup/data", "1f/cryptsetup/../../plain", "1f/other/data", "data", None]:
            assert refused(ask(path, name)), name
    for form, shown in [("hex", PASSPHRASE.hex().encode()), ("raw", PASSPHRASE)]:
        with agent(stage, "--form", form):
            assert ask(path, "1f/cryptsetup/data") == shown


def test_denials_and_keys_that_are_gone_are_said_and_nothing_is_handed_over(stage, records):
    path = stage.folder / "agent.sock"
    with agent(stage, **stage.user("agent-denied")) as started:
        assert ask(path, "1f/cryptsetup/data") == b""
        started.log("volume data: AccessDeniedException: ")
        assert refused(ask(path, "1f/unit/shop.service/db"))
    with agent(stage) as started:
        stage.kms().disable_key(KeyId=records)
        assert refused(ask(path, "1f/unit/shop.service/db"))
        started.log("DisabledException")
        stage.kms().enable_key(KeyId=records)
        assert ask(path, "1f/unit/shop.service/db") == SECRET


def test_other_users_are_not_answered(stage, records, monkeypatch):
    monkeypatch.chdir(stage.folder)
    stage.folder.chmod(0o755)
    with agent(stage) as started:
        assert os.stat("agent.sock").st_mode & 0o777 == 0o600
        if os.geteuid() != 0:
            # Only root can be somebody else.
            return
        os.seteuid(NOBODY)
        try:
            with pytest.raises(PermissionError):
                ask("agent.sock", "1f/cryptsetup/data")
            os.seteuid(0)
            os.chmod("agent.sock", 0o666)
            os.seteuid(NOBODY)
            assert refused(ask("agent.sock", "1f/cryptsetup/data"))
        finally:
            os.seteuid(0)
        started.log(f"user {NOBODY} may not ask")


def test_what_cannot_be_had_yet_is_waited_for(deployment):
    deployment.init().start()
    stage = Stage(deployment.folder, deployment.environment())
    key = stage.kms().create_key()["KeyMetadata"]["Arn"]
    for name in ["cryptsetup/data", "unit/shop.service/db"]:
        record = stage.folder / f"records/{name}.json"
        record.parent.mkdir(parents=True)
        stage.done("wrap", "--key", key, "--out", record, given=PASSPHRASE)
    path, port = stage.folder / "agent.sock", deployment.port
    deployment.stop()
    # So long that no pause at random is the last one before the agent says that it waits.
    with agent(stage, "--wait", "6") as started:
        begun = time.monotonic()
        assert ask(path, "1f/cryptsetup/data") == b""
        assert time.monotonic() - begun < 9
        started.log("volume data: waits for KMS at http")
        started.log("volume data: KMS is not reached")
    answers = []
    with agent(stage) as started:
        asking = threading.Thread(target=lambda: answers.append(ask(path, "2f/cryptsetup/data")))
        asking.start()
        started.log("waits for KMS")
        deployment.start(port=port)
        asking.join(PATIENCE_SECONDS)
    assert answers == [PASSPHRASE]
    deployment.stop()
    with agent(stage) as started:
        asking = threading.Thread(target=lambda: answers.append(ask(path, "3f/unit/shop.service/db")))
        asking.start()
        started.log("waits for KMS")
    # The agent was ended before there was an answer, which is no empty credential.
    asking.join(PATIENCE_SECONDS)
    assert refused(answers[1])


def test_many_may_ask_at_once_and_who_does_not_read_keeps_nobody_out(stage, records):
    path = stage.folder / "agent.sock"
    with agent(stage), contextlib.ExitStack() as waiting:
        for number in range(100):
            idle = waiting.enter_context(socket.socket(socket.AF_UNIX))
            idle.bind(b"\0%x/unit/shop.service/none" % number)
            # The answer is longer than what a socket takes of who does not read.
            idle.connect(str(path))
        assert ask(path, "1ff/cryptsetup/data") == PASSPHRASE


def test_one_agent_listens_and_one_that_was_killed_leaves_its_place(stage, records):
    with agent(stage):
        stage.fails(1, "agent", "--socket", "agent.sock", "--records", "records")
        assert ask(stage.folder / "agent.sock", "1f/cryptsetup/data") == PASSPHRASE
    killed = stage.start("agent", "--socket", "agent.sock", "--records", "records")
    killed.log("listens at")
    killed.signal(signal.SIGKILL)
    killed.wait()
    with agent(stage):
        assert ask(stage.folder / "agent.sock", "1f/cryptsetup/data") == PASSPHRASE
    stage.fails(1, "agent", "--socket", "agent.sock", "--records", "none")


def test_systemd_cryptsetup_reads_the_key_of_a_volume(stage, records):
    (stage.folder / "records/cryptsetup/data.json").rename(stage.folder / "records/cryptsetup/keywright-test.json")
    image = stage.folder / "image"
    image.write_bytes(bytes(MEBIBYTE))
    path = stage.folder / "agent.sock"
    with agent(stage) as started:
        if CRYPTSETUP.exists() and os.geteuid() == 0:
            plain = "plain,headless=1,cipher=aes-xts-plain64,size=256"
            # It has the key when it needs the device mapper, which is not on every machine.
            attach = [CRYPTSETUP, "attach", "keywright-test", image, path, plain]
            attached = subprocess.run(attach, capture_output=True, timeout=PATIENCE_SECONDS)
            if attached.returncode == 0:
                subprocess.run([CRYPTSETUP, "detach", "keywright-test"], check=True, timeout=PATIENCE_SECONDS)
        else:
            assert ask(path, "6b6c833b2d32a9bb/cryptsetup/keywright-test") == PASSPHRASE
        started.log("volume keywright-test: is handed over")
