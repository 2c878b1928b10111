"""Writes the fixture compressed/00000000000000000001.journal.zst from docs/audit-format.md, sharing nothing with the crate.

Run in this directory: python3 write_compressed.py. It needs the package `zstandard`. A later zstd may write other bytes that
become the same segment, so that the fixture is for reading only.
"""

import hashlib
import struct

import zstandard

PIECE_BYTES = 200

with open("v1/00000000000000000001.journal", "rb") as file:
    segment = file.read()
compress = zstandard.ZstdCompressor(level=19, write_checksum=True).compress
frames = [compress(segment[at:at + PIECE_BYTES]) for at in range(0, len(segment), PIECE_BYTES)]
table_bytes = 28 + 12 * len(frames) + 32
table = struct.pack("<II8sQI", 0x184D2A50, table_bytes - 8, b"KWZSTD01", len(segment), PIECE_BYTES)
end = table_bytes
for frame in frames:
    end += len(frame)
    table += struct.pack("<I", end) + hashlib.sha256(frame).digest()[:8]
check = hashlib.sha256(table).digest()
with open("compressed/00000000000000000001.journal.zst", "wb") as file:
    file.write(table + check + b"".join(frames))
print(len(table + check) + sum(map(len, frames)), "bytes, check of the table", check.hex())
