//! Randomness is a parameter: a program passes its generator in, and tests pass the bytes that they want.

use std::error::Error;
use std::fmt;

/// A source of random bytes fit for keys, salts and nonces.
pub trait Randomness: Send + Sync {
    /// Fills all of `out`.
    ///
    /// # Errors
    /// [`RandomnessFailed`] when the source cannot deliver. Do not use `out` then.
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomnessFailed>;
}

/// The source of randomness did not deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomnessFailed;

impl fmt::Display for RandomnessFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source of randomness failed")
    }
}

impl Error for RandomnessFailed {}
