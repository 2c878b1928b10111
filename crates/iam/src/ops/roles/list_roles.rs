//! `ListRoles`: the roles of the account.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>

use std::ops::Bound;

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListRolesRequest, ListRolesResponse};

use crate::{
    Iam,
    gate::{self, Asked},
    pages, shown,
};

/// The operation.
pub(crate) struct ListRoles;

impl Operation for ListRoles {
    type Service = Iam;
    type Input = ListRolesRequest;
    type Output = ListRolesResponse;
    const FACTS: Facts = Facts { name: "ListRoles", read_only: true, example: "PathPrefix=%2F&MaxItems=10" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListRolesRequest,
    ) -> Result<Outcome<ListRolesResponse>, Fault> {
        let resource = format!("arn:aws:iam::{}:role/*", cx.account());
        let (_, account) = gate::account(iam, cx, "iam:ListRoles", &resource, &Asked::default())?;
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let asked = pages::Asked {
            name: "ListRoles",
            of: prefix,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let roles = |after| {
            let roles = account.roles.range((after, Bound::Unbounded));
            roles.filter(|(_, role)| role.entity.path.starts_with(prefix))
        };
        let page = pages::page(iam, cx, &asked, roles, |(name, _)| (*name).clone())?;
        Ok(ListRolesResponse {
            roles: page.items.into_iter().map(|(_, role)| shown::listed_role(iam, role)).collect(),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
