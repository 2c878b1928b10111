"""`keywright-client campaign`: records and sealed files put under another key, whatever happens meanwhile. What docs/campaigns.md
says."""

import base64
import contextlib
import json
import os
import pty
import random
import re
import resource
import signal
import subprocess
import time

import pytest

from clients import within
from gateway import document, eventually
from keywright import PATIENCE_SECONDS, Deployment
from test_client import CLIENT, Stage, another, key, stage
from test_encryption_sdk import Python
from test_readme import ROOT, begun, blocks, does_what_it_says, machine, section

PAGE = (ROOT / "docs/campaigns.md").read_text()
MARKER = b"marker-5d0e-what-no-campaign-may-write;"
LARGE = MARKER * 20_000


@pytest.fixture
def other(stage):
    return stage.kms().create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def old(stage, key):
    """A key with ten records and four sealed files under it, in the folder `kept`."""
    fill(stage, key)
    return key


def fill(stage, key, records=10, files=4):
    kms = stage.kms()
    folder = stage.folder / "kept"
    (folder / "below").mkdir(parents=True, exist_ok=True)
    for number in range(records):
        context = {"app": "shop" if number % 2 else "other", "n": str(number)}
        blob = kms.encrypt(KeyId=key, Plaintext=b"%d" % number + MARKER, EncryptionContext=context)["CiphertextBlob"]
        record = {"version": 1, "key": key, "context": context, "wrapped": base64.b64encode(blob).decode()}
        (folder / f"{number}.json").write_text(json.dumps(record))
    for number in range(files):
        sealed = stage.done("seal-file", "--key", key, "--context", "app=shop", given=LARGE[number:])
        (folder / "below" / f"{number}.sealed").write_bytes(sealed)


def paths(stage):
    return sorted(path for path in (stage.folder / "kept").rglob("*") if path.is_file())


def contents(stage, **variables):
    """What all targets hold, by name."""
    opened = {}
    for path in paths(stage):
        command = ["unwrap", path] if path.suffix == ".json" else ["open-file", path]
        opened[path.name] = stage.done(*command, **variables)
    return opened


def keys_of(stage):
    """The KMS keys under which the targets are."""
    keys = set()
    for path in paths(stage):
        if path.suffix == ".json":
            keys.add(json.loads(path.read_bytes())["key"])
        else:
            shown = json.loads(stage.done("open-file", "--inspect", path))
            keys |= {data_key["key"] for data_key in shown["keys"]}
    return keys


def plan(stage, *arguments, name="plan.jsonl", code=0):
    """Makes a plan of the folder `kept`: its lines, and what was said."""
    done = stage.run("campaign", "plan", *arguments, "kept", "--out", name)
    assert done.returncode == code and done.stdout == b"", done.stderr
    lines = [json.loads(line) for line in (stage.folder / name).read_text().splitlines()]
    return lines[1:], done.stderr.decode()


def run(stage, code, *options, name="plan.jsonl", **variables):
    """Runs a plan: the report, and what was said."""
    done = stage.run("campaign", "run", name, "--report", "report.json", *options, **variables)
    assert done.returncode == code and done.stdout == b"", done.stderr
    report = json.loads((stage.folder / "report.json").read_text())
    assert MARKER not in done.stderr
    return report, done.stderr.decode()


def became(report):
    return {os.path.basename(line["where"]): line["became"] for line in report["targets"]}


def none_left(stage, *arguments):
    lines, _ = plan(stage, *arguments, name="afterwards.jsonl")
    (stage.folder / "afterwards.jsonl").unlink()
    return lines == []


def test_everything_comes_under_another_key(stage, old, other, shared):
    (stage.folder / "kept/text").write_text("no target")
    (stage.folder / "kept/some.json").write_text('{"no": "record"}')
    (stage.folder / "kept/link.json").symlink_to("0.json")
    before = {path.name: path.read_bytes() for path in paths(stage)}
    modes = {"0.json": 0o640, "0.sealed": 0o604}
    (stage.folder / "kept/0.json").chmod(0o640)
    (stage.folder / "kept/below/0.sealed").chmod(0o604)
    lines, said = plan(stage, "--from", old, "--to", other)
    assert "planned: records 10, sealed files 4, volumes 0, objects 0" in said and "2 are something else" in said
    assert len(lines) == 14 and {line["key"] for line in lines} == {old}
    assert all(re.fullmatch("[0-9a-f]{64}", line["material"]) for line in lines)
    assert {path.name: path.read_bytes() for path in paths(stage)} == before, "a plan changes nothing"
    assert (stage.folder / "plan.jsonl").stat().st_mode & 0o777 == 0o600
    stage.fails(1, "campaign", "plan", "--from", old, "kept", "--out", "plan.jsonl")

    report, said = run(stage, 0)
    assert report["counts"] == {"done": 14, "already": 0, "cannot": 0, "failed": 0, "left": 0}
    assert "14 done" in said and set(became(report).values()) == {"done"}
    for name in ["text", "some.json", "link.json"]:
        (stage.folder / "kept" / name).unlink()
    assert keys_of(stage) == {other} and none_left(stage, "--from", old, "--to", other)
    assert {path.name: path.stat().st_mode & 0o777 for path in paths(stage) if path.name in modes} == modes
    # The old key is needed no more.
    stage.kms().disable_key(KeyId=old)
    opened = contents(stage)
    assert opened["3.json"] == b"3" + MARKER and opened["3.sealed"] == LARGE[3:] and len(opened) == 14
    with within(shared.environment()):
        message = (stage.folder / "kept/below/1.sealed").read_bytes()
        assert Python().decrypt({"kind": "kms", "keys": [other]}, message) == (LARGE[1:], {"app": "shop"})
    stage.kms().enable_key(KeyId=old)
    # A plan that is done is done: nothing is called but for the keys.
    report, _ = run(stage, 0)
    assert report["counts"]["done"] == 14


def test_after_a_rotation_what_is_current_is_left_out(stage, old):
    kms = stage.kms()
    assert len(plan(stage, "--from", old, name="before.jsonl")[0]) == 0, "nothing is older than the first material"
    kms.rotate_key_on_demand(KeyId=old)
    newest = kms.describe_key(KeyId=old)["KeyMetadata"]["CurrentKeyMaterialId"]
    stage.done("rewrap", "kept/0.json")
    lines, said = plan(stage, "--from", old)
    assert len(lines) == 13 and "1 are there already" in said and newest not in {line["material"] for line in lines}
    # Somebody else does one meanwhile.
    stage.done("rewrap", "kept/1.json")
    report, _ = run(stage, 0)
    assert (report["counts"]["done"], report["counts"]["already"]) == (12, 1)
    assert became(report)["1.json"] == "already"
    assert none_left(stage, "--from", old)
    assert stage.record("kept/5.json")["material"] == newest
    assert len(contents(stage)) == 14


def test_a_file_opens_by_its_other_keys_too_and_a_signed_one_stays(stage, old, other, shared):
    third = stage.kms().create_key()["KeyMetadata"]["Arn"]
    sealed = stage.done("seal-file", "--key", third, "--key", old, given=LARGE)
    (stage.folder / "kept/both.sealed").write_bytes(sealed)
    with within(shared.environment()):
        signed = Python().encrypt({"kind": "kms", "keys": [old]}, MARKER, {})
    (stage.folder / "kept/signed.sealed").write_bytes(signed)
    lines, said = plan(stage, "--from", old, "--to", other)
    (line,) = [line for line in lines if "signed.sealed" in line["where"]]
    assert "signed by its writer" in line["will"] and "1 cannot be" in said
    report, said = run(stage, 2)
    assert (report["counts"]["done"], report["counts"]["cannot"]) == (15, 1)
    assert "signed.sealed`: it is signed by its writer" in said
    assert (stage.folder / "kept/signed.sealed").read_bytes() == signed
    shown = json.loads(stage.done("open-file", "--inspect", "kept/both.sealed"))
    assert [data_key["key"] for data_key in shown["keys"]] == [third, other]
    for wanted in (third, other):
        assert stage.done("open-file", "--key", wanted, "kept/both.sealed") == LARGE
    stage.fails(65, "open-file", "--key", old, "kept/both.sealed")


def test_a_kill_at_any_moment_loses_nothing(stage, key, other):
    fill(stage, key, records=40, files=8)
    before = contents(stage)
    plan(stage, "--from", key, "--to", other)
    chance, kills = random.Random(5), 0
    while True:
        process = subprocess.Popen(
            [CLIENT, "campaign", "resume", "plan.jsonl", "--report", "report.json"], cwd=stage.folder, env=stage.environment,
            stderr=subprocess.PIPE,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            _, said = process.communicate(timeout=chance.uniform(0.005, 0.06) if kills < 25 else PATIENCE_SECONDS)
            assert process.returncode == 0, said
            break
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += 1
        assert not any(MARKER in path.read_bytes() for path in paths(stage)), "no plaintext is on the disk"
        # Whatever is there at this moment is whole.
        path = chance.choice([path for path in paths(stage) if not path.name.endswith(".unfinished")])
        stage.done("unwrap" if path.suffix == ".json" else "open-file", path)
    assert kills > 5
    assert contents(stage) == before and keys_of(stage) == {other}, "no leftovers, and all is there"
    report = json.loads((stage.folder / "report.json").read_text())
    counts = report["counts"]
    # What is `already` there was done by a run that was killed before it could note it.
    assert counts["done"] + counts["already"] == 48 and counts["already"] <= kills


def under_way(stage, running):
    """Waits until a run has noted some targets."""
    journal = stage.folder / "plan.jsonl.journal"

    def noted():
        assert running.runs()
        return journal.exists() and journal.read_bytes().count(b"\n") >= 4

    eventually(noted, PATIENCE_SECONDS)


def test_a_key_that_is_disabled_in_the_middle_stops_it_and_a_resumed_one_goes_on(stage, old, other):
    before = contents(stage)
    plan(stage, "--from", old, "--to", other)
    running = stage.start("campaign", "run", "plan.jsonl", "--rate", "10", "--report", "report.json")
    under_way(stage, running)
    assert "being run" in stage.fails(1, "campaign", "run", "plan.jsonl")
    stage.kms().disable_key(KeyId=other)
    assert running.wait() == 78
    report = json.loads((stage.folder / "report.json").read_text())
    assert report["counts"]["done"] >= 3 and report["counts"]["left"] > 0 and report["counts"]["failed"] == 0
    report, said = run(stage, 78)
    assert "is Disabled" in said and "goes on" in said
    stage.kms().enable_key(KeyId=other)
    report, _ = run(stage, 0)
    assert report["counts"]["left"] == 0 and contents(stage) == before and keys_of(stage) == {other}


def test_calls_are_paced_and_a_terminal_shows_a_bar(stage, old, other):
    plan(stage, "--from", old, "--to", other)
    begun = time.monotonic()
    shown, out = pty.openpty()
    command = [CLIENT, "campaign", "run", "plan.jsonl", "--rate", "40"]
    process = subprocess.Popen(command, cwd=stage.folder, env=stage.environment, stderr=out)
    os.close(out)
    text = b""
    with contextlib.suppress(OSError):
        while piece := os.read(shown, 4096):
            text += piece
    os.close(shown)
    assert process.wait() == 0
    # Two keys are described; a record is one call, a sealed file two.
    assert time.monotonic() - begun > (2 + 10 + 4 * 2 - 1) / 40
    assert re.search(rb"\[#{4,26}-+\] \d+ of 14, [\d.]+ a second, \d+ s left", text), text
    assert b"[" + b"#" * 30 + b"] 14 of 14" in text


def test_what_is_denied_is_reported_and_the_others_are_done(stage, old, other):
    plan(stage, "--from", old, "--to", other)
    carol = stage.user("carol-campaigns")
    keys = {"Resource": [old, other], "Effect": "Allow"}
    describes = keys | {"Action": "kms:DescribeKey"}
    uses = keys | {"Action": ["kms:ReEncrypt*", "kms:Decrypt", "kms:GenerateDataKey"]}
    shop_alone = uses | {"Condition": {"StringEquals": {"kms:EncryptionContext:app": "shop"}}}

    def may(*statements):
        stage.service("iam").put_user_policy(UserName="carol-campaigns", PolicyName="p", PolicyDocument=document(*statements))

    may(describes, shop_alone)
    report, said = run(stage, 2, **carol)
    assert (report["counts"]["done"], report["counts"]["failed"]) == (9, 5)
    assert said.count("AccessDeniedException") == 5
    (denied,) = [line for line in report["targets"] if line["where"].endswith("/0.json")]
    assert denied["became"] == "failed" and "AccessDenied" in denied["why"]
    may(describes, uses)
    report, _ = run(stage, 0, **carol)
    assert report["counts"]["done"] == 14
    # Who may not even ask for the keys is told so at once, and so is who nobody knows.
    may(shop_alone)
    stage.fails(77, "campaign", "plan", "--from", old, "kept", "--out", "x.jsonl", **carol)
    plan(stage, "--from", other, "--to", old, name="back.jsonl")
    report, _ = run(stage, 77, name="back.jsonl", AWS_SECRET_ACCESS_KEY="wrong")
    assert report["counts"]["left"] == 14


def test_files_that_are_gone_or_others_by_now_are_reported(stage, old, other):
    third = stage.kms().create_key()["KeyMetadata"]["Arn"]
    plan(stage, "--from", old, "--to", other)
    kept = stage.folder / "kept"
    (kept / "0.json").unlink()
    (kept / "1.json").write_text("not a record any more")
    stage.done("rewrap", "kept/2.json", "--key", third)
    # A record that names another key than that of its blob is not believed.
    lying = stage.record("kept/3.json") | {"wrapped": stage.record("kept/2.json")["wrapped"]}
    (kept / "3.json").write_text(json.dumps(lying))
    changed = bytearray((kept / "below/0.sealed").read_bytes())
    changed[-1] ^= 1
    (kept / "below/0.sealed").write_bytes(changed)
    untouched = {path: path.read_bytes() for path in [kept / "1.json", kept / "3.json", kept / "below/0.sealed"]}
    report, said = run(stage, 2)
    fates = became(report)
    assert [fates[name] for name in ["0.json", "1.json", "2.json", "3.json", "0.sealed"]] == [
        "failed", "failed", "cannot", "failed", "failed",
    ]
    assert f"is under {third} by now" in said and "it was changed" in said and report["counts"]["done"] == 9
    assert {path: path.read_bytes() for path in untouched} == untouched
    assert not [path for path in paths(stage) if path.name.endswith(".unfinished")]


def test_plans_that_were_edited(stage, old, other):
    plan(stage, "--from", old, "--to", other)
    text = (stage.folder / "plan.jsonl").read_text().splitlines()
    before = {path: path.read_bytes() for path in paths(stage)}
    for wrong, told in [
        (text[:3] + ["{}"] + text[3:], "line 4"), (text[1:], "line 1"), ([], "empty"),
        ([text[0].replace('"campaign":1', '"campaign":9'), *text[1:]], "version 9"),
        ([*text[:2], text[2].replace('"record"', '"tape"').replace('"sealed-file"', '"tape"')], "line 3"),
        ([*text[:2], text[2][:40]], "line 3"),
    ]:
        (stage.folder / "edited.jsonl").write_text("\n".join(wrong))
        assert told in stage.fails(65, "campaign", "run", "edited.jsonl")
    stage.fails(1, "campaign", "run", "none.jsonl")
    assert {path: path.read_bytes() for path in paths(stage)} == before
    # Lines may be removed.
    (stage.folder / "plan.jsonl").write_text("\n".join(text[:4]) + "\n")
    report, _ = run(stage, 0)
    assert report["counts"]["done"] == 3
    # The journal of another plan is not taken for its own.
    (stage.folder / "other.jsonl.journal").write_bytes((stage.folder / "plan.jsonl.journal").read_bytes())
    plan(stage, "--from", old, "--to", other, name="other.jsonl")
    assert "another plan" in stage.fails(65, "campaign", "run", "other.jsonl")
    for wrong in [[], ["kept"], ["--bucket", "invoices"]]:
        stage.fails(1, "campaign", "plan", "--from", old, *wrong, *([] if wrong == ["kept"] else ["--out", "x"]))
    signs = stage.kms().create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["Arn"]
    assert "SIGN_VERIFY" in stage.fails(1, "campaign", "plan", "--from", old, "--to", signs, "kept", "--out", "x")
    stage.fails(78, "campaign", "plan", "--from", "alias/none", "kept", "--out", "x")


def test_a_full_disk_leaves_files_as_they_were(stage, old, other):
    plan(stage, "--from", old, "--to", other)
    before = {path: path.read_bytes() for path in paths(stage) if path.suffix == ".sealed"}

    def little_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    done = subprocess.run(
        [CLIENT, "campaign", "run", "plan.jsonl"], cwd=stage.folder, env=stage.environment, capture_output=True,
        preexec_fn=little_room, timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 2 and b"10 done" in done.stderr and b"4 failed" in done.stderr, done.stderr
    assert b"as it was" in done.stderr
    assert {path: path.read_bytes() for path in paths(stage) if path.suffix == ".sealed"} == before
    assert len(paths(stage)) == 14, "nothing is left behind"
    assert run(stage, 0)[0]["counts"]["done"] == 14


def test_a_server_that_goes_away_stops_it(tmp_path):
    deployment = Deployment(tmp_path / "server").init().start()
    try:
        stage = Stage(tmp_path, deployment.environment())
        old, other = (stage.kms().create_key()["KeyMetadata"]["Arn"] for _ in range(2))
        fill(stage, old, files=1)
        plan(stage, "--from", old, "--to", other)
        running = stage.start("campaign", "run", "plan.jsonl", "--rate", "5", "--wait", "1")
        under_way(stage, running)
        port = deployment.port
        deployment.kill()
        assert running.wait() == 69
        assert "KMS is not reached" in running.log("not reached")["message"]
        report, _ = run(stage, 69, "--wait", "1")
        assert report["counts"]["done"] >= 3 and report["counts"]["left"] > 0
        deployment.start(port=port)
        assert run(stage, 0)[0]["counts"]["left"] == 0
        assert len(contents(stage)) == 11 and keys_of(stage) == {other}
    finally:
        deployment.end()


def test_it_works_with_another_kms(another):
    stage, kms = another
    old, other = (kms.create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"] for _ in range(2))
    (stage.folder / "kept").mkdir()
    stage.done("wrap", "--key", old, "--context", "app=shop", "--out", "kept/r.json", given=MARKER)
    (stage.folder / "kept/f.sealed").write_bytes(stage.done("seal-file", "--key", old, given=LARGE))
    lines, _ = plan(stage, "--from", old, "--to", other)
    assert len(lines) == 2 and not any("material" in line for line in lines)
    run(stage, 0)
    assert contents(stage) == {"r.json": MARKER, "f.sealed": LARGE} and keys_of(stage) == {other}
    # Such a KMS tells of no material: twice is as good as once.
    assert len(plan(stage, "--from", other, name="again.jsonl")[0]) == 2
    run(stage, 0, name="again.jsonl")
    assert contents(stage) == {"r.json": MARKER, "f.sealed": LARGE}


def test_the_pages_commands_do_what_they_say(machine):
    folder, _, _ = machine
    (folder / "bin/keywright-client").symlink_to(CLIENT)
    titles = ["Under another key", "After a rotation", "Crypto-shredding"]
    start, *told = [block for title in titles for block in blocks("console", section(title, PAGE))]
    does_what_it_says(start, told, machine, 20)
