//! `DeleteLoginProfile`: there are no passwords, so there is never a login profile.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteLoginProfileRequest};

use crate::{
    Iam,
    entities::User,
    faults,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct DeleteLoginProfile;

impl Operation for DeleteLoginProfile {
    type Service = Iam;
    type Input = DeleteLoginProfileRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts { name: "DeleteLoginProfile", read_only: false, example: "" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: DeleteLoginProfileRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let name = gate::user_name(cx, input.user_name.as_deref())?;
        gate::holder::<User>(iam, cx, "iam:DeleteLoginProfile", &name, &Asked::default())?;
        Err(faults::no_such(format!("Login Profile for User {name} cannot be found.")))
    }
}
