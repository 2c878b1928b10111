//! `GetRole`: a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetRoleRequest, GetRoleResponse};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
    shown,
};

/// The operation.
pub(crate) struct GetRole;

impl Operation for GetRole {
    type Service = Iam;
    type Input = GetRoleRequest;
    type Output = GetRoleResponse;
    const FACTS: Facts = Facts::reading("GetRole", "RoleName={role}").shows(&["roleName"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let role = gate::holder::<Role>(iam, cx, "iam:GetRole", &input.role_name, &Asked::default())?;
        Ok(GetRoleResponse { role: shown::role(iam, &role.found, cx.now) }.into())
    }
}
