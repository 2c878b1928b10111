//! `RemoveRoleFromInstanceProfile`: takes a role out of an instance profile.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveRoleFromInstanceProfile.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::RemoveRoleFromInstanceProfileRequest};

use crate::{
    Iam,
    entities::EntityKind,
    faults,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct RemoveRoleFromInstanceProfile;

impl Operation for RemoveRoleFromInstanceProfile {
    type Service = Iam;
    type Input = RemoveRoleFromInstanceProfileRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts::changing("RemoveRoleFromInstanceProfile", "InstanceProfileName={profile}&RoleName={role}")
            .shows(&["instanceProfileName", "roleName"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let profile = gate::profile(
            iam,
            cx,
            "iam:RemoveRoleFromInstanceProfile",
            &input.instance_profile_name,
            &Asked::default(),
        )?;
        let role = profile.account.role(&input.role_name).map(|role| role.entity.id.as_str());
        if role.is_none() || role != profile.found.role.as_deref() {
            return Err(faults::no_entity(EntityKind::Role, &input.role_name));
        }
        let change = profile.changed(|profile| {
            profile.role = None;
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
