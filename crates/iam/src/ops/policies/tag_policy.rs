//! `TagPolicy`: adds tags to a managed policy, or gives new values to those it has.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::TagPolicyRequest};

use crate::{
    Iam,
    gate::{self, Asked},
    tags,
};

/// The operation.
pub(crate) struct TagPolicy;

impl Operation for TagPolicy {
    type Service = Iam;
    type Input = TagPolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "TagPolicy",
        read_only: false,
        example: "PolicyArn={managed-policy}&Tags.member.1.Key=team&Tags.member.1.Value=pay",
    };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: TagPolicyRequest) -> Result<Outcome<Nothing>, Fault> {
        let new = tags::parse(Some(&input.tags))?;
        let policy = gate::own_policy(
            iam,
            cx,
            "iam:TagPolicy",
            &input.policy_arn,
            &Asked { tags: Some(&new), ..Asked::default() },
        )?;
        let change = policy.changed(|policy| tags::merge(&mut policy.tags, &new))?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
