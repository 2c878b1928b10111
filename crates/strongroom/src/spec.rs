//! Kinds of material and what each can do, under AWS's names.

use crate::ec::Curve;
use crate::mac::MacAlgorithm;
use crate::ml_dsa::MlDsaSet;
use crate::ml_kem::MlKemSet;
use crate::rsa::RsaSize;

/// The kind of a piece of material (`KeySpec`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spec {
    /// AES-256 for encryption.
    SymmetricDefault,
    /// HMAC-SHA-224.
    Hmac224,
    /// HMAC-SHA-256.
    Hmac256,
    /// HMAC-SHA-384.
    Hmac384,
    /// HMAC-SHA-512.
    Hmac512,
    /// RSA, 2048 bits, for signatures or encryption.
    Rsa2048,
    /// RSA, 3072 bits, for signatures or encryption.
    Rsa3072,
    /// RSA, 4096 bits, for signatures or encryption.
    Rsa4096,
    /// NIST P-256, for signatures or key agreement.
    EccNistP256,
    /// NIST P-384, for signatures or key agreement.
    EccNistP384,
    /// NIST P-521, for signatures or key agreement.
    EccNistP521,
    /// secp256k1, for signatures.
    EccSecgP256k1,
    /// Edwards25519, for signatures.
    EccNistEdwards25519,
    /// ML-DSA-44, for signatures.
    MlDsa44,
    /// ML-DSA-65, for signatures.
    MlDsa65,
    /// ML-DSA-87, for signatures.
    MlDsa87,
    /// ML-KEM-512, for encapsulation.
    MlKem512,
    /// ML-KEM-768, for encapsulation.
    MlKem768,
    /// ML-KEM-1024, for encapsulation.
    MlKem1024,
    /// SM2, for signatures, encryption or key agreement.
    Sm2,
}

impl Spec {
    /// Every spec.
    pub const ALL: [Self; 20] = [
        Self::SymmetricDefault,
        Self::Hmac224,
        Self::Hmac256,
        Self::Hmac384,
        Self::Hmac512,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EccNistP256,
        Self::EccNistP384,
        Self::EccNistP521,
        Self::EccSecgP256k1,
        Self::EccNistEdwards25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
        Self::MlKem512,
        Self::MlKem768,
        Self::MlKem1024,
        Self::Sm2,
    ];

    /// The spec of this name; `None` for a name of which the strongroom makes no keys.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }

    /// AWS's name. It is bound into every token and never changes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SymmetricDefault => "SYMMETRIC_DEFAULT",
            Self::Hmac224 => "HMAC_224",
            Self::Hmac256 => "HMAC_256",
            Self::Hmac384 => "HMAC_384",
            Self::Hmac512 => "HMAC_512",
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
            Self::EccNistP256 => "ECC_NIST_P256",
            Self::EccNistP384 => "ECC_NIST_P384",
            Self::EccNistP521 => "ECC_NIST_P521",
            Self::EccSecgP256k1 => "ECC_SECG_P256K1",
            Self::EccNistEdwards25519 => "ECC_NIST_EDWARDS25519",
            Self::MlDsa44 => "ML_DSA_44",
            Self::MlDsa65 => "ML_DSA_65",
            Self::MlDsa87 => "ML_DSA_87",
            Self::MlKem512 => "ML_KEM_512",
            Self::MlKem768 => "ML_KEM_768",
            Self::MlKem1024 => "ML_KEM_1024",
            Self::Sm2 => "SM2",
        }
    }

    /// The spec, sorted by the primitive that computes with it.
    pub(crate) fn family(self) -> Family {
        match self {
            Self::SymmetricDefault => Family::Symmetric,
            Self::Hmac224 => Family::Mac(MacAlgorithm::Sha224),
            Self::Hmac256 => Family::Mac(MacAlgorithm::Sha256),
            Self::Hmac384 => Family::Mac(MacAlgorithm::Sha384),
            Self::Hmac512 => Family::Mac(MacAlgorithm::Sha512),
            Self::Rsa2048 => Family::Rsa(RsaSize::Rsa2048),
            Self::Rsa3072 => Family::Rsa(RsaSize::Rsa3072),
            Self::Rsa4096 => Family::Rsa(RsaSize::Rsa4096),
            Self::EccNistP256 => Family::Ec(Curve::P256),
            Self::EccNistP384 => Family::Ec(Curve::P384),
            Self::EccNistP521 => Family::Ec(Curve::P521),
            Self::EccSecgP256k1 => Family::Secp256k1,
            Self::EccNistEdwards25519 => Family::Ed25519,
            Self::MlDsa44 => Family::MlDsa(MlDsaSet::MlDsa44),
            Self::MlDsa65 => Family::MlDsa(MlDsaSet::MlDsa65),
            Self::MlDsa87 => Family::MlDsa(MlDsaSet::MlDsa87),
            Self::MlKem512 => Family::MlKem(MlKemSet::MlKem512),
            Self::MlKem768 => Family::MlKem(MlKemSet::MlKem768),
            Self::MlKem1024 => Family::MlKem(MlKemSet::MlKem1024),
            Self::Sm2 => Family::Sm2,
        }
    }
}

/// The primitive that computes with material, and its parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Symmetric,
    Mac(MacAlgorithm),
    Rsa(RsaSize),
    Ec(Curve),
    Secp256k1,
    Ed25519,
    MlDsa(MlDsaSet),
    MlKem(MlKemSet),
    Sm2,
}

impl Family {
    /// Whether AWS makes data key pairs of this family (`DataKeyPairSpec`).
    pub(crate) fn has_pairs_for_callers(self) -> bool {
        match self {
            Self::Rsa(_) | Self::Ec(_) | Self::Secp256k1 | Self::Ed25519 | Self::Sm2 => true,
            Self::Symmetric | Self::Mac(_) | Self::MlDsa(_) | Self::MlKem(_) => false,
        }
    }
}

/// How a message is signed (`SigningAlgorithm`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SigningAlgorithm {
    /// RSASSA-PSS, SHA-256, MGF1 with the same hash, 32 bytes of salt.
    RsassaPssSha256,
    /// RSASSA-PSS, SHA-384, MGF1 with the same hash, 48 bytes of salt.
    RsassaPssSha384,
    /// RSASSA-PSS, SHA-512, MGF1 with the same hash, 64 bytes of salt.
    RsassaPssSha512,
    /// RSASSA-PKCS1-v1_5, SHA-256.
    RsassaPkcs1V15Sha256,
    /// RSASSA-PKCS1-v1_5, SHA-384.
    RsassaPkcs1V15Sha384,
    /// RSASSA-PKCS1-v1_5, SHA-512.
    RsassaPkcs1V15Sha512,
    /// ECDSA with SHA-256, on P-256 and secp256k1.
    EcdsaSha256,
    /// ECDSA with SHA-384, on P-384.
    EcdsaSha384,
    /// ECDSA with SHA-512, on P-521.
    EcdsaSha512,
    /// SM2DSA with SM3 and the identity `1234567812345678`.
    Sm2Dsa,
    /// Pure ML-DSA with an empty context.
    MlDsaShake256,
    /// Pure Ed25519.
    Ed25519Sha512,
    /// Ed25519ph with an empty context. Its message is the caller's digest.
    Ed25519PhSha512,
}

impl SigningAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 13] = [
        Self::RsassaPssSha256,
        Self::RsassaPssSha384,
        Self::RsassaPssSha512,
        Self::RsassaPkcs1V15Sha256,
        Self::RsassaPkcs1V15Sha384,
        Self::RsassaPkcs1V15Sha512,
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
        Self::Sm2Dsa,
        Self::MlDsaShake256,
        Self::Ed25519Sha512,
        Self::Ed25519PhSha512,
    ];

    /// The algorithm of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// AWS's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RsassaPssSha256 => "RSASSA_PSS_SHA_256",
            Self::RsassaPssSha384 => "RSASSA_PSS_SHA_384",
            Self::RsassaPssSha512 => "RSASSA_PSS_SHA_512",
            Self::RsassaPkcs1V15Sha256 => "RSASSA_PKCS1_V1_5_SHA_256",
            Self::RsassaPkcs1V15Sha384 => "RSASSA_PKCS1_V1_5_SHA_384",
            Self::RsassaPkcs1V15Sha512 => "RSASSA_PKCS1_V1_5_SHA_512",
            Self::EcdsaSha256 => "ECDSA_SHA_256",
            Self::EcdsaSha384 => "ECDSA_SHA_384",
            Self::EcdsaSha512 => "ECDSA_SHA_512",
            Self::Sm2Dsa => "SM2DSA",
            Self::MlDsaShake256 => "ML_DSA_SHAKE_256",
            Self::Ed25519Sha512 => "ED25519_SHA_512",
            Self::Ed25519PhSha512 => "ED25519_PH_SHA_512",
        }
    }

    /// Bytes of a [`Message::Digest`](crate::Message::Digest); `None` where the algorithm takes none.
    #[must_use]
    pub fn digest_bytes(self) -> Option<usize> {
        match self {
            Self::RsassaPssSha256 | Self::RsassaPkcs1V15Sha256 | Self::EcdsaSha256 | Self::Sm2Dsa => Some(32),
            Self::RsassaPssSha384 | Self::RsassaPkcs1V15Sha384 | Self::EcdsaSha384 => Some(48),
            Self::RsassaPssSha512
            | Self::RsassaPkcs1V15Sha512
            | Self::EcdsaSha512
            | Self::Ed25519PhSha512 => Some(64),
            Self::MlDsaShake256 | Self::Ed25519Sha512 => None,
        }
    }
}

/// How a public key encrypts (`EncryptionAlgorithm`, all but `SYMMETRIC_DEFAULT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PublicKeyEncryption {
    /// RSAES-OAEP with SHA-1, MGF1 with SHA-1, empty label.
    RsaesOaepSha1,
    /// RSAES-OAEP with SHA-256, MGF1 with SHA-256, empty label.
    RsaesOaepSha256,
    /// SM2 public-key encryption with SM3, as ASN.1, `C1C3C2`.
    Sm2Pke,
}

impl PublicKeyEncryption {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::RsaesOaepSha1, Self::RsaesOaepSha256, Self::Sm2Pke];

    /// The algorithm of this name.
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
            Self::Sm2Pke => "SM2PKE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_parse() {
        for spec in Spec::ALL {
            assert_eq!(Spec::parse(spec.name()), Some(spec));
        }
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(SigningAlgorithm::parse(algorithm.name()), Some(algorithm));
        }
        for algorithm in PublicKeyEncryption::ALL {
            assert_eq!(PublicKeyEncryption::parse(algorithm.name()), Some(algorithm));
        }
        assert_eq!(Spec::parse("RSA_1024"), None);
        assert_eq!(SigningAlgorithm::parse("ECDSA_SHA_1"), None);
    }
}
