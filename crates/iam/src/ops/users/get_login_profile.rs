//! `GetLoginProfile`: there are no passwords, so there is never a login profile.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetLoginProfileRequest, GetLoginProfileResponse};

use crate::{
    Iam,
    entities::User,
    faults,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct GetLoginProfile;

impl Operation for GetLoginProfile {
    type Service = Iam;
    type Input = GetLoginProfileRequest;
    type Output = GetLoginProfileResponse;
    const FACTS: Facts = Facts { name: "GetLoginProfile", read_only: true, example: "" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: GetLoginProfileRequest,
    ) -> Result<Outcome<GetLoginProfileResponse>, Fault> {
        let name = gate::user_name(cx, input.user_name.as_deref())?;
        gate::holder::<User>(iam, cx, "iam:GetLoginProfile", &name, &Asked::default())?;
        Err(faults::no_such(format!("Login Profile for User {name} cannot be found.")))
    }
}
