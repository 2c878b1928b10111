//! What can go wrong, as far as a caller can act on it.

use std::error::Error;
use std::fmt;

use aws_lc_rs::error::Unspecified;

use crate::randomness::RandomnessFailed;

/// Why nothing was sealed, opened or computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvelopeError {
    /// The bytes were not sealed like this under this key, or they were altered. To say more would help only an attacker.
    WouldNotOpen,
    /// The bytes do not begin as version 1 of this form does, or have a length that the form never has.
    NotThisFormat,
    /// A size, a range, a chunk or a place that no part and no object has; or a buffer that is not as long as its chunk.
    ImpossibleSize,
    /// Randomness or a primitive failed. Nothing is wrong with the input.
    Broken,
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WouldNotOpen => "the sealed bytes would not open: another key, or altered",
            Self::NotThisFormat => "the bytes are not of this format and version",
            Self::ImpossibleSize => "no part has this size, range or chunk",
            Self::Broken => "randomness or a cryptographic primitive failed",
        })
    }
}

impl Error for EnvelopeError {}

impl From<RandomnessFailed> for EnvelopeError {
    fn from(_: RandomnessFailed) -> Self {
        Self::Broken
    }
}

/// Where nothing is opened, a primitive refuses only when it fails.
impl From<Unspecified> for EnvelopeError {
    fn from(_: Unspecified) -> Self {
        Self::Broken
    }
}
