//! `ListEntitiesForPolicy`: whom a managed policy holds for.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html>

use std::collections::BTreeSet;

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{
    EntityType, ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse, PolicyGroup, PolicyRole,
    PolicyUsageType, PolicyUser,
};

use crate::{
    Iam,
    entities::EntityKind,
    gate::{self, Asked},
    pages,
    tables::{Account, Tie},
};

/// The operation.
pub(crate) struct ListEntitiesForPolicy;

impl Operation for ListEntitiesForPolicy {
    type Service = Iam;
    type Input = ListEntitiesForPolicyRequest;
    type Output = ListEntitiesForPolicyResponse;
    const FACTS: Facts = Facts::reading("ListEntitiesForPolicy", "PolicyArn={managed-policy}").shows(&[
        "policyArn",
        "entityFilter",
        "pathPrefix",
        "policyUsageFilter",
        "marker",
        "maxItems",
    ]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let policy =
            gate::policy(iam, cx, "iam:ListEntitiesForPolicy", &input.policy_arn, &Asked::default())?;
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let of =
            format!("{} {prefix} {:?} {:?}", policy.found.id, input.entity_filter, input.policy_usage_filter);
        let asked = pages::Wish {
            name: "ListEntitiesForPolicy",
            of: &of,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let ties = policy.account.ties(&policy.found.arn).filter(|tie| {
            let usage = match input.policy_usage_filter {
                None => true,
                Some(PolicyUsageType::PermissionsBoundary) => tie.bounds,
                Some(PolicyUsageType::PermissionsPolicy) => !tie.bounds,
            };
            let kind = match input.entity_filter {
                None => true,
                Some(EntityType::User) => tie.kind == EntityKind::User,
                Some(EntityType::Group) => tie.kind == EntityKind::Group,
                Some(EntityType::Role) => tie.kind == EntityKind::Role,
                Some(_) => false,
            };
            usage && kind
        });
        // Both attached and a boundary is one entity.
        let found: BTreeSet<_> = ties.filter_map(|tie| entity(&policy.account, tie, prefix)).collect();
        let page =
            pages::page_of(iam, cx, &asked, found, |(kind, name, _)| format!("{} {name}", kind.as_str()))?;
        let of = |wanted| page.items.iter().filter(move |(kind, ..)| *kind == wanted);
        let groups = of(EntityKind::Group)
            .map(|(_, name, id)| PolicyGroup { group_name: Some(name.clone()), group_id: Some(id.clone()) });
        let users = of(EntityKind::User)
            .map(|(_, name, id)| PolicyUser { user_name: Some(name.clone()), user_id: Some(id.clone()) });
        let roles = of(EntityKind::Role)
            .map(|(_, name, id)| PolicyRole { role_name: Some(name.clone()), role_id: Some(id.clone()) });
        Ok(ListEntitiesForPolicyResponse {
            policy_groups: Some(groups.collect()),
            policy_users: Some(users.collect()),
            policy_roles: Some(roles.collect()),
            is_truncated: Some(page.truncated),
            marker: page.next_marker.clone(),
        }
        .into())
    }
}

/// Kind, name and unique id of an entity under a path.
fn entity(account: &Account, tie: &Tie, prefix: &str) -> Option<(EntityKind, String, String)> {
    let entity = match tie.kind {
        EntityKind::User => &account.users.get(&tie.name)?.entity,
        EntityKind::Group => &account.groups.get(&tie.name)?.entity,
        EntityKind::Role => &account.roles.get(&tie.name)?.entity,
    };
    entity.path.starts_with(prefix).then(|| (entity.kind, entity.name.clone(), entity.id.clone()))
}
