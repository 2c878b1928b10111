//! `GetServiceLinkedRoleDeletionStatus`: whether such a role is gone, as it is once its deletion was answered.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLinkedRoleDeletionStatus.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{
    DeletionTaskStatusType, GetServiceLinkedRoleDeletionStatusRequest,
    GetServiceLinkedRoleDeletionStatusResponse,
};

use crate::{
    Iam,
    entities::Role,
    faults,
    gate::{self, Asked, Holder},
    service_linked,
};

/// The operation.
pub(crate) struct GetServiceLinkedRoleDeletionStatus;

impl Operation for GetServiceLinkedRoleDeletionStatus {
    type Service = Iam;
    type Input = GetServiceLinkedRoleDeletionStatusRequest;
    type Output = GetServiceLinkedRoleDeletionStatusResponse;
    const FACTS: Facts = Facts::reading(
        "GetServiceLinkedRoleDeletionStatus",
        "DeletionTaskId=task/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling/AROAGONE",
    ).shows(&["deletionTaskId"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let action = "iam:GetServiceLinkedRoleDeletionStatus";
        let (_, account) = gate::account(iam, cx, action, "*", &Asked::default())?;
        let task = input
            .deletion_task_id
            .strip_prefix("task")
            .and_then(|task| task.strip_prefix(service_linked::PATH));
        let parts: Vec<&str> = task.unwrap_or_default().split('/').collect();
        let [_, role, id] = *parts.as_slice() else {
            return Err(faults::no_such(format!("Deletion task {} not found.", input.deletion_task_id)));
        };
        let is_there = Role::find(&account, role).is_some_and(|role| role.entity.id == id);
        if is_there {
            return Err(faults::no_such(format!("Deletion task {} not found.", input.deletion_task_id)));
        }
        Ok(GetServiceLinkedRoleDeletionStatusResponse {
            status: DeletionTaskStatusType::Succeeded,
            reason: None,
        }
        .into())
    }
}
