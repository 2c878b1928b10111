"""Sealed objects: an independent program agrees with the vectors of docs/object-format.md, which the crate `envelope` makes too."""

import hashlib
import pathlib

import pytest

from object_format import (CHUNK, HEADER, TAG, Refused, derive, note_key, open_note, open_object, open_part, part_keys,
                           plain_size, seal_note, seal_part, unwrap, vouch, wrap)

PAGE = pathlib.Path(__file__).parents[2] / "docs/object-format.md"


def vectors():
    block = PAGE.read_text(encoding="utf-8").split("```vectors\n")[1].split("```")[0]
    values, name = {}, None
    for line in block.splitlines():
        if line.startswith(" "):
            values[name] += bytes.fromhex(line.strip())
        else:
            name = line
            values[name] = b""
    return values


PUBLISHED = vectors()
KEY, SALT = PUBLISHED["object key"], PUBLISHED["salt"]
SIZES = [0, 5, 65535, 65536, 65537, 200000]


def pattern(size):
    return bytes(offset % 251 for offset in range(size))


def test_the_vectors_of_the_page_are_right():
    assert part_keys(KEY, SALT) == (PUBLISHED["part key"], PUBLISHED["commitment"])
    assert derive(KEY, None, b"keywright s3 slot v1") == PUBLISHED["slot key"]
    assert note_key(KEY, PUBLISHED["label of the note"]) == PUBLISHED["note key"]
    part = seal_part(KEY, SALT, pattern(65537))
    voucher = PUBLISHED["voucher of a pattern of 65537 bytes as part 1 of 3, from byte 7 on"]
    assert vouch(KEY, part, 1, 3, 7) == voucher


@pytest.mark.parametrize("size", SIZES)
def test_a_part_is_sealed_as_published_and_opens(size):
    part = seal_part(KEY, SALT, pattern(size))
    if size <= 5:
        assert part == PUBLISHED[f"part of a pattern of {size} bytes"]
    else:
        assert hashlib.sha256(part).digest() == PUBLISHED[f"SHA-256 of a part of a pattern of {size} bytes"]
    assert plain_size(len(part)) == size
    assert open_part(KEY, part) == pattern(size)


def test_the_wrapped_object_key_opens_with_its_binding_alone():
    bucket_key, binding, wrapped = (PUBLISHED[name] for name in ["bucket key", "binding", "wrapped object key"])
    assert unwrap(bucket_key, binding, wrapped) == KEY
    assert wrap(bucket_key, binding, PUBLISHED["nonce of the wrapped object key"], KEY) == wrapped
    for bad in [(KEY, binding, wrapped), (bucket_key, binding + b"2", wrapped), (bucket_key, binding, wrapped[:-1])]:
        with pytest.raises(Refused):
            unwrap(*bad)


def test_the_note_opens_with_its_label_alone():
    label, content, note = (PUBLISHED[name] for name in ["label of the note", "content of the note", "note"])
    assert open_note(KEY, label, note) == content
    assert seal_note(KEY, label, PUBLISHED["nonce of the note"], content) == note
    for bad in [(SALT, label, note), (KEY, b"etag", note), (KEY, b"", note), (KEY, label, note[:-1]), (KEY, label, note[:31])]:
        with pytest.raises(Refused):
            open_note(*bad)


def test_what_was_altered_or_cut_is_refused():
    part = PUBLISHED["part of a pattern of 5 bytes"]
    for position in range(len(part)):
        altered = bytearray(part)
        altered[position] ^= 1
        with pytest.raises(Refused):
            open_part(KEY, bytes(altered))
        with pytest.raises(Refused):
            open_part(KEY, part[:position])


def test_chunks_are_refused_anywhere_but_in_their_place():
    sealed = CHUNK + TAG
    part = seal_part(KEY, SALT, pattern(3 * CHUNK))
    header, chunks = part[:HEADER], [part[HEADER + n * sealed:][:sealed] for n in range(3)]
    for order in [(0, 1), (0,), (1, 2), (0, 2), (1, 0, 2), (0, 0, 2), (0, 1, 2, 2), (0, 1, 1), (2, 1, 0)]:
        with pytest.raises(Refused):
            open_part(KEY, header + b"".join(chunks[n] for n in order))
    assert open_part(KEY, part, 1, 2) == pattern(3 * CHUNK)[CHUNK:2 * CHUNK]


def test_parts_are_refused_anywhere_but_in_their_slot():
    parts = [seal_part(KEY, bytes([number]) * 32, pattern(size)) for number, size in enumerate([70000, 5, 70000])]
    vouched = [(part, vouch(KEY, part, number, 3, offset))
               for part, number, offset in zip(parts, range(3), [0, 70000, 70005])]
    assert open_object(KEY, vouched) == pattern(70000) + pattern(5) + pattern(70000)
    first, second, third = vouched
    again = (seal_part(KEY, b"x" * 32, pattern(70000)), first[1])
    for wrong in [[first, second], [second, first, third], [first, third, second], [first, first, third],
                  [again, second, third], [third, second, first]]:
        with pytest.raises(Refused):
            open_object(KEY, wrong)


def test_sizes_that_no_part_has_are_refused():
    full = HEADER + CHUNK + TAG
    assert [plain_size(size) for size in [84, 85, full, full + TAG + 1]] == [0, 1, CHUNK, CHUNK + 1]
    for size in [0, HEADER, 83, full + 1, full + TAG]:
        with pytest.raises(Refused):
            plain_size(size)
