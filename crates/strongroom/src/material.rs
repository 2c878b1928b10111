//! Key material: what a KMS key is made of.

use secret::Plaintext;

use crate::aead::KEY_BYTES;
use crate::binding::Binding;
use crate::blob::{self, Blob};
use crate::context::Context;
use crate::ec::{self, EcKey};
use crate::ed25519::{self, Ed25519Key};
use crate::entropy::Entropy;
use crate::envelope::{Broken, Sealer};
use crate::error::{AgreeRefused, Refused};
use crate::kdf::{self, Label};
use crate::mac::{self, MacKey};
use crate::ml_dsa::{self, MlDsaKey};
use crate::ml_kem::{self, MlKemKey};
use crate::pair::{Message, PrivateKey};
use crate::rsa::{self, RsaKey};
use crate::secp256k1::{self, Secp256k1Key};
use crate::sm2::{self, Sm2Key};
use crate::spec::{Family, PublicKeyEncryption, SigningAlgorithm, Spec};

/// The public name of a piece of material (`KeyMaterialId`). It is a function of the material and its key's id: the
/// same material, imported again into the same key, has the same name.
pub type MaterialId = [u8; 32];

/// New material: its name, the sealed token to store, and its public key, if it has one.
pub struct Generated {
    /// The material's name.
    pub id: MaterialId,
    /// The material, sealed under the active domain key.
    pub token: Vec<u8>,
    /// The public key of a pair: `SubjectPublicKeyInfo` in DER.
    pub public_key: Option<Vec<u8>>,
}

/// Open material, parsed and ready for use. Keep it as long as the key's record is cached, no longer.
pub struct Material {
    id: MaterialId,
    opened: Opened,
}

/// Material, by the primitive that computes with it. The large kinds are boxed, so that a symmetric key stays
/// small.
enum Opened {
    Symmetric(Sealer),
    Mac(Box<MacKey>),
    Pair(Box<dyn PrivateKey>),
}

impl Material {
    /// The material's name.
    #[must_use]
    pub fn id(&self) -> &MaterialId {
        &self.id
    }

    /// Encrypts with a symmetric key, under a key derived for this call alone. The blob is
    /// [`BLOB_OVERHEAD_BYTES`](crate::BLOB_OVERHEAD_BYTES) longer than the plaintext. The caller limits the
    /// plaintext's length.
    ///
    /// # Errors
    /// [`Refused::Broken`] if randomness or a primitive fails; [`Refused::Unsuitable`] for other kinds of keys.
    pub fn encrypt(
        &self,
        plaintext: &Plaintext,
        context: &Context,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        let Opened::Symmetric(blobs) = &self.opened else { return Err(Refused::Unsuitable) };
        Ok(blobs.seal(context.canonical(), plaintext.reveal(), entropy)?)
    }

    /// Decrypts a blob of this material made with the same context.
    ///
    /// # Errors
    /// [`Refused::WouldNotOpen`] for any other blob or context; [`Refused::Unsuitable`] for other kinds of keys.
    pub fn decrypt(&self, blob: &Blob<'_>, context: &Context) -> Result<Plaintext, Refused> {
        let Opened::Symmetric(blobs) = &self.opened else { return Err(Refused::Unsuitable) };
        Ok(blobs.open(context.canonical(), blob.as_bytes())?)
    }

    /// The MAC of a message, untruncated.
    ///
    /// # Errors
    /// [`Refused::Unsuitable`] for other kinds of keys.
    pub fn mac(&self, message: &[u8]) -> Result<Vec<u8>, Refused> {
        let Opened::Mac(key) = &self.opened else { return Err(Refused::Unsuitable) };
        Ok(key.sign(message))
    }

    /// Checks the MAC of a message, in constant time.
    ///
    /// # Errors
    /// [`Refused::WouldNotOpen`] for any other MAC, also a shortened one; [`Refused::Unsuitable`] for other kinds of
    /// keys.
    pub fn verify_mac(&self, message: &[u8], mac: &[u8]) -> Result<(), Refused> {
        let Opened::Mac(key) = &self.opened else { return Err(Refused::Unsuitable) };
        if key.verify(message, mac) { Ok(()) } else { Err(Refused::WouldNotOpen) }
    }

    /// The public key of a pair: `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// [`Refused::Unsuitable`] for keys that are no pair.
    pub fn public_key(&self) -> Result<Vec<u8>, Refused> {
        Ok(self.pair()?.public_key()?)
    }

    /// Signs a message. ECDSA and SM2 signatures are in DER; all others are the bytes that their standards define.
    /// Each primitive's file says which random bytes come from `entropy`, and which from its library's own
    /// generator.
    ///
    /// # Errors
    /// [`Refused::Unsuitable`] if the key has no such algorithm, the algorithm does not take this form of message, or
    /// a digest has another length than the algorithm's; [`Refused::Broken`] if randomness or a primitive fails.
    pub fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        self.pair()?.sign(algorithm, message, entropy)
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// [`Refused::WouldNotOpen`] unless this key made the signature of this message by this algorithm;
    /// [`Refused::Unsuitable`] as with [`Material::sign`].
    pub fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Refused> {
        self.pair()?.verify(algorithm, message, signature)
    }

    /// Encrypts with the public key of an RSA or SM2 pair.
    ///
    /// # Errors
    /// [`Refused::Unsuitable`] if the key has no such algorithm or the plaintext is too long for it;
    /// [`Refused::Broken`] if randomness or a primitive fails.
    pub fn encrypt_to_public(
        &self,
        algorithm: PublicKeyEncryption,
        plaintext: &Plaintext,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        self.pair()?.encrypt(algorithm, plaintext, entropy)
    }

    /// Decrypts with the private key of an RSA or SM2 pair.
    ///
    /// # Errors
    /// [`Refused::WouldNotOpen`] for anything that was not encrypted to this key by this algorithm;
    /// [`Refused::Unsuitable`] if the key has no such algorithm.
    pub fn decrypt_with_private(
        &self,
        algorithm: PublicKeyEncryption,
        ciphertext: &[u8],
    ) -> Result<Plaintext, Refused> {
        self.pair()?.decrypt(algorithm, ciphertext)
    }

    /// Agrees on a secret with the owner of a public key, given as `SubjectPublicKeyInfo` in DER. The secret is the
    /// x-coordinate, as long as the curve's field. It is no key yet: callers derive a key from it.
    ///
    /// # Errors
    /// [`AgreeRefused`].
    pub fn agree(&self, peer: &[u8]) -> Result<Plaintext, AgreeRefused> {
        self.pair().map_err(|_| AgreeRefused::Unsuitable)?.agree(peer)
    }

    /// A ciphertext for this ML-KEM key, and the ciphertext's 32-byte secret.
    ///
    /// # Errors
    /// [`Refused::Unsuitable`] for other kinds of keys; [`Refused::Broken`] if randomness or a primitive fails.
    pub fn encapsulate(&self) -> Result<(Vec<u8>, Plaintext), Refused> {
        self.pair()?.encapsulate()
    }

    /// The secret in an ML-KEM ciphertext. A made-up ciphertext gives a secret too, but nobody knows it (FIPS 203,
    /// algorithm 18: implicit rejection).
    ///
    /// # Errors
    /// [`Refused::WouldNotOpen`] if the ciphertext has the wrong length; [`Refused::Unsuitable`] for other kinds of
    /// keys.
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<Plaintext, Refused> {
        self.pair()?.decapsulate(ciphertext)
    }

    /// Opens material in its plain form. Does not keep the plain form itself.
    pub(crate) fn new(plain: &Plaintext, binding: &Binding) -> Result<Self, Broken> {
        let mut id = [0; mac::MAC_BYTES];
        kdf::derive(plain.reveal(), Label::MATERIAL_ID, &named(plain, binding), &mut id)?;
        let opened = match binding.spec.family() {
            Family::Symmetric if plain.len() != KEY_BYTES => return Err(Broken),
            Family::Symmetric => {
                Opened::Symmetric(Sealer::new(plain, Label::BLOB, &blob::prefix(binding, &id))?)
            }
            Family::Mac(algorithm) => Opened::Mac(Box::new(MacKey::open(algorithm, plain)?)),
            _ => Opened::Pair(open_pair(binding.spec, plain)?),
        };
        Ok(Self { id, opened })
    }

    fn pair(&self) -> Result<&dyn PrivateKey, Refused> {
        match &self.opened {
            Opened::Pair(pair) => Ok(pair.as_ref()),
            _ => Err(Refused::Unsuitable),
        }
    }
}

/// New material in its plain form. `docs/key-hierarchy.md` gives the plain form of each spec.
pub(crate) fn generate(spec: Spec, entropy: &dyn Entropy) -> Result<Plaintext, Broken> {
    match spec.family() {
        Family::Symmetric => Ok(Plaintext::zeroed(KEY_BYTES).fill(|out| entropy.fill(out))?),
        Family::Mac(algorithm) => mac::generate(algorithm, entropy),
        Family::Rsa(size) => rsa::generate(size),
        Family::Ec(curve) => ec::generate(curve, entropy),
        Family::Secp256k1 => secp256k1::generate(entropy),
        Family::Ed25519 => ed25519::generate(entropy),
        Family::MlDsa(_) => ml_dsa::generate(entropy),
        Family::MlKem(set) => ml_kem::generate(set),
        Family::Sm2 => sm2::generate(entropy),
    }
}

/// Opens the private key of a pair.
pub(crate) fn open_pair(spec: Spec, plain: &Plaintext) -> Result<Box<dyn PrivateKey>, Broken> {
    match spec.family() {
        Family::Symmetric | Family::Mac(_) => Err(Broken),
        Family::Rsa(size) => Ok(Box::new(RsaKey::open(size, plain)?)),
        Family::Ec(curve) => Ok(Box::new(EcKey::open(curve, plain)?)),
        Family::Secp256k1 => Ok(Box::new(Secp256k1Key::open(plain)?)),
        Family::Ed25519 => Ok(Box::new(Ed25519Key::open(plain)?)),
        Family::MlDsa(set) => Ok(Box::new(MlDsaKey::open(set, plain)?)),
        Family::MlKem(set) => Ok(Box::new(MlKemKey::open(set, plain)?)),
        Family::Sm2 => Ok(Box::new(Sm2Key::open(plain)?)),
    }
}

/// What a material id names besides the material: the key and, where material varies in length, the length. HMAC
/// takes keys that differ in trailing zeros alone, or a long key and its hash, for one key; the length gives them
/// different ids.
fn named(plain: &Plaintext, binding: &Binding) -> Vec<u8> {
    let mut named = binding.named_key().to_vec();
    if binding.spec != Spec::SymmetricDefault {
        named.extend_from_slice(&u32::try_from(plain.len()).unwrap_or(u32::MAX).to_be_bytes());
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symmetric_key_is_small() {
        assert_eq!(size_of::<Material>(), size_of::<MaterialId>() + size_of::<Sealer>());
    }
}
