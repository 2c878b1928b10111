//! Material from elsewhere: how it is wrapped on the way, and what counts as material.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-encrypt-key-material.html>

use secret::Plaintext;

use crate::aead::KEY_BYTES;
use crate::entropy::Entropy;
use crate::envelope::Broken;
use crate::error::Refused;
use crate::key_wrap;
use crate::pair::PrivateKey;
use crate::rsa::{self, RsaKey, RsaSize};
use crate::sm2::{self, Sm2Key};
use crate::spec::{Family, PublicKeyEncryption, Spec};
use crate::{ec, ed25519, secp256k1};

/// The kind of a wrapping key (`WrappingKeySpec`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WrappingKeySpec {
    /// RSA, 2048 bits.
    Rsa2048,
    /// RSA, 3072 bits.
    Rsa3072,
    /// RSA, 4096 bits.
    Rsa4096,
    /// SM2.
    Sm2,
}

/// How material is wrapped (`WrappingAlgorithm`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WrappingAlgorithm {
    /// RSAES-OAEP of the material, with SHA-1.
    RsaesOaepSha1,
    /// RSAES-OAEP of the material, with SHA-256.
    RsaesOaepSha256,
    /// RSAES-OAEP with SHA-1 of a 256-bit AES key, then the material wrapped by it (RFC 5649).
    RsaAesKeyWrapSha1,
    /// RSAES-OAEP with SHA-256 of a 256-bit AES key, then the material wrapped by it (RFC 5649).
    RsaAesKeyWrapSha256,
    /// SM2 encryption of the material.
    Sm2Pke,
}

/// A new wrapping key. The strongroom does not keep it: the caller hands `sealed` back together with the wrapped
/// material.
pub struct WrappingKey {
    /// The public key: `SubjectPublicKeyInfo` in DER.
    pub public: Vec<u8>,
    /// The private key, sealed under the active domain key.
    pub sealed: Vec<u8>,
}

/// A wrapping key that a caller hands back.
#[derive(Clone, Copy)]
pub struct SealedWrappingKey<'a> {
    /// The bytes of [`WrappingKey::sealed`].
    pub sealed: &'a [u8],
    /// Its spec, bound into it.
    pub spec: WrappingKeySpec,
    /// The bytes to which it was bound.
    pub binding: &'a [u8],
}

/// Why material was not imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportRefused {
    /// No domain keys are open.
    Sealed,
    /// The wrapping key was not made here for this binding, or was altered.
    NotAWrappingKey,
    /// The material does not unwrap with this key and algorithm.
    WouldNotUnwrap,
    /// The unwrapped bytes are no material for this spec.
    NotMaterial,
    /// Randomness or a primitive failed. Nothing is wrong with the input.
    Broken,
}

impl WrappingKeySpec {
    /// Every spec.
    pub const ALL: [Self; 4] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::Sm2];

    /// The spec of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }

    /// AWS's name, which is bound into the sealed key.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
            Self::Sm2 => "SM2",
        }
    }

    /// A new private key in its plain form. RSA takes 50 to 500 ms.
    pub(crate) fn generate(self, entropy: &dyn Entropy) -> Result<Plaintext, Broken> {
        match self.rsa() {
            Some(size) => rsa::generate(size),
            None => sm2::generate(entropy),
        }
    }

    pub(crate) fn open(self, plain: &Plaintext) -> Result<Box<dyn PrivateKey>, Broken> {
        match self.rsa() {
            Some(size) => Ok(Box::new(RsaKey::open(size, plain)?)),
            None => Ok(Box::new(Sm2Key::open(plain)?)),
        }
    }

    /// Unwraps with a key of this spec.
    pub(crate) fn unwrap(
        self,
        key: &dyn PrivateKey,
        how: WrappingAlgorithm,
        wrapped: &[u8],
    ) -> Result<Plaintext, ImportRefused> {
        let decrypt =
            |ciphertext| key.decrypt(how.encryption(), ciphertext).map_err(|_| ImportRefused::WouldNotUnwrap);
        if !how.wraps_a_key() {
            return decrypt(wrapped);
        }
        let modulus_bytes = self.rsa().ok_or(ImportRefused::WouldNotUnwrap)?.bytes();
        let (key, wrapped) = wrapped.split_at_checked(modulus_bytes).ok_or(ImportRefused::WouldNotUnwrap)?;
        let key = decrypt(key)?;
        if key.len() != KEY_BYTES {
            return Err(ImportRefused::WouldNotUnwrap);
        }
        key_wrap::unwrap(&key, wrapped).map_err(|_| ImportRefused::WouldNotUnwrap)
    }

    fn rsa(self) -> Option<RsaSize> {
        match self {
            Self::Rsa2048 => Some(RsaSize::Rsa2048),
            Self::Rsa3072 => Some(RsaSize::Rsa3072),
            Self::Rsa4096 => Some(RsaSize::Rsa4096),
            Self::Sm2 => None,
        }
    }
}

impl WrappingAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [
        Self::RsaesOaepSha1,
        Self::RsaesOaepSha256,
        Self::RsaAesKeyWrapSha1,
        Self::RsaAesKeyWrapSha256,
        Self::Sm2Pke,
    ];

    /// The algorithm of this name. Also `None` for `RSAES_PKCS1_V1_5`: AWS no longer takes it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// AWS's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaesOaepSha1 => "RSAES_OAEP_SHA_1",
            Self::RsaesOaepSha256 => "RSAES_OAEP_SHA_256",
            Self::RsaAesKeyWrapSha1 => "RSA_AES_KEY_WRAP_SHA_1",
            Self::RsaAesKeyWrapSha256 => "RSA_AES_KEY_WRAP_SHA_256",
            Self::Sm2Pke => "SM2PKE",
        }
    }

    /// How the wrapping key encrypts.
    fn encryption(self) -> PublicKeyEncryption {
        match self {
            Self::RsaesOaepSha1 | Self::RsaAesKeyWrapSha1 => PublicKeyEncryption::RsaesOaepSha1,
            Self::RsaesOaepSha256 | Self::RsaAesKeyWrapSha256 => PublicKeyEncryption::RsaesOaepSha256,
            Self::Sm2Pke => PublicKeyEncryption::Sm2Pke,
        }
    }

    /// Whether the wrapping key encrypts an AES key, which in turn wraps the material.
    fn wraps_a_key(self) -> bool {
        matches!(self, Self::RsaAesKeyWrapSha1 | Self::RsaAesKeyWrapSha256)
    }
}

/// The plain form of material that comes as AWS defines it for import: raw bytes for symmetric and HMAC keys,
/// PKCS#8 in DER for pairs. `None` for anything else, and for post-quantum keys, because AWS does not import these.
pub(crate) fn plain_form(spec: Spec, material: &Plaintext) -> Option<Plaintext> {
    let bytes = material.reveal();
    match spec.family() {
        Family::Symmetric => (bytes.len() == KEY_BYTES).then(|| Plaintext::new(bytes.to_vec())),
        Family::Mac(algorithm) => algorithm.takes(bytes.len()).then(|| Plaintext::new(bytes.to_vec())),
        Family::Rsa(size) => rsa::from_pkcs8(size, bytes),
        Family::Ec(curve) => ec::from_pkcs8(curve, bytes),
        Family::Secp256k1 => secp256k1::from_pkcs8(bytes),
        Family::Ed25519 => ed25519::from_pkcs8(bytes),
        Family::Sm2 => sm2::from_pkcs8(bytes),
        Family::MlDsa(_) | Family::MlKem(_) => None,
    }
}

impl From<Refused> for ImportRefused {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Sealed => Self::Sealed,
            Refused::WouldNotOpen => Self::NotAWrappingKey,
            Refused::Unsuitable => Self::NotMaterial,
            Refused::Broken => Self::Broken,
        }
    }
}
