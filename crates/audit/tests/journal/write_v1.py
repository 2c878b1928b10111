"""Writes the fixture v1/00000000000000000001.journal from docs/audit-format.md, sharing nothing with the crate.

Run in this directory: python3 write_v1.py. Its output never changes; a later format gets a fixture of its own.
"""

import hashlib
import struct


def head(major, value):
    """A CBOR initial byte with its argument (RFC 8949 section 3), the shortest."""
    for limit, info, form in ((24, value, ""), (2**8, 24, ">B"), (2**16, 25, ">H"), (2**32, 26, ">I"), (2**64, 27, ">Q")):
        if value < limit:
            return bytes([major << 5 | info]) + (struct.pack(form, value) if form else b"")


def cbor(value):
    if value is None or value is True or value is False:
        return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(name) + cbor(member) for name, member in value.items())


def sha256(data):
    return hashlib.sha256(data).digest()


DENIED_CALL = [
    1, 0, bytes([0xE1] * 16), 1700000000123, bytes([0xA1] * 16), "kms", "Decrypt", "us-east-1", "111122223333", True,
    ["IAMUser", "arn:aws:iam::111122223333:user/Alice", "AIDAEXAMPLE", "AKIAEXAMPLE"],
    [2, ["key-policy"]],
    [1, ["AccessDeniedException", "no"]],
    400,
    ["arn:aws:kms:us-east-1:111122223333:key/k"],
    {"keyId": "alias/a", "encryptionContext": {"tenant": "7"}, "dryRun": False, "limit": -1, "operations": ["t"]},
    {}, False, "192.0.2.1", "aws-cli/2", ["TLSv1.3", "TLS_AES_128_GCM_SHA256"], "kms.example", "no statement matched",
]
SERVICE_EVENT = [
    1, 1, bytes([0xE2] * 16), 1700000060000, None, "kms", "DeleteKey", "us-east-1", "111122223333", False,
    None, [0, []], [0, []], 0, [], {}, {"keyId": "k"}, False,
]

header = b"KWJRNL01" + b"fixture of v1   " + struct.pack("<Q", 1) + bytes(32)
chain = sha256(header)
segment = header + chain
for record, after_sync in ((DENIED_CALL, True), (SERVICE_EVENT, False)):
    payload = cbor(record)
    frame = struct.pack("<I", len(payload) | after_sync << 31) + payload
    chain = sha256(chain + frame)
    segment += frame + chain
with open("v1/00000000000000000001.journal", "wb") as file:
    file.write(segment)
print("header check", segment[64:96].hex())
print("last chain value", chain.hex())
