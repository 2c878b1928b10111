//! Seals: where the root of all keys comes from.
//!
//! A seal wraps only domain keys. To change the seal is to wrap a handful of keys anew. [`FileSeal`] and
//! [`PassphraseSeal`] hold a 32-byte key and wrap with the same envelope as everything here. Seals that ask a
//! device or another service implement [`Seal`] elsewhere.

mod file;
mod passphrase;

use secret::Plaintext;

pub use self::file::{FileSeal, NotAKeyFile};
pub use self::passphrase::{PassphraseParameters, PassphraseRefused, PassphraseSeal};
use crate::entropy::Entropy;
use crate::envelope::{Broken, Sealer};
use crate::error::SealError;
use crate::kdf::Label;

/// Wraps and unwraps domain keys.
pub trait Seal: Send + Sync {
    /// One word for logs and health pages, such as `file`.
    fn kind(&self) -> &'static str;

    /// Encrypts `key`, bound to `associated`.
    ///
    /// # Errors
    /// [`SealError`] if the seal cannot wrap; never because of `key` or `associated`.
    fn wrap(&self, key: &Plaintext, associated: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError>;

    /// Decrypts what `wrap` made with the same `associated`.
    ///
    /// # Errors
    /// [`SealError::WouldNotOpen`] for anything else.
    fn unwrap(&self, wrapped: &[u8], associated: &[u8]) -> Result<Plaintext, SealError>;
}

/// A seal whose key is here, in memory. The key only wraps: it leaves neither by value nor by reference.
struct KeyInHand {
    key: Plaintext,
    label: Label,
}

impl KeyInHand {
    fn wrap(&self, key: &Plaintext, associated: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        Ok(self.sealer()?.seal(associated, key.reveal(), entropy)?)
    }

    fn unwrap(&self, wrapped: &[u8], associated: &[u8]) -> Result<Plaintext, SealError> {
        Ok(self.sealer()?.open(associated, wrapped)?)
    }

    fn sealer(&self) -> Result<Sealer, Broken> {
        Sealer::new(&self.key, self.label, &[])
    }
}
