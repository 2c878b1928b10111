//! AES key wrap with padding (RFC 5649, SP 800-38F KWP) with 256-bit keys, by AWS-LC.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::key_wrap::{AES_256, KeyEncryptionKey, KeyWrapPadded};
use secret::Plaintext;
use zeroize::Zeroizing;

/// Unwraps; fails unless `wrapped` was made under `key`.
pub(crate) fn unwrap(key: &Plaintext, wrapped: &[u8]) -> Result<Plaintext, Unspecified> {
    let key = KeyEncryptionKey::new(&AES_256, key.reveal())?;
    let mut buffer = Zeroizing::new(vec![0; wrapped.len()]);
    let plaintext = key.unwrap_with_padding(wrapped, &mut buffer)?;
    Ok(Plaintext::new(plaintext.to_vec()))
}
