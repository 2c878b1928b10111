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
    /// The bytes do not begin as this version of the form does, or the form never has such a length or field.
    NotThisFormat,
    /// A size, a range or a place that no part, note, frame or object has; or a buffer that is not as long as what should be
    /// in it.
    ImpossibleSize,
    /// Randomness or a primitive failed. Nothing is wrong with the input.
    Broken,
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WouldNotOpen => "the sealed bytes would not open: another key, or altered",
            Self::NotThisFormat => "the bytes are not of this format and version",
            Self::ImpossibleSize => "nothing of this format has this size or place",
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
