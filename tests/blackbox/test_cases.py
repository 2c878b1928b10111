"""Inputs on which Keywright was wrong once, each a script for any KMS: `cases/README.md`."""

import pathlib
import subprocess
import sys

import pytest

from keywright import BINARY, PATIENCE_SECONDS, Deployment

CASES = sorted((pathlib.Path(__file__).parent / "cases").glob("*.py"))
assert len(CASES) >= 20

# The Regions that a case is about; all others are content with those of the partition `aws`.
REGIONS = {"partition-of-identities": "cn-north-1"}


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    """`serving(regions)` is a deployment that serves these Regions."""
    deployments = {}

    def serving(regions):
        if regions not in deployments:
            deployments[regions] = Deployment(tmp_path_factory.mktemp(regions)).init().start("--regions", regions)
        return deployments[regions]

    yield serving
    for deployment in deployments.values():
        deployment.end()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_it_is_right(serving, case):
    environment = serving(REGIONS.get(case.stem, "any")).environment() | {"KEYWRIGHT": str(BINARY)}
    done = subprocess.run(
        [sys.executable, case], env=environment, capture_output=True, text=True, timeout=3 * PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
