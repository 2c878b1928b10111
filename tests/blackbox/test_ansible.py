"""Ansible's `amazon.aws` collection: what a playbook says is so, and saying it again changes nothing."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import pytest

from conftest import VENV

# Of this package one folder in a hundred is needed: the collection, which comes in no package of its own.
PACKAGE = "ansible==12.3.0"
COLLECTION = "ansible_collections/amazon/aws/"
PLAY = pathlib.Path(__file__).parent / "ansible/key.yml"
PATIENCE_SECONDS = 200


@pytest.fixture(scope="session")
def collections():
    """Where the collection is; it is kept beside the Python environment."""
    folder = VENV.parent / "ansible" / PACKAGE
    folder.parent.mkdir(exist_ok=True)
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*download, "--only-binary", ":all:", "--dest", scratch, PACKAGE], check=True)
            (package,) = pathlib.Path(scratch).iterdir()
            with zipfile.ZipFile(package) as archive:
                wanted = [name for name in archive.namelist() if name.startswith(COLLECTION)]
                archive.extractall(f"{scratch}/whole", wanted)
            # Last, so that an interrupted installation is made anew.
            os.rename(f"{scratch}/whole", folder)
    return folder


def test_a_play_is_so_and_stays_so(shared, collections, one, tmp_path):
    environment = shared.environment() | {
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }
    command = ["ansible-playbook", "-v", PLAY, "--extra-vars", json.dumps({"account": shared.account})]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert one("DescribeKey", KeyId="alias/billing")["KeyMetadata"]["KeyState"] == "PendingDeletion"
    calls = [(record["eventName"], record.get("errorCode")) for record in shared.journal()]
    for change in ("CreateRole", "CreateKey", "CreateAlias", "CreateGrant", "RetireGrant", "ScheduleKeyDeletion"):
        assert calls.count((change, None)) == 1, change
