//! `ListGroupPolicies`: the names of a group's inline policies.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupPolicies.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListGroupPoliciesRequest, ListGroupPoliciesResponse};

use crate::{
    Iam,
    entities::Group,
    gate::{self, Asked},
    pages,
};

/// The operation.
pub(crate) struct ListGroupPolicies;

impl Operation for ListGroupPolicies {
    type Service = Iam;
    type Input = ListGroupPoliciesRequest;
    type Output = ListGroupPoliciesResponse;
    const FACTS: Facts = Facts { name: "ListGroupPolicies", read_only: true, example: "GroupName={group}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListGroupPoliciesRequest,
    ) -> Result<Outcome<ListGroupPoliciesResponse>, Fault> {
        let group =
            gate::holder::<Group>(iam, cx, "iam:ListGroupPolicies", &input.group_name, &Asked::default())?;
        let entity = &group.found.entity;
        let asked = pages::Asked {
            name: "ListGroupPolicies",
            of: &entity.id,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let page = pages::page_of(iam, cx, &asked, entity.inline.keys().cloned(), String::clone)?;
        Ok(ListGroupPoliciesResponse {
            policy_names: page.items,
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
