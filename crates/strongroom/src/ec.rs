//! ECDSA (FIPS 186-5) and ECDH (SP 800-56A, 5.7.1.2) on the NIST curves, by AWS-LC.
//!
//! The plain form of a key is its scalar, big-endian, as long as the field. The scalar is drawn from the given
//! entropy. The secret number of each signature comes from AWS-LC's own generator.

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, UnparsedPublicKey};
use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use aws_lc_rs::encoding::{
    AsBigEndian, AsDer, EcPrivateKeyBin, EcPublicKeyUncompressedBin, PublicKeyX509Der,
};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use pkcs8::ObjectIdentifier;
use secret::Plaintext;

use crate::entropy::Entropy;
use crate::envelope::Broken;
use crate::error::{AgreeRefused, Refused};
use crate::pair::{Message, PrivateKey};
use crate::spec::SigningAlgorithm;
use crate::spki;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// A key on a curve, parsed for both of its uses.
pub(crate) struct EcKey {
    signing: EcdsaKeyPair,
    verifying: VerifyingKey,
    agreeing: agreement::PrivateKey,
}

/// The public half, for signatures.
pub(crate) struct VerifyingKey {
    curve: Curve,
    key: ParsedPublicKey,
}

/// A scalar by rejection sampling (FIPS 186-5, A.2.2).
pub(crate) fn generate(curve: Curve, entropy: &dyn Entropy) -> Result<Plaintext, Broken> {
    for _ in 0..CANDIDATES_MAX {
        let candidate = Plaintext::zeroed(curve.field_bytes()).fill(|out| {
            entropy.fill(out)?;
            out.iter_mut().take(1).for_each(|first| *first &= curve.first_byte_mask());
            Ok::<_, Broken>(())
        })?;
        if agreement::PrivateKey::from_private_key(curve.agreement(), candidate.reveal()).is_ok() {
            return Ok(candidate);
        }
    }
    Err(Broken)
}

/// The plain form of a PKCS#8 key on the named curve. The public point may be missing or compressed; AWS-LC checks
/// that the parts belong together. `None` for everything else.
pub(crate) fn from_pkcs8(curve: Curve, pkcs8: &[u8]) -> Option<Plaintext> {
    spki::names_curve(pkcs8, curve.oid()).then_some(())?;
    let key = EcdsaKeyPair::from_pkcs8(curve.ecdsa().0, pkcs8).ok()?;
    let scalar: EcPrivateKeyBin<'_> = key.private_key().as_be_bytes().ok()?;
    Some(Plaintext::new(scalar.as_ref().to_vec()))
}

impl EcKey {
    /// Opens the plain form.
    pub(crate) fn open(curve: Curve, scalar: &Plaintext) -> Result<Self, Broken> {
        let agreeing = agreement::PrivateKey::from_private_key(curve.agreement(), scalar.reveal())?;
        let public: EcPublicKeyUncompressedBin<'_> = agreeing.compute_public_key()?.as_be_bytes()?;
        let point = public.as_ref();
        let (signing, _) = curve.ecdsa();
        let signing = EcdsaKeyPair::from_private_key_and_public_key(signing, scalar.reveal(), point)?;
        Ok(Self { signing, verifying: VerifyingKey::new(curve, point)?, agreeing })
    }
}

impl VerifyingKey {
    /// A key from its point, in SEC 1's form.
    pub(crate) fn new(curve: Curve, point: &[u8]) -> Result<Self, Broken> {
        Ok(Self { curve, key: ParsedPublicKey::new(curve.ecdsa().1, point)? })
    }

    pub(crate) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Refused> {
        let digest = message.digest(self.curve.hash(algorithm)?)?;
        self.key.verify_digest_sig(&digest, signature).map_err(|_| Refused::WouldNotOpen)
    }
}

impl PrivateKey for EcKey {
    fn public_key(&self) -> Result<Vec<u8>, Broken> {
        let der: PublicKeyX509Der<'_> = self.agreeing.compute_public_key()?.as_der()?;
        Ok(der.as_ref().to_vec())
    }

    fn to_pkcs8(&self) -> Result<Plaintext, Refused> {
        Ok(Plaintext::new(self.signing.to_pkcs8v1().map_err(Broken::from)?.as_ref().to_vec()))
    }

    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        _: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        let digest = message.digest(self.verifying.curve.hash(algorithm)?)?;
        Ok(self.signing.sign_digest(&digest).map_err(Broken::from)?.as_ref().to_vec())
    }

    fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Refused> {
        self.verifying.verify(algorithm, message, signature)
    }

    /// AWS-LC checks that the peer's point is on the curve. The result is the x-coordinate, as long as the field.
    fn agree(&self, peer: &[u8]) -> Result<Plaintext, AgreeRefused> {
        let point = spki::ec_point(peer, self.verifying.curve.oid()).ok_or(AgreeRefused::NotAPeer)?;
        let peer = UnparsedPublicKey::new(self.verifying.curve.agreement(), point);
        agreement::agree(&self.agreeing, peer, AgreeRefused::NotAPeer, |secret| {
            Ok(Plaintext::new(secret.to_vec()))
        })
    }
}

impl Curve {
    fn field_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The bits of a scalar's first byte that can be set.
    fn first_byte_mask(self) -> u8 {
        match self {
            Self::P256 | Self::P384 => 0xff,
            Self::P521 => 0x01,
        }
    }

    /// The named curve (RFC 5480, 2.1.1.1).
    fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::P256 => "1.2.840.10045.3.1.7",
            Self::P384 => "1.3.132.0.34",
            Self::P521 => "1.3.132.0.35",
        })
    }

    fn agreement(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
            Self::P521 => &ECDH_P521,
        }
    }

    fn ecdsa(self) -> (&'static EcdsaSigningAlgorithm, &'static EcdsaVerificationAlgorithm) {
        match self {
            Self::P256 => (&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P256_SHA256_ASN1),
            Self::P384 => (&ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1),
            Self::P521 => (&ECDSA_P521_SHA512_ASN1_SIGNING, &ECDSA_P521_SHA512_ASN1),
        }
    }

    /// The hash of the one algorithm that AWS has for the curve.
    fn hash(self, algorithm: SigningAlgorithm) -> Result<&'static digest::Algorithm, Refused> {
        match (self, algorithm) {
            (Self::P256, SigningAlgorithm::EcdsaSha256) => Ok(&SHA256),
            (Self::P384, SigningAlgorithm::EcdsaSha384) => Ok(&SHA384),
            (Self::P521, SigningAlgorithm::EcdsaSha512) => Ok(&SHA512),
            _ => Err(Refused::Unsuitable),
        }
    }
}

impl From<KeyRejected> for Broken {
    fn from(_: KeyRejected) -> Self {
        Self
    }
}

/// A candidate fails with a chance of at most 2^-32. More failures in a row than this mean that the entropy is
/// none.
const CANDIDATES_MAX: usize = 8;
