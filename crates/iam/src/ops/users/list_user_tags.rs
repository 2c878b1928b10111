//! `ListUserTags`: the tags of a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserTags.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListUserTagsRequest, ListUserTagsResponse};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
    pages, tags,
};

/// The operation.
pub(crate) struct ListUserTags;

impl Operation for ListUserTags {
    type Service = Iam;
    type Input = ListUserTagsRequest;
    type Output = ListUserTagsResponse;
    const FACTS: Facts = Facts { name: "ListUserTags", read_only: true, example: "UserName={user}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListUserTagsRequest,
    ) -> Result<Outcome<ListUserTagsResponse>, Fault> {
        let user = gate::holder::<User>(iam, cx, "iam:ListUserTags", &input.user_name, &Asked::default())?;
        let asked = pages::Asked {
            name: "ListUserTags",
            of: &user.found.entity.id,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let page =
            pages::page_of(iam, cx, &asked, tags::list(&user.found.entity.tags), |tag| tag.key.clone())?;
        Ok(ListUserTagsResponse {
            tags: page.items,
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
