//! The one way in which anything is sealed here.
//!
//! ```text
//!  parent key ──SP 800-108(label, header)──► key 32 ‖ commitment 32
//!
//!  prefix │ nonce 16 │ IV 12 │ commitment 32 │ ciphertext │ tag 16
//!  └──────── header ────────┘                 └ AES-256-GCM(key, IV, associated data) ┘
//! ```
//!
//! The key is fresh for each envelope, because the nonce is: a parent key may seal without practical limit.
//! The whole header goes into the derivation, so that changing any bit of it asks for another key. The
//! commitment is compared before decryption and ties the envelope to one parent key: AES-GCM by itself lets a
//! ciphertext be built that opens under two keys (Dodis, Grubbs, Ristenpart, Woodage: Fast Message Franking,
//! CRYPTO 2018).

use aws_lc_rs::error::Unspecified;
use secret::Plaintext;
use zeroize::Zeroizing;

use crate::aead::{self, IV_BYTES, KEY_BYTES, TAG_BYTES};
use crate::entropy::{Entropy, EntropyFailed};
use crate::kdf::{self, Label};
use crate::mac;

/// Bytes that an envelope is longer than its prefix and plaintext.
pub(crate) const OVERHEAD_BYTES: usize = FRESH_BYTES + COMMITMENT_BYTES + TAG_BYTES;

/// The envelope was not sealed under this key, label, header and associated data.
#[derive(Debug)]
pub(crate) struct WouldNotOpen;

/// Randomness or a primitive failed.
#[derive(Debug)]
pub(crate) struct Broken;

/// A parent key in one of its roles.
pub(crate) struct Parent<'a> {
    pub(crate) key: &'a Plaintext,
    pub(crate) label: Label,
}

impl Parent<'_> {
    /// Seals `plaintext` behind `prefix`. One allocation; the plaintext is overwritten where it was copied to.
    pub(crate) fn seal(
        &self,
        prefix: &[u8],
        associated: &[u8],
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Broken> {
        let mut fresh = [0; FRESH_BYTES];
        entropy.fill(&mut fresh)?;
        let mut envelope =
            Zeroizing::new(Vec::with_capacity(prefix.len() + OVERHEAD_BYTES + plaintext.len()));
        envelope.extend_from_slice(prefix);
        envelope.extend_from_slice(&fresh);
        let derived = self.derive(&envelope)?;
        let (key, commitment) = derived.split_at_checked(KEY_BYTES).ok_or(Unspecified)?;
        envelope.extend_from_slice(commitment);
        let sealed_from = envelope.len();
        envelope.extend_from_slice(plaintext);
        let sealed = envelope.get_mut(sealed_from..).ok_or(Unspecified)?;
        let (_, iv) = fresh.split_last_chunk().ok_or(Unspecified)?;
        let tag = aead::seal(key, *iv, associated, sealed)?;
        envelope.extend_from_slice(&tag);
        Ok(std::mem::take(&mut *envelope))
    }

    /// Opens an envelope whose prefix of `prefix_bytes` the caller has checked.
    pub(crate) fn open(
        &self,
        envelope: &[u8],
        prefix_bytes: usize,
        associated: &[u8],
    ) -> Result<Plaintext, WouldNotOpen> {
        let (header, rest) = envelope.split_at_checked(prefix_bytes + FRESH_BYTES).ok_or(Unspecified)?;
        let (commitment, rest) = rest.split_at_checked(COMMITMENT_BYTES).ok_or(Unspecified)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(Unspecified)?;
        let derived = self.derive(header)?;
        let (key, expected) = derived.split_at_checked(KEY_BYTES).ok_or(Unspecified)?;
        if !mac::equal(commitment, expected) {
            return Err(WouldNotOpen);
        }
        let (_, iv) = header.split_last_chunk().ok_or(Unspecified)?;
        Plaintext::zeroed(ciphertext.len())
            .fill(|plaintext| aead::open(key, *iv, associated, ciphertext, tag, plaintext))
            .map_err(WouldNotOpen::from)
    }

    fn derive(&self, header: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES + COMMITMENT_BYTES]>, Unspecified> {
        let mut derived = Zeroizing::new([0; KEY_BYTES + COMMITMENT_BYTES]);
        kdf::derive(self.key.reveal(), self.label, header, derived.as_mut_slice())?;
        Ok(derived)
    }
}

impl From<Unspecified> for WouldNotOpen {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl From<Unspecified> for Broken {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl From<EntropyFailed> for Broken {
    fn from(_: EntropyFailed) -> Self {
        Self
    }
}

/// Random bytes in each header: the nonce of the derivation, then the IV.
pub(crate) const FRESH_BYTES: usize = NONCE_BYTES + IV_BYTES;
const NONCE_BYTES: usize = 16;
pub(crate) const COMMITMENT_BYTES: usize = 32;
