//! `DeleteRolePolicy`: deletes an inline policy of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteRolePolicyRequest};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
    inline,
};

/// The operation.
pub(crate) struct DeleteRolePolicy;

impl Operation for DeleteRolePolicy {
    type Service = Iam;
    type Input = DeleteRolePolicyRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts { name: "DeleteRolePolicy", read_only: false, example: "RoleName={role}&PolicyName=inline" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: DeleteRolePolicyRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        cx.notes.parameter("policyName", input.policy_name.clone());
        let role =
            gate::holder::<Role>(iam, cx, "iam:DeleteRolePolicy", &input.role_name, &Asked::default())?;
        let change = role.changed(|role| inline::delete(role, &input.policy_name))?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
