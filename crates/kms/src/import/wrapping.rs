//! Wrapping keys: made for whoever wants to import, and used when they come back. In the workshop, because RSA takes
//! long.

use std::sync::Arc;

use dispatch::{Cx, Fault};
use model::{
    Blob, Timestamp,
    arn::KeyArn,
    kms::{AlgorithmSpec, KeySpec, WrappingKeySpec as WrappingKeyName},
};
use strongroom::{Generated, ImportRefused, Refused, SealedWrappingKey, WrappingAlgorithm, WrappingKeySpec};

use super::ImportToken;
use crate::{
    Kms, faults, materials,
    workshop::{Customer, Effort},
};

/// What whoever wants to import is given.
pub(crate) struct Offer {
    /// To be handed back with the material.
    pub(crate) token: Vec<u8>,
    /// To wrap it with: `SubjectPublicKeyInfo` in DER.
    pub(crate) public_key: Vec<u8>,
}

/// A new wrapping key for the material of a KMS key.
pub(crate) async fn offer(
    kms: &Kms,
    cx: &Cx<'_>,
    arn: &KeyArn,
    algorithm: AlgorithmSpec,
    wrapping_key: WrappingKeyName,
    valid_to: Timestamp,
) -> Result<Offer, Fault> {
    let spec = WrappingKeySpec::parse(wrapping_key.as_str()).ok_or_else(faults::wrong_kind)?;
    let binding = ImportToken::binding(arn, algorithm, valid_to);
    let (strongroom, entropy) = (Arc::clone(&kms.strongroom), Arc::clone(cx.entropy));
    let work = move || strongroom.wrapping_key(spec, &binding, &entropy);
    let made =
        kms.workshop.work(|| Customer::of(cx), Effort::Large, work).await?.map_err(faults::strongroom)?;
    let token = ImportToken { algorithm, wrapping_key, valid_to, sealed: made.sealed };
    Ok(Offer { token: token.to_bytes(), public_key: made.public })
}

/// Material that was wrapped with what was offered, sealed for its key.
pub(crate) async fn unwrap(
    kms: &Kms,
    cx: &Cx<'_>,
    (arn, spec): (&KeyArn, KeySpec),
    token: &[u8],
    wrapped: Blob,
) -> Result<Generated, Fault> {
    let token = ImportToken::parse(token, cx.now)?;
    let forged = || Fault::silent(&faults::INVALID_IMPORT_TOKEN);
    let how = WrappingAlgorithm::parse(token.algorithm.as_str()).ok_or_else(forged)?;
    let wrapping_spec = WrappingKeySpec::parse(token.wrapping_key.as_str()).ok_or_else(forged)?;
    let bound = ImportToken::binding(arn, token.algorithm, token.valid_to);
    let binding = materials::binding(arn, spec);
    let (strongroom, entropy) = (Arc::clone(&kms.strongroom), Arc::clone(cx.entropy));
    let work = move || {
        let key = SealedWrappingKey { sealed: &token.sealed, spec: wrapping_spec, binding: &bound };
        strongroom.import(&binding, how, &key, &wrapped, &entropy)
    };
    kms.workshop.work(|| Customer::of(cx), Effort::Medium, work).await?.map_err(|refused| match refused {
        ImportRefused::NotAWrappingKey => forged(),
        ImportRefused::WouldNotUnwrap => Fault::silent(&faults::INVALID_CIPHERTEXT),
        ImportRefused::NotMaterial => faults::incorrect_material(),
        ImportRefused::Sealed => faults::strongroom(Refused::Sealed),
        ImportRefused::Broken => faults::strongroom(Refused::Broken),
    })
}
