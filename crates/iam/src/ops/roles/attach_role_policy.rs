//! `AttachRolePolicy`: attaches a managed policy to a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::AttachRolePolicyRequest};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct AttachRolePolicy;

impl Operation for AttachRolePolicy {
    type Service = Iam;
    type Input = AttachRolePolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "AttachRolePolicy",
        read_only: false,
        example: "RoleName={role}&PolicyArn={other-managed-policy}",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: AttachRolePolicyRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let asked = Asked { policy_arn: Some(&input.policy_arn), ..Asked::default() };
        cx.notes.parameter("policyArn", input.policy_arn.clone());
        let role = gate::holder::<Role>(iam, cx, "iam:AttachRolePolicy", &input.role_name, &asked)?;
        Ok(gate::outcome(Nothing {}, role.attach(&input.policy_arn)?))
    }
}
