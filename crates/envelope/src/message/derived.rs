//! What is derived from the data key of a message, and used for nothing but this message.

use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Prk, Salt};
use secret::Plaintext;
use zeroize::Zeroizing;

use super::suite::{COMMITMENT_BYTES, MESSAGE_ID_BYTES, Suite};
use crate::error::EnvelopeError;
use crate::gcm::{Gcm, NONCE_BYTES};
use crate::keys::KEY_BYTES;

/// Derives the key of a message and its commitment (`client-apis/encrypt.md`, *get the encryption materials*).
///
/// # Errors
/// [`EnvelopeError::NotThisFormat`] if the data key does not have [`KEY_BYTES`] bytes.
pub(super) fn derive(
    data_key: &Plaintext,
    suite: Suite,
    message_id: &[u8; MESSAGE_ID_BYTES],
) -> Result<(Gcm, [u8; COMMITMENT_BYTES]), EnvelopeError> {
    if data_key.len() != KEY_BYTES {
        return Err(EnvelopeError::NotThisFormat);
    }
    let extracted = Salt::new(HKDF_SHA512, message_id).extract(data_key.reveal());
    let key = expand(&extracted, &[&suite.id().to_be_bytes(), b"DERIVEKEY"])?;
    let commitment = expand(&extracted, &[b"COMMITKEY"])?;
    Ok((Gcm::new(key.as_ref())?, *commitment))
}

/// The nonce of a frame; that of the header is number 0.
pub(super) fn nonce(number: u32) -> [u8; NONCE_BYTES] {
    let [a, b, c, d] = number.to_be_bytes();
    [0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
}

/// What a frame is bound to (`data-format/message-body-aad.md`).
pub(super) fn frame_aad(
    message_id: &[u8; MESSAGE_ID_BYTES],
    last: bool,
    number: u32,
    bytes: usize,
) -> Vec<u8> {
    let kind: &[u8] =
        if last { b"AWSKMSEncryptionClient Final Frame" } else { b"AWSKMSEncryptionClient Frame" };
    [message_id.as_slice(), kind, &number.to_be_bytes(), &(bytes as u64).to_be_bytes()].concat()
}

/// Asks HKDF for 32 bytes, half of what its hash would give.
struct HalfOfSha512;

impl KeyType for HalfOfSha512 {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

fn expand(extracted: &Prk, info: &[&[u8]]) -> Result<Zeroizing<[u8; KEY_BYTES]>, EnvelopeError> {
    let mut expanded = Zeroizing::new([0; KEY_BYTES]);
    extracted.expand(info, HalfOfSha512)?.fill(expanded.as_mut())?;
    Ok(expanded)
}
