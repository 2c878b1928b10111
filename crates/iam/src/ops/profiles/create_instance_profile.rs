//! `CreateInstanceProfile`: makes an instance profile.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{CreateInstanceProfileRequest, CreateInstanceProfileResponse};
use state::created;
use store::Revision;

use crate::{
    Iam, entities, faults,
    gate::{self, Asked},
    ids::{self, Prefix},
    profiles::InstanceProfile,
    shown, tags,
};

/// The operation.
pub(crate) struct CreateInstanceProfile;

impl Operation for CreateInstanceProfile {
    type Service = Iam;
    type Input = CreateInstanceProfileRequest;
    type Output = CreateInstanceProfileResponse;
    const FACTS: Facts = Facts::changing(
        "CreateInstanceProfile",
        "InstanceProfileName=new&Path=%2Fstaff%2F&Tags.member.1.Key=team&Tags.member.1.Value=pay",
    )
    .shows(&["instanceProfileName", "path", "tags"])
    .answers(&["instanceProfile"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let path = ids::path(input.path)?;
        let tags = tags::parse(input.tags.as_deref())?;
        let asked = Asked { tags: Some(&tags), ..Asked::default() };
        let arn = entities::arn(
            cx.partition(),
            cx.account(),
            "instance-profile",
            &path,
            &input.instance_profile_name,
        );
        let (tables, account) = gate::account(iam, cx, "iam:CreateInstanceProfile", &arn, &asked)?;
        if !tags.is_empty() {
            gate::account(iam, cx, "iam:TagInstanceProfile", &arn, &asked)?;
        }
        if account.profile(&input.instance_profile_name).is_some() {
            return Err(faults::exists("Instance Profile", &input.instance_profile_name));
        }
        let profile = InstanceProfile {
            partition: cx.partition(),
            account: cx.account(),
            name: input.instance_profile_name,
            path,
            id: ids::generate(cx, Prefix::InstanceProfile)?,
            created: cx.now,
            role: None,
            tags,
            revision: Revision(0),
        };
        let instance_profile = shown::profile(iam, &tables, &profile);
        Ok(Outcome::changing(CreateInstanceProfileResponse { instance_profile }, created(&profile)))
    }
}
