//! RSA (RFC 8017), by AWS-LC: OAEP, PSS and PKCS#1 v1.5 signatures.
//!
//! The plain form of a key is its PKCS#8 in DER. Keys, salts and OAEP's seeds come from AWS-LC's own generator.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaParameters, RsaSignatureEncoding,
};
use aws_lc_rs::{digest, digest::SHA256, digest::SHA384, digest::SHA512};
use secret::Plaintext;
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::envelope::Broken;
use crate::error::Refused;
use crate::pair::{Message, PrivateKey};
use crate::spec::{PublicKeyEncryption, SigningAlgorithm};
use crate::spki;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RsaSize {
    Rsa2048,
    Rsa3072,
    Rsa4096,
}

/// A key, parsed. AWS-LC has one type for signing and one for decryption. A KMS key does one of the two, so the
/// second is parsed on demand.
pub(crate) struct RsaKey {
    signing: KeyPair,
    decrypting: OnceLock<OaepPrivateDecryptingKey>,
}

/// A new key. Takes 50 to 500 ms.
pub(crate) fn generate(size: RsaSize) -> Result<Plaintext, Broken> {
    to_pkcs8(&KeyPair::generate(size.key_size())?)
}

/// The plain form of a key from elsewhere: PKCS#8 with two primes, of this size. AWS-LC checks that the parts of
/// the key belong together. `None` for everything else.
pub(crate) fn from_pkcs8(size: RsaSize, pkcs8: &[u8]) -> Option<Plaintext> {
    spki::is_pkcs8(pkcs8).then_some(())?;
    let bits = PrivateDecryptingKey::from_pkcs8(pkcs8).ok()?.key_size_bits();
    let key = KeyPair::from_pkcs8(pkcs8).ok()?;
    if bits == size.bytes() * 8 { to_pkcs8(&key).ok() } else { None }
}

impl RsaKey {
    /// Opens the plain form.
    pub(crate) fn open(size: RsaSize, pkcs8: &Plaintext) -> Result<Self, Broken> {
        let signing = KeyPair::from_pkcs8(pkcs8.reveal())?;
        if signing.public_modulus_len() != size.bytes() {
            return Err(Broken);
        }
        Ok(Self { signing, decrypting: OnceLock::new() })
    }

    fn decrypting(&self) -> Result<&OaepPrivateDecryptingKey, Broken> {
        if let Some(key) = self.decrypting.get() {
            return Ok(key);
        }
        let key = PrivateDecryptingKey::from_pkcs8(to_pkcs8(&self.signing)?.reveal())?;
        let key = OaepPrivateDecryptingKey::new(key)?;
        Ok(self.decrypting.get_or_init(|| key))
    }
}

impl PrivateKey for RsaKey {
    fn public_key(&self) -> Result<Vec<u8>, Broken> {
        let der: PublicKeyX509Der<'_> = self.signing.public_key().as_der()?;
        Ok(der.as_ref().to_vec())
    }

    fn to_pkcs8(&self) -> Result<Plaintext, Refused> {
        Ok(to_pkcs8(&self.signing)?)
    }

    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        _: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        let scheme = Scheme::of(algorithm)?;
        let digest = message.digest(scheme.hash)?;
        let mut signature = vec![0; self.signing.public_modulus_len()];
        self.signing.sign_digest(scheme.signing, &digest, &mut signature).map_err(Broken::from)?;
        Ok(signature)
    }

    fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Refused> {
        verify(self.signing.public_key().as_ref(), algorithm, message, signature)
    }

    fn encrypt(
        &self,
        algorithm: PublicKeyEncryption,
        plaintext: &Plaintext,
        _: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        encrypt(&self.public_key()?, algorithm, plaintext)
    }

    fn decrypt(&self, algorithm: PublicKeyEncryption, ciphertext: &[u8]) -> Result<Plaintext, Refused> {
        let algorithm = oaep(algorithm)?;
        let key = self.decrypting()?;
        let mut buffer = Zeroizing::new(vec![0; key.min_output_size()]);
        let plaintext = key.decrypt(algorithm, ciphertext, &mut buffer, None);
        plaintext.map(|bytes| Plaintext::new(bytes.to_vec())).map_err(|_| Refused::WouldNotOpen)
    }
}

/// Encrypts to a public key, a `SubjectPublicKeyInfo` in DER.
pub(crate) fn encrypt(
    public: &[u8],
    algorithm: PublicKeyEncryption,
    plaintext: &Plaintext,
) -> Result<Vec<u8>, Refused> {
    let algorithm = oaep(algorithm)?;
    let key = PublicEncryptingKey::from_der(public).map_err(Broken::from)?;
    let key = OaepPublicEncryptingKey::new(key).map_err(Broken::from)?;
    if plaintext.len() > key.max_plaintext_size(algorithm) {
        return Err(Refused::Unsuitable);
    }
    let mut ciphertext = vec![0; key.ciphertext_size()];
    key.encrypt(algorithm, plaintext.reveal(), &mut ciphertext, None).map_err(Broken::from)?;
    Ok(ciphertext)
}

/// Verifies with a public key in DER, as `RSAPublicKey` or `SubjectPublicKeyInfo`.
pub(crate) fn verify(
    public: &[u8],
    algorithm: SigningAlgorithm,
    message: Message<'_>,
    signature: &[u8],
) -> Result<(), Refused> {
    let scheme = Scheme::of(algorithm)?;
    let digest = message.digest(scheme.hash)?;
    let key = ParsedPublicKey::new(scheme.verifying, public).map_err(Broken::from)?;
    key.verify_digest_sig(&digest, signature).map_err(|_| Refused::WouldNotOpen)
}

fn to_pkcs8(key: &KeyPair) -> Result<Plaintext, Broken> {
    let der: Pkcs8V1Der<'_> = key.as_der()?;
    Ok(Plaintext::new(der.as_ref().to_vec()))
}

/// The hash also is MGF1's.
fn oaep(algorithm: PublicKeyEncryption) -> Result<&'static OaepAlgorithm, Refused> {
    match algorithm {
        PublicKeyEncryption::RsaesOaepSha1 => Ok(&OAEP_SHA1_MGF1SHA1),
        PublicKeyEncryption::RsaesOaepSha256 => Ok(&OAEP_SHA256_MGF1SHA256),
        PublicKeyEncryption::Sm2Pke => Err(Refused::Unsuitable),
    }
}

/// A signature scheme. AWS-LC's PSS makes salts as long as the hash, and accepts no others.
struct Scheme {
    hash: &'static digest::Algorithm,
    signing: &'static RsaSignatureEncoding,
    verifying: &'static RsaParameters,
}

impl Scheme {
    fn of(algorithm: SigningAlgorithm) -> Result<Self, Refused> {
        let (hash, signing, verifying) = match algorithm {
            SigningAlgorithm::RsassaPssSha256 => (&SHA256, &RSA_PSS_SHA256, &RSA_PSS_2048_8192_SHA256),
            SigningAlgorithm::RsassaPssSha384 => (&SHA384, &RSA_PSS_SHA384, &RSA_PSS_2048_8192_SHA384),
            SigningAlgorithm::RsassaPssSha512 => (&SHA512, &RSA_PSS_SHA512, &RSA_PSS_2048_8192_SHA512),
            SigningAlgorithm::RsassaPkcs1V15Sha256 => {
                (&SHA256, &RSA_PKCS1_SHA256, &RSA_PKCS1_2048_8192_SHA256)
            }
            SigningAlgorithm::RsassaPkcs1V15Sha384 => {
                (&SHA384, &RSA_PKCS1_SHA384, &RSA_PKCS1_2048_8192_SHA384)
            }
            SigningAlgorithm::RsassaPkcs1V15Sha512 => {
                (&SHA512, &RSA_PKCS1_SHA512, &RSA_PKCS1_2048_8192_SHA512)
            }
            _ => return Err(Refused::Unsuitable),
        };
        Ok(Self { hash, signing, verifying })
    }
}

impl RsaSize {
    pub(crate) fn bytes(self) -> usize {
        self.key_size().len()
    }

    fn key_size(self) -> KeySize {
        match self {
            Self::Rsa2048 => KeySize::Rsa2048,
            Self::Rsa3072 => KeySize::Rsa3072,
            Self::Rsa4096 => KeySize::Rsa4096,
        }
    }
}
