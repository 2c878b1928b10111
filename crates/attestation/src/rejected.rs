//! Why a document is not believed.

use std::{error::Error, fmt};

/// Why a document is not believed. `Display` is for the sender: it repeats only what the document itself says of
/// its form. [`Rejected::detail`] is for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejected {
    /// The bytes are no `COSE_Sign1` of the required form: what is wrong.
    NotSigned(&'static str),
    /// The payload breaks its specification: which member does.
    Malformed(&'static str),
    /// The document is older than [`AGE_MS_MAX`](crate::AGE_MS_MAX).
    Expired {
        /// Its age.
        age_ms: u64,
    },
    /// The document's time is ahead by more than [`SKEW_MS_MAX`](crate::SKEW_MS_MAX).
    Early {
        /// How far ahead it is.
        ahead_ms: u64,
    },
    /// No root is trusted at all.
    NoRoots,
    /// Its certificate does not lead to a trusted root: why.
    Untrusted(String),
    /// Its certificate did not make its signature.
    WrongSignature,
    /// There is no public key in it.
    NoPublicKey,
    /// No secret can be encrypted to its public key.
    UnfitPublicKey,
}

impl Rejected {
    /// What the operator should know beyond the message, if anything.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Expired { age_ms } => Some(format!("the attestation document is {age_ms} ms old")),
            Self::Early { ahead_ms } => Some(format!("the attestation document is {ahead_ms} ms ahead")),
            Self::NoRoots => Some("no root for attestation documents is configured".to_owned()),
            Self::Untrusted(why) => Some(format!("the signer of the attestation document: {why}")),
            _ => None,
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSigned(what) => {
                write!(f, "The attestation document is not a valid COSE_Sign1 structure: {what}.")
            }
            Self::Malformed(member) => write!(f, "The attestation document is malformed: {member}."),
            Self::Expired { .. } => f.write_str("The attestation document has expired."),
            Self::Early { .. } => f.write_str("The attestation document is not valid yet."),
            Self::NoRoots | Self::Untrusted(_) => {
                f.write_str("The attestation document is not signed by a trusted certificate.")
            }
            Self::WrongSignature => f.write_str("The signature of the attestation document is not valid."),
            Self::NoPublicKey => f.write_str("The attestation document contains no public key."),
            Self::UnfitPublicKey => f.write_str(
                "The public key of the attestation document is not an RSA key of 2048 to 4096 bits in DER.",
            ),
        }
    }
}

impl Error for Rejected {}
