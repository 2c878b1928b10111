//! Sources of "randomness" that a test controls.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use strongroom::{Entropy, EntropyFailed};

/// Delivers exactly these bytes, then fails.
pub(crate) struct Scripted(Mutex<Vec<u8>>);

impl Scripted {
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        Self(Mutex::new(parts.concat()))
    }
}

impl Entropy for Scripted {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        let mut left = self.0.lock().map_err(|_| EntropyFailed)?;
        let (now, later) = left.split_at_checked(out.len()).ok_or(EntropyFailed)?;
        out.copy_from_slice(now);
        *left = later.to_vec();
        Ok(())
    }
}

/// Never delivers the same eight bytes twice.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        for chunk in out.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            chunk.iter_mut().zip(number.iter().rev()).for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }
}
