//! The identities in memory: what every request is authenticated and authorized with.
//!
//! [`Tables`] is a value; following the store makes a new one that shares what is the same, and swaps it in.

use std::sync::Arc;

use dispatch::Fault;
use imbl::{HashMap, OrdMap, OrdSet};
use model::{Timestamp, arn::AccountId};
use store::Revision;

use crate::{
    credentials::AccessKey,
    entities::{Entity, EntityKind, Group, Role, User, fold},
    last_use::LastUse,
    managed::{self, ManagedPolicy},
    profiles::InstanceProfile,
    providers::Provider,
    records::{AccountRecord, encode},
};

/// Everything at one revision.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    accounts: OrdMap<AccountId, Arc<Account>>,
    access_keys: HashMap<Box<str>, Arc<AccessKey>>,
    last_uses: HashMap<Box<str>, Arc<LastUse>>,
    bearers: HashMap<Box<str>, Bearer>,
    /// How often anything has changed.
    pub(crate) generation: u64,
}

/// Whose a unique id is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) account: AccountId,
    pub(crate) kind: EntityKind,
    /// Its name in small letters.
    pub(crate) name: Box<str>,
}

/// The identities of one account. Maps are by names in small letters.
#[derive(Clone, Default)]
pub(crate) struct Account {
    /// The account's own record; without it there is no such account.
    pub(crate) known: Option<Known>,
    /// When, counted in changes of the tables, any of it last changed.
    pub(crate) generation: u64,
    pub(crate) users: OrdMap<String, Arc<User>>,
    pub(crate) groups: OrdMap<String, Arc<Group>>,
    pub(crate) roles: OrdMap<String, Arc<Role>>,
    pub(crate) policies: OrdMap<String, Arc<ManagedPolicy>>,
    pub(crate) profiles: OrdMap<String, Arc<InstanceProfile>>,
    /// By URL without the scheme.
    pub(crate) providers: OrdMap<String, Arc<Provider>>,
    /// Unique id of a group, and the names of its members.
    members: OrdSet<(String, String)>,
    /// Who is tied to which managed policy.
    ties: OrdSet<Tie>,
    /// Unique id of a user, or nothing for the root user, and its access keys.
    access_keys: OrdSet<(String, String)>,
}

/// An account's record.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) created: Timestamp,
    pub(crate) alias: Option<String>,
    pub(crate) revision: Revision,
}

/// A managed policy holds for an entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tie {
    /// The policy's ARN.
    pub(crate) policy: String,
    /// Whether as its boundary or attached.
    pub(crate) bounds: bool,
    pub(crate) kind: EntityKind,
    /// The entity's name in small letters.
    pub(crate) name: String,
}

impl Tables {
    /// An account that exists.
    pub(crate) fn account(&self, id: AccountId) -> Option<&Arc<Account>> {
        self.accounts.get(&id).filter(|account| account.known.is_some())
    }

    /// The accounts that exist, in order.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.accounts.iter().filter(|(_, account)| account.known.is_some()).map(|(id, _)| *id)
    }

    /// Whether an account of the deployment has this alias.
    pub(crate) fn alias_is_taken(&self, alias: &str) -> bool {
        let aliases = self.accounts.values().filter_map(|account| account.known.as_ref()?.alias.as_deref());
        aliases.into_iter().any(|taken| taken == alias)
    }

    /// The access key with this id, active or not.
    pub(crate) fn access_key(&self, id: &str) -> Option<&Arc<AccessKey>> {
        self.access_keys.get(id)
    }

    /// All access keys.
    pub(crate) fn access_keys(&self) -> impl Iterator<Item = &Arc<AccessKey>> {
        self.access_keys.values()
    }

    /// Who bears a unique id.
    pub(crate) fn bearer(&self, id: &str) -> Option<&Bearer> {
        self.bearers.get(id)
    }

    /// The user with this unique id.
    pub(crate) fn user(&self, id: &str) -> Option<(&Arc<Account>, &Arc<User>)> {
        let bearer = self.bearer(id).filter(|bearer| bearer.kind == EntityKind::User)?;
        let account = self.account(bearer.account)?;
        Some((account, account.users.get(&*bearer.name)?))
    }

    /// The group with this unique id.
    pub(crate) fn group(&self, id: &str) -> Option<&Arc<Group>> {
        let bearer = self.bearer(id).filter(|bearer| bearer.kind == EntityKind::Group)?;
        self.account(bearer.account)?.groups.get(&*bearer.name)
    }

    /// The role with this unique id.
    pub(crate) fn role(&self, id: &str) -> Option<(&Arc<Account>, &Arc<Role>)> {
        let bearer = self.bearer(id).filter(|bearer| bearer.kind == EntityKind::Role)?;
        let account = self.account(bearer.account)?;
        Some((account, account.roles.get(&*bearer.name)?))
    }

    /// The record of when an access key was last used, made when it is not there yet.
    pub(crate) fn last_use(&mut self, access_key_id: &str) -> Arc<LastUse> {
        Arc::clone(self.last_uses.entry(access_key_id.into()).or_default())
    }

    /// Changes an account's identities.
    pub(crate) fn change(&mut self, id: AccountId, change: impl FnOnce(&mut Account)) {
        let account = Arc::make_mut(self.accounts.entry(id).or_default());
        account.generation = self.generation;
        change(account);
    }

    pub(crate) fn put_access_key(&mut self, key: AccessKey) {
        self.remove_access_key(&key.id);
        let entry = (key.user_id().unwrap_or_default().to_owned(), key.id.clone());
        self.change(key.account, |account| {
            account.access_keys.insert(entry);
        });
        self.access_keys.insert(key.id.as_str().into(), Arc::new(key));
    }

    pub(crate) fn remove_access_key(&mut self, id: &str) {
        let Some(key) = self.access_keys.remove(id) else { return };
        let entry = (key.user_id().unwrap_or_default().to_owned(), key.id.clone());
        self.change(key.account, |account| {
            account.access_keys.remove(&entry);
        });
    }

    pub(crate) fn forget_last_use(&mut self, access_key_id: &str) {
        self.last_uses.remove(access_key_id);
    }

    pub(crate) fn put_user(&mut self, user: User) {
        let (account, name) = (user.entity.account, fold(&user.entity.name));
        self.remove_user(account, &name);
        self.know(&user.entity);
        self.change(account, |account| {
            account.tie(&user.entity);
            let memberships = user.groups.iter().map(|group| (group.clone(), name.clone()));
            account.members.extend(memberships);
            account.users.insert(name.clone(), Arc::new(user));
        });
    }

    pub(crate) fn remove_user(&mut self, account: AccountId, name: &str) {
        let mut removed = None;
        self.change(account, |account| {
            removed = account.users.remove(name);
            let Some(user) = &removed else { return };
            account.untie(&user.entity);
            for group in &user.groups {
                account.members.remove(&(group.clone(), name.to_owned()));
            }
        });
        self.forget(removed.as_ref().map(|user| &user.entity));
    }

    pub(crate) fn put_group(&mut self, group: Group) {
        let (account, name) = (group.entity.account, fold(&group.entity.name));
        self.remove_group(account, &name);
        self.know(&group.entity);
        self.change(account, |account| {
            account.tie(&group.entity);
            account.groups.insert(name, Arc::new(group));
        });
    }

    pub(crate) fn remove_group(&mut self, account: AccountId, name: &str) {
        let mut removed = None;
        self.change(account, |account| {
            removed = account.groups.remove(name);
            removed.iter().for_each(|group| account.untie(&group.entity));
        });
        self.forget(removed.as_ref().map(|group| &group.entity));
    }

    pub(crate) fn put_role(&mut self, role: Role) {
        let (account, name) = (role.entity.account, fold(&role.entity.name));
        self.remove_role(account, &name);
        self.know(&role.entity);
        self.change(account, |account| {
            account.tie(&role.entity);
            account.roles.insert(name, Arc::new(role));
        });
    }

    pub(crate) fn remove_role(&mut self, account: AccountId, name: &str) {
        let mut removed = None;
        self.change(account, |account| {
            removed = account.roles.remove(name);
            removed.iter().for_each(|role| account.untie(&role.entity));
        });
        self.forget(removed.as_ref().map(|role| &role.entity));
    }

    fn know(&mut self, entity: &Entity) {
        let name = fold(&entity.name).into();
        self.bearers
            .insert(entity.id.as_str().into(), Bearer { account: entity.account, kind: entity.kind, name });
    }

    /// Forgets a unique id, unless its bearer has been given another name.
    fn forget(&mut self, entity: Option<&Entity>) {
        let Some(entity) = entity else { return };
        if self.bearer(&entity.id).is_some_and(|bearer| *bearer.name == *fold(&entity.name)) {
            self.bearers.remove(entity.id.as_str());
        }
    }
}

impl Known {
    /// The stored form.
    pub(crate) fn encode(&self) -> bytes::Bytes {
        encode(&AccountRecord {
            created: self.created.as_millis(),
            alias: self.alias.as_deref().map(Into::into),
        })
    }
}

impl Account {
    /// The user with this name, in any case.
    pub(crate) fn user(&self, name: &str) -> Option<&Arc<User>> {
        self.users.get(&fold(name))
    }

    /// The role with this name, in any case.
    pub(crate) fn role(&self, name: &str) -> Option<&Arc<Role>> {
        self.roles.get(&fold(name))
    }

    /// A managed policy of this account or of AWS.
    pub(crate) fn policy(&self, arn: &str) -> Option<&Arc<ManagedPolicy>> {
        let name = arn.rsplit('/').next()?;
        let own = self.policies.get(&fold(name)).filter(|policy| policy.arn == arn);
        own.or_else(|| managed::of_aws().iter().find(|policy| policy.arn == arn))
    }

    /// Whether the name of a policy of the account is taken, in any case.
    pub(crate) fn has_policy_named(&self, name: &str) -> bool {
        self.policies.contains_key(&fold(name))
    }

    /// The instance profile with this name, in any case.
    pub(crate) fn profile(&self, name: &str) -> Option<&Arc<InstanceProfile>> {
        self.profiles.get(&fold(name))
    }

    /// The instance profiles that a role is in, by its unique id.
    pub(crate) fn profiles_of<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Arc<InstanceProfile>> {
        self.profiles.values().filter(move |profile| profile.role.as_deref() == Some(role))
    }

    /// Everything that a managed policy holds for.
    pub(crate) fn ties<'a>(&'a self, policy: &'a str) -> impl Iterator<Item = &'a Tie> {
        let first =
            Tie { policy: policy.to_owned(), bounds: false, kind: EntityKind::User, name: String::new() };
        self.ties.range(first..).take_while(move |tie| tie.policy == policy)
    }

    /// The names of a group's members, in small letters.
    pub(crate) fn members<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a str> {
        self.members
            .range((group.to_owned(), String::new())..)
            .take_while(move |(id, _)| id == group)
            .map(|(_, name)| name.as_str())
    }

    /// The ids of a user's access keys; the root user's for an empty id.
    pub(crate) fn access_keys<'a>(&'a self, user: &'a str) -> impl Iterator<Item = &'a str> {
        self.access_keys
            .range((user.to_owned(), String::new())..)
            .take_while(move |(id, _)| id == user)
            .map(|(_, key)| key.as_str())
    }

    fn tie(&mut self, entity: &Entity) {
        self.ties.extend(ties_of(entity));
    }

    fn untie(&mut self, entity: &Entity) {
        for tie in ties_of(entity) {
            self.ties.remove(&tie);
        }
    }
}

fn ties_of(entity: &Entity) -> impl Iterator<Item = Tie> {
    let tie = |policy: &String, bounds| Tie {
        policy: policy.clone(),
        bounds,
        kind: entity.kind,
        name: fold(&entity.name),
    };
    let attached = entity.attached.iter().map(move |policy| tie(policy, false));
    attached.chain(entity.boundary.iter().map(move |policy| tie(policy, true)))
}

/// The fault for identities that name each other and are not there.
pub(crate) fn inconsistent(what: &str) -> Fault {
    Fault::internal(format!("identities contradict each other: {what} is not in memory"))
}
