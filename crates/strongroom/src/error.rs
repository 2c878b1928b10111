//! What can go wrong, as far as a caller can act on it. A failed decryption does not say why: to know which check
//! refused would help only an attacker.

use std::error::Error;
use std::fmt;

use crate::entropy::EntropyFailed;
use crate::envelope::{Broken, WouldNotOpen};

/// Why the strongroom did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No domain keys are open: an operator has to unseal first.
    Sealed,
    /// The input was not made by this hierarchy for this binding, context or purpose.
    WouldNotOpen,
    /// The key, the algorithm and the input do not go together. The caller checks this before, to word the answer.
    Unsuitable,
    /// Randomness or a primitive failed. Nothing is wrong with the input.
    Broken,
}

/// Why no secret was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgreeRefused {
    /// The peer's key is not a `SubjectPublicKeyInfo` with a point of this key's curve.
    NotAPeer,
    /// The key is not one that agrees.
    Unsuitable,
}

/// Why a seal did not wrap or unwrap a domain key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// The key belongs to another seal, or the wrapped bytes were altered.
    WouldNotOpen,
    /// Randomness or a primitive failed.
    Broken,
}

/// Why the strongroom stayed as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsealError {
    /// This known-answer test failed: the machine or the build computes wrongly.
    SelfTestFailed(&'static str),
    /// There was no key to open.
    NoKeys,
    /// The seal did not open the domain key of this number.
    NotOpened {
        /// The domain key.
        number: u32,
        /// Why the seal did not open it.
        cause: SealError,
    },
    /// Two different domain keys carry this number: the store has been mixed with another one.
    NumberTaken(u32),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sealed => "the strongroom is sealed",
            Self::WouldNotOpen => "the sealed input would not open",
            Self::Unsuitable => "the key, the algorithm and the input do not go together",
            Self::Broken => "randomness or a cryptographic primitive failed",
        })
    }
}

impl fmt::Display for AgreeRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAPeer => "the peer's public key is not on the key's curve",
            Self::Unsuitable => "the key cannot agree on secrets",
        })
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WouldNotOpen => "wrong seal key or passphrase, or altered data",
            Self::Broken => "randomness or a cryptographic primitive failed",
        })
    }
}

impl fmt::Display for UnsealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SelfTestFailed(name) => write!(f, "known-answer test of {name} failed"),
            Self::NoKeys => f.write_str("there is no domain key to open"),
            Self::NotOpened { number, cause } => write!(f, "domain key {number} did not open: {cause}"),
            Self::NumberTaken(number) => write!(f, "two different domain keys have number {number}"),
        }
    }
}

impl Error for Refused {}
impl Error for AgreeRefused {}
impl Error for SealError {}
impl Error for UnsealError {}

impl From<WouldNotOpen> for Refused {
    fn from(_: WouldNotOpen) -> Self {
        Self::WouldNotOpen
    }
}

impl From<Broken> for Refused {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

impl From<EntropyFailed> for Refused {
    fn from(_: EntropyFailed) -> Self {
        Self::Broken
    }
}

impl From<WouldNotOpen> for SealError {
    fn from(_: WouldNotOpen) -> Self {
        Self::WouldNotOpen
    }
}

impl From<Broken> for SealError {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}
