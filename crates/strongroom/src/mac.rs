//! HMAC-SHA-256, FIPS 198-1, and comparison in constant time.

use aws_lc_rs::{constant_time, hmac};

pub(crate) const MAC_BYTES: usize = 32;

/// The MAC of `message`, untruncated.
pub(crate) fn sign(key: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message)
}

/// Whether `mac` is the MAC of `message`.
pub(crate) fn verify(key: &[u8], message: &[u8], mac: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), message, mac).is_ok()
}

/// Equality in a time that depends on the lengths alone.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}
