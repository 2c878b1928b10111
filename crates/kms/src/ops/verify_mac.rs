//! `VerifyMac`: whether a key made an HMAC. One that it did not make is an error, never `false`.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{VerifyMacRequest, VerifyMacResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToVerifyMac},
    parameters,
};

/// The operation.
pub(super) struct VerifyMac;

impl Operation for VerifyMac {
    type Service = Kms;
    type Input = VerifyMacRequest;
    type Output = VerifyMacResponse;
    const FACTS: Facts = Facts::reading(
        "VerifyMac",
        r#"{"KeyId":"{mac-key}","Message":"aGVsbG8=","MacAlgorithm":"HMAC_SHA_256","Mac":"{mac}"}"#,
    )
    .forwarded()
    .at(Rate::Cryptographic)
    .shows(&["keyId", "macAlgorithm", "dryRun"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let algorithm = input.mac_algorithm;
        let asked =
            Asked::nothing().with("kms:MacAlgorithm", algorithm).with_tokens(input.grant_tokens.as_ref());

        let key = gate::key::<ToVerifyMac>(kms, cx, &input.key_id, &asked)?;
        key.supports(algorithm)?;
        key.verify_mac(kms, cx, input.message, input.mac).await?;
        parameters::dry_run(input.dry_run)?;

        let output = VerifyMacResponse {
            key_id: Some(key.arn()),
            mac_valid: Some(true),
            mac_algorithm: Some(algorithm),
        };
        Ok(output.into())
    }
}
