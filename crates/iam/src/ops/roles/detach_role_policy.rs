//! `DetachRolePolicy`: detaches a managed policy from a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachRolePolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DetachRolePolicyRequest};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct DetachRolePolicy;

impl Operation for DetachRolePolicy {
    type Service = Iam;
    type Input = DetachRolePolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "DetachRolePolicy",
        read_only: false,
        example: "RoleName={role}&PolicyArn={managed-policy}",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: DetachRolePolicyRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let asked = Asked { policy_arn: Some(&input.policy_arn), ..Asked::default() };
        cx.notes.parameter("policyArn", input.policy_arn.clone());
        let role = gate::holder::<Role>(iam, cx, "iam:DetachRolePolicy", &input.role_name, &asked)?;
        Ok(gate::outcome(Nothing {}, role.detach(&input.policy_arn)?))
    }
}
