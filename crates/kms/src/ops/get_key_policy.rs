//! `GetKeyPolicy`: the key policy as it was put, its principals by the names that they have now.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{GetKeyPolicyRequest, GetKeyPolicyResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToGetPolicy},
    policies, principals,
};

/// The operation.
pub(super) struct GetKeyPolicy;

impl Operation for GetKeyPolicy {
    type Service = Kms;
    type Input = GetKeyPolicyRequest;
    type Output = GetKeyPolicyResponse;
    const FACTS: Facts = Facts::reading("GetKeyPolicy", r#"{"KeyId":"{key}"}"#)
        .on_managed()
        .at(Rate::PerSecond(1000))
        .shows(&["keyId", "policyName"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let key = gate::key::<ToGetPolicy>(kms, cx, &input.key_id, &Asked::nothing())?;
        policies::check_name(input.policy_name.as_deref())?;
        Ok(GetKeyPolicyResponse {
            policy: Some(policies::shown(principals(kms), &key.record().policy)),
            policy_name: Some(policies::NAME.to_owned()),
        }
        .into())
    }
}
