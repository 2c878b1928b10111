//! `DeleteRole`: deletes a role that has nothing left.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteRoleRequest};

use crate::{
    Iam, attachments,
    entities::Role,
    faults,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct DeleteRole;

impl Operation for DeleteRole {
    type Service = Iam;
    type Input = DeleteRoleRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts { name: "DeleteRole", read_only: false, example: "RoleName={spare-role}" };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: DeleteRoleRequest) -> Result<Outcome<Nothing>, Fault> {
        let role = gate::holder::<Role>(iam, cx, "iam:DeleteRole", &input.role_name, &Asked::default())?;
        let entity = &role.found.entity;
        attachments::check_none(entity)?;
        if role.account.profiles_of(&entity.id).next().is_some() {
            return Err(faults::conflict("must remove roles from instance profile first"));
        }
        Ok(Outcome::changing(Nothing {}, role.deleted()))
    }
}
