//! `TagInstanceProfile`: adds tags to an instance profile, or gives new values to those it has.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagInstanceProfile.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::TagInstanceProfileRequest};

use crate::{
    Iam,
    gate::{self, Asked},
    profiles, tags,
};

/// The operation.
pub(crate) struct TagInstanceProfile;

impl Operation for TagInstanceProfile {
    type Service = Iam;
    type Input = TagInstanceProfileRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "TagInstanceProfile",
        read_only: false,
        example: "InstanceProfileName={profile}&Tags.member.1.Key=team&Tags.member.1.Value=pay",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: TagInstanceProfileRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let new = tags::parse(Some(&input.tags))?;
        let profile = profiles::permitted(
            iam,
            cx,
            "iam:TagInstanceProfile",
            &input.instance_profile_name,
            &Asked { tags: Some(&new), ..Asked::default() },
        )?;
        let change = profile.changed(|profile| tags::merge(&mut profile.tags, &new))?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
