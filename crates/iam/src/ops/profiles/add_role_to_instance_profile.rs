//! `AddRoleToInstanceProfile`: puts a role into an instance profile.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::AddRoleToInstanceProfileRequest};

use crate::{
    Iam,
    entities::Role,
    faults,
    gate::{self, Asked},
    limits::ROLES_PER_PROFILE,
};

/// The operation.
pub(crate) struct AddRoleToInstanceProfile;

impl Operation for AddRoleToInstanceProfile {
    type Service = Iam;
    type Input = AddRoleToInstanceProfileRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts::changing("AddRoleToInstanceProfile", "InstanceProfileName={spare-profile}&RoleName={role}")
            .shows(&["instanceProfileName", "roleName"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let profile = gate::profile(
            iam,
            cx,
            "iam:AddRoleToInstanceProfile",
            &input.instance_profile_name,
            &Asked::default(),
        )?;
        let asked = Asked { passed_to: Some("ec2.amazonaws.com"), ..Asked::default() };
        let role = gate::holder::<Role>(iam, cx, "iam:PassRole", &input.role_name, &asked)?;
        if profile.found.role.is_some() {
            return Err(faults::quota("InstanceSessionsPerInstanceProfile", ROLES_PER_PROFILE));
        }
        let change = profile.changed(|profile| {
            profile.role = Some(role.found.entity.id.clone());
            Ok(())
        })?;
        // The role's record too, so that its deletion at the same time fails or makes this fail.
        Ok(gate::outcome(Nothing {}, change.map(|change| change.and(role.touched()))))
    }
}
