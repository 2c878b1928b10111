//! `ListGroupsForUser`: the groups that a user is in.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupsForUser.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListGroupsForUserRequest, ListGroupsForUserResponse};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
    pages, shown,
};

/// The operation.
pub(crate) struct ListGroupsForUser;

impl Operation for ListGroupsForUser {
    type Service = Iam;
    type Input = ListGroupsForUserRequest;
    type Output = ListGroupsForUserResponse;
    const FACTS: Facts = Facts { name: "ListGroupsForUser", read_only: true, example: "UserName={user}" };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let user =
            gate::holder::<User>(iam, cx, "iam:ListGroupsForUser", &input.user_name, &Asked::default())?;
        let asked = pages::Asked {
            name: "ListGroupsForUser",
            of: &user.found.entity.id,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let mut groups: Vec<_> = user.found.groups.iter().filter_map(|id| user.tables.group(id)).collect();
        groups.sort_by(|a, b| a.entity.name.cmp(&b.entity.name));
        let page = pages::page_of(iam, cx, &asked, groups, |group| group.entity.name.clone())?;
        Ok(ListGroupsForUserResponse {
            groups: page.items.into_iter().map(|group| shown::group(group)).collect(),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
