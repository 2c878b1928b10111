//! ECDSA on secp256k1, by libsecp256k1, which is several times as fast as AWS-LC. AWS-LC does the encodings.
//!
//! The plain form of a key is its scalar, 32 bytes, big-endian. The scalar is drawn from the given entropy. The
//! secret number of each signature depends on key, digest and further bytes of entropy (RFC 6979, section 3.6).

use aws_lc_rs::digest::SHA256;
use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256K1_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use pkcs8::ObjectIdentifier;
use secp256k1::{Message as MessageDigest, PublicKey, SecretKey, ecdsa};
use secret::Plaintext;
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::envelope::Broken;
use crate::error::Refused;
use crate::pair::{Message, PrivateKey};
use crate::spec::SigningAlgorithm;
use crate::spki;

/// A key, checked, with its public point.
pub(crate) struct Secp256k1Key {
    secret: SecretKey,
    public: PublicKey,
}

/// A scalar by rejection sampling (FIPS 186-5, A.2.2).
pub(crate) fn generate(entropy: &dyn Entropy) -> Result<Plaintext, Broken> {
    for _ in 0..CANDIDATES_MAX {
        let candidate = Plaintext::zeroed(SCALAR_BYTES).fill(|out| entropy.fill(out))?;
        if Secp256k1Key::open(&candidate).is_ok() {
            return Ok(candidate);
        }
    }
    Err(Broken)
}

/// The plain form of a PKCS#8 key on the named curve. AWS-LC checks that its parts belong together.
pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Option<Plaintext> {
    spki::names_curve(pkcs8, OID).then_some(())?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256K1_SHA256_ASN1_SIGNING, pkcs8).ok()?;
    let scalar: EcPrivateKeyBin<'_> = key.private_key().as_be_bytes().ok()?;
    Some(Plaintext::new(scalar.as_ref().to_vec()))
}

impl Secp256k1Key {
    /// Opens the plain form.
    pub(crate) fn open(scalar: &Plaintext) -> Result<Self, Broken> {
        let bytes = Zeroizing::new(<[u8; SCALAR_BYTES]>::try_from(scalar.reveal()).map_err(|_| Broken)?);
        let secret = SecretKey::from_secret_bytes(*bytes).map_err(|_| Broken)?;
        Ok(Self { secret, public: PublicKey::from_secret_key(&secret) })
    }

    fn encodable(&self) -> Result<EcdsaKeyPair, Broken> {
        let scalar = Zeroizing::new(self.secret.to_secret_bytes());
        let point = self.public.serialize_uncompressed();
        let algorithm = &ECDSA_P256K1_SHA256_ASN1_SIGNING;
        Ok(EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar.as_slice(), &point)?)
    }
}

impl PrivateKey for Secp256k1Key {
    fn public_key(&self) -> Result<Vec<u8>, Broken> {
        let der: PublicKeyX509Der<'_> = self.encodable()?.public_key().as_der()?;
        Ok(der.as_ref().to_vec())
    }

    fn to_pkcs8(&self) -> Result<Plaintext, Refused> {
        Ok(Plaintext::new(self.encodable()?.to_pkcs8v1().map_err(Broken::from)?.as_ref().to_vec()))
    }

    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        let digest = digest(algorithm, message)?;
        let mut extra = Zeroizing::new([0; 32]);
        entropy.fill(extra.as_mut_slice())?;
        let signature = ecdsa::sign_with_noncedata(digest, &self.secret, &extra);
        Ok(signature.serialize_der().to_vec())
    }

    fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Refused> {
        verify(&self.public, algorithm, message, signature)
    }
}

/// The library accepts only the lower of the two values of `s`; ECDSA accepts both.
pub(crate) fn verify(
    public: &PublicKey,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
    signature: &[u8],
) -> Result<(), Refused> {
    let digest = digest(algorithm, message)?;
    let mut signature = ecdsa::Signature::from_der(signature).map_err(|_| Refused::WouldNotOpen)?;
    signature.normalize_s();
    ecdsa::verify(&signature, digest, public).map_err(|_| Refused::WouldNotOpen)
}

impl Drop for Secp256k1Key {
    fn drop(&mut self) {
        self.secret.non_secure_erase();
    }
}

fn digest(algorithm: SigningAlgorithm, message: Message<'_>) -> Result<MessageDigest, Refused> {
    if algorithm != SigningAlgorithm::EcdsaSha256 {
        return Err(Refused::Unsuitable);
    }
    let digest = message.digest(&SHA256)?;
    Ok(MessageDigest::from_digest(digest.as_ref().try_into().map_err(|_| Refused::Broken)?))
}

/// The named curve (SEC 2, A.2).
const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.10");
const SCALAR_BYTES: usize = 32;

/// A candidate fails with a chance of 2^-128.
const CANDIDATES_MAX: usize = 2;
