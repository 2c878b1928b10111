//! `GetContextKeysForCustomPolicy`: which condition keys policies ask about.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetContextKeysForCustomPolicyRequest, GetContextKeysForPolicyResponse};

use super::context_keys;
use crate::{Iam, gate, simulate};

/// The operation.
pub(crate) struct GetContextKeysForCustomPolicy;

impl Operation for GetContextKeysForCustomPolicy {
    type Service = Iam;
    type Input = GetContextKeysForCustomPolicyRequest;
    type Output = GetContextKeysForPolicyResponse;
    const FACTS: Facts = Facts::reading(
        "GetContextKeysForCustomPolicy",
        r#"PolicyInputList.member.1={"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#,
    );

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        gate::account(iam, cx, "iam:GetContextKeysForCustomPolicy", "*", &gate::Asked::default())?;
        let policies = simulate::passed(iam, cx, "PolicyInputList", &input.policy_input_list)?;
        Ok(context_keys(policies.iter()).into())
    }
}
