//! `Sign`: the signature of a message or of its digest by the private key of a pair.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{MessageType, SignRequest, SignResponse, SigningAlgorithmSpec};

use crate::{
    Kms,
    gate::{self, Asked, ToSign},
    parameters,
    signing::ToBeSigned,
};

/// The operation.
pub(super) struct Sign;

impl Operation for Sign {
    type Service = Kms;
    type Input = SignRequest;
    type Output = SignResponse;
    const FACTS: Facts = Facts::reading(
        "Sign",
        r#"{"KeyId":"{sign-key}","Message":"aGVsbG8=","SigningAlgorithm":"ECDSA_SHA_256"}"#,
    )
    .forwarded()
    .at(Rate::Cryptographic)
    .shows(&["keyId", "messageType", "signingAlgorithm", "dryRun"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let algorithm = input.signing_algorithm;
        let asked = asked(algorithm, input.message_type).with_tokens(input.grant_tokens.as_ref());

        let key = gate::key::<ToSign>(kms, cx, &input.key_id, &asked)?;
        key.supports(algorithm)?;
        let signed = ToBeSigned::parse(key.record().spec, algorithm, input.message_type, input.message)?;
        parameters::dry_run(input.dry_run)?;
        let signature = key.sign(kms, cx, signed).await?;

        let output = SignResponse {
            key_id: Some(key.arn()),
            signature: Some(signature),
            signing_algorithm: Some(algorithm),
        };
        Ok(output.into())
    }
}

/// What policies learn of a signature that is made or verified.
pub(super) fn asked<'a>(algorithm: SigningAlgorithmSpec, message_type: Option<MessageType>) -> Asked<'a> {
    let asked = Asked::nothing().with("kms:SigningAlgorithm", algorithm);
    let Some(message_type) = message_type else { return asked };
    asked.with("kms:MessageType", message_type)
}
