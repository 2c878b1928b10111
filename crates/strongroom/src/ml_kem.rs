//! ML-KEM (FIPS 203), by AWS-LC.
//!
//! The plain form of a key is its decapsulation key as the standard encodes it, because AWS-LC's Rust API neither
//! gives nor takes the seed. Keys and encapsulated secrets come from AWS-LC's own generator.

use aws_lc_rs::kem::{
    Algorithm, Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_512, ML_KEM_768, ML_KEM_1024,
};
use pkcs8::ObjectIdentifier;
use secret::Plaintext;

use crate::envelope::Broken;
use crate::error::Refused;
use crate::pair::PrivateKey;
use crate::spki;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MlKemSet {
    MlKem512,
    MlKem768,
    MlKem1024,
}

/// A key, parsed for both of its uses.
pub(crate) struct MlKemKey {
    set: MlKemSet,
    private: DecapsulationKey,
    public: EncapsulationKey,
}

pub(crate) fn generate(set: MlKemSet) -> Result<Plaintext, Broken> {
    let key = DecapsulationKey::generate(set.algorithm())?;
    Ok(Plaintext::new(key.key_bytes()?.as_ref().to_vec()))
}

impl MlKemKey {
    /// Opens the plain form: dk of the inner scheme ‖ encapsulation key ‖ its hash ‖ z (algorithm 16).
    pub(crate) fn open(set: MlKemSet, key: &Plaintext) -> Result<Self, Broken> {
        let private = DecapsulationKey::new(set.algorithm(), key.reveal())?;
        let k = set.k();
        let public = key.reveal().get(384 * k..768 * k + 32).ok_or(Broken)?;
        Ok(Self { set, private, public: EncapsulationKey::new(set.algorithm(), public)? })
    }
}

impl PrivateKey for MlKemKey {
    /// RFC 9935, section 4: the encapsulation key's bytes, under an algorithm without parameters.
    fn public_key(&self) -> Result<Vec<u8>, Broken> {
        spki::raw(self.set.oid(), self.public.key_bytes()?.as_ref()).ok_or(Broken)
    }

    fn encapsulate(&self) -> Result<(Vec<u8>, Plaintext), Refused> {
        let (ciphertext, secret) = self.public.encapsulate().map_err(Broken::from)?;
        Ok((ciphertext.as_ref().to_vec(), Plaintext::new(secret.as_ref().to_vec())))
    }

    fn decapsulate(&self, ciphertext: &[u8]) -> Result<Plaintext, Refused> {
        let secret = self.private.decapsulate(Ciphertext::from(ciphertext));
        Ok(Plaintext::new(secret.map_err(|_| Refused::WouldNotOpen)?.as_ref().to_vec()))
    }
}

impl MlKemSet {
    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::MlKem512 => &ML_KEM_512,
            Self::MlKem768 => &ML_KEM_768,
            Self::MlKem1024 => &ML_KEM_1024,
        }
    }

    /// The dimension of the module (table 2).
    fn k(self) -> usize {
        match self {
            Self::MlKem512 => 2,
            Self::MlKem768 => 3,
            Self::MlKem1024 => 4,
        }
    }

    fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::MlKem512 => "2.16.840.1.101.3.4.4.1",
            Self::MlKem768 => "2.16.840.1.101.3.4.4.2",
            Self::MlKem1024 => "2.16.840.1.101.3.4.4.3",
        })
    }
}
