//! Identities as answers show them.

use std::collections::BTreeMap;

use dispatch::{Cx, Principals};
use model::{
    Timestamp,
    iam::{self, AttachedPermissionsBoundary, AttachedPolicy, PermissionsBoundaryAttachmentType},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    Iam,
    entities::{Entity, Group, Role, User},
    managed::{ManagedPolicy, Version},
    profiles::InstanceProfile,
    tables::{Account, Tables},
    tags,
};

/// A user, with its boundary and tags.
pub(crate) fn user(user: &User) -> iam::User {
    let entity = &user.entity;
    iam::User { permissions_boundary: boundary(entity), tags: tags::shown(&entity.tags), ..listed_user(user) }
}

/// A user as listings have it.
pub(crate) fn listed_user(user: &User) -> iam::User {
    let entity = &user.entity;
    iam::User {
        path: entity.path.clone(),
        user_name: entity.name.clone(),
        user_id: entity.id.clone(),
        arn: entity.arn(),
        create_date: entity.created,
        password_last_used: None,
        permissions_boundary: None,
        tags: None,
    }
}

/// The root user of the caller's account. It has neither name nor path.
pub(crate) fn root(cx: &Cx<'_>, account: &Account) -> iam::User {
    iam::User {
        user_id: cx.account().to_string(),
        arn: cx.partition().iam_arn(cx.account(), "root"),
        create_date: account.known.as_ref().map_or_else(Default::default, |known| known.created),
        ..iam::User::default()
    }
}

/// A group.
pub(crate) fn group(group: &Group) -> iam::Group {
    let entity = &group.entity;
    iam::Group {
        path: entity.path.clone(),
        group_name: entity.name.clone(),
        group_id: entity.id.clone(),
        arn: entity.arn(),
        create_date: entity.created,
    }
}

/// A role, with its boundary and tags, and when it was last used as told at this time.
pub(crate) fn role(iam: &Iam, role: &Role, now: Timestamp) -> iam::Role {
    let entity = &role.entity;
    iam::Role {
        permissions_boundary: boundary(entity),
        tags: tags::shown(&entity.tags),
        role_last_used: Some(role_last_used(iam.tables(), role, now)),
        ..listed_role(iam, role)
    }
}

/// When somebody last called with a role's credentials, and in which Region.
pub(crate) fn role_last_used(tables: &Tables, role: &Role, now: Timestamp) -> iam::RoleLastUsed {
    let last = tables.activities.last_of_all(&role.entity.id, now);
    let (last_used_date, region) = last.map(|last| (last.at, last.region)).unzip();
    iam::RoleLastUsed { last_used_date, region }
}

/// A role as listings have it.
pub(crate) fn listed_role(iam: &Iam, role: &Role) -> iam::Role {
    let entity = &role.entity;
    iam::Role {
        path: entity.path.clone(),
        role_name: entity.name.clone(),
        role_id: entity.id.clone(),
        arn: entity.arn(),
        create_date: entity.created,
        assume_role_policy_document: Some(encoded(&trust(iam, role))),
        description: role.description.clone(),
        max_session_duration: i32::try_from(role.session_seconds_max).ok(),
        permissions_boundary: None,
        tags: None,
        role_last_used: None,
        source_role_template: None,
    }
}

/// A managed policy. Listings have neither description nor tags.
pub(crate) fn listed_policy(account: &Account, policy: &ManagedPolicy) -> iam::Policy {
    let count = |bounds| {
        let ties = account.ties(&policy.arn).filter(|tie| tie.bounds == bounds).count();
        i32::try_from(ties).ok()
    };
    iam::Policy {
        policy_name: Some(policy.name.clone()),
        policy_id: Some(policy.id.clone()),
        arn: Some(policy.arn.clone()),
        path: Some(policy.path.clone()),
        default_version_id: Some(version_id(policy.default_version)),
        attachment_count: count(false),
        permissions_boundary_usage_count: count(true),
        is_attachable: Some(true),
        description: None,
        create_date: Some(policy.created),
        update_date: Some(policy.updated),
        tags: None,
    }
}

/// A version of a managed policy, without what it says.
pub(crate) fn version(policy: &ManagedPolicy, number: u32, version: &Version) -> iam::PolicyVersion {
    iam::PolicyVersion {
        document: None,
        version_id: Some(version_id(number)),
        is_default_version: Some(number == policy.default_version),
        create_date: Some(version.created),
    }
}

/// An instance profile, with the role in it.
pub(crate) fn profile(iam: &Iam, tables: &Tables, profile: &InstanceProfile) -> iam::InstanceProfile {
    let role = profile.role.as_deref().and_then(|id| tables.role(id));
    iam::InstanceProfile {
        path: profile.path.clone(),
        instance_profile_name: profile.name.clone(),
        instance_profile_id: profile.id.clone(),
        arn: profile.arn(),
        create_date: profile.created,
        roles: role.into_iter().map(|(_, role)| listed_role(iam, role)).collect(),
        tags: tags::shown(&profile.tags),
    }
}

/// The attached policies of an entity, in the order of their ARNs.
pub(crate) fn attached<'a>(
    account: &'a Account,
    entity: &'a Entity,
) -> impl Iterator<Item = AttachedPolicy> + 'a {
    entity.attached.iter().filter_map(|arn| account.policy(arn)).map(|policy| AttachedPolicy {
        policy_name: Some(policy.name.clone()),
        policy_arn: Some(policy.arn.clone()),
    })
}

/// The permissions boundary of an entity.
pub(crate) fn boundary(entity: &Entity) -> Option<AttachedPermissionsBoundary> {
    entity.boundary.as_ref().map(|arn| AttachedPermissionsBoundary {
        permissions_boundary_type: Some(PermissionsBoundaryAttachmentType::Policy),
        permissions_boundary_arn: Some(arn.clone()),
    })
}

/// A role's trust policy, its principals by the names that they have now; those that are gone by their unique ids.
pub(crate) fn trust(iam: &Iam, role: &Role) -> String {
    let ids: &BTreeMap<String, String> = &role.trust.ids;
    policy::rename_principals(role.trust.document.text(), &|arn| {
        let id = ids.get(arn)?;
        Some(iam.tables().arn(id).unwrap_or_else(|| id.clone()))
    })
}

/// A policy's text as answers carry it: percent-encoded (RFC 3986).
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// `v1` and so on.
pub(crate) fn version_id(number: u32) -> String {
    format!("v{number}")
}

/// All but the unreserved characters of RFC 3986 section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
