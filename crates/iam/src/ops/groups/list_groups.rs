//! `ListGroups`: the groups of the account.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroups.html>

use std::ops::Bound;

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListGroupsRequest, ListGroupsResponse};

use crate::{
    Iam,
    gate::{self, Asked},
    pages, shown,
};

/// The operation.
pub(crate) struct ListGroups;

impl Operation for ListGroups {
    type Service = Iam;
    type Input = ListGroupsRequest;
    type Output = ListGroupsResponse;
    const FACTS: Facts = Facts { name: "ListGroups", read_only: true, example: "PathPrefix=%2F&MaxItems=10" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListGroupsRequest,
    ) -> Result<Outcome<ListGroupsResponse>, Fault> {
        let resource = format!("arn:aws:iam::{}:group/*", cx.account());
        let (_, account) = gate::account(iam, cx, "iam:ListGroups", &resource, &Asked::default())?;
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let asked = pages::Asked {
            name: "ListGroups",
            of: prefix,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let groups = |after| {
            let groups = account.groups.range((after, Bound::Unbounded));
            groups.filter(|(_, group)| group.entity.path.starts_with(prefix))
        };
        let page = pages::page(iam, cx, &asked, groups, |(name, _)| (*name).clone())?;
        Ok(ListGroupsResponse {
            groups: page.items.into_iter().map(|(_, group)| shown::group(group)).collect(),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
