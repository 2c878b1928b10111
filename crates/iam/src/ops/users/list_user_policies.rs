//! `ListUserPolicies`: the names of a user's inline policies.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserPolicies.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListUserPoliciesRequest, ListUserPoliciesResponse};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
    pages,
};

/// The operation.
pub(crate) struct ListUserPolicies;

impl Operation for ListUserPolicies {
    type Service = Iam;
    type Input = ListUserPoliciesRequest;
    type Output = ListUserPoliciesResponse;
    const FACTS: Facts = Facts { name: "ListUserPolicies", read_only: true, example: "UserName={user}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListUserPoliciesRequest,
    ) -> Result<Outcome<ListUserPoliciesResponse>, Fault> {
        let user =
            gate::holder::<User>(iam, cx, "iam:ListUserPolicies", &input.user_name, &Asked::default())?;
        let entity = &user.found.entity;
        let asked = pages::Asked {
            name: "ListUserPolicies",
            of: &entity.id,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let page = pages::page_of(iam, cx, &asked, entity.inline.keys().cloned(), String::clone)?;
        Ok(ListUserPoliciesResponse {
            policy_names: page.items,
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
