"""The four tiers of Redshift: docs/warehouses.md, and examples/warehouse/four_tiers.py, whose rotations rewrite what they say."""

import json
import shutil
import signal
import subprocess
import sys

import pytest

from test_readme import begun, blocks, follow, machine, section, steps
from test_warehouses import EXAMPLES, PAGE

import four_tiers
from four_tiers import DoesNotOpen, Warehouse

ROWS = [f"order {number} that nobody may see" for number in range(2500)]
SECTION = section("The four tiers of Redshift", PAGE)


def test_the_page_says_what_happens(machine):
    folder, environment, _ = machine
    start, *_ = blocks("console", PAGE)
    server, export = begun(start, machine)
    (folder / "four_tiers.py").write_bytes((EXAMPLES / "four_tiers.py").read_bytes())
    told = [step for block in blocks("console", SECTION) for step in steps(block)]
    assert len(told) > 12
    follow(told, folder, environment, export)
    assert server.end() == 0


class Tiers:
    """A warehouse with rows, and the client of its KMS."""

    def __init__(self, served, folder):
        self.folder = folder / "warehouse"
        self.environment = served.environment()
        self.kms = served.client("kms")
        self.key = self.new_key()
        Warehouse.create(self.folder, self.kms, self.key, "sales").add(ROWS)

    def new_key(self):
        return self.kms.create_key()["KeyMetadata"]["Arn"]

    def start(self):
        return Warehouse(self.folder, self.kms)

    def files(self):
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def cluster(self):
        return json.loads((self.folder / "cluster.json").read_text())


@pytest.fixture
def tiers(shared, tmp_path):
    return Tiers(shared, tmp_path)


def changed(before, after):
    """What is not as it was: files, or members of the cluster's file."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


KEYS = {f"blocks/00000{number}.key" for number in (1, 2, 3)}


def generation(number):
    return {f"blocks/00000{block}.{number}.rows" for block in (1, 2, 3)}


@pytest.mark.parametrize(
    ("tier", "files", "members"),
    [
        ("kms_key", {"cluster.json"}, {"cluster_key"}),
        ("cluster_key", {"cluster.json"}, {"cluster_key", "database_keys"}),
        ("database_key", {"cluster.json"} | KEYS, {"database_keys"}),
        ("block_keys", KEYS | generation(1) | generation(2), set()),
    ],
)
def test_a_rotation_rewrites_its_tier_alone(tiers, tier, files, members):
    running = tiers.start()
    if tier == "kms_key":
        tiers.kms.rotate_key_on_demand(KeyId=tiers.key)
    before, cluster = tiers.files(), tiers.cluster()
    rewritten = getattr(running, f"rotate_{tier}")()
    assert changed(before, tiers.files()) == files
    assert set(rewritten) == files - generation(1)
    assert changed(cluster, tiers.cluster()) == members
    # The one that rotated, and one that starts now: both read what was there and what comes.
    for warehouse in (running, tiers.start()):
        assert list(warehouse.rows()) == ROWS
    running.add(["new"])
    assert list(tiers.start().rows()) == [*ROWS, "new"]
    for rotate in ("database_key", "block_keys", "cluster_key", "kms_key"):
        getattr(tiers.start(), f"rotate_{rotate}")()
    assert list(tiers.start().rows()) == [*ROWS, "new"]


def test_the_kms_key_rotates_to_another_key(tiers):
    other = tiers.new_key()
    before = tiers.files()
    assert tiers.start().rotate_kms_key(other) == ["cluster.json"]
    assert changed(before, tiers.files()) == {"cluster.json"}
    tiers.kms.disable_key(KeyId=tiers.key)
    assert list(tiers.start().rows()) == ROWS
    assert tiers.cluster()["key"] == other


def test_rotated_keys_open_nothing_new(tiers):
    """Who kept an old cluster file, and may use the KMS key, still has the old database key: not that of new block keys."""
    old = (tiers.folder / "cluster.json").read_bytes()
    tiers.start().rotate_database_key()
    new = (tiers.folder / "cluster.json").read_bytes()
    (tiers.folder / "cluster.json").write_bytes(old)
    with pytest.raises(DoesNotOpen, match="is under database key 2, which this cluster does not have"):
        list(tiers.start().rows())
    (tiers.folder / "cluster.json").write_bytes(new)
    assert list(tiers.start().rows()) == ROWS


@pytest.mark.parametrize(("member", "value"), [("arn", "sales-2"), ("created", "20200101T000000Z")])
def test_a_renamed_cluster_gets_no_key(tiers, shared, member, value):
    cluster = tiers.cluster()
    original = cluster[member]
    cluster[member] = original.replace("cluster:sales", f"cluster:{value}") if member == "arn" else value
    (tiers.folder / "cluster.json").write_text(json.dumps(cluster))
    with pytest.raises(DoesNotOpen, match="the cluster key is not the one of arn:aws:redshift:us-east-1:"):
        tiers.start()
    record = shared.journal()[-1]
    assert (record["eventName"], record["errorCode"]) == ("Decrypt", "InvalidCiphertextException")
    context = {"aws:redshift:arn": cluster["arn"], "aws:redshift:createtime": cluster["created"]}
    assert record["requestParameters"]["encryptionContext"] == context
    (tiers.folder / "cluster.json").write_text(json.dumps(cluster | {member: original}))
    assert list(tiers.start().rows()) == ROWS


def test_a_policy_can_name_the_cluster(tiers):
    """The context is there for policies, too."""
    policy = json.loads(tiers.kms.get_key_policy(KeyId=tiers.key)["Policy"])
    policy["Statement"].append({
        "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
        "Condition": {"StringEquals": {"kms:EncryptionContext:aws:redshift:arn": tiers.cluster()["arn"]}},
    })
    tiers.kms.put_key_policy(KeyId=tiers.key, Policy=json.dumps(policy))
    with pytest.raises(tiers.kms.exceptions.ClientError, match="AccessDeniedException"):
        tiers.start()


def test_a_running_cluster_outlives_its_key_and_does_not_start_again(tiers):
    running = tiers.start()
    tiers.kms.disable_key(KeyId=tiers.key)
    assert list(running.rows()) == ROWS
    running.add(["meanwhile"])
    running.rotate_database_key()
    for refused in (tiers.start, running.rotate_cluster_key, running.rotate_kms_key):
        with pytest.raises(tiers.kms.exceptions.DisabledException):
            refused()
    assert list(running.rows()) == [*ROWS, "meanwhile"]
    tiers.kms.enable_key(KeyId=tiers.key)
    assert list(tiers.start().rows()) == [*ROWS, "meanwhile"]


def test_nothing_is_in_the_clear_and_nothing_can_be_moved(tiers):
    for content in tiers.files().values():
        assert b"nobody may see" not in content
    blocks_of_rows = sorted((tiers.folder / "blocks").glob("*.rows"))
    keys = sorted((tiers.folder / "blocks").glob("*.key"))
    contents = {path: path.read_bytes() for path in [*blocks_of_rows, *keys]}
    damages = {
        "a bit": {blocks_of_rows[0]: bytes([contents[blocks_of_rows[0]][20] ^ 1]) + contents[blocks_of_rows[0]][1:]},
        "cut": {blocks_of_rows[0]: contents[blocks_of_rows[0]][:-1]},
        "empty": {blocks_of_rows[0]: b""},
        "blocks swapped": {blocks_of_rows[0]: contents[blocks_of_rows[1]], blocks_of_rows[1]: contents[blocks_of_rows[0]]},
        "keys swapped": {keys[0]: contents[keys[1]], keys[1]: contents[keys[0]]},
        "another's rows": {keys[0]: contents[keys[1]]},
        "a key cut": {keys[0]: contents[keys[0]][:40]},
        "a key empty": {keys[0]: b""},
        "a key without rows": {keys[0]: contents[keys[0]].replace(b"rows\"", b"row\"")},
        "rows elsewhere": {keys[0]: contents[keys[0]].replace(b"000001.1.rows", b"../../1.rows")},
        "a sealed key damaged": {keys[0]: contents[keys[0]].replace(b'"sealed": "', b'"sealed": "A')},
    }
    for damage in damages.values():
        for path, content in damage.items():
            path.write_bytes(content)
        with pytest.raises(DoesNotOpen):
            list(tiers.start().rows())
        with pytest.raises(DoesNotOpen):
            tiers.start().rotate_block_keys()
        for path, content in contents.items():
            path.write_bytes(content)
    assert list(tiers.start().rows()) == ROWS


def test_a_damaged_cluster_file_is_refused(tiers):
    path = tiers.folder / "cluster.json"
    whole = path.read_bytes()
    for damaged in (b"", whole[:100], b"[]", whole.replace(b'"created"', b'"made"'), whole.replace(b'"1": "', b'"1": "A')):
        path.write_bytes(damaged)
        with pytest.raises(DoesNotOpen):
            tiers.start()
    path.write_bytes(whole)
    assert list(tiers.start().rows()) == ROWS


def test_what_the_keys_do_not_prevent(tiers):
    """As the page says: older files can be put back, and blocks taken away from the end."""
    (tiers.folder / "blocks/000003.key").unlink()
    assert list(tiers.start().rows()) == ROWS[:2000]


KILLED = """
import os, signal, sys, boto3, four_tiers

left = int(sys.argv[3])
write = four_tiers._write

def dying(path, content):
    global left
    if left == 0:
        # Half a file, and then nothing more.
        path.with_name(f".{path.name}.new").write_bytes(content[:10])
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    write(path, content)

four_tiers._write = dying
getattr(four_tiers.Warehouse(sys.argv[1], boto3.client("kms")), "rotate_" + sys.argv[2])()
"""


@pytest.mark.parametrize(
    ("tier", "writes"), [("kms_key", 1), ("cluster_key", 1), ("database_key", 5), ("block_keys", 6)],
)
def test_a_kill_at_any_write_leaves_all_rows(tiers, tier, writes):
    environment = tiers.environment | {"PYTHONPATH": str(EXAMPLES), "PYTHONDONTWRITEBYTECODE": "1"}
    whole = tiers.folder.with_name("whole")
    tiers.folder.rename(whole)
    for left in range(writes):
        shutil.copytree(whole, tiers.folder)
        done = subprocess.run([sys.executable, "-c", KILLED, tiers.folder, tier, str(left)], env=environment)
        assert done.returncode == -signal.SIGKILL
        assert list(tiers.start().rows()) == ROWS
        getattr(tiers.start(), f"rotate_{tier}")()
        assert list(tiers.start().rows()) == ROWS
        assert len(tiers.cluster()["database_keys"]) == 1
        assert len([name for name in tiers.files() if name.endswith(".rows")]) == 3
        shutil.rmtree(tiers.folder)


def test_wrong_use_shows_what_is_right(tiers):
    program = EXAMPLES / "four_tiers.py"
    for arguments in ([], ["create", "folder"], ["rotate", str(tiers.folder), "everything"]):
        done = subprocess.run([sys.executable, program, *arguments], env=tiers.environment, capture_output=True, text=True)
        assert done.returncode == 1 and done.stderr.strip() == four_tiers.__doc__.strip()
    done = subprocess.run(
        [sys.executable, program, "show", tiers.folder / "nowhere"], env=tiers.environment, capture_output=True, text=True
    )
    assert done.returncode == 1 and done.stderr.startswith("FileNotFoundError: ") and "Traceback" not in done.stderr
    gone = tiers.environment | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    done = subprocess.run([sys.executable, program, "show", tiers.folder], env=gone, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("EndpointConnectionError: "), done.stderr
