//! `Verify`: whether a key pair made a signature. One that it did not make is an error, never `false`.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{VerifyRequest, VerifyResponse};

use super::sign::asked;
use crate::{
    Kms,
    gate::{self, ToVerify},
    parameters,
    signing::ToBeSigned,
};

/// The operation.
pub(super) struct Verify;

impl Operation for Verify {
    type Service = Kms;
    type Input = VerifyRequest;
    type Output = VerifyResponse;
    const FACTS: Facts = Facts::reading(
        "Verify",
        r#"{"KeyId":"{sign-key}","Message":"aGVsbG8=","Signature":"{signature}","SigningAlgorithm":"ECDSA_SHA_256"}"#,
    )
    .forwarded()
    .at(Rate::Cryptographic)
    .shows(&["keyId", "messageType", "signingAlgorithm", "dryRun"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let algorithm = input.signing_algorithm;
        let asked = asked(algorithm, input.message_type).with_tokens(input.grant_tokens.as_ref());

        let key = gate::key::<ToVerify>(kms, cx, &input.key_id, &asked)?;
        key.supports(algorithm)?;
        let signed = ToBeSigned::parse(key.record().spec, algorithm, input.message_type, input.message)?;
        key.verify(kms, cx, signed, input.signature).await?;
        parameters::dry_run(input.dry_run)?;

        let output = VerifyResponse {
            key_id: Some(key.arn()),
            signature_valid: Some(true),
            signing_algorithm: Some(algorithm),
        };
        Ok(output.into())
    }
}
