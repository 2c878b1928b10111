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

/// Random bytes of the system.
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    #[expect(clippy::disallowed_methods, reason = "this is what everything else gets as a parameter")]
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomnessFailed> {
        aws_lc_rs::rand::fill(out).map_err(|_| RandomnessFailed)
    }
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
