#!/usr/bin/env python3
"""Checks Keywright's key hierarchy and blob format from their documents alone.

Walks seal key -> domain key -> material -> blob over `vectors.json` with the `cryptography` package, in both
directions: opens what is sealed, and seals the inputs again and compares byte for byte. Follows
docs/key-hierarchy.md and docs/blob-format.md and shares no code with the server.

  check_blob.py            checks; exits 1 and names the first difference, if there is one
  check_blob.py --write    makes vectors.json anew from the inputs below (after a change of format only)
"""

import base64
import json
import pathlib
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.kbkdf import CounterLocation, KBKDFHMAC, Mode
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VECTORS = pathlib.Path(__file__).with_name("vectors.json")
DOCUMENT = VECTORS.parents[2] / "docs" / "blob-format.md"
KEY_FILE_HEADER = "keywright-seal-key-v1"
MULTI_REGION = 1


class Mismatch(Exception):
    """What is in the vectors does not follow from the documents."""


def require(condition, what):
    if not condition:
        raise Mismatch(what)


def derive(key, label, context, length):
    """SP 800-108r1, counter mode, HMAC-SHA-256. The package adds the zero byte and the length."""
    kdf = KBKDFHMAC(
        algorithm=hashes.SHA256(), mode=Mode.CounterMode, length=length, rlen=4, llen=4,
        location=CounterLocation.BeforeFixed, label=label.encode(), context=context, fixed=None,
    )
    return kdf.derive(key)


def envelope_keys(key, label, prefix, fresh):
    """The key and the commitment of one envelope, 32 bytes each."""
    return derive(derive(key, label, prefix, 32), "keywright/envelope", fresh, 64)


def seal(key, label, prefix, associated, plaintext, nonce, iv):
    derived = envelope_keys(key, label, prefix, nonce + iv)
    return prefix + nonce + iv + derived[32:] + AESGCM(derived[:32]).encrypt(iv, plaintext, associated)


def open_envelope(key, label, prefix, associated, envelope):
    require(envelope.startswith(prefix), "prefix")
    rest = envelope[len(prefix):]
    fresh, commitment, sealed = rest[:28], rest[28:60], rest[60:]
    derived = envelope_keys(key, label, prefix, fresh)
    require(commitment == derived[32:], "commitment")
    return AESGCM(derived[:32]).decrypt(fresh[16:], sealed, associated)


def canonical(context):
    out = struct.pack(">Q", len(context))
    for key, value in sorted((k.encode(), v.encode()) for k, v in context.items()):
        out += struct.pack(">Q", len(key)) + key + struct.pack(">Q", len(value)) + value
    return out


def named_key(key):
    return struct.pack(">I", MULTI_REGION if key["multi_region"] else 0) + bytes.fromhex(key["key_id"])


def binding(key):
    return named_key(key) + struct.pack(">Q", key["account"]) + key["spec"].encode()


def id_of(material, key):
    length = b"" if key["spec"] == "SYMMETRIC_DEFAULT" else struct.pack(">I", len(material))
    return derive(material, "keywright/material-id/v1", named_key(key) + length, 32)


def on_curve(curve):
    return lambda scalar: ec.derive_private_key(int.from_bytes(scalar, "big"), curve)


PRIVATE_KEYS = {
    "ECC_NIST_P256": on_curve(ec.SECP256R1()),
    "ECC_NIST_P384": on_curve(ec.SECP384R1()),
    "ECC_NIST_P521": on_curve(ec.SECP521R1()),
    "ECC_SECG_P256K1": on_curve(ec.SECP256K1()),
    "ECC_NIST_EDWARDS25519": ed25519.Ed25519PrivateKey.from_private_bytes,
    "ML_DSA_44": mldsa.MLDSA44PrivateKey.from_seed_bytes,
    "ML_DSA_65": mldsa.MLDSA65PrivateKey.from_seed_bytes,
    "ML_DSA_87": mldsa.MLDSA87PrivateKey.from_seed_bytes,
}


def public_key(spec, material):
    """The public key of a pair in its plain form, as SubjectPublicKeyInfo."""
    key = PRIVATE_KEYS[spec](material).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def blob_prefix(key, material_id):
    flags, key_id = named_key(key)[:4], named_key(key)[4:]
    return b"KWB\x01" + flags + struct.pack(">Q", key["account"]) + key_id + material_id + bytes(12)


def seal_key(vector):
    """The key of a seal: from the text of its file, or from the passphrase and the stored parameters."""
    if vector["kind"] == "file":
        header, line, end = vector["file"].split("\n")
        require((header, end) == (KEY_FILE_HEADER, ""), "key file")
        return base64.b64decode(line, validate=True)
    stored = bytes.fromhex(vector["parameters"])
    magic, memory_kib, passes, lanes, salt = struct.unpack(">4sIII16s", stored)
    require(magic == b"KWP\x01", "passphrase parameters")
    kdf = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory_kib)
    return kdf.derive(vector["passphrase"].encode())


def expected(vectors):
    """Every output, sealed from the inputs. A list of (where, name, value); `where` is a part of `vectors`."""
    raw = bytes.fromhex
    out = []
    for vector in vectors["seals"]:
        key, number = seal_key(vector), struct.pack(">I", vector["number"])
        stored = b"KWD\x01" + number
        wrapped = seal(key, "keywright/seal-" + vector["kind"] + "/v1", b"", stored,
                       raw(vector["domain_key"]), raw(vector["nonce"]), raw(vector["iv"]))
        out.append((vector, "sealed_domain_key", stored + wrapped))
    domain_key, number = raw(vectors["domain_key"]["key"]), struct.pack(">I", vectors["domain_key"]["number"])
    for vector in vectors["materials"]:
        material = raw(vector["material"])
        token = seal(domain_key, "keywright/material/v1", b"KWM\x01" + number, binding(vector["binding"]),
                     material, raw(vector["nonce"]), raw(vector["iv"]))
        material_id = id_of(material, vector["binding"])
        out += [(vector, "token", token), (vector, "material_id", material_id)]
        if "public_key" in vector or vector["binding"]["spec"] in PRIVATE_KEYS:
            out.append((vector, "public_key", public_key(vector["binding"]["spec"], material)))
        for blob in vector.get("blobs", []):
            sealed = seal(material, "keywright/blob/v1", blob_prefix(vector["binding"], material_id),
                          canonical(blob["context"]), raw(blob["plaintext"]), raw(blob["nonce"]), raw(blob["iv"]))
            out += [(blob, "canonical_context", canonical(blob["context"])), (blob, "blob", sealed)]
    for vector in vectors["wrapping_keys"]:
        associated = vector["spec"].encode() + b"\0" + raw(vector["binding"])
        out.append((vector, "token", seal(domain_key, "keywright/wrapping-key/v1", b"KWW\x01" + number, associated,
                                          raw(vector["key"]), raw(vector["nonce"]), raw(vector["iv"]))))
    for vector in vectors["secrets"]:
        associated = vector["purpose"].encode() + b"\0" + vector["name"].encode()
        out.append((vector, "token", seal(domain_key, "keywright/secret/v1", b"KWS\x01" + number, associated,
                                          raw(vector["secret"]), raw(vector["nonce"]), raw(vector["iv"]))))
    for vector in vectors["tags"]:
        mac = hmac.HMAC(derive(domain_key, "keywright/tag/v1", vector["purpose"].encode(), 32), hashes.SHA256())
        mac.update(vector["message"].encode())
        out.append((vector, "tag", number + mac.finalize()))
    for vector in vectors["records"]:
        key, version, value = vector["key"].encode(), struct.pack(">Q", vector["version"]), raw(vector["value"])
        tag = number + record_mac(domain_key, b"stored-record", struct.pack(">H", len(key)) + key + version + value)
        out += [(vector, "stored", b"KWR\x01" + version + tag + value),
                (vector, "term", record_mac(domain_key, b"stored-term", tag))]
    return out


def record_mac(domain_key, purpose, message):
    mac = hmac.HMAC(derive(domain_key, "keywright/tag/v1", purpose, 32), hashes.SHA256())
    mac.update(message)
    return mac.finalize()


def walk(vectors):
    """Opens everything, beginning with nothing but the seals. Each key comes from the level above."""
    raw = bytes.fromhex
    domain_keys = {}
    for vector in vectors["seals"]:
        stored = raw(vector["sealed_domain_key"])
        domain_key = open_envelope(seal_key(vector), "keywright/seal-" + vector["kind"] + "/v1", b"",
                                   stored[:8], stored[8:])
        (number,) = struct.unpack(">I", stored[4:8])
        require(domain_keys.setdefault(number, domain_key) == domain_key, "two seals, two domain keys")
    for vector in vectors["materials"]:
        token = raw(vector["token"])
        (number,) = struct.unpack(">I", token[4:8])
        material = open_envelope(domain_keys[number], "keywright/material/v1", b"KWM\x01" + token[4:8],
                                 binding(vector["binding"]), token)
        material_id = id_of(material, vector["binding"])
        for blob in vector.get("blobs", []):
            sealed = raw(blob["blob"])
            opened = open_envelope(material, "keywright/blob/v1", blob_prefix(vector["binding"], material_id),
                                   canonical(blob["context"]), sealed)
            require(opened == raw(blob["plaintext"]), "plaintext")
            require(len(sealed) == len(opened) + 152, "length")
            refuse_altered(material, canonical(blob["context"]), sealed)
    for vector in vectors["secrets"]:
        token = raw(vector["token"])
        (number,) = struct.unpack(">I", token[4:8])
        associated = vector["purpose"].encode() + b"\0" + vector["name"].encode()
        opened = open_envelope(domain_keys[number], "keywright/secret/v1", b"KWS\x01" + token[4:8],
                               associated, token)
        require(opened == raw(vector["secret"]), "secret")


def refuse_altered(material, associated, sealed):
    """No blob opens after any one of its bytes was changed, the prefix being taken as it comes."""
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        try:
            open_envelope(material, "keywright/blob/v1", bytes(altered[:76]), associated, bytes(altered))
        except (Mismatch, InvalidTag):
            continue
        raise Mismatch(f"a blob with byte {position} altered opened")


def check_document(vectors):
    """The worked example of the document is the first blob."""
    vector = vectors["materials"][0]
    blob, material_id = vector["blobs"][0], bytes.fromhex(vector["material_id"])
    prefix = blob_prefix(vector["binding"], material_id)
    fresh = bytes.fromhex(blob["nonce"] + blob["iv"])
    sealing_key = derive(bytes.fromhex(vector["material"]), "keywright/blob/v1", prefix, 32)
    keys = derive(sealing_key, "keywright/envelope", fresh, 64)
    text = "".join(DOCUMENT.read_text(encoding="utf-8").split())
    for name, value in [
        ("materialid", material_id), ("prefix", prefix), ("sealingkey", sealing_key), ("key", keys[:32]),
        ("commitment", keys[32:]), ("context", canonical(blob["context"])), ("blob", bytes.fromhex(blob["blob"])),
    ]:
        require(name + value.hex() in text, f"{name} of the worked example in {DOCUMENT.name}")


INPUTS = {
    "about": "Test vectors of docs/key-hierarchy.md and docs/blob-format.md. Bytes are in hexadecimal.",
    "domain_key": {"number": 7, "key": bytes(range(0x20, 0x40)).hex()},
    "seals": [
        {"kind": "file", "number": 7,
         "file": KEY_FILE_HEADER + "\n" + base64.b64encode(bytes(range(32))).decode() + "\n",
         "domain_key": bytes(range(0x20, 0x40)).hex(), "nonce": "a0" * 16, "iv": "a1" * 12},
        {"kind": "passphrase", "number": 7, "passphrase": "correct horse battery staple",
         "parameters": (b"KWP\x01" + struct.pack(">III", 19456, 2, 1) + bytes(range(0x80, 0x90))).hex(),
         "domain_key": bytes(range(0x20, 0x40)).hex(), "nonce": "b0" * 16, "iv": "b1" * 12},
    ],
    "materials": [
        {"binding": {"account": 111122223333, "key_id": "1234abcd12ab34cd56ef1234567890ab",
                     "multi_region": False, "spec": "SYMMETRIC_DEFAULT"},
         "material": bytes(range(0x40, 0x60)).hex(), "nonce": "c0" * 16, "iv": "c1" * 12,
         "blobs": [
             {"context": {}, "plaintext": b"hello".hex(), "nonce": "d0" * 16, "iv": "d1" * 12},
             {"context": {"department": "marketing", "Zürich": "", "aws:s3:arn": "arn:aws:s3:::b/ö"},
              "plaintext": bytes(range(32)).hex(), "nonce": "d2" * 16, "iv": "d3" * 12},
             {"context": {"a": "bc"}, "plaintext": "", "nonce": "d4" * 16, "iv": "d5" * 12},
         ]},
        {"binding": {"account": 1, "key_id": "1234abcd12ab34cd56ef1234567890ab",
                     "multi_region": True, "spec": "SYMMETRIC_DEFAULT"},
         "material": bytes(range(0x40, 0x60)).hex(), "nonce": "c2" * 16, "iv": "c3" * 12,
         "blobs": [
             {"context": {"ab": "c"}, "plaintext": bytes(range(100)).hex(), "nonce": "d6" * 16, "iv": "d7" * 12},
         ]},
    ] + [
        {"binding": {"account": 1, "key_id": "1234abcd12ab34cd56ef1234567890ab", "multi_region": False, "spec": spec},
         "material": bytes(range(0x01, 0x01 + length)).hex(), "nonce": "c4" * 16, "iv": "c5" * 12}
        for spec, length in [
            ("HMAC_224", 28), ("HMAC_256", 32), ("HMAC_384", 48), ("HMAC_512", 64), ("ECC_NIST_P256", 32),
            ("ECC_NIST_P384", 48), ("ECC_NIST_P521", 66), ("ECC_SECG_P256K1", 32), ("ECC_NIST_EDWARDS25519", 32),
            ("ML_DSA_44", 32), ("ML_DSA_65", 32), ("ML_DSA_87", 32),
        ]
    ],
    "wrapping_keys": [
        {"spec": "SM2", "binding": b"import into this key".hex(), "key": bytes(range(0x01, 0x21)).hex(),
         "nonce": "e2" * 16, "iv": "e3" * 12},
    ],
    "secrets": [
        {"purpose": "secret-access-key", "name": "AKIAIOSFODNN7EXAMPLE",
         "secret": b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".hex(), "nonce": "e0" * 16, "iv": "e1" * 12},
    ],
    "tags": [{"purpose": "pagination-marker", "message": "kms/ListKeys/111122223333"}],
    "records": [
        {"key": "-/-/deployment", "version": 1, "value": "a1001b0000018bcfe56800"},
        {"key": "111122223333/-/user/alice", "version": 2**40 + 7, "value": ""},
    ],
}


def main():
    if sys.argv[1:] == ["--write"]:
        for where, name, value in expected(INPUTS):
            where[name] = value.hex()
        VECTORS.write_text(json.dumps(INPUTS, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    checks = expected(vectors)
    for where, name, value in checks:
        if where[name] != value.hex():
            sys.exit(f"{name} differs\n  file:     {where[name]}\n  computed: {value.hex()}")
    try:
        walk(vectors)
        check_document(vectors)
    except (Mismatch, InvalidTag) as mismatch:
        sys.exit(f"does not agree: {mismatch!r}")
    print(f"{len(checks)} values computed alike, all envelopes opened, the document's example is right")


if __name__ == "__main__":
    main()
