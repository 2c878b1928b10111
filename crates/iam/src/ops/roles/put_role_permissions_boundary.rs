//! `PutRolePermissionsBoundary`: sets what bounds the policies of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::PutRolePermissionsBoundaryRequest};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct PutRolePermissionsBoundary;

impl Operation for PutRolePermissionsBoundary {
    type Service = Iam;
    type Input = PutRolePermissionsBoundaryRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "PutRolePermissionsBoundary",
        read_only: false,
        example: "RoleName={role}&PermissionsBoundary={managed-policy}",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: PutRolePermissionsBoundaryRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let asked = Asked { boundary: Some(&input.permissions_boundary), ..Asked::default() };
        cx.notes.parameter("permissionsBoundary", input.permissions_boundary.clone());
        let role = gate::holder::<Role>(iam, cx, "iam:PutRolePermissionsBoundary", &input.role_name, &asked)?;
        Ok(gate::outcome(Nothing {}, role.bound(&input.permissions_boundary)?))
    }
}
