//! `GetPolicy`: a managed policy, without what it says.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetPolicyRequest, GetPolicyResponse};

use crate::{
    Iam,
    gate::{self, Asked},
    shown, tags,
};

/// The operation.
pub(crate) struct GetPolicy;

impl Operation for GetPolicy {
    type Service = Iam;
    type Input = GetPolicyRequest;
    type Output = GetPolicyResponse;
    const FACTS: Facts = Facts::reading("GetPolicy", "PolicyArn={managed-policy}").shows(&["policyArn"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let policy = gate::policy(iam, cx, "iam:GetPolicy", &input.policy_arn, &Asked::default())?;
        let shown = model::iam::Policy {
            description: policy.found.description.clone(),
            tags: Some(tags::list(&policy.found.tags)),
            ..shown::listed_policy(&policy.account, &policy.found)
        };
        Ok(GetPolicyResponse { policy: Some(shown) }.into())
    }
}
