//! SM2 (GB/T 32918, ISO/IEC 14888-3): signatures, encryption and key agreement, by RustCrypto's `sm2`.
//!
//! The plain form of a key is its scalar, 32 bytes, big-endian. All random bytes come from the given entropy.

use pkcs8::{AssociatedOid, DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use secret::Plaintext;
use sm2::dsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use sm2::dsa::signature::{RandomizedSigner, Verifier};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::elliptic_curve::ecdh::diffie_hellman;
use sm2::pke::{DecryptingKey, EncryptingKey};
use sm2::{PublicKey, SecretKey, Sm2};

use crate::entropy::{Entropy, Rng};
use crate::envelope::Broken;
use crate::error::{AgreeRefused, Refused};
use crate::pair::{Message, PrivateKey};
use crate::spec::{PublicKeyEncryption, SigningAlgorithm};
use crate::spki;

/// A key, with the hash of its identity computed.
pub(crate) struct Sm2Key {
    secret: SecretKey,
    signing: SigningKey,
}

/// A scalar by rejection sampling.
pub(crate) fn generate(entropy: &dyn Entropy) -> Result<Plaintext, Broken> {
    for _ in 0..CANDIDATES_MAX {
        let candidate = Plaintext::zeroed(SCALAR_BYTES).fill(|out| entropy.fill(out))?;
        if Sm2Key::open(&candidate).is_ok() {
            return Ok(candidate);
        }
    }
    Err(Broken)
}

/// The plain form of a PKCS#8 key on the named curve. If the PKCS#8 has a public key, it must be the scalar's.
pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Option<Plaintext> {
    spki::names_curve(pkcs8, Sm2::OID).then_some(())?;
    let secret = SecretKey::from_pkcs8_der(pkcs8).ok()?;
    Some(Plaintext::new(secret.to_bytes().to_vec()))
}

impl Sm2Key {
    /// Opens the plain form.
    pub(crate) fn open(scalar: &Plaintext) -> Result<Self, Broken> {
        if scalar.len() != SCALAR_BYTES {
            return Err(Broken);
        }
        let secret = SecretKey::from_slice(scalar.reveal()).map_err(|_| Broken)?;
        let signing = SigningKey::new(IDENTITY, &secret).map_err(|_| Broken)?;
        Ok(Self { secret, signing })
    }
}

impl PrivateKey for Sm2Key {
    fn public_key(&self) -> Result<Vec<u8>, Broken> {
        Ok(self.secret.public_key().to_public_key_der().map_err(|_| Broken)?.into_vec())
    }

    fn to_pkcs8(&self) -> Result<Plaintext, Refused> {
        let der = self.secret.to_pkcs8_der().map_err(|_| Refused::Broken)?;
        Ok(Plaintext::new(der.as_bytes().to_vec()))
    }

    /// A digest is SM3 of the identity's hash and the message (GM/T 0003.2, 6.1), made by the caller.
    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        let rng = &mut Rng(entropy);
        let signature: Result<Signature, _> = match (algorithm, message) {
            (SigningAlgorithm::Sm2Dsa, Message::Raw(message)) => self.signing.try_sign_with_rng(rng, message),
            (SigningAlgorithm::Sm2Dsa, Message::Digest(digest)) if digest.len() == DIGEST_BYTES => {
                self.signing.sign_prehash_with_rng(rng, digest)
            }
            _ => return Err(Refused::Unsuitable),
        };
        Ok(signature.map_err(|_| Refused::Broken)?.to_der().to_vec())
    }

    fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Refused> {
        verify(self.signing.verifying_key(), algorithm, message, signature)
    }

    fn encrypt(
        &self,
        algorithm: PublicKeyEncryption,
        plaintext: &Plaintext,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        if algorithm != PublicKeyEncryption::Sm2Pke || plaintext.is_empty() {
            return Err(Refused::Unsuitable);
        }
        let key = EncryptingKey::new(self.secret.public_key());
        key.encrypt_der(&mut Rng(entropy), plaintext.reveal()).map_err(|_| Refused::Broken)
    }

    fn decrypt(&self, algorithm: PublicKeyEncryption, ciphertext: &[u8]) -> Result<Plaintext, Refused> {
        if algorithm != PublicKeyEncryption::Sm2Pke {
            return Err(Refused::Unsuitable);
        }
        let key = DecryptingKey::new(self.secret.clone());
        key.decrypt_der(ciphertext).map(Plaintext::new).map_err(|_| Refused::WouldNotOpen)
    }

    fn agree(&self, peer: &[u8]) -> Result<Plaintext, AgreeRefused> {
        let point = spki::ec_point(peer, Sm2::OID).ok_or(AgreeRefused::NotAPeer)?;
        let peer = PublicKey::from_sec1_bytes(point).map_err(|_| AgreeRefused::NotAPeer)?;
        let shared = diffie_hellman(self.secret.to_nonzero_scalar(), peer.as_affine());
        Ok(Plaintext::new(shared.raw_secret_bytes().to_vec()))
    }
}

pub(crate) fn verify(
    key: &VerifyingKey,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
    signature: &[u8],
) -> Result<(), Refused> {
    let parsed = Signature::from_der(signature).map_err(|_| Refused::WouldNotOpen);
    let genuine = match (algorithm, message) {
        (SigningAlgorithm::Sm2Dsa, Message::Raw(message)) => key.verify(message, &parsed?),
        (SigningAlgorithm::Sm2Dsa, Message::Digest(digest)) if digest.len() == DIGEST_BYTES => {
            key.verify_prehash(digest, &parsed?)
        }
        _ => return Err(Refused::Unsuitable),
    };
    genuine.map_err(|_| Refused::WouldNotOpen)
}

/// The signer's identity when none is agreed on (GM/T 0009, section 10). AWS uses this identity too.
const IDENTITY: &str = "1234567812345678";
const SCALAR_BYTES: usize = 32;
const DIGEST_BYTES: usize = 32;

/// A candidate fails with a chance of 2^-32.
const CANDIDATES_MAX: usize = 8;
