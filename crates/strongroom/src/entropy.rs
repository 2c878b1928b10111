//! Randomness is a parameter: the server passes its generator in, tests pass what they want.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A source of random bytes fit for keys and nonces.
pub trait Entropy: Send + Sync {
    /// Fills all of `out`.
    ///
    /// # Errors
    /// [`EntropyFailed`] when the source cannot deliver; `out` must then not be used.
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed>;
}

impl<T: Entropy + ?Sized> Entropy for Arc<T> {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        self.as_ref().fill(out)
    }
}

/// The source of randomness did not deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntropyFailed;

impl fmt::Display for EntropyFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source of randomness failed")
    }
}

impl Error for EntropyFailed {}
