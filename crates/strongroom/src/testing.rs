//! Entropy that a test knows beforehand. The feature `testing` offers it to the tests of other crates; nothing that is
//! shipped has it (tidy rule `testing`).

#![expect(clippy::expect_used, reason = "a tool for tests: what cannot be ends the test")]

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use crate::{Entropy, EntropyFailed};

/// SplitMix64 from a seed: the same bytes in every run, different ones in every draw, and good for nothing else.
#[derive(Debug)]
pub struct Seeded {
    state: AtomicU64,
}

/// Delivers exactly the bytes that the test wrote down, then fails.
#[derive(Debug)]
pub struct Scripted {
    left: Mutex<Vec<u8>>,
}

impl Seeded {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.state.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 for a limit of 0.
    pub fn below(&self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap_or(1)).unwrap_or_default()
    }

    /// One of these.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        from.get(self.below(from.len())).expect("something to pick from")
    }
}

impl Entropy for Seeded {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        for chunk in out.chunks_mut(8) {
            for (byte, random) in chunk.iter_mut().zip(self.next().to_le_bytes()) {
                *byte = random;
            }
        }
        Ok(())
    }
}

impl Scripted {
    /// These bytes, one part after the other. Without parts every draw fails.
    #[must_use]
    pub fn new(parts: &[&[u8]]) -> Self {
        Self { left: Mutex::new(parts.concat()) }
    }
}

impl Entropy for Scripted {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        let mut left = self.left.lock().map_err(|_| EntropyFailed)?;
        let (now, later) = left.split_at_checked(out.len()).ok_or(EntropyFailed)?;
        out.copy_from_slice(now);
        *left = later.to_vec();
        Ok(())
    }
}
