//! `ListAttachedRolePolicies`: the managed policies that are attached to a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListAttachedRolePoliciesRequest, ListAttachedRolePoliciesResponse};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
    managed, pages, shown,
};

/// The operation.
pub(crate) struct ListAttachedRolePolicies;

impl Operation for ListAttachedRolePolicies {
    type Service = Iam;
    type Input = ListAttachedRolePoliciesRequest;
    type Output = ListAttachedRolePoliciesResponse;
    const FACTS: Facts =
        Facts { name: "ListAttachedRolePolicies", read_only: true, example: "RoleName={role}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListAttachedRolePoliciesRequest,
    ) -> Result<Outcome<ListAttachedRolePoliciesResponse>, Fault> {
        let role = gate::holder::<Role>(
            iam,
            cx,
            "iam:ListAttachedRolePolicies",
            &input.role_name,
            &Asked::default(),
        )?;
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let of = format!("{} {prefix}", role.found.entity.id);
        let asked = pages::Asked {
            name: "ListAttachedRolePolicies",
            of: &of,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let attached = shown::attached(&role.account, &role.found.entity);
        let attached = attached.filter(|policy| managed::is_under(policy.policy_arn.as_deref(), prefix));
        let page = pages::page_of(iam, cx, &asked, attached, |policy| {
            policy.policy_arn.clone().unwrap_or_default()
        })?;
        Ok(ListAttachedRolePoliciesResponse {
            attached_policies: Some(page.items),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
