"""`keywright-client campaign shred`: certificates of what a key's deletion made unreadable."""

import datetime
import gzip
import hashlib
import json
import os
import subprocess

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from gateway import document
from keywright import PATIENCE_SECONDS, REGION, keywright
from test_campaigns import MARKER, fill, old, other
from test_client import Stage, key, stage
from test_dev import Development
from test_trails import END, START, within


def signer(stage, **spec):
    return stage.kms().create_key(KeyUsage="SIGN_VERIFY", **spec)["KeyMetadata"]["Arn"]


def shredded(stage, key, *arguments, out="shred.jsonl"):
    """Plans to shred the folder `kept`: the lines, and what was said."""
    done = stage.run("campaign", "shred", "plan", "--key", key, "kept", "--out", out, *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in (stage.folder / out).read_text().splitlines()[1:]], done.stderr.decode()


def certified(stage, code, signer, *options, out="certificate.json"):
    """A certificate whose signature was verified: by Python, and by openssl as the page does."""
    done = stage.run("campaign", "shred", "certify", "shred.jsonl", "--signing-key", signer, "--out", out, *options)
    assert done.returncode == code, done.stderr
    text, signature = ((stage.folder / name).read_bytes() for name in [out, out + ".sig"])
    certificate = json.loads(text)
    der = stage.kms().get_public_key(KeyId=signer)["PublicKey"]
    public = serialization.load_der_public_key(der)
    hash_of = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}[certificate["signer"]["algorithm"][-3:]]()

    def verify(message):
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, message, ec.ECDSA(hash_of))
        else:
            public.verify(signature, message, padding.PKCS1v15(), hash_of)

    verify(text)
    with pytest.raises(InvalidSignature):
        verify(text.replace(b"PendingDeletion", b"Gone") + b" ")
    (stage.folder / "signer.der").write_bytes(der)
    by_openssl = ["openssl", "dgst", f"-{hash_of.name}", "-keyform", "DER", "-verify", "signer.der", "-signature", out + ".sig", out]
    assert subprocess.run(by_openssl, cwd=stage.folder, capture_output=True).stdout == b"Verified OK\n"
    return certificate


def test_what_a_deletion_makes_unreadable_is_certified(stage, old, other):
    stage.done("wrap", "--key", other, "--new", "32", "--out", "kept/another.json")
    (stage.folder / "kept/both.sealed").write_bytes(stage.done("seal-file", "--key", old, "--key", other, given=MARKER))
    lines, said = shredded(stage, old)
    assert "14 become unreadable" in said and "1 open by another key too, 1 are under other keys" in said
    assert [line["also"] for line in lines if "also" in line] == [[other]]
    signs = signer(stage, KeySpec="ECC_NIST_P256")
    certify = ["campaign", "shred", "certify", "shred.jsonl", "--signing-key"]
    assert "schedule its deletion" in stage.fails(78, *certify, signs, "--out", "c.json")
    stage.kms().disable_key(KeyId=old)
    stage.fails(78, *certify, signs, "--out", "c.json")
    stage.kms().schedule_key_deletion(KeyId=old, PendingWindowInDays=7)

    (stage.folder / "kept/0.json").write_text((stage.folder / "kept/1.json").read_text())
    (stage.folder / "kept/2.json").unlink()
    (stage.folder / "proof.json").write_text('{"proof": 1, "record": {"eventName": "ScheduleKeyDeletion"}, "path": [1, "ab", null]}')
    certificate = certified(stage, 2, signs, "--proof", "proof.json")
    assert certificate["key"]["arn"] == old and certificate["key"]["state"] == "PendingDeletion"
    told = stage.kms().describe_key(KeyId=old)["KeyMetadata"]["DeletionDate"]
    assert certificate["key"]["deletion"] == told.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert certificate["proof"] == json.loads((stage.folder / "proof.json").read_text())
    unreadable = {os.path.basename(line["where"]): line for line in certificate["unreadable"]}
    assert len(unreadable) == 12 and all("KMSInvalidStateException" in line["answer"] for line in unreadable.values())
    for path in [stage.folder / "kept/5.json", stage.folder / "kept/below/1.sealed"]:
        envelope = unreadable[path.name]["envelope"]
        assert hashlib.sha256(path.read_bytes()[: envelope["bytes"]]).hexdigest() == envelope["sha256"]
    others = {os.path.basename(line["where"]): line["why"] for line in certificate["not_unreadable"]}
    assert sorted(others) == ["0.json", "2.json", "both.sealed"]
    assert "another one" in others["0.json"] and other in others["both.sealed"]

    stage.fails(1, *certify, signs, "--out", "certificate.json")
    (stage.folder / "proof.json").write_text("no JSON")
    stage.fails(65, *certify, signs, "--out", "c.json", "--proof", "proof.json")
    stage.fails(1, *certify, signer(stage, KeySpec="ECC_NIST_EDWARDS25519"), "--out", "c.json")
    # Who is denied proves nothing.
    dave = stage.user("dave-shreds")
    allowed = {"Effect": "Allow", "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"], "Resource": "*"}
    stage.service("iam").put_user_policy(UserName="dave-shreds", PolicyName="p", PolicyDocument=document(allowed))
    denied = stage.run(*certify, signs, "--out", "denied.json", **dave)
    assert denied.returncode == 2 and b"0 are certified" in denied.stderr, denied.stderr
    assert json.loads((stage.folder / "denied.json").read_text())["unreadable"] == []
    assert not (stage.folder / "c.json").exists() and not (stage.folder / "c.json.sig").exists()
    # When the deletion is cancelled, nothing is certified any more.
    stage.kms().cancel_key_deletion(KeyId=old)
    stage.fails(78, *certify, signs, "--out", "c.json")


@pytest.mark.parametrize("spec", ["ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "RSA_2048"])
def test_keys_of_other_kinds_sign_certificates(stage, key, spec):
    fill(stage, key, records=1, files=0)
    shredded(stage, key)
    stage.kms().schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    certificate = certified(stage, 0, signer(stage, KeySpec=spec))
    assert len(certificate["unreadable"]) == 1 and certificate["not_unreadable"] == []


class Recorded:
    """A development whose clock moves, whose journal stays, and whose trail makes digests every hour."""

    def __init__(self, folder):
        self.audit, self.data, self.folder = folder / "audit", folder / "data", folder
        self.audit.mkdir()
        self.development = Development("--bucket", f"audit={self.audit}", "--data-dir", self.data)
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
        self.stage = Stage(folder, keys | {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": self.development.endpoint})
        trails = self.stage.service("cloudtrail")
        trails.create_trail(Name="main", S3BucketName="audit", IsMultiRegionTrail=True, EnableLogFileValidation=True)
        trails.start_logging(Name="main")

    def advance(self, time):
        self.development.control("clock", {"advance": time})

    def prove(self, name):
        """Writes a proof of the first event of this name."""

        def delivered():
            files = (gzip.decompress(path.read_bytes()) for path in self.audit.rglob("*_CloudTrail_*.json.gz"))
            found = (event for file in files for event in json.loads(file)["Records"])
            return next((event["eventID"] for event in found if event["eventName"] == name), None)

        event = within(PATIENCE_SECONDS, delivered)
        prove = ["trail", "prove", event, "--data-dir", self.data, "--out", self.folder / "proof.json"]
        within(PATIENCE_SECONDS, lambda: keywright(*prove).returncode == 0)

    def verify(self, proof):
        """What `keywright trail verify` says of a proof."""
        command = ["aws", "cloudtrail", "list-public-keys", "--region", REGION, "--start-time", START, "--end-time", END]
        listed = subprocess.run(command, env=self.stage.environment, capture_output=True, text=True)
        (self.folder / "keys.json").write_text(listed.stdout)
        (self.folder / "again.json").write_text(json.dumps(proof))
        done = keywright("trail", "verify", self.folder / "again.json", "--public-keys", self.folder / "keys.json")
        assert done.returncode == 0, listed.stderr + done.stderr
        return done.stdout


def test_a_key_that_is_gone_is_certified_with_proof_and_replicas_are_not_forgotten(tmp_path):
    recorded = Recorded(tmp_path)
    stage, kms = recorded.stage, recorded.stage.kms()
    key = kms.create_key()["KeyMetadata"]["Arn"]
    related = kms.create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
    fill(stage, key, records=2, files=1)
    shredded(stage, key)
    stage.done("wrap", "--key", related, "--new", "32", "--out", "kept/related.json")
    shredded(stage, related, out="related.jsonl")
    signs = signer(stage, KeySpec="ECC_NIST_P256")
    for target in (key, related):
        kms.schedule_key_deletion(KeyId=target, PendingWindowInDays=7)
    related_one = ["campaign", "shred", "certify", "related.jsonl", "--signing-key", signs, "--out"]
    stage.done(*related_one, "alone.json")
    recorded.advance("61m")
    recorded.prove("ScheduleKeyDeletion")
    recorded.advance("8d")
    certificate = certified(stage, 0, signs, "--proof", "proof.json")
    assert certificate["key"] == {"arn": key, "state": "Gone"} and len(certificate["unreadable"]) == 3
    assert all("NotFoundException" in line["answer"] for line in certificate["unreadable"])
    said = recorded.verify(certificate["proof"])
    assert "ScheduleKeyDeletion" in said and key in said
    assert "replica" in stage.fails(78, *related_one, "r.json")
    assert recorded.development.process.end() == 0
