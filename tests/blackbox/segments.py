"""Reads a journal by docs/audit-format.md alone, compressed or not, and shares nothing with the server."""

import hashlib
import pathlib
import struct

import cbor2
import zstandard

SKIPPABLE = 0x184D2A50
PIECE_BYTES_MAX = 1024 * 1024


def sha256(data):
    return hashlib.sha256(data).digest()


def decompress(data):
    """The segment of a compressed one, piece by piece."""
    magic, table_bytes, name, segment_bytes, piece_bytes = struct.unpack_from("<II8sQI", data)
    assert (magic, name) == (SKIPPABLE, b"KWZSTD01") and piece_bytes <= PIECE_BYTES_MAX
    pieces = -(-segment_bytes // piece_bytes)
    end = 28 + 12 * pieces
    assert table_bytes == end + 32 - 8
    assert data[end:end + 32] == sha256(data[:end]), "the table's check"
    begin, segment = end + 32, b""
    for end, check in struct.iter_unpack("<I8s", data[28:end]):
        frame = data[begin:end]
        assert sha256(frame)[:8] == check, f"the frame at {begin}"
        segment += zstandard.ZstdDecompressor().decompress(frame)
        begin = end
    assert begin == len(data) and len(segment) == segment_bytes
    return segment


def as_any_tool(path):
    """The same, by what any tool for zstd does with the file."""
    with open(path, "rb") as file, zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as reader:
        return reader.read()


def files(journal):
    """The file of each segment, oldest first: while both forms are there, the segment itself counts."""
    found = {}
    for path in sorted(pathlib.Path(journal).iterdir(), reverse=True):
        number, _, kind = path.name.partition(".")
        if kind in ("journal", "journal.zst"):
            found[int(number)] = path
    return [path for _, path in sorted(found.items())]


def records(journal):
    """All records, once header, frames and chain have been checked."""
    found, chain, sequence = [], None, None
    for path in files(journal):
        segment = path.read_bytes()
        if path.suffix == ".zst":
            segment = decompress(segment)
            assert segment == as_any_tool(path)
        magic, _, first, before = struct.unpack_from("<8s16sQ32s", segment)
        assert magic == b"KWJRNL01" and segment[64:96] == sha256(segment[:64])
        assert chain is None or (first, before) == (sequence, chain), f"{path.name} does not go on"
        sequence, chain, at = first, segment[64:96], 96
        while at + 4 <= len(segment):
            [word] = struct.unpack_from("<I", segment, at)
            end = at + 4 + (word & 0x7FFFFFFF)
            if word == 0 or segment[end:end + 32] != sha256(chain + segment[at:end]):
                break
            found.append(cbor2.loads(segment[at + 4:end]))
            chain, at, sequence = segment[end:end + 32], end + 32, sequence + 1
        assert not segment[at:].strip(b"\0"), f"{path.name} is torn at {at}"
    return found
