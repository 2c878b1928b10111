//! `UntagPolicy`: takes tags off a managed policy.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::UntagPolicyRequest};

use crate::{
    Iam,
    gate::{self, Asked},
    tags,
};

/// The operation.
pub(crate) struct UntagPolicy;

impl Operation for UntagPolicy {
    type Service = Iam;
    type Input = UntagPolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "UntagPolicy",
        read_only: false,
        example: "PolicyArn={managed-policy}&TagKeys.member.1=team",
    };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: UntagPolicyRequest) -> Result<Outcome<Nothing>, Fault> {
        let policy = gate::own_policy(
            iam,
            cx,
            "iam:UntagPolicy",
            &input.policy_arn,
            &Asked { tag_keys: Some(&input.tag_keys), ..Asked::default() },
        )?;
        let change = policy.changed(|policy| {
            tags::remove_all(&mut policy.tags, &input.tag_keys);
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
