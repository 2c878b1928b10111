//! What belongs to one thing: `ListAccessKeys`, `ListGroupsForUser`, `ListInstanceProfilesForRole` and
//! `ListPolicyVersions`.

use dispatch::{Cx, Fault, Page};
use model::iam::{self, AccessKeyMetadata, StatusType};

use crate::{
    Iam, access_keys,
    entities::{Role, User},
    gate::{self, Asked},
    pages, shown,
};

lists! {
    ListAccessKeys(input: ListAccessKeysRequest) -> ListAccessKeysResponse { access_key_metadata }:
        "UserName={user}", ["userName"],
        access_keys(input.user_name.as_deref());
    ListGroupsForUser(input: ListGroupsForUserRequest) -> ListGroupsForUserResponse { groups }:
        "UserName={user}", ["userName"],
        groups(&input.user_name);
    ListInstanceProfilesForRole(input: ListInstanceProfilesForRoleRequest)
        -> ListInstanceProfilesForRoleResponse { instance_profiles }:
        "RoleName={role}", ["roleName"],
        profiles(&input.role_name);
    ListPolicyVersions(input: ListPolicyVersionsRequest) -> ListPolicyVersionsResponse { versions }:
        "PolicyArn={managed-policy}", ["policyArn"],
        versions(&input.policy_arn);
}

/// The access keys of a user or of the root user, without their secrets.
fn access_keys(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    page: pages::Wish<'_>,
    user: Option<&str>,
) -> Result<Page<AccessKeyMetadata>, Fault> {
    let holder = access_keys::holder(iam, cx, action, user)?;
    let page = pages::Wish { of: holder.name().unwrap_or_default(), ..page };
    let page = pages::page_of(iam, cx, &page, holder.keys(), |key| key.id.clone())?;
    Ok(pages::shown(page, |key| AccessKeyMetadata {
        user_name: holder.name().map(Into::into),
        access_key_id: Some(key.id.clone()),
        status: Some(if key.active { StatusType::Active } else { StatusType::Inactive }),
        create_date: Some(key.created),
    }))
}

/// The groups that a user is in.
fn groups(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    page: pages::Wish<'_>,
    user: &str,
) -> Result<Page<iam::Group>, Fault> {
    let user = gate::holder::<User>(iam, cx, action, user, &Asked::default())?;
    let page = pages::Wish { of: &user.found.entity.id, ..page };
    let mut groups: Vec<_> = user.found.groups.iter().filter_map(|id| user.tables.group(id)).collect();
    groups.sort_by(|a, b| a.entity.name.cmp(&b.entity.name));
    let page = pages::page_of(iam, cx, &page, groups, |group| group.entity.name.clone())?;
    Ok(pages::shown(page, |group| shown::group(group)))
}

/// The instance profiles that a role is in.
fn profiles(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    page: pages::Wish<'_>,
    role: &str,
) -> Result<Page<iam::InstanceProfile>, Fault> {
    let role = gate::holder::<Role>(iam, cx, action, role, &Asked::default())?;
    let id = &role.found.entity.id;
    let page = pages::Wish { of: id, ..page };
    let profiles = role.account.profiles_of(id);
    let page = pages::page_of(iam, cx, &page, profiles, |profile| profile.name.clone())?;
    Ok(pages::shown(page, |profile| shown::profile(iam, &role.tables, profile)))
}

/// The versions of a managed policy, newest first.
fn versions(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    page: pages::Wish<'_>,
    policy: &str,
) -> Result<Page<iam::PolicyVersion>, Fault> {
    let policy = gate::policy(iam, cx, action, policy, &Asked::default())?.found;
    let page = pages::Wish { of: &policy.id, ..page };
    // Sorted by what is left to the highest number, so that the newest is first.
    let left = |(number, _): &(&u32, _)| format!("{:010}", u32::MAX - **number);
    let page = pages::page_of(iam, cx, &page, policy.versions.iter().rev(), left)?;
    Ok(pages::shown(page, |(number, version)| shown::version(&policy, *number, version)))
}
