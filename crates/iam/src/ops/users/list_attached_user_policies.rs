//! `ListAttachedUserPolicies`: the managed policies that are attached to a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedUserPolicies.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListAttachedUserPoliciesRequest, ListAttachedUserPoliciesResponse};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
    managed, pages, shown,
};

/// The operation.
pub(crate) struct ListAttachedUserPolicies;

impl Operation for ListAttachedUserPolicies {
    type Service = Iam;
    type Input = ListAttachedUserPoliciesRequest;
    type Output = ListAttachedUserPoliciesResponse;
    const FACTS: Facts =
        Facts { name: "ListAttachedUserPolicies", read_only: true, example: "UserName={user}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListAttachedUserPoliciesRequest,
    ) -> Result<Outcome<ListAttachedUserPoliciesResponse>, Fault> {
        let user = gate::holder::<User>(
            iam,
            cx,
            "iam:ListAttachedUserPolicies",
            &input.user_name,
            &Asked::default(),
        )?;
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let of = format!("{} {prefix}", user.found.entity.id);
        let asked = pages::Asked {
            name: "ListAttachedUserPolicies",
            of: &of,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let attached = shown::attached(&user.account, &user.found.entity);
        let attached = attached.filter(|policy| managed::is_under(policy.policy_arn.as_deref(), prefix));
        let page = pages::page_of(iam, cx, &asked, attached, |policy| {
            policy.policy_arn.clone().unwrap_or_default()
        })?;
        Ok(ListAttachedUserPoliciesResponse {
            attached_policies: Some(page.items),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
