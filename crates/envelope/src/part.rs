//! The body of an object, part by part and chunk by chunk: the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár,
//! CRYPTO 2015) with a key for each upload of each part.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::error::EnvelopeError;
use crate::gcm::{Gcm, NONCE_BYTES, TAG_BYTES, joined};
use crate::keys::ObjectKey;
use crate::randomness::Randomness;
use crate::size::{CHUNK_BYTES, CHUNKS_MAX, HEADER_BYTES, PartSize};

/// The beginning of a sealed part. Nothing in it is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartHeader([u8; HEADER_BYTES]);

/// Seals one upload of one part, chunk by chunk from the first to the last.
pub struct PartSealer {
    key: Gcm,
    /// The number of the next chunk.
    next: u64,
}

/// Opens the chunks of one part, in any order.
pub struct PartOpener {
    key: Gcm,
    size: PartSize,
}

impl PartHeader {
    /// Reads the first [`HEADER_BYTES`] bytes of a part.
    ///
    /// # Errors
    /// [`EnvelopeError::NotThisFormat`] for another length, magic or version.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let header = bytes.try_into().map_err(|_| EnvelopeError::NotThisFormat)?;
        if bytes.starts_with(&MAGIC) { Ok(Self(header)) } else { Err(EnvelopeError::NotThisFormat) }
    }

    /// The header as the part begins with it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; HEADER_BYTES] {
        &self.0
    }

    /// The header of this object key and salt.
    fn new(object_key: &ObjectKey, salt: &[u8; SALT_BYTES]) -> Result<Self, EnvelopeError> {
        let commitment = object_key.derive(salt, &[COMMITMENT_INFO])?;
        Ok(Self(joined(&[&MAGIC, salt, commitment.as_ref()])))
    }

    fn salt(&self) -> Result<&[u8; SALT_BYTES], EnvelopeError> {
        let salt = self.0.strip_prefix(&MAGIC).and_then(<[u8]>::first_chunk);
        salt.ok_or(EnvelopeError::NotThisFormat)
    }
}

impl PartSealer {
    /// Begins an upload of a part: draws its salt, and makes the header that the part begins with.
    ///
    /// # Errors
    /// [`EnvelopeError::Broken`] if there is no randomness.
    pub fn start(
        object_key: &ObjectKey,
        randomness: &dyn Randomness,
    ) -> Result<(Self, PartHeader), EnvelopeError> {
        let mut salt = [0; SALT_BYTES];
        randomness.fill(&mut salt)?;
        Ok((Self { key: part_key(object_key, &salt)?, next: 0 }, PartHeader::new(object_key, &salt)?))
    }

    /// Encrypts the next chunk in place and returns the tag that belongs behind the chunk. The chunk has
    /// [`CHUNK_BYTES`] bytes, and another one follows.
    ///
    /// # Errors
    /// [`EnvelopeError::ImpossibleSize`] for a chunk of another length, or one more than a part may have; the chunk is as
    /// it was. [`EnvelopeError::Broken`] if AES-GCM failed; give the part up then.
    pub fn seal_chunk(&mut self, chunk: &mut [u8]) -> Result<[u8; TAG_BYTES], EnvelopeError> {
        if chunk.len() != CHUNK_BYTES || self.next + 1 >= CHUNKS_MAX {
            return Err(EnvelopeError::ImpossibleSize);
        }
        let number = self.next;
        // First of all, so that no failure brings the number back.
        self.next += 1;
        self.key.seal(nonce(number, false), &[], chunk)
    }

    /// Encrypts the last chunk in place and returns the tag that belongs behind the chunk, and the size of the part. The
    /// chunk has 1 to [`CHUNK_BYTES`] bytes, or none if it is the only one.
    ///
    /// # Errors
    /// [`EnvelopeError::ImpossibleSize`] for a chunk that is too long, or empty behind others.
    /// [`EnvelopeError::Broken`] if AES-GCM failed.
    pub fn seal_last_chunk(self, chunk: &mut [u8]) -> Result<([u8; TAG_BYTES], PartSize), EnvelopeError> {
        if chunk.len() > CHUNK_BYTES || (chunk.is_empty() && self.next > 0) {
            return Err(EnvelopeError::ImpossibleSize);
        }
        let size = PartSize::of_plain(self.next * CHUNK_BYTES as u64 + chunk.len() as u64)?;
        Ok((self.key.seal(nonce(self.next, true), &[], chunk)?, size))
    }
}

impl PartOpener {
    /// Compares the commitment, before anything is opened. `size` tells which chunk is the last one.
    ///
    /// # Errors
    /// [`EnvelopeError::WouldNotOpen`] if the part is not of this object, or its header was altered.
    pub fn new(object_key: &ObjectKey, header: &PartHeader, size: PartSize) -> Result<Self, EnvelopeError> {
        let salt = header.salt()?;
        let expected = PartHeader::new(object_key, salt)?;
        verify_slices_are_equal(expected.as_bytes(), header.as_bytes())
            .map_err(|_| EnvelopeError::WouldNotOpen)?;
        Ok(Self { key: part_key(object_key, salt)?, size })
    }

    /// The size that the part was said to have.
    #[must_use]
    pub fn size(&self) -> PartSize {
        self.size
    }

    /// Decrypts a chunk in place, by its number from 0, and returns its plaintext: the buffer without its last
    /// [`TAG_BYTES`] bytes.
    ///
    /// # Errors
    /// [`EnvelopeError::ImpossibleSize`] if the part has no such chunk, or `sealed` is not as long as this one.
    /// [`EnvelopeError::WouldNotOpen`] if it is not this chunk of this part, or the part does not end where its size
    /// says, or the bytes were altered. The plaintext is wiped then.
    pub fn open_chunk<'a>(&self, number: u64, sealed: &'a mut [u8]) -> Result<&'a mut [u8], EnvelopeError> {
        if sealed.len() != self.size.chunk(number)? + TAG_BYTES {
            return Err(EnvelopeError::ImpossibleSize);
        }
        self.key.open(nonce(number, number + 1 == self.size.chunks()), &[], sealed)
    }
}

const SALT_BYTES: usize = 32;
const MAGIC: [u8; 4] = *b"KOP\x01";
const KEY_INFO: &[u8] = b"keywright s3 part v1 key";
const COMMITMENT_INFO: &[u8] = b"keywright s3 part v1 commitment";

fn part_key(object_key: &ObjectKey, salt: &[u8; SALT_BYTES]) -> Result<Gcm, EnvelopeError> {
    Gcm::new(object_key.derive(salt, &[KEY_INFO])?.as_ref())
}

/// The number in 11 bytes, then whether the chunk is the last one.
fn nonce(number: u64, last: bool) -> [u8; NONCE_BYTES] {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    [0, 0, 0, a, b, c, d, e, f, g, h, u8::from(last)]
}
