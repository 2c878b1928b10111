//! Digests with their signatures: verified one by one.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Digest, DigestPublicKeys, HASH_ALGORITHM, SIGNATURE_ALGORITHM, digest::compact};

/// A digest with its signature. Serialised, it is a file of the folder `digests` in a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedDigest {
    /// The digest's contents, byte for byte: the signature is over their hash.
    pub digest: String,
    /// The signature, in hexadecimal.
    pub signature: String,
    /// The public key, as base64 of its PKCS#1. It is for information: who verifies trusts the keys that come from elsewhere.
    #[serde(default)]
    pub public_key: String,
}

/// A digest whose signature holds.
#[derive(Debug, Clone)]
pub struct VerifiedDigest {
    /// What it says.
    pub digest: Digest,
    /// SHA-256 of its contents, in hexadecimal.
    pub hash: String,
    /// Its signature, in hexadecimal.
    pub signature: String,
}

/// Why a digest is not believed.
#[derive(Debug)]
pub enum DigestFault {
    /// The contents are no digest.
    Shape(serde_json::Error),
    /// It says that it is signed, or hashed, in another way than this.
    Algorithm(&'static str),
    /// Its public key is not among those that are trusted.
    UnknownKey(String),
    /// The signature does not hold: the contents or the signature were changed, or both are another digest's.
    Signature,
}

/// The hash of a delivered file's contents, which pass by in pieces.
pub struct ContentsHash(Context);

impl ContentsHash {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Of contents as a whole: as of one piece.
    #[must_use]
    pub fn of(contents: &[u8]) -> String {
        let mut hash = Self::new();
        hash.update(contents);
        hash.finish()
    }

    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// SHA-256 of all pieces in hexadecimal, as digests have it.
    #[must_use]
    pub fn finish(self) -> String {
        base16ct::lower::encode_string(self.0.finish().as_ref())
    }
}

impl Default for ContentsHash {
    fn default() -> Self {
        Self::new()
    }
}

impl SignedDigest {
    /// The name of the file for a digest of one account, Region and trail.
    #[must_use]
    pub fn file_name(account: &str, region: &str, trail: &str, end: Timestamp) -> String {
        format!("{account}_{region}_{trail}_{}.json", compact(end))
    }

    /// The file's contents.
    ///
    /// # Errors
    /// Never in fact: every member can be written.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// From a file's contents. Nothing is verified.
    ///
    /// # Errors
    /// What is wrong with the JSON, and where.
    pub fn from_json(contents: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(contents)
    }

    /// What the digest says, if one of these keys signed it.
    ///
    /// # Errors
    /// [`DigestFault`].
    pub fn verified(&self, keys: &DigestPublicKeys) -> Result<VerifiedDigest, DigestFault> {
        VerifiedDigest::of(self.digest.as_bytes(), &self.signature, keys)
    }
}

impl VerifiedDigest {
    /// What the contents of a digest say, if one of these keys made this signature, which is in hexadecimal.
    ///
    /// # Errors
    /// [`DigestFault`].
    pub fn of(contents: &[u8], signature: &str, keys: &DigestPublicKeys) -> Result<Self, DigestFault> {
        let digest: Digest = serde_json::from_slice(contents).map_err(DigestFault::Shape)?;
        if digest.digest_signature_algorithm != SIGNATURE_ALGORITHM {
            return Err(DigestFault::Algorithm(SIGNATURE_ALGORITHM));
        }
        if digest.log_files.iter().any(|file| file.hash_algorithm != HASH_ALGORITHM) {
            return Err(DigestFault::Algorithm(HASH_ALGORITHM));
        }
        let fingerprint = &digest.digest_public_key_fingerprint;
        if !keys.has(fingerprint) {
            return Err(DigestFault::UnknownKey(fingerprint.clone()));
        }
        let hash = ContentsHash::of(contents);
        let signature = signature.to_ascii_lowercase();
        let holds = base16ct::lower::decode_vec(&signature)
            .is_ok_and(|bytes| keys.verifies(fingerprint, &digest.signed_text(&hash), &bytes));
        if holds { Ok(Self { digest, hash, signature }) } else { Err(DigestFault::Signature) }
    }
}

impl fmt::Display for DigestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(error) => write!(f, "it is no digest: {error}"),
            Self::Algorithm(expected) => write!(f, "it says that it was made without {expected}"),
            Self::UnknownKey(fingerprint) => {
                write!(f, "none of the public keys that were given has its fingerprint, {fingerprint:?}")
            }
            Self::Signature => f.write_str("its signature does not hold: it was changed"),
        }
    }
}

impl std::error::Error for DigestFault {}

#[cfg(test)]
mod tests;
