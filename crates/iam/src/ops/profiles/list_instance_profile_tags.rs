//! `ListInstanceProfileTags`: the tags of an instance profile.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfileTags.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListInstanceProfileTagsRequest, ListInstanceProfileTagsResponse};

use crate::{Iam, gate::Asked, pages, profiles, tags};

/// The operation.
pub(crate) struct ListInstanceProfileTags;

impl Operation for ListInstanceProfileTags {
    type Service = Iam;
    type Input = ListInstanceProfileTagsRequest;
    type Output = ListInstanceProfileTagsResponse;
    const FACTS: Facts =
        Facts { name: "ListInstanceProfileTags", read_only: true, example: "InstanceProfileName={profile}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListInstanceProfileTagsRequest,
    ) -> Result<Outcome<ListInstanceProfileTagsResponse>, Fault> {
        let profile = profiles::permitted(
            iam,
            cx,
            "iam:ListInstanceProfileTags",
            &input.instance_profile_name,
            &Asked::default(),
        )?;
        let asked = pages::Asked {
            name: "ListInstanceProfileTags",
            of: &profile.found.id,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let page = pages::page_of(iam, cx, &asked, tags::list(&profile.found.tags), |tag| tag.key.clone())?;
        Ok(ListInstanceProfileTagsResponse {
            tags: page.items,
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
