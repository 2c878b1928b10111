//! `DeleteRolePermissionsBoundary`: takes away what bounds the policies of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePermissionsBoundary.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteRolePermissionsBoundaryRequest};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct DeleteRolePermissionsBoundary;

impl Operation for DeleteRolePermissionsBoundary {
    type Service = Iam;
    type Input = DeleteRolePermissionsBoundaryRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts { name: "DeleteRolePermissionsBoundary", read_only: false, example: "RoleName={role}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: DeleteRolePermissionsBoundaryRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let role = gate::holder::<Role>(
            iam,
            cx,
            "iam:DeleteRolePermissionsBoundary",
            &input.role_name,
            &Asked::default(),
        )?;
        Ok(gate::outcome(Nothing {}, role.unbound()?))
    }
}
