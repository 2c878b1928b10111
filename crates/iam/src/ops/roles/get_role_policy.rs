//! `GetRolePolicy`: an inline policy of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetRolePolicyRequest, GetRolePolicyResponse};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
    inline, shown,
};

/// The operation.
pub(crate) struct GetRolePolicy;

impl Operation for GetRolePolicy {
    type Service = Iam;
    type Input = GetRolePolicyRequest;
    type Output = GetRolePolicyResponse;
    const FACTS: Facts =
        Facts { name: "GetRolePolicy", read_only: true, example: "RoleName={role}&PolicyName=inline" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: GetRolePolicyRequest,
    ) -> Result<Outcome<GetRolePolicyResponse>, Fault> {
        let role = gate::holder::<Role>(iam, cx, "iam:GetRolePolicy", &input.role_name, &Asked::default())?;
        let entity = &role.found.entity;
        Ok(GetRolePolicyResponse {
            role_name: entity.name.clone(),
            policy_document: shown::encoded(inline::text(entity, &input.policy_name)?),
            policy_name: input.policy_name,
        }
        .into())
    }
}
