//! What each kind of key can do, in the order in which AWS lists it.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>

use crate::{
    kms::{
        EncapsulationAlgorithmSpec, EncryptionAlgorithmSpec, KeyAgreementAlgorithmSpec, KeySpec,
        KeyUsageType, MacAlgorithmSpec, SigningAlgorithmSpec,
    },
    shape::Choice,
};

/// What keys compute.
pub trait Algorithm: Choice + PartialEq {
    /// The usage of the keys that compute it.
    const USAGE: KeyUsageType;

    /// Those that keys of a spec compute if they have the usage. The order is part of the API: some clients take the
    /// first.
    fn of(spec: KeySpec) -> &'static [Self];
}

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

    /// How many bytes a key of this spec encrypts by this algorithm; `None` if it does not know the algorithm.
    #[must_use]
    pub fn plaintext_bytes_max(self, algorithm: EncryptionAlgorithmSpec) -> Option<usize> {
        use EncryptionAlgorithmSpec as A;
        let modulus: usize = match self {
            Self::SymmetricDefault => return (algorithm == A::SymmetricDefault).then_some(4096),
            Self::Sm2 => return (algorithm == A::Sm2pke).then_some(1024),
            Self::Rsa2048 => 256,
            Self::Rsa3072 => 384,
            Self::Rsa4096 => 512,
            _ => return None,
        };
        // RFC 8017, section 7.1.1: two hashes and two more bytes.
        match algorithm {
            A::RsaesOaepSha1 => modulus.checked_sub(2 * 20 + 2),
            A::RsaesOaepSha256 => modulus.checked_sub(2 * 32 + 2),
            A::SymmetricDefault | A::Sm2pke => None,
        }
    }
}

impl Algorithm for EncryptionAlgorithmSpec {
    const USAGE: KeyUsageType = KeyUsageType::EncryptDecrypt;

    fn of(spec: KeySpec) -> &'static [Self] {
        match spec {
            KeySpec::SymmetricDefault => &[Self::SymmetricDefault],
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => {
                &[Self::RsaesOaepSha1, Self::RsaesOaepSha256]
            }
            KeySpec::Sm2 => &[Self::Sm2pke],
            _ => &[],
        }
    }
}

impl Algorithm for SigningAlgorithmSpec {
    const USAGE: KeyUsageType = KeyUsageType::SignVerify;

    fn of(spec: KeySpec) -> &'static [Self] {
        match spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => &[
                Self::RsassaPkcs1V15Sha256,
                Self::RsassaPkcs1V15Sha384,
                Self::RsassaPkcs1V15Sha512,
                Self::RsassaPssSha256,
                Self::RsassaPssSha384,
                Self::RsassaPssSha512,
            ],
            KeySpec::EccNistP256 | KeySpec::EccSecgP256k1 => &[Self::EcdsaSha256],
            KeySpec::EccNistP384 => &[Self::EcdsaSha384],
            KeySpec::EccNistP521 => &[Self::EcdsaSha512],
            KeySpec::EccNistEdwards25519 => &[Self::Ed25519Sha512, Self::Ed25519PhSha512],
            KeySpec::MlDsa44 | KeySpec::MlDsa65 | KeySpec::MlDsa87 => &[Self::MlDsaShake256],
            KeySpec::Sm2 => &[Self::Sm2dsa],
            _ => &[],
        }
    }
}

impl Algorithm for MacAlgorithmSpec {
    const USAGE: KeyUsageType = KeyUsageType::GenerateVerifyMac;

    fn of(spec: KeySpec) -> &'static [Self] {
        match spec {
            KeySpec::Hmac224 => &[Self::HmacSha224],
            KeySpec::Hmac256 => &[Self::HmacSha256],
            KeySpec::Hmac384 => &[Self::HmacSha384],
            KeySpec::Hmac512 => &[Self::HmacSha512],
            _ => &[],
        }
    }
}

impl Algorithm for KeyAgreementAlgorithmSpec {
    const USAGE: KeyUsageType = KeyUsageType::KeyAgreement;

    fn of(spec: KeySpec) -> &'static [Self] {
        match spec {
            KeySpec::EccNistP256 | KeySpec::EccNistP384 | KeySpec::EccNistP521 | KeySpec::Sm2 => {
                &[Self::Ecdh]
            }
            _ => &[],
        }
    }
}

impl Algorithm for EncapsulationAlgorithmSpec {
    const USAGE: KeyUsageType = KeyUsageType::EncapsulateDecapsulate;

    fn of(spec: KeySpec) -> &'static [Self] {
        match spec {
            KeySpec::MlKem512 | KeySpec::MlKem768 | KeySpec::MlKem1024 => &[Self::MlKem],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usage_has_algorithms_and_no_other_has() {
        fn agree<A: Algorithm>(spec: KeySpec) {
            assert_eq!(spec.usages().contains(&A::USAGE), !A::of(spec).is_empty(), "{spec} {}", A::USAGE);
        }
        for spec in KeySpec::ALL {
            agree::<EncryptionAlgorithmSpec>(*spec);
            agree::<SigningAlgorithmSpec>(*spec);
            agree::<MacAlgorithmSpec>(*spec);
            agree::<KeyAgreementAlgorithmSpec>(*spec);
            agree::<EncapsulationAlgorithmSpec>(*spec);
        }
    }

    #[test]
    fn plaintext_limits_are_those_recorded() {
        use EncryptionAlgorithmSpec as A;
        for (spec, sha_1, sha_256) in
            [(KeySpec::Rsa2048, 214, 190), (KeySpec::Rsa3072, 342, 318), (KeySpec::Rsa4096, 470, 446)]
        {
            assert_eq!(spec.plaintext_bytes_max(A::RsaesOaepSha1), Some(sha_1));
            assert_eq!(spec.plaintext_bytes_max(A::RsaesOaepSha256), Some(sha_256));
            assert_eq!(spec.plaintext_bytes_max(A::SymmetricDefault), None);
        }
        assert_eq!(KeySpec::EccNistP256.plaintext_bytes_max(A::RsaesOaepSha1), None);
    }
}
