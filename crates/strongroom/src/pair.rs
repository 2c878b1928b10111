//! Key pairs: one trait, which each kind implements in a file of its own.

use aws_lc_rs::digest::{self, Digest};
use secret::Plaintext;

use crate::entropy::Entropy;
use crate::envelope::Broken;
use crate::error::{AgreeRefused, Refused};
use crate::spec::{PublicKeyEncryption, SigningAlgorithm};

/// A new key pair that is handed out, not kept.
pub struct Pair {
    /// The private key: PKCS#8 `PrivateKeyInfo` in DER (RFC 5958).
    pub private: Plaintext,
    /// The public key: `SubjectPublicKeyInfo` in DER (RFC 5280).
    pub public: Vec<u8>,
}

/// What is signed.
#[derive(Clone, Copy)]
pub enum Message<'a> {
    /// The message itself.
    Raw(&'a [u8]),
    /// Its digest, [`SigningAlgorithm::digest_bytes`] long.
    Digest(&'a [u8]),
    /// ML-DSA's μ (FIPS 204, algorithm 7, line 6), made by the caller with an empty context.
    ExternalMu(&'a [u8; 64]),
}

/// An open private key with its public key. It refuses as unsuitable what its kind of key cannot do.
pub(crate) trait PrivateKey: Send + Sync {
    /// The public key as `SubjectPublicKeyInfo` in DER.
    fn public_key(&self) -> Result<Vec<u8>, Broken>;

    /// The private key as PKCS#8 in DER.
    fn to_pkcs8(&self) -> Result<Plaintext, Refused> {
        Err(Refused::Unsuitable)
    }

    fn sign(&self, _: SigningAlgorithm, _: Message<'_>, _: &dyn Entropy) -> Result<Vec<u8>, Refused> {
        Err(Refused::Unsuitable)
    }

    /// [`Refused::WouldNotOpen`] unless this key made the signature of this message.
    fn verify(&self, _: SigningAlgorithm, _: Message<'_>, _signature: &[u8]) -> Result<(), Refused> {
        Err(Refused::Unsuitable)
    }

    fn encrypt(&self, _: PublicKeyEncryption, _: &Plaintext, _: &dyn Entropy) -> Result<Vec<u8>, Refused> {
        Err(Refused::Unsuitable)
    }

    fn decrypt(&self, _: PublicKeyEncryption, _ciphertext: &[u8]) -> Result<Plaintext, Refused> {
        Err(Refused::Unsuitable)
    }

    fn agree(&self, _peer: &[u8]) -> Result<Plaintext, AgreeRefused> {
        Err(AgreeRefused::Unsuitable)
    }

    fn encapsulate(&self) -> Result<(Vec<u8>, Plaintext), Refused> {
        Err(Refused::Unsuitable)
    }

    fn decapsulate(&self, _ciphertext: &[u8]) -> Result<Plaintext, Refused> {
        Err(Refused::Unsuitable)
    }
}

impl Message<'_> {
    /// The digest to sign, for algorithms that begin with hashing.
    pub(crate) fn digest(self, algorithm: &'static digest::Algorithm) -> Result<Digest, Refused> {
        match self {
            Self::Raw(message) => Ok(digest::digest(algorithm, message)),
            Self::Digest(digest) => {
                Digest::import_less_safe(digest, algorithm).map_err(|_| Refused::Unsuitable)
            }
            Self::ExternalMu(_) => Err(Refused::Unsuitable),
        }
    }
}
