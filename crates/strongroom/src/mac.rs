//! HMAC, FIPS 198-1, and comparison in constant time.

use aws_lc_rs::{constant_time, hmac};
use secret::Plaintext;

use crate::entropy::Entropy;
use crate::envelope::Broken;

pub(crate) const MAC_BYTES: usize = 32;

/// The HMAC-SHA-256 of `message`, untruncated.
pub(crate) fn sign(key: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message)
}

/// Whether `mac` is the HMAC-SHA-256 of `message`.
pub(crate) fn verify(key: &[u8], message: &[u8], mac: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), message, mac).is_ok()
}

/// Equality in a time that depends on the lengths alone.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MacAlgorithm {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// A caller's HMAC key, prepared. Its plain form is its bytes.
pub(crate) struct MacKey(hmac::Key);

/// A key as long as the MAC.
pub(crate) fn generate(algorithm: MacAlgorithm, entropy: &dyn Entropy) -> Result<Plaintext, Broken> {
    Ok(Plaintext::zeroed(algorithm.mac_bytes()).fill(|out| entropy.fill(out))?)
}

impl MacKey {
    /// Opens the plain form.
    pub(crate) fn open(algorithm: MacAlgorithm, key: &Plaintext) -> Result<Self, Broken> {
        if !algorithm.takes(key.len()) {
            return Err(Broken);
        }
        Ok(Self(hmac::Key::new(algorithm.hmac(), key.reveal())))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, message).as_ref().to_vec()
    }

    pub(crate) fn verify(&self, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.0, message, mac).is_ok()
    }
}

impl MacAlgorithm {
    /// Whether a key may be this long. AWS takes imported keys of up to 1024 bits; callers hash longer ones first.
    pub(crate) fn takes(self, key_bytes: usize) -> bool {
        (self.mac_bytes()..=KEY_BYTES_MAX).contains(&key_bytes)
    }

    fn mac_bytes(self) -> usize {
        self.hmac().tag_len()
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha224 => hmac::HMAC_SHA224,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }
}

const KEY_BYTES_MAX: usize = 128;
