"""Verifies a proof of an event as docs/audit-format.md describes it, sharing nothing with the server.

python3 check_proof.py PROOF KEYS, where KEYS is what `aws cloudtrail list-public-keys` printed.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key


class NotProved(Exception):
    """The proof proves nothing, for this reason."""


def sha256(data):
    return hashlib.sha256(data).digest()


def root_of(record, index, records, path):
    """The root to which a path leads: the tree's halves are found from above, and joined from below."""
    def join(index, records, path):
        if records == 1:
            if path:
                raise NotProved("the path is too long")
            return sha256(b"\0" + record)
        if not path:
            raise NotProved("the path is too short")
        left = 1 << (records - 1).bit_length() - 1
        if index < left:
            return sha256(b"\1" + join(index, left, path[:-1]) + path[-1])
        return sha256(b"\1" + path[-1] + join(index - left, records - left, path[:-1]))
    return join(index, records, path)


def public_key(pkcs1):
    """A key of PKCS#1 with the head that makes it a SubjectPublicKeyInfo (RFC 8017 A.1.1, RFC 5280 4.1)."""
    def der(tag, contents):
        return bytes([tag, 0x82]) + len(contents).to_bytes(2, "big") + contents
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    return load_der_public_key(der(0x30, algorithm + der(0x03, b"\0" + pkcs1)))


def verify(proof, listed):
    """What a proof proves: the sequence number and the bytes of a record, and the digest that vouches for them."""
    if (proof["format"], proof["version"]) != ("keywright-event-proof", 1):
        raise NotProved("it is of another format")
    digest = json.loads(proof["digest"])
    keys = {key["Fingerprint"]: base64.b64decode(key["Value"]) for key in listed["PublicKeyList"]}
    if digest["digestPublicKeyFingerprint"] not in keys:
        raise NotProved("nobody vouches for its key")
    signed = "\n".join([
        digest["digestEndTime"],
        digest["digestS3Bucket"] + "/" + digest["digestS3Object"],
        sha256(proof["digest"].encode()).hex(),
        digest["previousDigestSignature"] or "null",
    ])
    key = public_key(keys[digest["digestPublicKeyFingerprint"]])
    try:
        key.verify(bytes.fromhex(proof["signature"]), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise NotProved("the signature does not hold") from None
    journal = digest["keywrightJournal"]
    index = proof["sequence"] - journal["firstSequence"]
    if not 0 <= index < journal["records"]:
        raise NotProved("the digest does not tell of the record")
    record = base64.b64decode(proof["record"])
    root = root_of(record, index, journal["records"], [bytes.fromhex(beside) for beside in proof["path"]])
    if root.hex() != journal["merkleRoot"]:
        raise NotProved("the record is not in the digest's tree")
    return proof["sequence"], record, digest


if __name__ == "__main__":
    proof, keys = (json.load(open(path)) for path in sys.argv[1:])
    sequence, record, digest = verify(proof, keys)
    print(f"record {sequence}, {len(record)} bytes, was in the journal when the digest of {digest['digestEndTime']} was made")
