//! `ListAttachedGroupPolicies`: the managed policies that are attached to a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedGroupPolicies.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListAttachedGroupPoliciesRequest, ListAttachedGroupPoliciesResponse};

use crate::{
    Iam,
    entities::Group,
    gate::{self, Asked},
    managed, pages, shown,
};

/// The operation.
pub(crate) struct ListAttachedGroupPolicies;

impl Operation for ListAttachedGroupPolicies {
    type Service = Iam;
    type Input = ListAttachedGroupPoliciesRequest;
    type Output = ListAttachedGroupPoliciesResponse;
    const FACTS: Facts =
        Facts { name: "ListAttachedGroupPolicies", read_only: true, example: "GroupName={group}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListAttachedGroupPoliciesRequest,
    ) -> Result<Outcome<ListAttachedGroupPoliciesResponse>, Fault> {
        let group = gate::holder::<Group>(
            iam,
            cx,
            "iam:ListAttachedGroupPolicies",
            &input.group_name,
            &Asked::default(),
        )?;
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let of = format!("{} {prefix}", group.found.entity.id);
        let asked = pages::Asked {
            name: "ListAttachedGroupPolicies",
            of: &of,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let attached = shown::attached(&group.account, &group.found.entity);
        let attached = attached.filter(|policy| managed::is_under(policy.policy_arn.as_deref(), prefix));
        let page = pages::page_of(iam, cx, &asked, attached, |policy| {
            policy.policy_arn.clone().unwrap_or_default()
        })?;
        Ok(ListAttachedGroupPoliciesResponse {
            attached_policies: Some(page.items),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
