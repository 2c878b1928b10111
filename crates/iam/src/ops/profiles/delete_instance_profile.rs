//! `DeleteInstanceProfile`: deletes an empty instance profile.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteInstanceProfile.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteInstanceProfileRequest};

use crate::{Iam, faults, gate::Asked, profiles};

/// The operation.
pub(crate) struct DeleteInstanceProfile;

impl Operation for DeleteInstanceProfile {
    type Service = Iam;
    type Input = DeleteInstanceProfileRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "DeleteInstanceProfile",
        read_only: false,
        example: "InstanceProfileName={spare-profile}",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: DeleteInstanceProfileRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let profile = profiles::permitted(
            iam,
            cx,
            "iam:DeleteInstanceProfile",
            &input.instance_profile_name,
            &Asked::default(),
        )?;
        if profile.found.role.is_some() {
            return Err(faults::conflict("must remove roles from instance profile first"));
        }
        Ok(Outcome::changing(Nothing {}, profile.deleted()))
    }
}
