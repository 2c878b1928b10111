"""`keywright-client seal-file` and `open-file`: what AWS's Encryption SDKs open and seal, and what does not open."""

import json
import os
import pathlib
import re
import subprocess
import threading

import pytest

from clients import within
from conftest import JS
from gateway import document
from keywright import PATIENCE_SECONDS
from test_client import CLIENT, Stage, another, key, listening, refuse, stage
from test_encryption_sdk import JavaScript, Python

FRAME = 65536
SIZES = [0, 1, FRAME - 1, FRAME, FRAME + 1, 1_000_000]
CONTEXT = ["--context", "to=bob", "--context", "from=alice"]
MARKER = b"marker-71fa-what-nobody-may-see;"


def content(size):
    """Bytes of which no two frames are the same."""
    return b"".join(b"%031d;" % number for number in range(size // 32 + 1))[:size]


@pytest.fixture
def sdks(shared, tmp_path):
    with within(shared.environment()):
        javascript = JavaScript(shared.environment(), tmp_path)
        yield [Python(), javascript]
        javascript.close()


def seal(stage, key, plain, *options):
    return stage.done("seal-file", "--key", key, *CONTEXT, *options, given=plain)


def test_sdks_open_what_is_sealed_and_the_other_way_round(stage, key, sdks, shared):
    found = {"kind": "discovery", "account": shared.account}
    for size in SIZES:
        plain = content(size)
        message = seal(stage, key, plain)
        assert stage.done("open-file", given=message) == plain
        for sdk in sdks:
            for keyring in ({"kind": "kms", "keys": [key]}, found):
                opened, context = sdk.decrypt(keyring, message)
                assert opened == plain and context == {"to": "bob", "from": "alice"}, size
            sealed = sdk.encrypt({"kind": "kms", "keys": [key]}, plain, {"to": "bob"})
            assert stage.done("open-file", "--context", "to=bob", "--key", key, given=sealed) == plain


def test_files_have_their_names_when_they_are_whole(stage, key):
    plain = content(200_000)
    (stage.folder / "plain").write_bytes(plain)
    stage.done("seal-file", "--key", key, *CONTEXT, "plain", "--out", "sealed")
    stage.done("open-file", "sealed", "--out", "opened")
    stage.done("open-file", "-", "--out", "again", given=(stage.folder / "sealed").read_bytes())
    assert (stage.folder / "opened").read_bytes() == (stage.folder / "again").read_bytes() == plain
    modes = {name: (stage.folder / name).stat().st_mode & 0o777 for name in ["opened", "sealed"]}
    assert modes == {"opened": 0o600, "sealed": 0o644}
    assert "exists" in stage.fails(1, "seal-file", "--key", key, "plain", "--out", "sealed")
    assert "exists" in stage.fails(1, "open-file", "sealed", "--out", "plain")
    for wrong in [["none"], [".", "--out", "new"], ["plain", "--out", "no/folder"]]:
        stage.fails(1, "seal-file", "--key", key, *wrong)
    stage.fails(1, "seal-file", "--key", key, "--context", "aws-crypto-x=y", "plain")
    stage.fails(1, "seal-file", "--key", key, "--context", "a=1", "--context", "a=2", "plain")
    stage.fails(1, "seal-file", "plain")
    assert sorted(os.listdir(stage.folder)) == ["again", "opened", "plain", "sealed"]


def test_a_header_is_shown_without_a_call(stage, key):
    message = seal(stage, key, b"", "--key", key)
    nowhere = {"PATH": os.environ["PATH"]}
    shown = json.loads(Stage(stage.folder, nowhere).done("open-file", "--inspect", given=message))
    of_kms = {"provider": "aws-kms", "key": key}
    assert shown == {
        "suite": "0x0478", "context": {"to": "bob", "from": "alice"}, "keys": [of_kms, of_kms], "frame_bytes": FRAME,
    }
    assert "not sealed" in stage.fails(65, "open-file", "--inspect", given=b"something else")
    stage.fails(1, "open-file", "--inspect", "--out", "x", given=message)


def test_what_is_cut_or_changed_does_not_open(stage, key):
    plain = content(FRAME + 100)
    message = seal(stage, key, plain)
    assert content(32) not in message
    header = len(message) - len(plain) - 100
    ends = {*range(0, header, 17), *range(header - 60, header + 60, 11), header + FRAME, len(message) - 1, len(message) - 16}
    for end in ends:
        stage.fails(65, "open-file", "--out", "opened", given=message[:end])
    for at in {0, 1, 5, 40, 60, header // 2, header - 90, header - 20, header + 3, header + 500, len(message) - 40, len(message) - 1}:
        changed = bytearray(message)
        changed[at] ^= 1
        stage.fails(65, "open-file", "--out", "opened", given=bytes(changed))
    frame = slice(len(message) - 24 - 100 - 16 - (16 + FRAME + 16), len(message) - 24 - 100 - 16)
    for changed in [
        message + b"\0", message + message, message[: frame.start] + message[frame.stop :],
        message[: frame.stop] + message[frame], message.replace(b"alice", b"bobby"), b"", content(5000),
    ]:
        stage.fails(65, "open-file", "--out", "opened", given=changed)
    assert os.listdir(stage.folder) == []
    # A pipe has got what was verified, and the code tells that there is more.
    cut = stage.run("open-file", given=message[:-1])
    assert (cut.returncode, cut.stdout) == (65, plain[:FRAME])


def test_another_context_a_denial_and_a_key_that_is_gone_have_codes_of_their_own(stage, key):
    (stage.folder / "sealed").write_bytes(seal(stage, key, MARKER))
    opens = ["open-file", "sealed", "--out", "opened"]
    assert "to=eve" in stage.fails(65, *opens, "--context", "to=eve")
    assert "asked for" in stage.fails(65, *opens, "--key", key[:-1])
    alice = stage.user("alice-sealed")
    assert "keywright explain" in stage.fails(77, *opens, **alice)
    stage.fails(77, "seal-file", "--key", key, given=MARKER, **alice)
    allow = {
        "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key,
        "Condition": {"StringEquals": {"kms:EncryptionContext:to": "alice"}},
    }
    stage.service("iam").put_user_policy(
        UserName="alice-sealed", PolicyName="p", PolicyDocument=document(allow)
    )
    stage.fails(77, *opens, **alice)
    given = stage.done("seal-file", "--key", key, "--context", "to=alice", given=MARKER)
    assert stage.done("open-file", given=given, **alice) == MARKER

    with listening(refuse) as url:
        stage.fails(75, *opens, "--wait", "1", AWS_ENDPOINT_URL_KMS=url)
    stage.fails(69, *opens, "--wait", "1", AWS_ENDPOINT_URL_KMS=url)
    stage.kms().disable_key(KeyId=key)
    stage.fails(78, *opens)
    stage.fails(78, "seal-file", "--key", key, "--out", "new", given=MARKER)
    assert os.listdir(stage.folder) == ["sealed"]


def test_a_file_under_several_keys_is_opened_by_who_may_use_one(stage, key):
    other = stage.kms().create_key()["KeyMetadata"]["Arn"]
    message = seal(stage, key, MARKER, "--key", other)
    bob = stage.user("bob-sealed")
    allow = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": other}
    stage.service("iam").put_user_policy(
        UserName="bob-sealed", PolicyName="p", PolicyDocument=document(allow)
    )
    assert stage.done("open-file", given=message, **bob) == MARKER
    assert stage.done("open-file", "--key", other.rpartition("/")[2], given=message, **bob) == MARKER
    stage.fails(77, "open-file", "--key", key, given=message, **bob)
    stage.kms().disable_key(KeyId=key)
    assert stage.done("open-file", given=message) == MARKER
    stage.kms().disable_key(KeyId=other)
    stage.fails(78, "open-file", given=message)


def begin(stage, *arguments, **options):
    return subprocess.Popen([CLIENT, *arguments], stdin=subprocess.PIPE, cwd=stage.folder, env=stage.environment, **options)


def test_a_kill_leaves_no_file(stage, key):
    plain = content(1_000_000)
    message = seal(stage, key, plain)
    for arguments, given in [(["seal-file", "--key", key], plain), (["open-file"], message)]:
        started = begin(stage, *arguments, "--out", "out")
        # A pipe holds one frame: several were read, and the end was not.
        started.stdin.write(given[:500_000])
        started.stdin.flush()
        started.kill()
        started.wait(PATIENCE_SECONDS)
        started.stdin.close()
        assert os.listdir(stage.folder) == []


def memory(process):
    """The most memory that a process has had, in KiB."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.M).group(1))


def test_a_long_pipe_takes_the_memory_of_a_frame(stage, key):
    sealing = begin(stage, "seal-file", "--key", key, stdout=subprocess.PIPE)
    opening = subprocess.Popen(
        [CLIENT, "open-file"], stdin=sealing.stdout, stdout=subprocess.PIPE, cwd=stage.folder, env=stage.environment
    )
    sealing.stdout.close()
    counted = []
    # The other end: what comes out is counted, and not kept.
    reader = threading.Thread(target=lambda: counted.extend(map(len, iter(lambda: opening.stdout.read(1 << 20), b""))))
    reader.start()
    piece = bytes(1_000_000)
    for _ in range(500):
        sealing.stdin.write(piece)
    sealing.stdin.flush()
    most = [memory(process) for process in (sealing, opening)]
    sealing.stdin.close()
    reader.join(PATIENCE_SECONDS)
    opening.stdout.close()
    assert (sealing.wait(PATIENCE_SECONDS), opening.wait(PATIENCE_SECONDS)) == (0, 0)
    assert sum(counted) == 500_000_000
    assert max(most) < 32 * 1024, most


def test_it_works_with_another_kms(another):
    stage, kms = another
    one, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    message = seal(stage, one, MARKER, "--key", other)
    assert MARKER not in message
    assert stage.done("open-file", "--key", other, given=message) == MARKER
