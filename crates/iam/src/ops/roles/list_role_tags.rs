//! `ListRoleTags`: the tags of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoleTags.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListRoleTagsRequest, ListRoleTagsResponse};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
    pages, tags,
};

/// The operation.
pub(crate) struct ListRoleTags;

impl Operation for ListRoleTags {
    type Service = Iam;
    type Input = ListRoleTagsRequest;
    type Output = ListRoleTagsResponse;
    const FACTS: Facts = Facts { name: "ListRoleTags", read_only: true, example: "RoleName={role}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListRoleTagsRequest,
    ) -> Result<Outcome<ListRoleTagsResponse>, Fault> {
        let role = gate::holder::<Role>(iam, cx, "iam:ListRoleTags", &input.role_name, &Asked::default())?;
        let asked = pages::Asked {
            name: "ListRoleTags",
            of: &role.found.entity.id,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let page =
            pages::page_of(iam, cx, &asked, tags::list(&role.found.entity.tags), |tag| tag.key.clone())?;
        Ok(ListRoleTagsResponse {
            tags: page.items,
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
