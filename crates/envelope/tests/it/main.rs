//! The format as a user of the crate meets it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod keys;
mod messages;
mod nonces;
mod notes;
mod parts;
mod sizes;
mod slots;
mod vectors;

use std::sync::Mutex;

use envelope::{
    CHUNK_BYTES, EnvelopeError, HEADER_BYTES, ObjectKey, PartHeader, PartOpener, PartSealer, PartSize,
    Randomness, RandomnessFailed, SEALED_CHUNK_BYTES,
};
use secret::Plaintext;

/// Delivers exactly these bytes, then fails.
struct Scripted(Mutex<Vec<u8>>);

impl Scripted {
    fn new(bytes: &[u8]) -> Self {
        Self(Mutex::new(bytes.to_vec()))
    }

    fn dry() -> Self {
        Self::new(&[])
    }
}

impl Randomness for Scripted {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomnessFailed> {
        let mut left = self.0.lock().unwrap();
        if left.len() < out.len() {
            return Err(RandomnessFailed);
        }
        let later = left.split_off(out.len());
        out.copy_from_slice(&std::mem::replace(&mut *left, later));
        Ok(())
    }
}

/// Different bytes in every draw: a counter, hashed by nothing. The crate has to do with any bytes that do not repeat.
#[derive(Default)]
struct Counting(Mutex<u64>);

impl Randomness for Counting {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomnessFailed> {
        let mut drawn = self.0.lock().unwrap();
        *drawn += 1;
        out.fill(0);
        out[..8].copy_from_slice(&drawn.to_le_bytes());
        Ok(())
    }
}

fn key(byte: u8) -> ObjectKey {
    ObjectKey::new(Plaintext::new(vec![byte; 32])).unwrap()
}

/// Byte *i* is *i* mod 251, as in the page's vectors.
fn pattern(bytes: usize) -> Vec<u8> {
    (0..=250).cycle().take(bytes).collect()
}

/// A whole part, in memory.
fn seal(key: &ObjectKey, plaintext: &[u8], randomness: &dyn Randomness) -> Vec<u8> {
    let (mut sealer, header) = PartSealer::start(key, randomness).unwrap();
    let mut part = header.as_bytes().to_vec();
    let mut left = plaintext;
    while left.len() > CHUNK_BYTES {
        let (chunk, rest) = left.split_at(CHUNK_BYTES);
        let mut chunk = chunk.to_vec();
        let tag = sealer.seal_chunk(&mut chunk).unwrap();
        part.extend([chunk.as_slice(), &tag].concat());
        left = rest;
    }
    let mut chunk = left.to_vec();
    let (tag, size) = sealer.seal_last_chunk(&mut chunk).unwrap();
    part.extend([chunk.as_slice(), &tag].concat());
    assert_eq!((size.plain(), size.sealed()), (plaintext.len() as u64, part.len() as u64));
    part
}

fn opener(key: &ObjectKey, part: &[u8]) -> Result<PartOpener, EnvelopeError> {
    let size = PartSize::of_sealed(part.len() as u64)?;
    PartOpener::new(key, &PartHeader::parse(&part[..HEADER_BYTES])?, size)
}

/// A whole part, whose size is that of the bytes.
fn open(key: &ObjectKey, part: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    let opener = opener(key, part)?;
    let mut plaintext = Vec::new();
    for (number, chunk) in (0..).zip(part[HEADER_BYTES..].chunks(SEALED_CHUNK_BYTES)) {
        plaintext.extend_from_slice(opener.open_chunk(number, &mut chunk.to_vec())?);
    }
    assert_eq!(plaintext.len() as u64, opener.size().plain());
    Ok(plaintext)
}
