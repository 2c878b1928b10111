//! Ed25519 (RFC 8032): pure by AWS-LC, prehashed by `ed25519-dalek`, because AWS-LC's Rust API has no Ed25519ph.
//!
//! The plain form of a key is its seed, 32 bytes, drawn from the given entropy. Signatures are deterministic.

use aws_lc_rs::encoding::{AsBigEndian, AsDer, Curve25519SeedBin, PublicKeyX509Der};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use ed25519_dalek::{Digest, Sha512, Signature, SigningKey, VerifyingKey};
use secret::Plaintext;
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::envelope::Broken;
use crate::error::Refused;
use crate::pair::{Message, PrivateKey};
use crate::spec::SigningAlgorithm;
use crate::spki;

/// A key, expanded for both libraries.
pub(crate) struct Ed25519Key {
    pure: Ed25519KeyPair,
    verifying: ParsedPublicKey,
    prehashed: SigningKey,
}

pub(crate) fn generate(entropy: &dyn Entropy) -> Result<Plaintext, Broken> {
    Ok(Plaintext::zeroed(SEED_BYTES).fill(|out| entropy.fill(out))?)
}

/// The plain form of a PKCS#8 key (RFC 8410). If the PKCS#8 has a public key, it must be the seed's.
pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Option<Plaintext> {
    spki::is_pkcs8(pkcs8).then_some(())?;
    let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok()?;
    let seed: Curve25519SeedBin<'_> = key.seed().ok()?.as_be_bytes().ok()?;
    Some(Plaintext::new(seed.as_ref().to_vec()))
}

impl Ed25519Key {
    /// Opens the plain form.
    pub(crate) fn open(seed: &Plaintext) -> Result<Self, Broken> {
        let pure = Ed25519KeyPair::from_seed_unchecked(seed.reveal())?;
        let bytes = Zeroizing::new(<[u8; SEED_BYTES]>::try_from(seed.reveal()).map_err(|_| Broken)?);
        Ok(Self {
            verifying: ParsedPublicKey::new(&ED25519, pure.public_key())?,
            prehashed: SigningKey::from_bytes(&bytes),
            pure,
        })
    }
}

impl PrivateKey for Ed25519Key {
    fn public_key(&self) -> Result<Vec<u8>, Broken> {
        let der: PublicKeyX509Der<'_> = self.pure.public_key().as_der()?;
        Ok(der.as_ref().to_vec())
    }

    fn to_pkcs8(&self) -> Result<Plaintext, Refused> {
        Ok(Plaintext::new(self.pure.to_pkcs8v1().map_err(Broken::from)?.as_ref().to_vec()))
    }

    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        _: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        match (algorithm, message) {
            (SigningAlgorithm::Ed25519Sha512, Message::Raw(message)) => {
                Ok(self.pure.try_sign(message).map_err(Broken::from)?.as_ref().to_vec())
            }
            (SigningAlgorithm::Ed25519PhSha512, Message::Digest(digest)) => {
                sign_prehashed(&self.prehashed, prehash(digest)?)
            }
            _ => Err(Refused::Unsuitable),
        }
    }

    fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Refused> {
        match (algorithm, message) {
            (SigningAlgorithm::Ed25519Sha512, Message::Raw(message)) => {
                self.verifying.verify_sig(message, signature).map_err(|_| Refused::WouldNotOpen)
            }
            (SigningAlgorithm::Ed25519PhSha512, Message::Digest(digest)) => {
                verify_prehashed(&self.prehashed.verifying_key(), prehash(digest)?, signature)
            }
            _ => Err(Refused::Unsuitable),
        }
    }
}

/// Ed25519ph's hash of what it signs. AWS lets callers send the SHA-512 of their message, and hashes this digest
/// once more.
fn prehash(digest: &[u8]) -> Result<Sha512, Refused> {
    if digest.len() != DIGEST_BYTES {
        return Err(Refused::Unsuitable);
    }
    Ok(Sha512::new().chain_update(digest))
}

/// Ed25519ph of a message that need not be a digest, for the known-answer test.
pub(crate) fn sign_any_length(seed: &Plaintext, message: &[u8]) -> Result<Vec<u8>, Refused> {
    let key = Ed25519Key::open(seed)?;
    let signature = sign_prehashed(&key.prehashed, Sha512::new().chain_update(message))?;
    verify_prehashed(&key.prehashed.verifying_key(), Sha512::new().chain_update(message), &signature)?;
    Ok(signature)
}

fn sign_prehashed(key: &SigningKey, prehash: Sha512) -> Result<Vec<u8>, Refused> {
    Ok(key.sign_prehashed(prehash, None).map_err(|_| Refused::Broken)?.to_bytes().to_vec())
}

fn verify_prehashed(key: &VerifyingKey, prehash: Sha512, signature: &[u8]) -> Result<(), Refused> {
    let signature = Signature::from_slice(signature).map_err(|_| Refused::WouldNotOpen)?;
    key.verify_prehashed(prehash, None, &signature).map_err(|_| Refused::WouldNotOpen)
}

const SEED_BYTES: usize = 32;
const DIGEST_BYTES: usize = 64;
