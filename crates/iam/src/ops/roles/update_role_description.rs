//! `UpdateRoleDescription`: changes the description of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRoleDescription.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
    shown,
};

/// The operation.
pub(crate) struct UpdateRoleDescription;

impl Operation for UpdateRoleDescription {
    type Service = Iam;
    type Input = UpdateRoleDescriptionRequest;
    type Output = UpdateRoleDescriptionResponse;
    const FACTS: Facts = Facts::changing("UpdateRoleDescription", "RoleName={role}&Description=other")
        .shows(&["roleName", "description"])
        .answers(&["role"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let role =
            gate::holder::<Role>(iam, cx, "iam:UpdateRoleDescription", &input.role_name, &Asked::default())?;
        let mut shown = shown::role(iam, &role.found, cx.now);
        shown.description = Some(input.description.clone());
        let change = role.changed(|role| {
            role.description = Some(input.description);
            Ok(())
        })?;
        Ok(gate::outcome(UpdateRoleDescriptionResponse { role: Some(shown) }, change))
    }
}
