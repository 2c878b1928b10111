//! `ListRolePolicies`: the names of a role's inline policies.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListRolePoliciesRequest, ListRolePoliciesResponse};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
    pages,
};

/// The operation.
pub(crate) struct ListRolePolicies;

impl Operation for ListRolePolicies {
    type Service = Iam;
    type Input = ListRolePoliciesRequest;
    type Output = ListRolePoliciesResponse;
    const FACTS: Facts = Facts { name: "ListRolePolicies", read_only: true, example: "RoleName={role}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: ListRolePoliciesRequest,
    ) -> Result<Outcome<ListRolePoliciesResponse>, Fault> {
        let role =
            gate::holder::<Role>(iam, cx, "iam:ListRolePolicies", &input.role_name, &Asked::default())?;
        let entity = &role.found.entity;
        let asked = pages::Asked {
            name: "ListRolePolicies",
            of: &entity.id,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let page = pages::page_of(iam, cx, &asked, entity.inline.keys().cloned(), String::clone)?;
        Ok(ListRolePoliciesResponse {
            policy_names: page.items,
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
