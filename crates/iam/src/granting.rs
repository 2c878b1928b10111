//! Which policies let whom call a service, as far as identity policies alone say so.
//!
//! Denials, boundaries, session policies and policies of resources are left out, as in AWS.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateServiceLastAccessedDetails.html>

use std::{collections::BTreeMap, sync::Arc};

use model::iam::PolicyOwnerEntityType;
use policy::Policy;

use crate::{
    entities::{Entity, EntityKind, Group, Role, Tags, User},
    gate::Holder,
    managed::ManagedPolicy,
    tables::{Account, Tables},
};

/// Somebody who is granted something by policies, or a policy that grants it.
pub(crate) enum Entitled {
    User(Arc<User>),
    Group(Arc<Group>),
    Role(Arc<Role>),
    Policy(Arc<ManagedPolicy>),
}

/// A policy, and whose it is if it is no managed one.
pub(crate) struct Granting<'a> {
    pub(crate) name: &'a str,
    /// A managed policy's.
    pub(crate) arn: Option<&'a str>,
    /// An inline policy's.
    pub(crate) holder: Option<&'a Entity>,
    parsed: Arc<Policy>,
}

impl Entitled {
    /// What an ARN names in an account.
    pub(crate) fn find(account: &Account, arn: &str) -> Option<Self> {
        let resource = arn.splitn(6, ':').nth(5)?;
        let (kind, rest) = resource.split_once('/')?;
        let name = rest.rsplit('/').next()?;
        match kind {
            "user" => named(account, name, arn).map(Self::User),
            "group" => named(account, name, arn).map(Self::Group),
            "role" => named(account, name, arn).map(Self::Role),
            "policy" => account.policy(arn).cloned().map(Self::Policy),
            _ => None,
        }
    }

    /// The user, group or role that it is; a policy is none.
    pub(crate) fn entity(&self) -> Option<&Entity> {
        match self {
            Self::User(user) => Some(&user.entity),
            Self::Group(group) => Some(&group.entity),
            Self::Role(role) => Some(&role.entity),
            Self::Policy(_) => None,
        }
    }

    /// Its tags; groups have none.
    pub(crate) fn tags(&self) -> Option<&Tags> {
        match self {
            Self::Policy(policy) => Some(&policy.tags),
            _ => self.entity().map(|entity| &entity.tags),
        }
    }

    /// All policies that grant it something. A user has those of its groups, too.
    pub(crate) fn policies<'a>(&'a self, tables: &'a Tables, account: &'a Account) -> Vec<Granting<'a>> {
        let own = self.entity().into_iter();
        let groups = match self {
            Self::User(user) => user.groups.iter().filter_map(|id| tables.group(id)).collect(),
            _ => Vec::new(),
        };
        let groups = groups.into_iter().map(|group| &group.entity);
        let held = own.chain(groups).flat_map(|entity| held(account, entity));
        let itself = match self {
            Self::Policy(policy) => managed(policy),
            _ => None,
        };
        held.chain(itself).collect()
    }

    /// The users and roles that live on it: itself, the members of a group, whomever a policy is attached to.
    pub(crate) fn callers<'a>(&'a self, account: &'a Account) -> Vec<&'a Entity> {
        let mut callers = BTreeMap::new();
        let mut add = |entity: Option<&'a Entity>| {
            callers.extend(entity.map(|entity| (entity.id.as_str(), entity)));
        };
        match self {
            Self::User(_) | Self::Role(_) => add(self.entity()),
            Self::Group(group) => members(account, group).for_each(|user| add(Some(user))),
            Self::Policy(policy) => {
                for tie in account.ties(&policy.arn).filter(|tie| !tie.bounds) {
                    match tie.kind {
                        EntityKind::User => add(account.user(&tie.name).map(|user| &user.entity)),
                        EntityKind::Role => add(account.role(&tie.name).map(|role| &role.entity)),
                        EntityKind::Group => account
                            .groups
                            .get(&tie.name)
                            .into_iter()
                            .flat_map(|group| members(account, group))
                            .for_each(|user| add(Some(user))),
                    }
                }
            }
        }
        callers.into_values().collect()
    }
}

impl Granting<'_> {
    /// Whether it allows anything of the service with this namespace.
    pub(crate) fn allows(&self, namespace: &str) -> bool {
        self.parsed.allows_something_of(namespace)
    }
}

/// A kind of entity as reports call it.
pub(crate) fn owner(kind: EntityKind) -> PolicyOwnerEntityType {
    match kind {
        EntityKind::User => PolicyOwnerEntityType::User,
        EntityKind::Group => PolicyOwnerEntityType::Group,
        EntityKind::Role => PolicyOwnerEntityType::Role,
    }
}

/// The user, group or role with this name, if the ARN is its own: a path that it does not have makes another ARN.
fn named<T: Holder>(account: &Account, name: &str, arn: &str) -> Option<Arc<T>> {
    T::find(account, name).filter(|found| found.entity().arn() == arn).cloned()
}

fn members<'a>(account: &'a Account, group: &'a Group) -> impl Iterator<Item = &'a Entity> {
    account.members(&group.entity.id).filter_map(|name| account.user(name)).map(|user| &user.entity)
}

fn held<'a>(account: &'a Account, entity: &'a Entity) -> impl Iterator<Item = Granting<'a>> {
    let inline = entity.inline.iter().map(|(name, document)| Granting {
        name,
        arn: None,
        holder: Some(entity),
        parsed: Arc::clone(document),
    });
    let attached = entity.attached.iter().filter_map(|arn| managed(account.policy(arn)?));
    inline.chain(attached)
}

fn managed(policy: &ManagedPolicy) -> Option<Granting<'_>> {
    let parsed = Arc::clone(policy.current()?);
    Some(Granting { name: &policy.name, arn: Some(&policy.arn), holder: None, parsed })
}
