//! AES-256-CBC with PKCS#7 padding (NIST SP 800-38A; RFC 5652, section 6.3), by AWS-LC. CBC authenticates nothing.
//! It is here only for the formats of others.

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use secret::Plaintext;
use zeroize::Zeroizing;

pub(crate) const IV_BYTES: usize = 16;
const BLOCK_BYTES: usize = 16;

/// Pads and encrypts.
pub(crate) fn encrypt(
    key: &Plaintext,
    iv: [u8; IV_BYTES],
    plaintext: &Plaintext,
) -> Result<Vec<u8>, Unspecified> {
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, key.reveal())?)?;
    // The buffer has room for the padding from the start: a buffer that grew would leave a copy of the plaintext
    // behind.
    let mut in_out = Zeroizing::new(Vec::with_capacity(plaintext.len() + BLOCK_BYTES));
    in_out.extend_from_slice(plaintext.reveal());
    key.less_safe_encrypt(&mut *in_out, EncryptionContext::Iv128(iv.into()))?;
    Ok(std::mem::take(&mut *in_out))
}
