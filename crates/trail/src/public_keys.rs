//! The public keys that verify digests.

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;

/// Public keys by their fingerprints. They are what a verifier trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestPublicKeys(BTreeMap<String, Vec<u8>>);

/// Why there are no public keys.
#[derive(Debug)]
pub enum NotPublicKeys {
    /// They are not what `aws cloudtrail list-public-keys` prints.
    Shape(serde_json::Error),
    /// There are none.
    Empty,
    /// The key of this fingerprint is no base64, or there is another one under the same fingerprint.
    Key(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedKeys {
    public_key_list: Vec<ListedKey>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedKey {
    value: String,
    fingerprint: String,
}

impl DigestPublicKeys {
    /// From what `aws cloudtrail list-public-keys` prints.
    ///
    /// # Errors
    /// [`NotPublicKeys`].
    pub fn from_json(json: &[u8]) -> Result<Self, NotPublicKeys> {
        let listed: ListedKeys = serde_json::from_slice(json).map_err(NotPublicKeys::Shape)?;
        let mut keys = BTreeMap::new();
        for ListedKey { value, fingerprint } in listed.public_key_list {
            let decoded = base64_simd::STANDARD.decode_to_vec(value.as_bytes());
            let Ok(key) = decoded else { return Err(NotPublicKeys::Key(fingerprint)) };
            let before = keys.insert(fingerprint.clone(), key);
            if before.is_some_and(|before| keys.get(&fingerprint) != Some(&before)) {
                return Err(NotPublicKeys::Key(fingerprint));
            }
        }
        if keys.is_empty() { Err(NotPublicKeys::Empty) } else { Ok(Self(keys)) }
    }

    /// Whether there is a key of this fingerprint.
    pub(crate) fn has(&self, fingerprint: &str) -> bool {
        self.0.contains_key(fingerprint)
    }

    /// Whether the key of this fingerprint made this signature of this text: RSASSA-PKCS1-v1_5 with SHA-256, by at least
    /// 2048 bits.
    pub(crate) fn verifies(&self, fingerprint: &str, text: &str, signature: &[u8]) -> bool {
        self.0.get(fingerprint).is_some_and(|key| {
            let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
            key.verify(text.as_bytes(), signature).is_ok()
        })
    }
}

impl fmt::Display for NotPublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(error) => {
                write!(f, "not what `aws cloudtrail list-public-keys` prints: {error}")
            }
            Self::Empty => f.write_str("there is no public key in it"),
            Self::Key(fingerprint) => {
                write!(f, "the public key {fingerprint:?} is no base64, or there are two of this fingerprint")
            }
        }
    }
}

impl std::error::Error for NotPublicKeys {}
