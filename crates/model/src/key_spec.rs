//! What each kind of key can do, in the order in which AWS lists it.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>

use crate::kms::{EncryptionAlgorithmSpec, KeySpec, KeyUsageType};

/// What `Encrypt` and its kin use when they are not told.
impl Default for EncryptionAlgorithmSpec {
    fn default() -> Self {
        Self::SymmetricDefault
    }
}

impl KeySpec {
    /// The usages that a key of this spec can be made for.
    #[must_use]
    pub fn usages(self) -> &'static [KeyUsageType] {
        use KeyUsageType as U;
        match self {
            Self::SymmetricDefault => &[U::EncryptDecrypt],
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &[U::EncryptDecrypt, U::SignVerify],
            Self::EccNistP256 | Self::EccNistP384 | Self::EccNistP521 => &[U::SignVerify, U::KeyAgreement],
            Self::EccSecgP256k1
            | Self::EccNistEdwards25519
            | Self::MlDsa44
            | Self::MlDsa65
            | Self::MlDsa87 => &[U::SignVerify],
            Self::Hmac224 | Self::Hmac256 | Self::Hmac384 | Self::Hmac512 => &[U::GenerateVerifyMac],
            Self::Sm2 => &[U::EncryptDecrypt, U::SignVerify, U::KeyAgreement],
            Self::MlKem512 | Self::MlKem768 | Self::MlKem1024 => &[U::EncapsulateDecapsulate],
        }
    }

    /// The algorithms of `Encrypt` and `Decrypt` for keys of this spec with usage `ENCRYPT_DECRYPT`.
    #[must_use]
    pub fn encryption_algorithms(self) -> &'static [EncryptionAlgorithmSpec] {
        use EncryptionAlgorithmSpec as A;
        match self {
            Self::SymmetricDefault => &[A::SymmetricDefault],
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &[A::RsaesOaepSha1, A::RsaesOaepSha256],
            Self::Sm2 => &[A::Sm2pke],
            _ => &[],
        }
    }
}
