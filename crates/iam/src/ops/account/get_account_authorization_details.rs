//! `GetAccountAuthorizationDetails`: every user, group, role and managed policy, with what they may do.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{
    Timestamp,
    iam::{
        EntityType, GetAccountAuthorizationDetailsRequest, GetAccountAuthorizationDetailsResponse,
        GroupDetail, ManagedPolicyDetail, PolicyDetail, RoleDetail, UserDetail,
    },
};

use crate::{
    Iam,
    entities::{Entity, Group, Role, User, fold},
    gate::{self, Asked},
    managed::{self, ManagedPolicy},
    pages, shown,
    tables::{Account, Tables},
    tags,
};

/// The operation.
pub(crate) struct GetAccountAuthorizationDetails;

impl Operation for GetAccountAuthorizationDetails {
    type Service = Iam;
    type Input = GetAccountAuthorizationDetailsRequest;
    type Output = GetAccountAuthorizationDetailsResponse;
    const FACTS: Facts = Facts::reading("GetAccountAuthorizationDetails", "Filter.member.1=User&MaxItems=10")
        .shows(&["filter", "maxItems", "marker"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let (tables, account) =
            gate::account(iam, cx, "iam:GetAccountAuthorizationDetails", "*", &Asked::default())?;
        let filter = input.filter.unwrap_or_default();
        let of = format!("{filter:?}");
        let asked = pages::Wish {
            name: "GetAccountAuthorizationDetails",
            of: &of,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let wanted = |item: &Item<'_>| filter.is_empty() || filter.contains(&item.kind());
        let page = pages::page_of(iam, cx, &asked, items(&account).filter(wanted), Item::name)?;

        let (mut users, mut groups, mut roles, mut policies) = (vec![], vec![], vec![], vec![]);
        for item in page.items {
            match item {
                Item::User(item) => users.push(user(&tables, &account, item)),
                Item::Group(item) => groups.push(group(&account, item)),
                Item::Role(item) => roles.push(role(iam, cx.now, &account, item)),
                Item::Policy(item) => policies.push(policy(&account, item)),
            }
        }
        let output = GetAccountAuthorizationDetailsResponse {
            user_detail_list: Some(users),
            group_detail_list: Some(groups),
            role_detail_list: Some(roles),
            policies: Some(policies),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        };
        Ok(output.into())
    }
}

/// One of what is listed.
enum Item<'a> {
    User(&'a User),
    Group(&'a Group),
    Role(&'a Role),
    Policy(&'a ManagedPolicy),
}

impl Item<'_> {
    fn kind(&self) -> EntityType {
        match self {
            Self::User(_) => EntityType::User,
            Self::Group(_) => EntityType::Group,
            Self::Role(_) => EntityType::Role,
            Self::Policy(policy) if policy.is_aws() => EntityType::AWSManagedPolicy,
            Self::Policy(_) => EntityType::LocalManagedPolicy,
        }
    }

    /// What it is resumed after: kinds in order, and names in each.
    fn name(&self) -> String {
        match self {
            Self::User(user) => format!("1 {}", fold(&user.entity.name)),
            Self::Group(group) => format!("2 {}", fold(&group.entity.name)),
            Self::Role(role) => format!("3 {}", fold(&role.entity.name)),
            Self::Policy(policy) if policy.is_aws() => format!("5 {}", policy.name),
            Self::Policy(policy) => format!("4 {}", fold(&policy.name)),
        }
    }
}

/// Everything, in the order of the items' names. Of AWS's policies, those that are attached.
fn items(account: &Account) -> impl Iterator<Item = Item<'_>> {
    let users = account.users.values().map(|user| Item::User(user));
    let groups = account.groups.values().map(|group| Item::Group(group));
    let roles = account.roles.values().map(|role| Item::Role(role));
    let own = account.policies.values().map(|policy| Item::Policy(policy));
    let of_aws =
        managed::of_aws(account.partition).iter().filter(|policy| account.ties(&policy.arn).next().is_some());
    users.chain(groups).chain(roles).chain(own).chain(of_aws.map(|policy| Item::Policy(policy)))
}

fn user(tables: &Tables, account: &Account, user: &User) -> UserDetail {
    let entity = &user.entity;
    let groups = user.groups.iter().filter_map(|id| tables.group(id)).map(|group| group.entity.name.clone());
    UserDetail {
        path: Some(entity.path.clone()),
        user_name: Some(entity.name.clone()),
        user_id: Some(entity.id.clone()),
        arn: Some(entity.arn()),
        create_date: Some(entity.created),
        user_policy_list: Some(inline(entity)),
        group_list: Some(groups.collect()),
        attached_managed_policies: Some(shown::attached(account, entity).collect()),
        permissions_boundary: shown::boundary(entity),
        tags: Some(tags::list(&entity.tags)),
    }
}

fn group(account: &Account, group: &Group) -> GroupDetail {
    let entity = &group.entity;
    GroupDetail {
        path: Some(entity.path.clone()),
        group_name: Some(entity.name.clone()),
        group_id: Some(entity.id.clone()),
        arn: Some(entity.arn()),
        create_date: Some(entity.created),
        group_policy_list: Some(inline(entity)),
        attached_managed_policies: Some(shown::attached(account, entity).collect()),
    }
}

fn role(iam: &Iam, now: Timestamp, account: &Account, role: &Role) -> RoleDetail {
    let tables = iam.tables();
    let entity = &role.entity;
    let profiles = account.profiles_of(&entity.id).map(|profile| shown::profile(iam, tables, profile));
    RoleDetail {
        path: Some(entity.path.clone()),
        role_name: Some(entity.name.clone()),
        role_id: Some(entity.id.clone()),
        arn: Some(entity.arn()),
        create_date: Some(entity.created),
        assume_role_policy_document: Some(shown::encoded(&shown::trust(iam, role))),
        instance_profile_list: Some(profiles.collect()),
        role_policy_list: Some(inline(entity)),
        attached_managed_policies: Some(shown::attached(account, entity).collect()),
        permissions_boundary: shown::boundary(entity),
        tags: Some(tags::list(&entity.tags)),
        role_last_used: Some(shown::role_last_used(tables, role, now)),
    }
}

fn policy(account: &Account, policy: &ManagedPolicy) -> ManagedPolicyDetail {
    let listed = shown::listed_policy(account, policy);
    let versions = policy.versions.iter().rev().map(|(number, version)| model::iam::PolicyVersion {
        document: Some(shown::encoded(version.document.text())),
        ..shown::version(policy, *number, version)
    });
    ManagedPolicyDetail {
        policy_name: listed.policy_name,
        policy_id: listed.policy_id,
        arn: listed.arn,
        path: listed.path,
        default_version_id: listed.default_version_id,
        attachment_count: listed.attachment_count,
        permissions_boundary_usage_count: listed.permissions_boundary_usage_count,
        is_attachable: listed.is_attachable,
        description: policy.description.clone(),
        create_date: listed.create_date,
        update_date: listed.update_date,
        policy_version_list: Some(versions.collect()),
    }
}

fn inline(entity: &Entity) -> Vec<PolicyDetail> {
    let detail = |(name, document): (&String, &std::sync::Arc<policy::Policy>)| PolicyDetail {
        policy_name: Some(name.clone()),
        policy_document: Some(shown::encoded(document.text())),
    };
    entity.inline.iter().map(detail).collect()
}
