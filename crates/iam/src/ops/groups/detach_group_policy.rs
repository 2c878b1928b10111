//! `DetachGroupPolicy`: detaches a managed policy from a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachGroupPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DetachGroupPolicyRequest};

use crate::{
    Iam,
    entities::Group,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct DetachGroupPolicy;

impl Operation for DetachGroupPolicy {
    type Service = Iam;
    type Input = DetachGroupPolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "DetachGroupPolicy",
        read_only: false,
        example: "GroupName={group}&PolicyArn={managed-policy}",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: DetachGroupPolicyRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let asked = Asked { policy_arn: Some(&input.policy_arn), ..Asked::default() };
        cx.notes.parameter("policyArn", input.policy_arn.clone());
        let group = gate::holder::<Group>(iam, cx, "iam:DetachGroupPolicy", &input.group_name, &asked)?;
        Ok(gate::outcome(Nothing {}, group.detach(&input.policy_arn)?))
    }
}
