"""Writes the fixtures proof.json and keys.json from docs/audit-format.md, sharing nothing with the crate.

Run in this directory: python3 write_v1.py. Its output never changes; a later format gets a fixture of its own.
"""

import base64
import hashlib
import json
import pathlib

JOURNAL = pathlib.Path("../../../audit/tests/journal/v1/00000000000000000001.journal")
EVENT = "e1e1e1e1-e1e1-e1e1-e1e1-e1e1e1e1e1e1"


def sha256(data):
    return hashlib.sha256(data).digest()


# The journal of the first fixture, as if five more records followed.
segment = JOURNAL.read_bytes()
records, at = [], 96
while at < len(segment):
    length = int.from_bytes(segment[at:at + 4], "little") & 0x7FFF_FFFF
    records.append(segment[at + 4:at + 4 + length])
    at += 4 + length + 32
records += [b"record %d" % number for number in range(3, 8)]


def tree_hash(leaves):
    """MTH of RFC 6962 section 2.1."""
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0])
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + tree_hash(leaves[:k]) + tree_hash(leaves[k:]))


def path(m, leaves):
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if m < k:
        return path(m, leaves[:k]) + [tree_hash(leaves[k:])]
    return path(m - k, leaves[k:]) + [tree_hash(leaves[:k])]


def prime(seed):
    """A prime of 1024 bits: the first after a number that the seed gives. Good for a fixture and for nothing else."""
    stream = b"".join(sha256(b"%s %d" % (seed, number)) for number in range(4))
    candidate = int.from_bytes(stream, "big") | 3 << 1022 | 1
    while any(pow(base, candidate - 1, candidate) != 1 for base in (2, 3, 5, 7)) or (candidate - 1) % 65537 == 0:
        candidate += 2
    return candidate


def der(tag, contents):
    size = len(contents)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + contents


def integer(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


p, q = prime(b"fixture p"), prime(b"fixture q")
n, d = p * q, pow(65537, -1, (p - 1) * (q - 1))
public_key = der(0x30, integer(n) + integer(65537))
fingerprint = sha256(public_key)[:16].hex()


def sign(text):
    """RSASSA-PKCS1-v1_5 with SHA-256, RFC 8017 section 8.2.1."""
    info = bytes.fromhex("3031300d060960864801650304020105000420") + sha256(text)
    padded = b"\0\1" + b"\xff" * (256 - 3 - len(info)) + b"\0" + info
    return pow(int.from_bytes(padded, "big"), d, n).to_bytes(256, "big").hex()


name = (
    "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2023/11/14/"
    "111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_20231114T230000Z.json.gz"
)
digest = json.dumps({
    "awsAccountId": "111122223333",
    "digestStartTime": "2023-11-14T22:00:00Z",
    "digestEndTime": "2023-11-14T23:00:00Z",
    "digestS3Bucket": "audit",
    "digestS3Object": name,
    "digestPublicKeyFingerprint": fingerprint,
    "digestSignatureAlgorithm": "SHA256withRSA",
    "newestEventTime": None,
    "oldestEventTime": None,
    "previousDigestS3Bucket": None,
    "previousDigestS3Object": None,
    "previousDigestHashValue": None,
    "previousDigestHashAlgorithm": None,
    "previousDigestSignature": None,
    "logFiles": [],
    "keywrightJournal": {
        "node": segment[8:24].hex(),
        "firstSequence": 1,
        "records": len(records),
        "merkleRoot": tree_hash(records).hex(),
        "chainValue": "00" * 32,
    },
}, separators=(",", ":"))
text = f"2023-11-14T23:00:00Z\naudit/{name}\n{sha256(digest.encode()).hex()}\nnull"
proof = {
    "format": "keywright-event-proof",
    "version": 1,
    "eventId": EVENT,
    "sequence": 1,
    "record": base64.b64encode(records[0]).decode(),
    "path": [beside.hex() for beside in path(0, records)],
    "digest": digest,
    "signature": sign(text.encode()),
    "publicKey": base64.b64encode(public_key).decode(),
}
keys = {"PublicKeyList": [{"Value": proof["publicKey"], "Fingerprint": fingerprint}]}
pathlib.Path("proof.json").write_text(json.dumps(proof, indent=2) + "\n")
pathlib.Path("keys.json").write_text(json.dumps(keys, indent=2) + "\n")
print("fingerprint", fingerprint, "root", tree_hash(records).hex())
