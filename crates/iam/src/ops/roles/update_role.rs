//! `UpdateRole`: changes the description and the longest session of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{UpdateRoleRequest, UpdateRoleResponse};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct UpdateRole;

impl Operation for UpdateRole {
    type Service = Iam;
    type Input = UpdateRoleRequest;
    type Output = UpdateRoleResponse;
    const FACTS: Facts =
        Facts::changing("UpdateRole", "RoleName={role}&Description=other&MaxSessionDuration=7200").shows(&[
            "roleName",
            "description",
            "maxSessionDuration",
        ]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let role = gate::holder::<Role>(iam, cx, "iam:UpdateRole", &input.role_name, &Asked::default())?;
        let change = role.changed(|role| {
            if let Some(description) = input.description {
                role.description = Some(description);
            }
            if let Some(seconds) = input.max_session_duration.and_then(|seconds| u32::try_from(seconds).ok())
            {
                role.session_seconds_max = seconds;
            }
            Ok(())
        })?;
        Ok(gate::outcome(UpdateRoleResponse {}, change))
    }
}
