"""Proofs of events: an independent program and the server's own command agree on what is proved."""

import copy
import json
import pathlib
import subprocess

import pytest

from check_proof import NotProved, verify
from keywright import BINARY

FIXTURE = pathlib.Path(__file__).parents[2] / "crates/trail/tests/proof_v1"
PROOF = json.loads((FIXTURE / "proof.json").read_text())
KEYS = json.loads((FIXTURE / "keys.json").read_text())


def keywright_verifies(proof, tmp_path):
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    command = [BINARY, "trail", "verify", tmp_path / "proof.json", "--public-keys", FIXTURE / "keys.json"]
    return subprocess.run(command, capture_output=True, text=True)


def test_both_find_the_fixture_valid(tmp_path):
    sequence, record, digest = verify(PROOF, KEYS)
    assert (sequence, digest["digestEndTime"]) == (1, "2023-11-14T23:00:00Z")
    assert b"Decrypt" in record
    ended = keywright_verifies(PROOF, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "is record 1 of the journal" in ended.stdout
    assert "arn:aws:iam::111122223333:user/Alice" in ended.stdout


@pytest.mark.parametrize("member", ["sequence", "record", "path", "order", "digest", "signature"])
def test_both_refuse_what_was_changed(member, tmp_path):
    proof = copy.deepcopy(PROOF)
    if member == "sequence":
        proof["sequence"] = 2
    elif member == "record":
        proof["record"] = proof["record"].replace("A", "B", 1)
    elif member == "path":
        proof["path"].pop()
    elif member == "order":
        proof["path"].reverse()
    elif member == "digest":
        proof["digest"] = proof["digest"].replace('"records":7', '"records":8')
    else:
        proof["signature"] = "00" + proof["signature"][2:]
    assert proof != PROOF
    with pytest.raises(NotProved):
        verify(proof, KEYS)
    ended = keywright_verifies(proof, tmp_path)
    assert ended.returncode == 1
    assert "proof.json" in ended.stderr
