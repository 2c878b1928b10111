//! `GetInstanceProfile`: an instance profile.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetInstanceProfile.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetInstanceProfileRequest, GetInstanceProfileResponse};

use crate::{
    Iam,
    gate::{self, Asked},
    shown,
};

/// The operation.
pub(crate) struct GetInstanceProfile;

impl Operation for GetInstanceProfile {
    type Service = Iam;
    type Input = GetInstanceProfileRequest;
    type Output = GetInstanceProfileResponse;
    const FACTS: Facts =
        Facts::reading("GetInstanceProfile", "InstanceProfileName={profile}").shows(&["instanceProfileName"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let profile = gate::profile(
            iam,
            cx,
            "iam:GetInstanceProfile",
            &input.instance_profile_name,
            &Asked::default(),
        )?;
        let instance_profile = shown::profile(iam, &profile.tables, &profile.found);
        Ok(GetInstanceProfileResponse { instance_profile }.into())
    }
}
