//! `ListInstanceProfilesForRole`: the instance profiles that a role is in.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfilesForRole.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
    pages, shown,
};

/// The operation.
pub(crate) struct ListInstanceProfilesForRole;

impl Operation for ListInstanceProfilesForRole {
    type Service = Iam;
    type Input = ListInstanceProfilesForRoleRequest;
    type Output = ListInstanceProfilesForRoleResponse;
    const FACTS: Facts =
        Facts { name: "ListInstanceProfilesForRole", read_only: true, example: "RoleName={role}" };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let role = gate::holder::<Role>(
            iam,
            cx,
            "iam:ListInstanceProfilesForRole",
            &input.role_name,
            &Asked::default(),
        )?;
        let id = &role.found.entity.id;
        let asked = pages::Asked {
            name: "ListInstanceProfilesForRole",
            of: id,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let page =
            pages::page_of(iam, cx, &asked, role.account.profiles_of(id), |profile| profile.name.clone())?;
        Ok(ListInstanceProfilesForRoleResponse {
            instance_profiles: page
                .items
                .into_iter()
                .map(|profile| shown::profile(iam, &role.tables, profile))
                .collect(),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}
