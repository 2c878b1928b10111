//! ML-DSA (FIPS 204), pure, with an empty context. AWS-LC signs whole messages. RustCrypto's `ml-dsa` signs a μ
//! that was made elsewhere, because AWS-LC's Rust API does not take μ. The signatures of both verify with either.
//!
//! The plain form of a key is its seed ξ, 32 bytes, drawn from the given entropy. Signatures are hedged: with AWS-LC's
//! own generator for whole messages, with the given entropy for μ.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    KeyPair, ML_DSA_44, ML_DSA_44_SIGNING, ML_DSA_65, ML_DSA_65_SIGNING, ML_DSA_87, ML_DSA_87_SIGNING,
    ParsedPublicKey, PqdsaKeyPair, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm,
};
use ml_dsa::{MlDsa44, MlDsa65, MlDsa87, MlDsaParams, Seed, Signature, SigningKey, VerifyingKey};
use secret::Plaintext;

use crate::entropy::{Entropy, Rng};
use crate::envelope::Broken;
use crate::error::Refused;
use crate::pair::{Message, PrivateKey};
use crate::spec::SigningAlgorithm;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MlDsaSet {
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

/// A key, expanded for AWS-LC. For a μ, the key is expanded from the seed on demand.
pub(crate) struct MlDsaKey {
    seed: Plaintext,
    signing: PqdsaKeyPair,
    verifying: MlDsaVerifyingKey,
}

pub(crate) fn generate(entropy: &dyn Entropy) -> Result<Plaintext, Broken> {
    Ok(Plaintext::zeroed(SEED_BYTES).fill(|out| entropy.fill(out))?)
}

impl MlDsaKey {
    /// Opens the plain form.
    pub(crate) fn open(set: MlDsaSet, seed: &Plaintext) -> Result<Self, Broken> {
        let signing = PqdsaKeyPair::from_seed(set.algorithms().0, seed.reveal())?;
        let verifying = MlDsaVerifyingKey::new(set, signing.public_key().as_ref())?;
        Ok(Self { seed: Plaintext::new(seed.reveal().to_vec()), signing, verifying })
    }

    fn sign_mu<P: MlDsaParams>(&self, mu: [u8; 64], entropy: &dyn Entropy) -> Result<Vec<u8>, Refused> {
        let seed = Seed::try_from(self.seed.reveal()).map_err(|_| Refused::Broken)?;
        let key = SigningKey::<P>::from_seed(&seed);
        let signature = key.expanded_key().sign_mu_randomized(&mu.into(), &mut Rng(entropy));
        Ok(signature.map_err(|_| Refused::Broken)?.encode().to_vec())
    }
}

/// The public half, parsed for AWS-LC.
pub(crate) struct MlDsaVerifyingKey {
    set: MlDsaSet,
    key: ParsedPublicKey,
}

impl MlDsaVerifyingKey {
    /// A key as the standard encodes it.
    pub(crate) fn new(set: MlDsaSet, public: &[u8]) -> Result<Self, Broken> {
        Ok(Self { set, key: ParsedPublicKey::new(set.algorithms().1, public)? })
    }

    pub(crate) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Refused> {
        match (algorithm, message) {
            (SigningAlgorithm::MlDsaShake256, Message::Raw(message)) => {
                self.key.verify_sig(message, signature).map_err(|_| Refused::WouldNotOpen)
            }
            (SigningAlgorithm::MlDsaShake256, Message::ExternalMu(mu)) => match self.set {
                MlDsaSet::MlDsa44 => self.verify_mu::<MlDsa44>(*mu, signature),
                MlDsaSet::MlDsa65 => self.verify_mu::<MlDsa65>(*mu, signature),
                MlDsaSet::MlDsa87 => self.verify_mu::<MlDsa87>(*mu, signature),
            },
            _ => Err(Refused::Unsuitable),
        }
    }

    fn verify_mu<P: MlDsaParams>(&self, mu: [u8; 64], signature: &[u8]) -> Result<(), Refused> {
        let public = self.key.as_ref().try_into().map_err(|_| Refused::Broken)?;
        let signature = Signature::<P>::try_from(signature).map_err(|_| Refused::WouldNotOpen)?;
        let genuine = VerifyingKey::<P>::decode(&public).verify_mu(&mu.into(), &signature);
        if genuine { Ok(()) } else { Err(Refused::WouldNotOpen) }
    }
}

impl PrivateKey for MlDsaKey {
    fn public_key(&self) -> Result<Vec<u8>, Broken> {
        let der: PublicKeyX509Der<'_> = self.signing.public_key().as_der()?;
        Ok(der.as_ref().to_vec())
    }

    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        match (algorithm, message) {
            (SigningAlgorithm::MlDsaShake256, Message::Raw(message)) => {
                let mut signature = vec![0; self.signing.algorithm().signature_len()];
                self.signing.sign(message, &mut signature).map_err(Broken::from)?;
                Ok(signature)
            }
            (SigningAlgorithm::MlDsaShake256, Message::ExternalMu(mu)) => match self.verifying.set {
                MlDsaSet::MlDsa44 => self.sign_mu::<MlDsa44>(*mu, entropy),
                MlDsaSet::MlDsa65 => self.sign_mu::<MlDsa65>(*mu, entropy),
                MlDsaSet::MlDsa87 => self.sign_mu::<MlDsa87>(*mu, entropy),
            },
            _ => Err(Refused::Unsuitable),
        }
    }

    fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Refused> {
        self.verifying.verify(algorithm, message, signature)
    }
}

impl MlDsaSet {
    fn algorithms(self) -> (&'static PqdsaSigningAlgorithm, &'static PqdsaVerificationAlgorithm) {
        match self {
            Self::MlDsa44 => (&ML_DSA_44_SIGNING, &ML_DSA_44),
            Self::MlDsa65 => (&ML_DSA_65_SIGNING, &ML_DSA_65),
            Self::MlDsa87 => (&ML_DSA_87_SIGNING, &ML_DSA_87),
        }
    }
}

const SEED_BYTES: usize = 32;
