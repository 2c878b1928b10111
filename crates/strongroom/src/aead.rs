//! AES-256-GCM, NIST SP 800-38D, with 96-bit IVs and 128-bit tags.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;

pub(crate) const KEY_BYTES: usize = 32;
pub(crate) const IV_BYTES: usize = 12;
pub(crate) const TAG_BYTES: usize = 16;

/// Encrypts in place and returns the tag. A key must never see the same IV twice.
pub(crate) fn seal(
    key: &[u8],
    iv: [u8; IV_BYTES],
    associated: &[u8],
    in_out: &mut [u8],
) -> Result<[u8; TAG_BYTES], Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?);
    let tag =
        key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(associated), in_out)?;
    tag.as_ref().try_into().map_err(|_| Unspecified)
}

/// Decrypts `ciphertext` into `plaintext`, which is equally long. After a failure, use nothing of `plaintext`.
pub(crate) fn open(
    key: &[u8],
    iv: [u8; IV_BYTES],
    associated: &[u8],
    ciphertext: &[u8],
    tag: &[u8],
    plaintext: &mut [u8],
) -> Result<(), Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?);
    let iv = Nonce::assume_unique_for_key(iv);
    key.open_separate_gather(iv, Aad::from(associated), ciphertext, tag, plaintext)
}
