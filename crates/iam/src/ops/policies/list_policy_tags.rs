//! `ListPolicyTags`: the tags of a managed policy.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyTags.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListPolicyTagsRequest, ListPolicyTagsResponse};

use crate::{
    Iam,
    gate::{self, Asked},
    pages, tags,
};

/// The operation.
pub(crate) struct ListPolicyTags;

impl Operation for ListPolicyTags {
    type Service = Iam;
    type Input = ListPolicyTagsRequest;
    type Output = ListPolicyTagsResponse;
    const FACTS: Facts =
        Facts { name: "ListPolicyTags", read_only: true, example: "PolicyArn={managed-policy}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListPolicyTagsRequest,
    ) -> Result<Outcome<ListPolicyTagsResponse>, Fault> {
        let policy = gate::policy(iam, cx, "iam:ListPolicyTags", &input.policy_arn, &Asked::default())?;
        let asked = pages::Asked {
            name: "ListPolicyTags",
            of: &policy.found.id,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let page = pages::page_of(iam, cx, &asked, tags::list(&policy.found.tags), |tag| tag.key.clone())?;
        Ok(ListPolicyTagsResponse {
            tags: page.items,
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
