//! Where everything is in a part. All of it is arithmetic over the size of the plaintext: nothing has to be read, and
//! no table is kept.

use std::ops::Range;

use crate::error::EnvelopeError;
use crate::gcm::TAG_BYTES;

/// Bytes of the header of a part: magic and version, salt, commitment.
pub const HEADER_BYTES: usize = 4 + 32 + 32;
/// Plaintext bytes of every chunk but the last one of a part, which may have fewer.
pub const CHUNK_BYTES: usize = 65_536;
/// Bytes of every sealed chunk but the last one of a part, which may have fewer.
pub const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
/// Plaintext bytes of the longest part: 2^32 chunks.
pub const PART_BYTES_MAX: u64 = CHUNK * CHUNKS_MAX;

/// The size of a part. What is plain determines what is sealed, and the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartSize {
    plain: u64,
}

/// The chunks that a range of a part's plaintext needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    size: PartSize,
    chunks: Range<u64>,
    wanted: Range<u64>,
}

impl PartSize {
    /// Of a part with this many bytes of plaintext.
    ///
    /// # Errors
    /// [`EnvelopeError::ImpossibleSize`] for more than [`PART_BYTES_MAX`].
    pub fn of_plain(bytes: u64) -> Result<Self, EnvelopeError> {
        if bytes > PART_BYTES_MAX {
            return Err(EnvelopeError::ImpossibleSize);
        }
        Ok(Self { plain: bytes })
    }

    /// Of a part that has this many bytes when it is sealed, its header included.
    ///
    /// # Errors
    /// [`EnvelopeError::ImpossibleSize`] if there is no such part: too short for a header and a chunk, a last chunk of
    /// less than its tag, an empty chunk behind others, or more than [`PART_BYTES_MAX`] of plaintext.
    pub fn of_sealed(bytes: u64) -> Result<Self, EnvelopeError> {
        let sealed_chunks = bytes.checked_sub(HEADER).ok_or(EnvelopeError::ImpossibleSize)?;
        let tags = sealed_chunks.div_ceil(SEALED_CHUNK) * TAG;
        let size = Self::of_plain(sealed_chunks.checked_sub(tags).ok_or(EnvelopeError::ImpossibleSize)?)?;
        // A remainder that is no chunk is sealed to another size.
        if size.sealed() == bytes { Ok(size) } else { Err(EnvelopeError::ImpossibleSize) }
    }

    /// Bytes of the plaintext.
    #[must_use]
    pub fn plain(self) -> u64 {
        self.plain
    }

    /// Bytes of the sealed part, its header included.
    #[must_use]
    pub fn sealed(self) -> u64 {
        HEADER + self.plain + TAG * self.chunks()
    }

    /// How many chunks the part has, at least one.
    #[must_use]
    pub fn chunks(self) -> u64 {
        self.plain.div_ceil(CHUNK).max(1)
    }

    /// Plaintext bytes of a chunk, by its number from 0.
    ///
    /// # Errors
    /// [`EnvelopeError::ImpossibleSize`] if the part has no such chunk.
    pub fn chunk(self, number: u64) -> Result<usize, EnvelopeError> {
        if number >= self.chunks() {
            return Err(EnvelopeError::ImpossibleSize);
        }
        Ok(in_memory((self.plain - number * CHUNK).min(CHUNK)))
    }

    /// The chunks that this range of the plaintext needs. A part without bytes has the range `0..0`, which needs its
    /// one chunk.
    ///
    /// # Errors
    /// [`EnvelopeError::ImpossibleSize`] for a range that ends behind the part, or has no bytes in a part that has some.
    pub fn covering(self, range: Range<u64>) -> Result<Stretch, EnvelopeError> {
        let inside = range.start < range.end && range.end <= self.plain;
        if !inside && range != (0..self.plain) {
            return Err(EnvelopeError::ImpossibleSize);
        }
        let chunks = range.start / CHUNK..range.end.div_ceil(CHUNK).max(1);
        Ok(Stretch { size: self, chunks, wanted: range })
    }

    /// All chunks.
    #[must_use]
    pub fn whole(self) -> Stretch {
        Stretch { size: self, chunks: 0..self.chunks(), wanted: 0..self.plain }
    }
}

impl Stretch {
    /// The numbers of the chunks. There is at least one.
    #[must_use]
    pub fn chunks(&self) -> Range<u64> {
        self.chunks.clone()
    }

    /// Where the sealed chunks are in the part, in bytes from the beginning of its header.
    #[must_use]
    pub fn sealed(&self) -> Range<u64> {
        let end = (HEADER + self.chunks.end * SEALED_CHUNK).min(self.size.sealed());
        HEADER + self.chunks.start * SEALED_CHUNK..end
    }

    /// Which bytes of an opened chunk are in the range, by the chunk's number. None of a chunk that is not needed.
    #[must_use]
    pub fn wanted_of(&self, chunk: u64) -> Range<usize> {
        let begins = chunk.saturating_mul(CHUNK);
        let within = |offset: u64| in_memory(offset.saturating_sub(begins).min(CHUNK));
        within(self.wanted.start)..within(self.wanted.end)
    }
}

/// Chunks of the longest part.
pub(crate) const CHUNKS_MAX: u64 = 1 << 32;

const CHUNK: u64 = CHUNK_BYTES as u64;
const SEALED_CHUNK: u64 = SEALED_CHUNK_BYTES as u64;
const HEADER: u64 = HEADER_BYTES as u64;
const TAG: u64 = TAG_BYTES as u64;

/// An offset in a chunk. Every machine's `usize` has room for it.
fn in_memory(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(CHUNK_BYTES)
}
