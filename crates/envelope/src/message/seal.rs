//! Writing a message, frame by frame.

use std::collections::BTreeMap;

use secret::Plaintext;

use super::derived::{derive, frame_aad, nonce};
use super::header::{EncryptedDataKey, body};
use super::suite::{FINAL_FRAME, MESSAGE_ID_BYTES, Suite};
use crate::error::EnvelopeError;
use crate::gcm::{Gcm, TAG_BYTES, joined};
use crate::randomness::Randomness;

/// Plaintext bytes of every frame that is written but the last one, which may have fewer.
pub const FRAME_BYTES: usize = 65_536;
/// Bytes before the ciphertext of a frame: its number and IV.
pub const FRAME_HEAD_BYTES: usize = 4 + 12;
/// Bytes before the ciphertext of the final frame: a mark, its number, IV and length.
pub const FINAL_FRAME_HEAD_BYTES: usize = 4 + 4 + 12 + 4;

/// Seals one message, frame by frame from the first to the last, with the suite [`Suite::Commits`].
pub struct MessageSealer {
    key: Gcm,
    message_id: [u8; MESSAGE_ID_BYTES],
    /// The number of the next frame.
    next: u32,
}

impl MessageSealer {
    /// Begins a message: draws its id, and makes the header that the message begins with. `data_keys` are `data_key` as one
    /// key or several have encrypted it, with this context.
    ///
    /// # Errors
    /// [`EnvelopeError::NotThisFormat`] if the data key does not have 32 bytes, if there is no encrypted data key or more
    /// than [`DATA_KEYS_MAX`](super::DATA_KEYS_MAX), for names in the context that begin with `aws-crypto-`, and for a text or
    /// a blob that is too long for a header. [`EnvelopeError::Broken`] if there is no randomness.
    pub fn start(
        data_key: &Plaintext,
        context: &BTreeMap<String, String>,
        data_keys: &[EncryptedDataKey],
        randomness: &dyn Randomness,
    ) -> Result<(Self, Vec<u8>), EnvelopeError> {
        let mut message_id = [0; MESSAGE_ID_BYTES];
        randomness.fill(&mut message_id)?;
        let (key, commitment) = derive(data_key, Suite::Commits, &message_id)?;
        let mut header = body(&message_id, context, data_keys, FRAME_BYTES as u32, &commitment)?;
        let tag = key.seal(nonce(0), &header, &mut [])?;
        header.extend(tag);
        Ok((Self { key, message_id, next: 1 }, header))
    }

    /// Encrypts the next frame in place. Returns what belongs before it and behind it. The frame has [`FRAME_BYTES`] bytes,
    /// and another one follows.
    ///
    /// # Errors
    /// [`EnvelopeError::ImpossibleSize`] for a frame of another length, or one more than a message may have; the frame is as
    /// it was. [`EnvelopeError::Broken`] if AES-GCM failed; give the message up then.
    pub fn seal_frame(
        &mut self,
        frame: &mut [u8],
    ) -> Result<([u8; FRAME_HEAD_BYTES], [u8; TAG_BYTES]), EnvelopeError> {
        // The number of the final frame may not be the mark of the final frame.
        if frame.len() != FRAME_BYTES || self.next + 1 == FINAL_FRAME {
            return Err(EnvelopeError::ImpossibleSize);
        }
        let number = self.next;
        // First of all, so that no failure brings the number back.
        self.next += 1;
        let tag =
            self.key.seal(nonce(number), &frame_aad(&self.message_id, false, number, FRAME_BYTES), frame)?;
        Ok((joined(&[&number.to_be_bytes(), &nonce(number)]), tag))
    }

    /// Encrypts the final frame in place. Returns what belongs before it and behind it. The frame has 0 to [`FRAME_BYTES`]
    /// bytes.
    ///
    /// # Errors
    /// [`EnvelopeError::ImpossibleSize`] for a frame that is too long. [`EnvelopeError::Broken`] if AES-GCM failed.
    pub fn seal_final_frame(
        self,
        frame: &mut [u8],
    ) -> Result<([u8; FINAL_FRAME_HEAD_BYTES], [u8; TAG_BYTES]), EnvelopeError> {
        let bytes = u32::try_from(frame.len()).map_err(|_| EnvelopeError::ImpossibleSize)?;
        if frame.len() > FRAME_BYTES {
            return Err(EnvelopeError::ImpossibleSize);
        }
        let (number, nonce) = (self.next, nonce(self.next));
        let associated = frame_aad(&self.message_id, true, number, frame.len());
        let tag = self.key.seal(nonce, &associated, frame)?;
        let marks = [FINAL_FRAME, number].map(u32::to_be_bytes);
        Ok((joined(&[marks.as_flattened(), &nonce, &bytes.to_be_bytes()]), tag))
    }
}
