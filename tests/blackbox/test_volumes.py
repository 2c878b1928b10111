"""`keywright-client volume`: disks and directories under KMS keys, as EBS has them. What docs/volumes.md says."""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import XTS

from test_client import another
from test_readme import ROOT, begun, blocks, does_what_it_says, machine
from volumes import (
    AS_ROOT, CLIENT, MIB, PAGE, SYSTEM, Killer, TokenHandler, VolumeStage, as_root, encrypting_disk, has, tokens,
)

MARKER = b"marker-5f1e77-patient-record"
HEADER = 16 * MIB
SECTOR = 4096


@pytest.fixture
def stage(shared, tmp_path):
    return VolumeStage(tmp_path, shared.environment())


@pytest.fixture
def key(stage):
    return stage.kms().create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def host(stage, shared, request):
    """A stage of a host, which may do nothing by itself; its `arn`, and its access key, `variables`."""
    name = f"host-{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]}"
    variables = stage.user(name)
    host = VolumeStage(stage.folder, stage.environment | variables)
    host.arn, host.variables = f"arn:aws:iam::{shared.account}:user/{name}", variables
    return host


@pytest.fixture
def disk(tmp_path):
    """The image of the disk that is mounted at `disk`."""
    with encrypting_disk(tmp_path) as image:
        yield image


def passphrase(stage, image, number="0"):
    """The passphrase of a volume, as anybody's client of KMS gets it."""
    token = tokens(image)[number]
    opened = stage.kms().decrypt(CiphertextBlob=base64.b64decode(token["wrapped"]), EncryptionContext=token["context"])
    assert len(opened["Plaintext"]) == 64
    return base64.b64encode(opened["Plaintext"])


def plain(image, secret):
    """What the payload of a volume is in the clear, sector by sector (LUKS2 On-Disk Format Specification, section 3.3)."""
    volume_key = image.with_name(f"{image.name}.volume-key")
    as_root(
        "cryptsetup", "luksDump", "--batch-mode", "--dump-volume-key", "--volume-key-file", volume_key, "--key-file", "-", image,
        given=secret,
    )
    as_root("chmod", "a+r", volume_key)
    clear, sealed = bytearray(), image.read_bytes()[HEADER:]
    for at in range(0, len(sealed), SECTOR):
        tweak = (at // 512).to_bytes(16, "little")
        clear += Cipher(AES(volume_key.read_bytes()), XTS(tweak)).decryptor().update(sealed[at:at + SECTOR])
    return bytes(clear)


def out_of_luks(image, secret):
    """The same, by cryptsetup's own way out of LUKS."""
    clear = image.with_name(f"{image.name}.clear")
    shutil.copy(image, clear)
    header = image.with_name(f"{image.name}.header")
    as_root(
        "cryptsetup", "reencrypt", "--batch-mode", "--decrypt", "--header", header, "--force-offline-reencrypt",
        "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--key-file", "-", clear, given=secret,
    )
    return clear.read_bytes()[:image.stat().st_size - HEADER]


def fits(image, secret):
    """Whether a passphrase opens a key slot."""
    done = subprocess.run(
        [*AS_ROOT, "env", f"PATH={os.environ['PATH']}:{SYSTEM}", "cryptsetup", "open", "--test-passphrase", "--key-file", "-", image],
        input=secret, capture_output=True,
    )
    return done.returncode == 0


def write_payload(image):
    """Gives an image sectors that no two copies have by chance."""
    with open(image, "r+b") as file:
        file.seek(HEADER)
        file.write(os.urandom(MIB))


def test_a_volume_is_opened_by_hosts_with_a_grant_through_cryptsetup(stage, host, key, tmp_path):
    handler = TokenHandler(tmp_path, stage.environment)
    image = stage.image(key, "disk.img", "--recovery-key", "recovery")
    (token,) = tokens(image).values()
    assert token["type"] == "keywright" and token["key"] == key and token["keyslots"] == ["0"]
    assert token["context"]["aws:ebs:id"].startswith("vol-") and len(token["context"]["aws:ebs:id"]) == 21
    secret = passphrase(stage, image)
    assert fits(image, secret) and not has(image, secret) and not has(image, base64.b64decode(secret)[:16])

    handler.sign_in(host.variables)
    opened, said = handler.opens(image)
    assert not opened and "AccessDeniedException" in said
    host.refuses(77, "open", "--check", image)
    grant = stage.volume("attach", image, "--host", host.arn)
    assert stage.volume("attach", image, "--host", host.arn) == grant, "there is one grant"
    opened, said = handler.opens(image)
    assert opened and said == "", said
    host.volume("open", "--check", image)

    # The grant is for this volume, and for this host. Another id in the token does not help.
    other = stage.image(key, "other.img")
    host.refuses(77, "open", "--check", other)
    stranger = stage.user(f"stranger-{os.getpid()}")
    stage.refuses(77, "open", "--check", image, **stranger)
    (listed,) = stage.kms().list_grants(KeyId=key)["Grants"]
    assert listed["Operations"] == ["Decrypt"] and listed["RetiringPrincipal"] == host.arn
    assert listed["Constraints"] == {"EncryptionContextSubset": token["context"]}
    shown = stage.volume("status", image)
    assert shown["tokens"][0]["grants"] == [{"grant": listed["GrantId"], "host": host.arn}]
    assert shown["tokens"][0]["opens"] == "yes" and shown["other_keyslots"] == ["1"]
    assert "AccessDenied" in host.volume("status", image)["tokens"][0]["key_state"]

    renamed = json.dumps(token | {"context": {"aws:ebs:id": "vol-0"}}).encode()
    as_root("cryptsetup", "token", "import", "--token-id", "0", "--token-replace", "--json-file", "-", image, given=renamed)
    host.refuses(77, "open", "--check", image)
    stage.refuses(65, "open", "--check", image)
    as_root("cryptsetup", "token", "import", "--token-id", "0", "--token-replace", "--json-file", "-", image, given=json.dumps(token).encode())

    stage.volume("detach", image, "--host", host.arn)
    assert "no grant" in stage.refuses(1, "detach", image, "--host", host.arn)
    opened, said = handler.opens(image)
    assert not opened and "AccessDeniedException" in said
    # Without KMS and without the handler, the passphrase on paper opens it.
    recovery = (tmp_path / "recovery").read_bytes()
    assert fits(image, recovery) and (tmp_path / "recovery").stat().st_mode & 0o777 == 0o600


def test_the_handler_says_when_kms_is_away(stage, key, tmp_path):
    handler = TokenHandler(tmp_path, stage.environment)
    handler.sign_in({name: stage.environment[name] for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]})
    image = stage.image(key)
    assert handler.opens(image)[0]
    (tmp_path / "config").write_text("[default]\nendpoint_url = http://127.0.0.1:9\n")
    opened, said = handler.opens(image)
    assert not opened and "no Region" in said
    # A token of another volume opens nothing, whoever put it there.
    (tmp_path / "config").write_text(f"[default]\nregion = us-east-1\nendpoint_url = {stage.environment['AWS_ENDPOINT_URL']}\n")
    foreign = tokens(stage.image(key, "foreign.img"))["0"]
    as_root("cryptsetup", "token", "import", "--token-id", "0", "--token-replace", "--json-file", "-", image, given=json.dumps(foreign).encode())
    assert not handler.opens(image)[0]
    stage.refuses(65, "open", "--check", image)


def test_what_is_no_volume_or_has_something_on_it_is_left_alone(stage, key, tmp_path):
    image = stage.image(key)
    before = image.read_bytes()
    assert "crypto_LUKS" in stage.refuses(1, "create", "--kind", "luks", "--key", key, image)
    assert "exists" in stage.refuses(1, "create", "--kind", "luks", "--key", key, "--size", "17M", image)
    assert image.read_bytes() == before
    stage.refuses(78, "create", "--kind", "luks", "--key", "alias/none", "--size", "17M", "new.img")
    assert "16 MiB" in stage.refuses(1, "create", "--kind", "luks", "--key", key, "--size", "16M", "new.img")
    (tmp_path / "empty").write_bytes(bytes(MIB))
    for path in ["empty", "/dev/null"]:
        stage.refuses(65, "status", "--offline", path)
    assert "Name it" in stage.refuses(1, "open", image)
    member = tokens(image)["0"]
    for wrong in [{"version": 2}, {"wrapped": ""}, {"more": 1}, {"context": {}}, {"context": {"aws:ebs:id": "x"}}]:
        text = json.dumps(member | wrong).encode()
        as_root("cryptsetup", "token", "import", "--token-id", "0", "--token-replace", "--json-file", "-", image, given=text)
        stage.refuses(65, "open", "--check", image)
    assert sorted(os.listdir(tmp_path)) == ["disk.img", "empty"]
    said = stage.refuses(127, "status", "--offline", image, PATH="/nowhere")
    assert "cryptsetup-bin" in said


def test_a_snapshot_under_another_key_opens_while_the_first_is_disabled(stage, key, tmp_path):
    other = stage.kms().create_key()["KeyMetadata"]["Arn"]
    image = stage.image(key, "disk.img", "--recovery-key", "recovery")
    write_payload(image)
    secret, recovery = passphrase(stage, image), (tmp_path / "recovery").read_bytes()
    stage.volume("snapshot", image, "new.img", "--key", other)
    stage.volume("snapshot", image, "same.img", "--key", other, "--same-data-key")
    stage.volume("snapshot", image, "own.img")
    assert "exists" in stage.refuses(1, "snapshot", image, "new.img")
    new, same, own = (tmp_path / name for name in ["new.img", "same.img", "own.img"])
    stage.kms().disable_key(KeyId=key)
    assert "disabled" in stage.refuses(78, "open", "--check", image)
    stage.refuses(78, "open", "--check", own)
    for copy in [new, same]:
        stage.volume("open", "--check", copy)
        (token,) = tokens(copy).values()
        assert token["key"] == other and token["context"]["aws:ebs:id"].startswith("snap-")
    assert stage.keys(own) == [key]

    # One is encrypted anew, and nothing that opened the original opens it. The other is the original's ciphertext.
    copied = {path: path.read_bytes()[HEADER:] for path in [image, new, same]}
    assert copied[same] == copied[image] != copied[new]
    assert not fits(new, secret) and not fits(new, recovery)
    assert fits(same, secret) and fits(same, recovery)
    clear = plain(image, secret)
    assert clear == out_of_luks(image, secret)
    assert clear == plain(new, passphrase(stage, new)) == plain(same, secret)
    uuids = {as_root("cryptsetup", "luksUUID", path) for path in [image, new, same, own]}
    assert len(uuids) == 4


def test_a_volume_is_put_under_newer_material_and_other_keys(stage, key):
    kms = stage.kms()
    image = stage.image(key)
    before = tokens(image)["0"]
    kms.rotate_key_on_demand(KeyId=key)
    (told,) = stage.volume("rewrap", image)
    after = tokens(image)["0"]
    assert told == {"token": 0, "from": key, "key": key, "material": after["material"]}
    assert after["material"] != before["material"] and after["context"] == before["context"]
    stage.volume("open", "--check", image)

    second, third = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    assert stage.volume("add-key", image, "--key", second)["key"] == second
    assert stage.keys(image) == [key, second]
    assert "--from" in stage.refuses(1, "rewrap", image, "--key", third)
    kms.disable_key(KeyId=key)
    stage.volume("open", "--check", image)
    stage.refuses(78, "rewrap", image)
    assert stage.keys(image) == [key, second]
    kms.enable_key(KeyId=key)
    stage.volume("rewrap", image, "--from", key, "--key", third)
    assert stage.keys(image) == [third, second]
    kms.disable_key(KeyId=key)
    kms.disable_key(KeyId=second)
    stage.volume("open", "--check", image)
    assert os.listdir(stage.folder) == ["disk.img"], "no copy of a header is left"


def test_a_kill_at_any_step_leaves_a_header_that_opens(stage, key, tmp_path):
    other = stage.kms().create_key()["KeyMetadata"]["Arn"]
    base, image = stage.image(key, "base.img"), tmp_path / "disk.img"
    killer = Killer(tmp_path, "cryptsetup")
    seen = []
    for _ in killer.moments(stage, lambda: shutil.copy(base, image), "volume", "rewrap", image, "--key", other):
        stage.volume("open", "--check", image)
        seen.append(*stage.keys(image))
        stage.volume("rewrap", image, "--key", other)
        stage.volume("open", "--check", image)
        assert stage.keys(image) == [other]
        assert not (tmp_path / "disk.img.keywright-header").exists()
    assert seen == [key, key, other, other]
    for _ in killer.moments(stage, lambda: shutil.copy(base, image), "volume", "add-key", image, "--key", other):
        stage.volume("open", "--check", image)
        assert stage.keys(image) in ([key], [key, other])

    # cryptsetup itself, while it writes the header.
    killed = 0
    for pause in range(1, 13):
        shutil.copy(base, image)
        killer.becomes(
            "cryptsetup",
            f'case "$*" in *import*) exec timeout -s KILL 0.{pause:03} {killer.real} "$@";; esac\nexec {killer.real} "$@"',
        )
        killed += stage.run("volume", "rewrap", image, "--key", other, PATH=killer.path(stage)).returncode != 0
        stage.volume("open", "--check", image)
        assert stage.keys(image) in ([key], [other])
    assert killed > 0


def test_a_volume_or_a_copy_that_is_killed_has_no_name(stage, key, tmp_path):
    base, made = stage.image(key, "base.img"), tmp_path / "made.img"
    killer = Killer(tmp_path, "cryptsetup")

    def clean():
        for file in [made, *tmp_path.glob(".*.unfinished")]:
            file.unlink(missing_ok=True)

    creating = ["volume", "create", "--kind", "luks", "--key", key, "--size", "17M", made]
    for command in [creating, ["volume", "snapshot", base, made]]:
        for _ in killer.moments(stage, clean, *command):
            assert not made.exists()
        stage.volume("open", "--check", made)


def test_a_directory_is_readable_where_it_is_open_and_nowhere_else(stage, host, key, disk):
    data = stage.directory(key)
    record = json.loads((stage.folder / "disk/data.keywright/0.json").read_text())
    assert record["key"] == key and record["context"]["aws:ebs:id"].startswith("vol-")
    assert stage.volume("status", data)["state"] == "closed"
    host.refuses(77, "open", data)
    made = stage.volume("attach", data, "--host", host.arn)
    host.volume("open", "--check", data)
    assert stage.volume("status", "--offline", data)["state"] == "closed", "it was only tried"
    host.volume("open", data)
    as_root("tee", data / "notes.txt", given=MARKER)
    assert not has(disk, MARKER) and not has(disk, b"notes.txt")

    # What is open stays open, whatever becomes of the key. What is in use is not closed.
    stage.kms().disable_key(KeyId=key)
    assert as_root("cat", data / "notes.txt") == MARKER
    with subprocess.Popen([*AS_ROOT, "sh", "-c", f"exec 3<{data}/notes.txt; echo; exec sleep 60"], stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        assert "busy" in host.refuses(75, "close", data)
        assert stage.volume("status", "--offline", data)["state"] == "closed, but files are in use"
        stage.kms().enable_key(KeyId=key)
        host.volume("open", "--check", data)
        assert stage.volume("status", "--offline", data)["state"] == "closed, but files are in use"
        stage.kms().disable_key(KeyId=key)
        as_root("kill", holder.pid)
    host.volume("close", data)
    names = os.listdir(data)
    assert len(names) == 1 and names != ["notes.txt"]
    as_root("cat", data / names[0], code=1)
    host.refuses(78, "open", data)
    stage.kms().enable_key(KeyId=key)
    host.volume("open", data)
    assert as_root("cat", data / "notes.txt") == MARKER

    # The host gives its grant up when it closes the directory.
    host.volume("close", data, "--grant", made["grants"][0]["grant"])
    host.refuses(77, "open", data)
    assert "closed already" in host.run("volume", "close", data).stderr.decode()
    assert not has(disk, MARKER)


def test_kms_may_be_away_for_what_is_open_and_what_is_to_be_opened_waits(deployment, tmp_path):
    deployment.init().start()
    stage = VolumeStage(tmp_path, deployment.environment())
    key = stage.kms().create_key()["KeyMetadata"]["Arn"]
    with encrypting_disk(tmp_path):
        data = stage.directory(key)
        stage.volume("open", data)
        as_root("tee", data / "notes.txt", given=MARKER)
        port = deployment.port
        deployment.stop()
        assert as_root("cat", data / "notes.txt") == MARKER
        stage.volume("close", data)
        begun = time.monotonic()
        assert "is not reached" in stage.refuses(69, "open", data, "--wait", "3")
        assert time.monotonic() - begun < 10
        assert stage.volume("status", "--offline", data)["tokens"][0]["key"] == key
        back = threading.Timer(5, lambda: deployment.start(port=port))
        back.start()
        assert "waits for KMS" in stage.run("volume", "open", data).stderr.decode()
        back.join()
        assert as_root("cat", data / "notes.txt") == MARKER
        stage.volume("close", data)


def test_directories_are_copied_and_put_under_other_keys(stage, key, disk):
    kms = stage.kms()
    second, third = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    data, copy = stage.directory(key), stage.folder / "disk/copy"
    assert "closed" in stage.refuses(1, "snapshot", data, copy)
    stage.volume("open", data)
    as_root("sh", "-c", f"mkdir {data}/d && cat > {data}/d/notes.txt && ln -s d/notes.txt {data}/l", given=MARKER)
    assert "data key" in stage.refuses(1, "snapshot", data, copy, "--same-data-key")
    stage.volume("snapshot", data, copy, "--key", second)
    stage.volume("add-key", data, "--key", second)
    stage.volume("rewrap", data, "--from", key, "--key", third)
    assert stage.keys(data) == [third, second] and stage.keys(copy) == [second]
    stage.volume("close", data)
    kms.disable_key(KeyId=key)
    kms.disable_key(KeyId=third)
    for opened in [data, copy]:
        stage.volume("open", opened)
        assert as_root("cat", opened / "l") == MARKER
        stage.volume("close", opened)
    assert not has(disk, MARKER)
    ids = [stage.volume("status", "--offline", opened)["volume"] for opened in [data, copy]]
    assert [name.split("-")[0] for name in ids] == ["vol", "snap"]

    # The record of another directory opens nothing here.
    theirs, ours = (stage.folder / f"disk/{name}.keywright/0.json" for name in ["copy", "data"])
    as_root("rm", "-r", ours.parent)
    as_root("cp", "-r", theirs.parent, ours.parent)
    assert "another data key" in stage.refuses(65, "open", data)
    assert stage.volume("status", "--offline", data)["state"] == "closed"
    as_root("mkdir", stage.folder / "disk/plain")
    stage.refuses(65, "open", stage.folder / "disk/plain")
    stage.refuses(1, "create", "--kind", "directory", "--key", second, "disk")


def test_a_kill_at_any_step_leaves_a_directory_that_opens_or_none(stage, key, disk):
    killer = Killer(stage.folder, "xfs_io")
    data = stage.folder / "disk/data"

    def clean():
        as_root("rm", "-rf", data, f"{data}.keywright")

    encrypted = 0
    for _ in killer.moments(stage, clean, "volume", "create", "--kind", "directory", "--key", key, data):
        # What is encrypted has its record.
        policy = subprocess.run([*AS_ROOT, killer.real, "-c", "get_encpolicy", data], capture_output=True)
        if b"Master key" in policy.stdout:
            encrypted += 1
            assert stage.keys(data) == [key]
    assert encrypted > 0
    clean()
    stage.directory(key)
    stage.volume("open", data)
    stage.volume("close", data)


def test_a_file_system_that_encrypts_nothing_is_named(stage, key):
    with encrypting_disk(stage.folder, options=()):
        said = stage.refuses(1, "create", "--kind", "directory", "--key", key, "disk/data")
        assert "tune2fs -O encrypt" in said
        assert not (stage.folder / "disk/data.keywright").exists()


def test_it_works_with_another_kms(another):
    begun, kms = another
    stage = VolumeStage(begun.folder, begun.environment)
    # Unlike AWS, moto tells no usage that nobody asked for.
    key, other = (kms.create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"] for _ in range(2))
    image, host = stage.image(key), "arn:aws:iam::123456789012:role/host"
    made = stage.volume("attach", image, "--host", host)
    assert stage.volume("status", image)["tokens"][0]["grants"] == [{"grant": made["grants"][0]["grant"], "host": host}]
    stage.volume("detach", image, "--host", host)
    stage.volume("rewrap", image, "--key", other)
    stage.volume("snapshot", image, "copy.img", "--key", key)
    stage.volume("open", "--check", image)
    stage.volume("open", "--check", "copy.img")
    assert stage.keys(image) == [other] and stage.keys("copy.img") == [key]


def test_the_doctor_finds_what_is_missing(stage, tmp_path):
    handler = TokenHandler(tmp_path, stage.environment)
    variables = [f"{name}={value}" for name, value in stage.environment.items()]
    found = handler.run("env", *variables, CLIENT, "volume", "doctor")
    lines = found.stdout.splitlines()
    expected = ["ok       cryptsetup is here", "ok       xfs_io is here", "ok       cryptsetup replaces tokens"]
    assert set(expected) <= set(lines), found
    assert any(line.startswith("ok       the token handler is /") for line in lines)
    mapper = "device-mapper" in pathlib.Path("/proc/misc").read_text()
    assert any(line.startswith(f"{'ok     ' if mapper else 'warning'}  the device mapper") for line in lines)
    assert any(line.startswith("ok       KMS answers at http://") for line in lines)
    assert any(line.startswith("warning  127.0.0.1 is an address of this machine") for line in lines)
    missing = stage.run("volume", "doctor", "--wait", "1", PATH="/nowhere", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert missing.returncode == 1
    said = missing.stdout.decode()
    assert "Debian's package cryptsetup-bin" in said and "Debian's package xfsprogs" in said
    assert "missing  KMS at http://127.0.0.1:9" in said


def test_the_pages_commands_do_what_they_say(machine):
    folder, environment, _ = machine
    (folder / "bin/keywright-client").symlink_to(CLIENT)
    (folder / "examples").symlink_to(ROOT / "examples")
    environment["PATH"] += f":{SYSTEM}"
    if AS_ROOT:
        shell = folder / "bin/bash"
        shell.write_text('#!/bin/sh\nexec sudo --non-interactive --preserve-env env PATH="$PATH" /bin/bash "$@"\n')
        shell.chmod(0o755)
    start, *told = blocks("console", PAGE)
    try:
        does_what_it_says(start, told, machine, 15)
    finally:
        subprocess.run([*AS_ROOT, "umount", "--quiet", folder / "disk"])
