//! New keys: material for KMS keys, and pairs for callers to keep. Made in the workshop, because RSA takes long.

use std::sync::Arc;

use dispatch::{Cx, Fault, fault};
use model::{arn::KeyArn, kms::KeySpec};
pub(crate) use strongroom::Generated;
use strongroom::{Pair, Refused};

use crate::{
    Kms, faults, materials,
    workshop::{Customer, Effort},
};

/// New material for a key.
pub(crate) async fn material(
    kms: &Kms,
    cx: &Cx<'_>,
    arn: &KeyArn,
    spec: KeySpec,
) -> Result<Generated, Fault> {
    let binding = materials::binding(arn, spec);
    let (strongroom, entropy) = (Arc::clone(&kms.strongroom), Arc::clone(cx.entropy));
    let work = move || strongroom.generate(&binding, &entropy);
    kms.workshop.work(|| Customer::of(cx), Effort::of_making(spec), work).await?.map_err(faults::strongroom)
}

/// A new pair.
pub(crate) async fn pair(kms: &Kms, cx: &Cx<'_>, spec: KeySpec) -> Result<Pair, Fault> {
    let (strongroom, entropy) = (Arc::clone(&kms.strongroom), Arc::clone(cx.entropy));
    let work = move || strongroom.generate_pair(materials::spec(spec), &entropy);
    kms.workshop.work(|| Customer::of(cx), Effort::of_making(spec), work).await?.map_err(|refused| {
        match refused {
            Refused::Unsuitable => {
                Fault::new(&fault::UNSUPPORTED_OPERATION, format!("KeyPairSpec {spec} is not offered yet."))
            }
            _ => faults::strongroom(refused),
        }
    })
}
