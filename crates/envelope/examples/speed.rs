//! How fast parts are sealed and opened, beside bare AES-256-GCM in the same pieces of 64 KiB.
//! `cargo run --release -p envelope --example speed`

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement reads the clock and prints"
)]

use std::time::Instant;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use envelope::{
    CHUNK_BYTES, ObjectKey, PartOpener, PartSealer, PartSize, Randomness, RandomnessFailed,
    SEALED_CHUNK_BYTES,
};
use secret::Plaintext;

/// What is measured, over all chunks of a buffer.
type Work = fn(&mut [u8]);

const CHUNKS: usize = 2048;
const ROUNDS: usize = 12;

struct Constant;

impl Randomness for Constant {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomnessFailed> {
        out.fill(1);
        Ok(())
    }
}

fn main() {
    let mut buffer = vec![0; CHUNKS * SEALED_CHUNK_BYTES];
    let work: [(&str, Work); 4] = [
        ("bare seal", bare_seal),
        ("part seal", seal),
        ("bare seal and open", bare_open),
        ("part seal and open", open),
    ];
    let mut best = [f64::MAX; 4];
    for _ in 0..ROUNDS {
        for ((_, work), best) in work.iter().zip(&mut best) {
            let begun = Instant::now();
            work(&mut buffer);
            *best = best.min(begun.elapsed().as_secs_f64());
        }
    }
    for ((what, _), seconds) in work.iter().zip(best) {
        println!("{what:18} {:6.2} GB/s", (CHUNKS * CHUNK_BYTES) as f64 / seconds / 1e9);
    }
}

fn bare() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[1; 32]).unwrap())
}

fn bare_seal(buffer: &mut [u8]) {
    let key = bare();
    for chunk in buffer.chunks_mut(SEALED_CHUNK_BYTES) {
        let (text, place) = chunk.split_at_mut(CHUNK_BYTES);
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        place.copy_from_slice(key.seal_in_place_separate_tag(nonce, Aad::empty(), text).unwrap().as_ref());
    }
}

fn bare_open(buffer: &mut [u8]) {
    bare_seal(buffer);
    let key = bare();
    for chunk in buffer.chunks_mut(SEALED_CHUNK_BYTES) {
        key.open_in_place(Nonce::assume_unique_for_key([0; 12]), Aad::empty(), chunk).unwrap();
    }
}

fn object_key() -> ObjectKey {
    ObjectKey::new(Plaintext::new(vec![1; 32])).unwrap()
}

fn seal(buffer: &mut [u8]) {
    let (mut sealer, _) = PartSealer::start(&object_key(), &Constant).unwrap();
    let (chunks, last) = buffer.split_at_mut((CHUNKS - 1) * SEALED_CHUNK_BYTES);
    for chunk in chunks.chunks_mut(SEALED_CHUNK_BYTES) {
        let (text, place) = chunk.split_at_mut(CHUNK_BYTES);
        place.copy_from_slice(&sealer.seal_chunk(text).unwrap());
    }
    let (text, place) = last.split_at_mut(CHUNK_BYTES);
    place.copy_from_slice(&sealer.seal_last_chunk(text).unwrap().0);
}

fn open(buffer: &mut [u8]) {
    seal(buffer);
    let (_, header) = PartSealer::start(&object_key(), &Constant).unwrap();
    let size = PartSize::of_plain((CHUNKS * CHUNK_BYTES) as u64).unwrap();
    let opener = PartOpener::new(&object_key(), &header, size).unwrap();
    for (number, chunk) in (0..).zip(buffer.chunks_mut(SEALED_CHUNK_BYTES)) {
        opener.open_chunk(number, chunk).unwrap();
    }
}
