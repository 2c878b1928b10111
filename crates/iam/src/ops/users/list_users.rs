//! `ListUsers`: the users of the account.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html>

use std::ops::Bound;

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListUsersRequest, ListUsersResponse};

use crate::{
    Iam,
    gate::{self, Asked},
    pages, shown,
};

/// The operation.
pub(crate) struct ListUsers;

impl Operation for ListUsers {
    type Service = Iam;
    type Input = ListUsersRequest;
    type Output = ListUsersResponse;
    const FACTS: Facts = Facts { name: "ListUsers", read_only: true, example: "PathPrefix=%2F&MaxItems=10" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListUsersRequest,
    ) -> Result<Outcome<ListUsersResponse>, Fault> {
        let resource = format!("arn:aws:iam::{}:user/*", cx.account());
        let (_, account) = gate::account(iam, cx, "iam:ListUsers", &resource, &Asked::default())?;
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let asked = pages::Asked {
            name: "ListUsers",
            of: prefix,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let users = |after| {
            let users = account.users.range((after, Bound::Unbounded));
            users.filter(|(_, user)| user.entity.path.starts_with(prefix))
        };
        let page = pages::page(iam, cx, &asked, users, |(name, _)| (*name).clone())?;
        Ok(ListUsersResponse {
            users: page.items.into_iter().map(|(_, user)| shown::listed_user(user)).collect(),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
