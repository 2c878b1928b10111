"""`keywright-client campaign`: volumes put under another key, and shredded with their key."""

import json
import os

from test_volumes import key, stage
from volumes import as_root


def test_volumes_come_under_another_key_and_are_shredded(stage, key):
    other, signs = (
        stage.kms().create_key(**usage)["KeyMetadata"]["Arn"] for usage in [{}, {"KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256"}]
    )
    (stage.folder / "kept").mkdir()
    disks = [stage.image(key, f"kept/{name}.img") for name in ("a", "b")]
    stage.volume("add-key", "--key", other, "kept/b.img")
    planned = stage.run("campaign", "plan", "--from", key, "--to", other, "kept", "--out", "plan.jsonl")
    assert planned.returncode == 0 and b"volumes 2, objects 0" in planned.stderr, planned.stderr
    as_root("chmod", "a+r", stage.folder / "plan.jsonl")
    lines = [json.loads(line) for line in (stage.folder / "plan.jsonl").read_text().splitlines()[1:]]
    assert [os.path.basename(line["where"]) for line in lines] == ["a.img", "b.img"] and lines[0]["material"]
    done = stage.run("campaign", "run", "plan.jsonl")
    assert done.returncode == 0 and b"2 done" in done.stderr, done.stderr
    assert [set(stage.keys(disk)) for disk in disks] == [{other}, {other}]
    stage.kms().disable_key(KeyId=key)
    assert all(stage.volume("status", disk) for disk in disks)
    assert sorted(path.name for path in (stage.folder / "kept").iterdir()) == ["a.img", "b.img"]

    stage.image(other, "kept/c.img", "--recovery-key", "recovery.txt")
    shred = ["campaign", "shred"]
    planned = stage.run(*shred, "plan", "--key", other, "kept", "--out", "shred.jsonl")
    assert b"c.img` opens also by a passphrase, in key slot" in planned.stderr and b"2 become unreadable" in planned.stderr
    stage.kms().schedule_key_deletion(KeyId=other, PendingWindowInDays=7)
    certified = stage.run(*shred, "certify", "shred.jsonl", "--signing-key", signs, "--out", "certificate.json")
    assert certified.returncode == 2, certified.stderr
    certificate = json.loads((stage.folder / "certificate.json").read_text())
    assert [os.path.basename(line["where"]) for line in certificate["unreadable"]] == ["a.img", "b.img"]
    (kept,) = certificate["not_unreadable"]
    assert kept["where"].endswith("c.img") and "passphrase" in kept["why"]
