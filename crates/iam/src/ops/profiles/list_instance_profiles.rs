//! `ListInstanceProfiles`: the instance profiles of the account.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfiles.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListInstanceProfilesRequest, ListInstanceProfilesResponse};

use crate::{
    Iam,
    gate::{self, Asked},
    pages, shown,
};

/// The operation.
pub(crate) struct ListInstanceProfiles;

impl Operation for ListInstanceProfiles {
    type Service = Iam;
    type Input = ListInstanceProfilesRequest;
    type Output = ListInstanceProfilesResponse;
    const FACTS: Facts = Facts { name: "ListInstanceProfiles", read_only: true, example: "" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListInstanceProfilesRequest,
    ) -> Result<Outcome<ListInstanceProfilesResponse>, Fault> {
        let resource = format!("arn:aws:iam::{}:instance-profile/*", cx.account());
        let (tables, account) =
            gate::account(iam, cx, "iam:ListInstanceProfiles", &resource, &Asked::default())?;
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let asked = pages::Asked {
            name: "ListInstanceProfiles",
            of: prefix,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let profiles = account.profiles.iter().filter(|(_, profile)| profile.path.starts_with(prefix));
        let page = pages::page_of(iam, cx, &asked, profiles, |(name, _)| (*name).clone())?;
        Ok(ListInstanceProfilesResponse {
            instance_profiles: page
                .items
                .into_iter()
                .map(|(_, profile)| shown::profile(iam, &tables, profile))
                .collect(),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
