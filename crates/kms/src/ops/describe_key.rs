//! `DescribeKey`: what is known of a key, except its policy, tags, aliases and rotation.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{DescribeKeyRequest, DescribeKeyResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToDescribe},
    metadata::metadata,
};

/// The operation.
pub(super) struct DescribeKey;

impl Operation for DescribeKey {
    type Service = Kms;
    type Input = DescribeKeyRequest;
    type Output = DescribeKeyResponse;
    const FACTS: Facts = Facts::reading("DescribeKey", r#"{"KeyId":"{key}"}"#)
        .forwarded()
        .on_managed()
        .at(Rate::PerSecond(2000))
        .shows(&["keyId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let asked = Asked::nothing().with_tokens(input.grant_tokens.as_ref());
        let key = gate::key::<ToDescribe>(kms, cx, &input.key_id, &asked)?;
        Ok(DescribeKeyResponse { key_metadata: Some(metadata(kms.tables(), key.record())) }.into())
    }
}
