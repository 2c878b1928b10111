//! `Encapsulate`: a fresh secret, and a ciphertext that gives it to the owner of an ML-KEM key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encapsulate.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{EncapsulateRequest, EncapsulateResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToEncapsulate},
    parameters,
};

/// The operation.
pub(super) struct Encapsulate;

impl Operation for Encapsulate {
    type Service = Kms;
    type Input = EncapsulateRequest;
    type Output = EncapsulateResponse;
    const FACTS: Facts =
        Facts::reading("Encapsulate", r#"{"KeyId":"{kem-key}","EncapsulationAlgorithm":"ML_KEM"}"#)
            .forwarded()
            .at(Rate::Cryptographic)
            .shows(&["keyId", "encapsulationAlgorithm", "dryRun"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let algorithm = input.encapsulation_algorithm;

        let asked = Asked::nothing().with_tokens(input.grant_tokens.as_ref());
        let key = gate::key::<ToEncapsulate>(kms, cx, &input.key_id, &asked)?;
        key.supports(algorithm)?;
        parameters::dry_run(input.dry_run)?;
        let (ciphertext, secret) = key.encapsulate(kms, cx).await?;

        let output = EncapsulateResponse {
            key_id: Some(key.arn()),
            shared_secret: Some(secret),
            shared_secret_ciphertext_blob: Some(ciphertext),
            encapsulation_algorithm: Some(algorithm),
        };
        Ok(output.into())
    }
}
