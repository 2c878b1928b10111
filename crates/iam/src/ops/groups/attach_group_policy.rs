//! `AttachGroupPolicy`: attaches a managed policy to a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachGroupPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::AttachGroupPolicyRequest};

use crate::{
    Iam,
    entities::Group,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct AttachGroupPolicy;

impl Operation for AttachGroupPolicy {
    type Service = Iam;
    type Input = AttachGroupPolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "AttachGroupPolicy",
        read_only: false,
        example: "GroupName={group}&PolicyArn={other-managed-policy}",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: AttachGroupPolicyRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let asked = Asked { policy_arn: Some(&input.policy_arn), ..Asked::default() };
        cx.notes.parameter("policyArn", input.policy_arn.clone());
        let group = gate::holder::<Group>(iam, cx, "iam:AttachGroupPolicy", &input.group_name, &asked)?;
        Ok(gate::outcome(Nothing {}, group.attach(&input.policy_arn)?))
    }
}
