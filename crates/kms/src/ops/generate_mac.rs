//! `GenerateMac`: the HMAC of a message.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{GenerateMacRequest, GenerateMacResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToGenerateMac},
    parameters,
};

/// The operation.
pub(super) struct GenerateMac;

impl Operation for GenerateMac {
    type Service = Kms;
    type Input = GenerateMacRequest;
    type Output = GenerateMacResponse;
    const FACTS: Facts = Facts::reading(
        "GenerateMac",
        r#"{"KeyId":"{mac-key}","Message":"aGVsbG8=","MacAlgorithm":"HMAC_SHA_256"}"#,
    )
    .forwarded()
    .at(Rate::Cryptographic)
    .shows(&["keyId", "macAlgorithm", "dryRun"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let algorithm = input.mac_algorithm;
        let asked =
            Asked::nothing().with("kms:MacAlgorithm", algorithm).with_tokens(input.grant_tokens.as_ref());

        let key = gate::key::<ToGenerateMac>(kms, cx, &input.key_id, &asked)?;
        key.supports(algorithm)?;
        parameters::dry_run(input.dry_run)?;
        let mac = key.mac(kms, cx, input.message).await?;

        let output =
            GenerateMacResponse { mac: Some(mac), mac_algorithm: Some(algorithm), key_id: Some(key.arn()) };
        Ok(output.into())
    }
}
