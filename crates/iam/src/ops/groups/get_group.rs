//! `GetGroup`: a group and its members.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroup.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetGroupRequest, GetGroupResponse};

use crate::{
    Iam,
    entities::Group,
    gate::{self, Asked},
    pages, shown,
};

/// The operation.
pub(crate) struct GetGroup;

impl Operation for GetGroup {
    type Service = Iam;
    type Input = GetGroupRequest;
    type Output = GetGroupResponse;
    const FACTS: Facts =
        Facts::reading("GetGroup", "GroupName={group}").shows(&["groupName", "marker", "maxItems"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let group = gate::holder::<Group>(iam, cx, "iam:GetGroup", &input.group_name, &Asked::default())?;
        let id = &group.found.entity.id;
        let asked = pages::Wish {
            name: "GetGroup",
            of: id,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let page = pages::page_of(iam, cx, &asked, group.account.members(id), |name| (*name).to_owned())?;
        let users = page.items.into_iter().filter_map(|name| group.account.users.get(name));
        Ok(GetGroupResponse {
            group: shown::group(&group.found),
            users: users.map(|user| shown::listed_user(user)).collect(),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
