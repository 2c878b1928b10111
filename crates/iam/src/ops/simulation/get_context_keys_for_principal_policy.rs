//! `GetContextKeysForPrincipalPolicy`: which condition keys the policies of a user, group or role ask about.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetContextKeysForPolicyResponse, GetContextKeysForPrincipalPolicyRequest};

use super::context_keys;
use crate::{Iam, simulate};

/// The operation.
pub(crate) struct GetContextKeysForPrincipalPolicy;

impl Operation for GetContextKeysForPrincipalPolicy {
    type Service = Iam;
    type Input = GetContextKeysForPrincipalPolicyRequest;
    type Output = GetContextKeysForPolicyResponse;
    const FACTS: Facts = Facts::reading("GetContextKeysForPrincipalPolicy", "PolicySourceArn={user-arn}")
        .shows(&["policySourceArn"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let action = "iam:GetContextKeysForPrincipalPolicy";
        let subject = simulate::subject(iam, cx, action, &input.policy_source_arn)?;
        let more =
            simulate::passed(iam, cx, "PolicyInputList", &input.policy_input_list.unwrap_or_default())?;
        Ok(context_keys(subject.policies.iter().chain(&subject.boundary).chain(&more)).into())
    }
}
