//! `UntagInstanceProfile`: takes tags off an instance profile.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagInstanceProfile.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::UntagInstanceProfileRequest};

use crate::{
    Iam,
    gate::{self, Asked},
    profiles, tags,
};

/// The operation.
pub(crate) struct UntagInstanceProfile;

impl Operation for UntagInstanceProfile {
    type Service = Iam;
    type Input = UntagInstanceProfileRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "UntagInstanceProfile",
        read_only: false,
        example: "InstanceProfileName={profile}&TagKeys.member.1=team",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: UntagInstanceProfileRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let profile = profiles::permitted(
            iam,
            cx,
            "iam:UntagInstanceProfile",
            &input.instance_profile_name,
            &Asked { tag_keys: Some(&input.tag_keys), ..Asked::default() },
        )?;
        let change = profile.changed(|profile| {
            tags::remove_all(&mut profile.tags, &input.tag_keys);
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
