"""Inputs on which Keywright was wrong once, each a script for any KMS: `cases/README.md`."""

import pathlib
import subprocess
import sys

import pytest

from keywright import BINARY, PATIENCE_SECONDS, Deployment

CASES = sorted((pathlib.Path(__file__).parent / "cases").glob("*.py"))
assert len(CASES) >= 19


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory):
    """A deployment that serves all Regions."""
    deployment = Deployment(tmp_path_factory.mktemp("everywhere")).init().start("--regions", "any")
    yield deployment
    deployment.end()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_it_is_right(everywhere, case):
    environment = everywhere.environment() | {"KEYWRIGHT": str(BINARY)}
    done = subprocess.run(
        [sys.executable, case], env=environment, capture_output=True, text=True, timeout=3 * PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
