//! Notes: small things that are sealed with an object, such as its checksums.

use secret::Plaintext;
use zeroize::Zeroizing;

use crate::error::EnvelopeError;
use crate::gcm::{Gcm, NONCE_BYTES, TAG_BYTES};
use crate::keys::{NO_SALT, ObjectKey};
use crate::randomness::Randomness;

/// How many bytes longer than its content a sealed note is.
pub const NOTE_OVERHEAD_BYTES: usize = MAGIC.len() + NONCE_BYTES + TAG_BYTES;
/// Bytes of the longest content.
pub const NOTE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of the longest label.
pub const LABEL_BYTES_MAX: usize = 64;

impl ObjectKey {
    /// Seals a note. `label` names what kind of note it is, in 1 to [`LABEL_BYTES_MAX`] bytes; a note of one kind does not
    /// open as another.
    ///
    /// # Errors
    /// [`EnvelopeError::ImpossibleSize`] for a content of more than [`NOTE_BYTES_MAX`] bytes, or a label of another length.
    /// [`EnvelopeError::Broken`] if there is no randomness.
    pub fn seal_note(
        &self,
        label: &str,
        content: &[u8],
        randomness: &dyn Randomness,
    ) -> Result<Vec<u8>, EnvelopeError> {
        if content.len() > NOTE_BYTES_MAX {
            return Err(EnvelopeError::ImpossibleSize);
        }
        let key = self.note_key(label)?;
        let mut nonce = [0; NONCE_BYTES];
        randomness.fill(&mut nonce)?;
        let mut text = Zeroizing::new(content.to_vec());
        let tag = key.seal(nonce, &[], &mut text)?;
        Ok([&MAGIC, nonce.as_slice(), &text, &tag].concat())
    }

    /// Opens what [`ObjectKey::seal_note`] made with the same label.
    ///
    /// # Errors
    /// [`EnvelopeError::NotThisFormat`] if `sealed` begins differently, is too short or too long,
    /// [`EnvelopeError::ImpossibleSize`] for a label that no note has,
    /// [`EnvelopeError::WouldNotOpen`] for a note of another object or label, or altered bytes.
    pub fn open_note(&self, label: &str, sealed: &[u8]) -> Result<Plaintext, EnvelopeError> {
        let content = sealed.len().checked_sub(NOTE_OVERHEAD_BYTES).filter(|bytes| *bytes <= NOTE_BYTES_MAX);
        let sealed = sealed.strip_prefix(&MAGIC).and_then(<[u8]>::split_first_chunk);
        let (content, (nonce, sealed)) = content.zip(sealed).ok_or(EnvelopeError::NotThisFormat)?;
        let key = self.note_key(label)?;
        Plaintext::zeroed(content).fill(|out| key.open_into(*nonce, &[], sealed, out))
    }

    fn note_key(&self, label: &str) -> Result<Gcm, EnvelopeError> {
        if label.is_empty() || label.len() > LABEL_BYTES_MAX {
            return Err(EnvelopeError::ImpossibleSize);
        }
        Gcm::new(self.derive(NO_SALT, &[INFO, label.as_bytes()])?.as_ref())
    }
}

const MAGIC: [u8; 4] = *b"KON\x01";
const INFO: &[u8] = b"keywright s3 note v1 ";
