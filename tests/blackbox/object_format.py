"""Reads and writes sealed objects as docs/object-format.md describes them, sharing nothing with the gateway."""

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import constant_time, hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HEADER = 68
CHUNK = 65536
TAG = 16


class Refused(Exception):
    """These bytes are not what was asked for, for this reason."""


def derive(object_key, salt, info):
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(object_key)


def part_keys(object_key, salt):
    """The part key and the commitment."""
    return (derive(object_key, salt, b"keywright s3 part v1 key"),
            derive(object_key, salt, b"keywright s3 part v1 commitment"))


def chunk_nonce(number, last):
    return number.to_bytes(11, "big") + bytes([last])


def plain_size(sealed):
    """The size of the plaintext of a part that has this size when it is sealed."""
    chunks = sealed - HEADER
    if chunks < TAG or (chunks != TAG and 1 <= chunks % (CHUNK + TAG) <= TAG):
        raise Refused("no part has this size")
    return chunks - TAG * -(-chunks // (CHUNK + TAG))


def open_part(object_key, part, first=0, end=None):
    """The plaintext of a part, or of its chunks from `first` up to, but not with, `end`."""
    chunks = max(1, -(-plain_size(len(part)) // CHUNK))
    if part[:4] != b"KOP\x01":
        raise Refused("it is of another format")
    key, commitment = part_keys(object_key, part[4:36])
    if not constant_time.bytes_eq(commitment, part[36:HEADER]):
        raise Refused("it is committed to another key")
    opened = []
    for number in range(first, chunks if end is None else end):
        begin = HEADER + number * (CHUNK + TAG)
        chunk = part[begin:begin + CHUNK + TAG]
        opened.append(gcm_open(key, chunk_nonce(number, number == chunks - 1), chunk, None))
    return b"".join(opened)


def seal_part(object_key, salt, plaintext):
    key, commitment = part_keys(object_key, salt)
    chunks = [plaintext[begin:begin + CHUNK] for begin in range(0, len(plaintext), CHUNK)] or [b""]
    sealed = [AESGCM(key).encrypt(chunk_nonce(number, number == len(chunks) - 1), chunk, None)
              for number, chunk in enumerate(chunks)]
    return b"KOP\x01" + salt + commitment + b"".join(sealed)


def wrap(bucket_key, binding, nonce, object_key):
    return b"KOK\x01" + nonce + AESGCM(bucket_key).encrypt(nonce, object_key, b"keywright s3 object key v1" + binding)


def unwrap(bucket_key, binding, wrapped):
    """The object key."""
    if len(wrapped) != 64 or wrapped[:4] != b"KOK\x01":
        raise Refused("it is of another format")
    return gcm_open(bucket_key, wrapped[4:16], wrapped[16:], b"keywright s3 object key v1" + binding)


def note_key(object_key, label):
    if not 1 <= len(label) <= 64:
        raise Refused("no note has this label")
    return derive(object_key, None, b"keywright s3 note v1 " + label)


def seal_note(object_key, label, nonce, content):
    return b"KON\x01" + nonce + AESGCM(note_key(object_key, label)).encrypt(nonce, content, None)


def open_note(object_key, label, note):
    """The content of a note."""
    if not 32 <= len(note) <= 32 + 2**20 or note[:4] != b"KON\x01":
        raise Refused("it is of another format")
    return gcm_open(note_key(object_key, label), note[4:16], note[16:], None)


def slot_mac(object_key, part, number, parts, offset):
    mac = hmac.HMAC(derive(object_key, None, b"keywright s3 slot v1"), hashes.SHA256())
    mac.update(part[:HEADER] + number.to_bytes(4, "big") + parts.to_bytes(4, "big"))
    mac.update(offset.to_bytes(8, "big") + plain_size(len(part)).to_bytes(8, "big"))
    return mac


def vouch(object_key, part, number, parts, offset):
    """The voucher of a sealed part."""
    return slot_mac(object_key, part, number, parts, offset).finalize()


def open_object(object_key, parts):
    """The plaintext of an object, from its parts and their vouchers in their order."""
    body = b""
    for number, (part, voucher) in enumerate(parts):
        try:
            slot_mac(object_key, part, number, len(parts), len(body)).verify(voucher)
        except InvalidSignature:
            raise Refused("nobody vouches for its place") from None
        body += open_part(object_key, part)
    return body


def gcm_open(key, nonce, sealed, associated):
    try:
        return AESGCM(key).decrypt(nonce, sealed, associated)
    except InvalidTag:
        raise Refused("it does not open") from None
