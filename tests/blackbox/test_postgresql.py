"""PostgreSQL: what docs/postgresql.md says of its backups and its files, with the real PostgreSQL, pgBackRest and barman."""

import os
import shutil
import signal
import socket
import subprocess

import pytest

from gateway import BINARY
from test_readme import ROOT, begun, blocks, follow, free_port, machine, section, steps
from volumes import AS_ROOT, CLIENT, SYSTEM

PAGE = (ROOT / "docs/postgresql.md").read_text()
# PostgreSQL refuses to run as root. Its own user may read what others have built and installed, wherever that is.
POSTGRES = [
    "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search", "--",
]
AS_POSTGRES = POSTGRES if os.geteuid() == 0 else []
EVERY_OBJECT = """
import sys, boto3
s3 = boto3.client("s3")
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="backups")
names = [item["Key"] for page in pages for item in page["Contents"]]
keys = {s3.head_object(Bucket="backups", Key=name).get("SSEKMSKeyId") for name in names}
assert keys == {sys.argv[1]}, keys
for part in ["pgbackrest/archive/", "pgbackrest/backup/", "barman/shop/base/", "barman/shop/wals/"]:
    objects = (s3.get_object(Bucket="backups", Key=name)["Body"].read() for name in names if name.startswith(part))
    assert any(b"marmosets" in content for content in objects), part
print("all under the key, with the rows in them")
"""


@pytest.fixture
def host(machine):
    """The page for a folder and for ports of one's own, and that machine. Ends the databases that are left."""
    folder, environment, _ = machine
    (folder / "bin/keywright-s3").symlink_to(BINARY)
    port = str(free_port())
    page = PAGE.replace("/srv/shop", str(folder)).replace("8014", port)
    # pgBackRest tries the first address of a name alone.
    address = socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)[0][4][0]
    listen = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    page = page.replace("--data-dir objects", f"--data-dir objects --listen {listen}")
    (services,) = blocks("toml", page)
    with (folder / "keywright.toml").open("a") as config:
        config.write(services)
    for name, text in zip(["pgbackrest.conf", "shop.conf"], blocks("ini", page), strict=True):
        (folder / name).write_text(text)
    if AS_POSTGRES:
        shutil.chown(folder, "postgres", "postgres")
    yield page, machine
    for running in folder.glob("*/postmaster.pid"):
        os.kill(int(running.read_text().split()[0]), signal.SIGKILL)


def told(page, *titles):
    return [step for title in titles for block in blocks("console", section(title, page)) for step in steps(block)]


def test_backups_are_restored_and_belong_to_their_key(host):
    page, machine = host
    folder, environment, _ = machine
    start, *more = blocks("console", section("Set up", page))
    server, export = begun(start, machine, AS_POSTGRES)
    (folder / "every_object.py").write_text(EVERY_OBJECT)
    commands = [
        *(step for block in more for step in steps(block)), *told(page, "Backups"),
        ('python every_object.py "$KEY"', ["all under the key, with the rows in them"]),
        *told(page, "Restore", "When the key is disabled"),
    ]
    assert len(commands) > 40
    follow(commands, folder, environment, export + "\ntrap 'kill $(jobs -p)' EXIT", AS_POSTGRES)
    assert server.end() == 0


def test_a_database_is_on_an_encrypted_directory(machine):
    folder, environment, _ = machine
    (folder / "bin/keywright-client").symlink_to(CLIENT)
    (folder / "examples").symlink_to(ROOT / "examples")
    environment["PATH"] += f":{SYSTEM}"
    start, *more = blocks("console", section("The database on an encrypted directory", PAGE))
    server, export = begun(start, machine)
    commands = [
        (command.replace("runuser -u postgres --", " ".join(POSTGRES)), shown) for block in more for command, shown in steps(block)
    ]
    assert len(commands) > 25
    # What sudo would leave out of the environment.
    by = [*AS_ROOT, "env", *(f"{name}={value}" for name, value in environment.items())]
    try:
        follow(commands, folder, environment, export, by)
    finally:
        killed = "kill -9 $(head -1 disk/shop/postmaster.pid) || true; umount --quiet --lazy disk || true"
        subprocess.run([*by, "sh", "-c", killed], cwd=folder, capture_output=True)
    assert server.end() == 0
