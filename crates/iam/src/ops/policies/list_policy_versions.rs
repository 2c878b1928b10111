//! `ListPolicyVersions`: the versions of a managed policy, newest first.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyVersions.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListPolicyVersionsRequest, ListPolicyVersionsResponse};

use crate::{
    Iam,
    gate::{self, Asked},
    pages, shown,
};

/// The operation.
pub(crate) struct ListPolicyVersions;

impl Operation for ListPolicyVersions {
    type Service = Iam;
    type Input = ListPolicyVersionsRequest;
    type Output = ListPolicyVersionsResponse;
    const FACTS: Facts =
        Facts { name: "ListPolicyVersions", read_only: true, example: "PolicyArn={managed-policy}" };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let policy = gate::policy(iam, cx, "iam:ListPolicyVersions", &input.policy_arn, &Asked::default())?;
        let asked = pages::Asked {
            name: "ListPolicyVersions",
            of: &policy.found.id,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        // Sorted by what is left to the highest number, so that the newest is first.
        let versions = policy.found.versions.iter().rev();
        let page =
            pages::page_of(iam, cx, &asked, versions, |(number, _)| format!("{:010}", u32::MAX - **number))?;
        let shown =
            page.items.into_iter().map(|(number, version)| shown::version(&policy.found, *number, version));
        Ok(ListPolicyVersionsResponse {
            versions: Some(shown.collect()),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
