//! `Decapsulate`: the secret in an ML-KEM ciphertext. One that was made up gives a secret that nobody knows, as FIPS
//! 203 wants it; only one of the wrong length is an error.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decapsulate.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{DecapsulateRequest, DecapsulateResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToDecapsulate},
    parameters,
};

/// The operation.
pub(super) struct Decapsulate;

impl Operation for Decapsulate {
    type Service = Kms;
    type Input = DecapsulateRequest;
    type Output = DecapsulateResponse;
    const FACTS: Facts = Facts::reading("Decapsulate", r#"{"KeyId":"{kem-key}","EncapsulationAlgorithm":"ML_KEM","SharedSecretCiphertextBlob":"{kem-ciphertext}"}"#).forwarded().at(Rate::Cryptographic).shows(&["keyId", "encapsulationAlgorithm", "dryRun"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let algorithm = input.encapsulation_algorithm;

        let asked = Asked::nothing().with_tokens(input.grant_tokens.as_ref());
        let key = gate::key::<ToDecapsulate>(kms, cx, &input.key_id, &asked)?;
        key.supports(algorithm)?;
        let secret = key.decapsulate(kms, cx, input.shared_secret_ciphertext_blob).await?;
        parameters::dry_run(input.dry_run)?;

        let output = DecapsulateResponse {
            key_id: Some(key.arn()),
            shared_secret: Some(secret),
            encapsulation_algorithm: Some(algorithm),
        };
        Ok(output.into())
    }
}
