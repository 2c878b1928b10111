//! The one way in which anything is sealed here.
//!
//! ```text
//!  parent key ──SP 800-108(label, prefix)──► sealing key         once for each role of a parent key
//!                                                │
//!                            SP 800-108("keywright/envelope", nonce ‖ IV)
//!                                                ▼
//!                                     key 32 ‖ commitment 32     anew for each envelope
//!
//!  prefix │ nonce 16 │ IV 12 │ commitment 32 │ ciphertext │ tag 16
//!                                            └ AES-256-GCM(key, IV, associated data) ┘
//! ```
//!
//! Each envelope has a fresh key, because it has a fresh nonce: a parent key may seal without practical limit.
//! Everything before the commitment goes into the derivations: a changed bit asks for another key. The commitment
//! is compared before decryption. It ties the envelope to one parent key: AES-GCM by itself lets somebody build a
//! ciphertext that opens under two keys (Dodis, Grubbs, Ristenpart, Woodage: Fast Message Franking, CRYPTO 2018).

use aws_lc_rs::error::Unspecified;
use secret::Plaintext;
use zeroize::Zeroizing;

use crate::aead::{self, IV_BYTES, KEY_BYTES, TAG_BYTES};
use crate::entropy::{Entropy, EntropyFailed};
use crate::kdf::{self, Label};
use crate::mac;

/// How many bytes longer than its prefix and plaintext an envelope is.
pub(crate) const OVERHEAD_BYTES: usize = FRESH_BYTES + COMMITMENT_BYTES + TAG_BYTES;

/// The envelope was not sealed under this key, label, prefix and associated data.
#[derive(Debug)]
pub(crate) struct WouldNotOpen;

/// Randomness or a primitive failed.
#[derive(Debug)]
pub(crate) struct Broken;

/// Seals and opens the envelopes of one parent key in one role.
pub(crate) struct Sealer {
    key: Plaintext,
    prefix: Vec<u8>,
}

impl Sealer {
    /// The label and the prefix of the envelopes define the role.
    pub(crate) fn new(parent: &Plaintext, label: Label, prefix: &[u8]) -> Result<Self, Broken> {
        let derive = |out: &mut [u8]| kdf::derive(parent.reveal(), label, prefix, out);
        Ok(Self { key: Plaintext::zeroed(KEY_BYTES).fill(derive)?, prefix: prefix.to_vec() })
    }

    /// Seals `plaintext`, in one allocation: the plaintext is copied there and encrypted in place.
    pub(crate) fn seal(
        &self,
        associated: &[u8],
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Broken> {
        let mut fresh = [0; FRESH_BYTES];
        entropy.fill(&mut fresh)?;
        let derived = self.derive(&fresh)?;
        let (key, commitment) = derived.split_at_checked(KEY_BYTES).ok_or(Unspecified)?;
        let (_, iv) = fresh.split_last_chunk().ok_or(Unspecified)?;

        let bytes = self.prefix.len() + OVERHEAD_BYTES + plaintext.len();
        let mut envelope = Zeroizing::new(Vec::with_capacity(bytes));
        for part in [&self.prefix, fresh.as_slice(), commitment, plaintext] {
            envelope.extend_from_slice(part);
        }
        let sealed_from = self.prefix.len() + FRESH_BYTES + COMMITMENT_BYTES;
        let in_out = envelope.get_mut(sealed_from..).ok_or(Unspecified)?;
        let tag = aead::seal(key, *iv, associated, in_out)?;
        envelope.extend_from_slice(&tag);
        Ok(std::mem::take(&mut *envelope))
    }

    /// Opens an envelope of this role.
    pub(crate) fn open(&self, associated: &[u8], envelope: &[u8]) -> Result<Plaintext, WouldNotOpen> {
        let rest = envelope.strip_prefix(self.prefix.as_slice()).ok_or(WouldNotOpen)?;
        let (fresh, rest) = rest.split_first_chunk().ok_or(WouldNotOpen)?;
        let (commitment, rest) = rest.split_at_checked(COMMITMENT_BYTES).ok_or(WouldNotOpen)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(WouldNotOpen)?;
        let derived = self.derive(fresh)?;
        let (key, expected) = derived.split_at_checked(KEY_BYTES).ok_or(WouldNotOpen)?;
        if !mac::equal(commitment, expected) {
            return Err(WouldNotOpen);
        }
        let (_, iv) = fresh.split_last_chunk().ok_or(WouldNotOpen)?;
        Plaintext::zeroed(ciphertext.len())
            .fill(|plaintext| aead::open(key, *iv, associated, ciphertext, tag, plaintext))
            .map_err(WouldNotOpen::from)
    }

    /// Key and commitment of the envelope with this nonce and IV.
    fn derive(&self, fresh: &[u8; FRESH_BYTES]) -> Result<Derived, Unspecified> {
        let mut derived = Zeroizing::new([0; KEY_BYTES + COMMITMENT_BYTES]);
        kdf::derive(self.key.reveal(), Label::ENVELOPE, fresh, derived.as_mut_slice())?;
        Ok(derived)
    }
}

type Derived = Zeroizing<[u8; KEY_BYTES + COMMITMENT_BYTES]>;

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

/// Random bytes in each envelope: the nonce of the derivation, then the IV.
const FRESH_BYTES: usize = NONCE_BYTES + IV_BYTES;
const NONCE_BYTES: usize = 16;
const COMMITMENT_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scripted, Seeded};

    #[test]
    fn the_commitment_refuses_what_gcm_alone_would_open() {
        let sealer = Sealer::new(&Plaintext::zeroed(KEY_BYTES), Label::BLOB, b"prefix").unwrap();
        let entropy = Scripted::new(&[&[1; FRESH_BYTES]]);
        let mut envelope = sealer.seal(b"associated", b"plaintext", &entropy).unwrap();
        assert!(sealer.open(b"associated", &envelope).is_ok());
        let committed_from = b"prefix".len() + FRESH_BYTES;
        envelope[committed_from] ^= 1;

        let derived = sealer.derive(&[1; FRESH_BYTES]).unwrap();
        let (ciphertext, tag) = envelope[committed_from + COMMITMENT_BYTES..].split_at(9);
        let mut plaintext = [0; 9];
        aead::open(&derived[..KEY_BYTES], [1; IV_BYTES], b"associated", ciphertext, tag, &mut plaintext)
            .unwrap();
        assert_eq!(&plaintext, b"plaintext");
        assert!(sealer.open(b"associated", &envelope).is_err());
    }

    #[test]
    fn labels_and_prefixes_separate_the_roles_of_a_key() {
        let (key, entropy) = (Plaintext::zeroed(KEY_BYTES), Seeded::new(0));
        let labels = [
            Label::SEAL_FILE,
            Label::SEAL_PASSPHRASE,
            Label::MATERIAL,
            Label::WRAPPING_KEY,
            Label::SECRET,
            Label::TAG,
            Label::MATERIAL_ID,
            Label::BLOB,
            Label::ENVELOPE,
        ];
        let roles: Vec<_> = labels.into_iter().flat_map(|label| [(label, b"one"), (label, b"two")]).collect();
        for (made, (label, prefix)) in roles.iter().enumerate() {
            let mut envelope =
                Sealer::new(&key, *label, *prefix).unwrap().seal(b"", b"plaintext", &entropy).unwrap();
            for (used, (label, prefix)) in roles.iter().enumerate() {
                // Not even when it is relabelled with the expected prefix.
                envelope[..prefix.len()].copy_from_slice(*prefix);
                let opened = Sealer::new(&key, *label, *prefix).unwrap().open(b"", &envelope);
                assert_eq!(opened.is_ok(), made == used);
            }
        }
    }

    #[test]
    fn a_prefix_too_long_for_the_derivation_is_refused_not_cut() {
        let key = Plaintext::zeroed(KEY_BYTES);
        assert!(Sealer::new(&key, Label::BLOB, &[0; crate::blob::PREFIX_BYTES]).is_ok());
        assert!(Sealer::new(&key, Label::BLOB, &[0; 192]).is_err());
    }
}
