//! Randomness is a parameter: the server passes its generator in, and tests pass the bytes that they want. AWS-LC's
//! API takes no such parameter: where it needs randomness, it draws its own.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use rand_core::{TryCryptoRng, TryRng};

/// A source of random bytes fit for keys and nonces.
pub trait Entropy: Send + Sync {
    /// Fills all of `out`.
    ///
    /// # Errors
    /// [`EntropyFailed`] when the source cannot deliver. Do not use `out` then.
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed>;
}

impl<T: Entropy + ?Sized> Entropy for Arc<T> {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        self.as_ref().fill(out)
    }
}

/// Entropy in the form that RustCrypto's crates take.
pub(crate) struct Rng<'a>(pub(crate) &'a dyn Entropy);

/// The source of randomness did not deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntropyFailed;

impl fmt::Display for EntropyFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source of randomness failed")
    }
}

impl Error for EntropyFailed {}

impl TryRng for Rng<'_> {
    type Error = EntropyFailed;

    fn try_next_u32(&mut self) -> Result<u32, EntropyFailed> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, EntropyFailed> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        self.0.fill(out)
    }
}

impl TryCryptoRng for Rng<'_> {}
