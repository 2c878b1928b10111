//! `DeleteServiceLinkedRole`: deletes the role that a service of AWS has in the account. No service here uses it, so
//! it is gone at once.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{DeleteServiceLinkedRoleRequest, DeleteServiceLinkedRoleResponse};
use store::Batch;

use crate::{
    Iam, activity,
    entities::Role,
    faults,
    gate::{self, Asked},
    service_linked,
};

/// The operation.
pub(crate) struct DeleteServiceLinkedRole;

impl Operation for DeleteServiceLinkedRole {
    type Service = Iam;
    type Input = DeleteServiceLinkedRoleRequest;
    type Output = DeleteServiceLinkedRoleResponse;
    const FACTS: Facts = Facts::changing("DeleteServiceLinkedRole", "RoleName={service-linked-role}")
        .shows(&["roleName"])
        .answers(&["deletionTaskId"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let action = "iam:DeleteServiceLinkedRole";
        let role = gate::holder::<Role>(iam, cx, action, &input.role_name, &Asked::default())?;
        let entity = &role.found.entity;
        if !service_linked::is_linked(entity) {
            return Err(faults::invalid(format!("{} is not a service-linked role.", entity.name)));
        }
        let deletion_task_id = format!("task{}{}/{}", entity.path, entity.name, entity.id);
        let batch = activity::keys(entity.account, &entity.id).fold(role.deleted(), Batch::delete);
        Ok(Outcome::changing(DeleteServiceLinkedRoleResponse { deletion_task_id }, batch))
    }
}
