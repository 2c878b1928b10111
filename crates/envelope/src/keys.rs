//! The key of an object, and the bucket key that may wrap it.

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use secret::Plaintext;
use zeroize::Zeroizing;

use crate::error::EnvelopeError;
use crate::gcm::{Gcm, NONCE_BYTES, TAG_BYTES, joined};
use crate::randomness::Randomness;

/// Bytes of an object key, and of a bucket key.
pub const KEY_BYTES: usize = 32;
/// Bytes of an object key that a bucket key wrapped.
pub const WRAPPED_KEY_BYTES: usize = MAGIC.len() + NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/// The key of one object: 256 random bits, from which everything that seals the object is derived.
pub struct ObjectKey(Plaintext);

/// A data key of KMS that wraps the object keys of a bucket for a short time.
pub struct BucketKey(Plaintext);

impl ObjectKey {
    /// Draws a new key.
    ///
    /// # Errors
    /// [`EnvelopeError::Broken`] if there is no randomness.
    pub fn generate(randomness: &dyn Randomness) -> Result<Self, EnvelopeError> {
        Ok(Self(Plaintext::zeroed(KEY_BYTES).fill(|out| randomness.fill(out))?))
    }

    /// Takes over a data key that KMS generated, or decrypted.
    ///
    /// # Errors
    /// [`EnvelopeError::NotThisFormat`] if the data key does not have [`KEY_BYTES`] bytes.
    pub fn new(data_key: Plaintext) -> Result<Self, EnvelopeError> {
        of_key_size(data_key).map(Self)
    }

    /// The key itself, for `Encrypt` of KMS: for an object that leaves its bucket key.
    #[must_use]
    pub fn as_plaintext(&self) -> &Plaintext {
        &self.0
    }

    /// A key for one purpose, which `info` names. [`NO_SALT`] for a key that the whole object has once.
    pub(crate) fn derive(
        &self,
        salt: &[u8],
        info: &[&[u8]],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, EnvelopeError> {
        let mut derived = Zeroizing::new([0; KEY_BYTES]);
        let extracted = Salt::new(HKDF_SHA256, salt).extract(self.0.reveal());
        extracted.expand(info, HKDF_SHA256)?.fill(derived.as_mut())?;
        Ok(derived)
    }
}

impl BucketKey {
    /// Takes over a data key that KMS generated, or decrypted.
    ///
    /// # Errors
    /// [`EnvelopeError::NotThisFormat`] if the data key does not have [`KEY_BYTES`] bytes.
    pub fn new(data_key: Plaintext) -> Result<Self, EnvelopeError> {
        of_key_size(data_key).map(Self)
    }

    /// Wraps an object key. `binding` is what the object key is tied to, such as the object's ARN; it is not kept.
    ///
    /// # Errors
    /// [`EnvelopeError::Broken`] if there is no randomness.
    pub fn wrap(
        &self,
        object_key: &ObjectKey,
        binding: &[u8],
        randomness: &dyn Randomness,
    ) -> Result<[u8; WRAPPED_KEY_BYTES], EnvelopeError> {
        let mut nonce = [0; NONCE_BYTES];
        randomness.fill(&mut nonce)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        key.iter_mut().zip(object_key.0.reveal()).for_each(|(to, from)| *to = *from);
        let tag = self.gcm()?.seal(nonce, &associated(binding), key.as_mut())?;
        Ok(joined(&[&MAGIC, &nonce, key.as_ref(), &tag]))
    }

    /// Unwraps what [`BucketKey::wrap`] made with the same binding.
    ///
    /// # Errors
    /// [`EnvelopeError::NotThisFormat`] if `wrapped` has another length or another beginning,
    /// [`EnvelopeError::WouldNotOpen`] for another bucket key, another binding, or altered bytes.
    pub fn unwrap(&self, wrapped: &[u8], binding: &[u8]) -> Result<ObjectKey, EnvelopeError> {
        let wrapped: &[u8; WRAPPED_KEY_BYTES] =
            wrapped.try_into().map_err(|_| EnvelopeError::NotThisFormat)?;
        let sealed = wrapped.strip_prefix(&MAGIC).and_then(<[u8]>::split_first_chunk);
        let (nonce, sealed) = sealed.ok_or(EnvelopeError::NotThisFormat)?;
        let gcm = self.gcm()?;
        let open = |out: &mut [u8]| gcm.open_into(*nonce, &associated(binding), sealed, out);
        Ok(ObjectKey(Plaintext::zeroed(KEY_BYTES).fill(open)?))
    }

    fn gcm(&self) -> Result<Gcm, EnvelopeError> {
        Gcm::new(self.0.reveal())
    }
}

/// What derives without a salt: RFC 5869 section 2.2 makes it 32 zero bytes.
pub(crate) const NO_SALT: &[u8] = &[];

const MAGIC: [u8; 4] = *b"KOK\x01";
const PURPOSE: &[u8] = b"keywright s3 object key v1";

fn of_key_size(data_key: Plaintext) -> Result<Plaintext, EnvelopeError> {
    if data_key.len() == KEY_BYTES { Ok(data_key) } else { Err(EnvelopeError::NotThisFormat) }
}

fn associated(binding: &[u8]) -> Vec<u8> {
    [PURPOSE, binding].concat()
}
