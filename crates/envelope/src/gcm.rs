//! AES-256-GCM, NIST SP 800-38D, with 96-bit nonces and 128-bit tags.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroize;

use crate::error::EnvelopeError;

/// Bytes of the tag behind each ciphertext.
pub const TAG_BYTES: usize = 16;
pub(crate) const NONCE_BYTES: usize = 12;

/// Pieces one after the other. Together they have as many bytes as the array.
pub(crate) fn joined<const N: usize>(pieces: &[&[u8]]) -> [u8; N] {
    debug_assert_eq!(
        pieces.iter().map(|piece| piece.len()).sum::<usize>(),
        N,
        "no byte is made up or left out"
    );
    let mut all = [0; N];
    all.iter_mut().zip(pieces.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
    all
}

/// A key whose tables are computed. AWS-LC wipes it when it is freed.
pub(crate) struct Gcm(LessSafeKey);

impl Gcm {
    pub(crate) fn new(key: &[u8]) -> Result<Self, EnvelopeError> {
        Ok(Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?)))
    }

    /// Encrypts in place and returns the tag. A key must never see the same nonce twice.
    pub(crate) fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated: &[u8],
        in_out: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], EnvelopeError> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(associated), in_out)?;
        tag.as_ref().try_into().map_err(|_| EnvelopeError::Broken)
    }

    /// Decrypts ciphertext ‖ tag in place and returns the plaintext, 16 bytes less. What does not open is wiped.
    pub(crate) fn open<'a>(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated: &[u8],
        in_out: &'a mut [u8],
    ) -> Result<&'a mut [u8], EnvelopeError> {
        let cut = in_out.len().checked_sub(TAG_BYTES).ok_or(EnvelopeError::ImpossibleSize)?;
        let (text, tag) = in_out.split_at_mut_checked(cut).ok_or(EnvelopeError::ImpossibleSize)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        match self.0.open_in_place_separate_tag(nonce, Aad::from(associated), tag, text) {
            Ok(_) => Ok(text),
            Err(_) => {
                text.zeroize();
                Err(EnvelopeError::WouldNotOpen)
            }
        }
    }

    /// Decrypts ciphertext ‖ tag into `out`, which is 16 bytes shorter.
    pub(crate) fn open_into(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated: &[u8],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), EnvelopeError> {
        let (ciphertext, tag) = sealed.split_at_checked(out.len()).ok_or(EnvelopeError::NotThisFormat)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = self.0.open_separate_gather(nonce, Aad::from(associated), ciphertext, tag, out);
        opened.map_err(|_| EnvelopeError::WouldNotOpen)
    }
}
