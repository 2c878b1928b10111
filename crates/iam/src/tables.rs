//! The identities in memory: what every request is authenticated and authorized with.
//!
//! [`Tables`] is a value; following the store makes a new one that shares what is the same.

use std::sync::Arc;

use dispatch::Fault;
use imbl::{HashMap, OrdMap, OrdSet};
use model::arn::{AccountId, Partition};
use state::{Noting, StoredRecord, Unreadable};
use store::Revision;
use strongroom::Strongroom;

use crate::{
    access_reports::AccessReport,
    activity::Activities,
    credentials::AccessKey,
    documents::SharedPolicies,
    entities::{Entity, EntityKind, Group, Role, User, fold},
    known::Known,
    last_use::KeyUse,
    layout::{Kind, Located, locate},
    managed::{self, ManagedPolicy},
    profiles::InstanceProfile,
    providers::Provider,
    records::ServiceIdentityRecord,
    sessions::Sessions,
};

/// Everything at one revision.
#[derive(Clone)]
pub struct Tables {
    /// The partition that all identities are of.
    pub(crate) partition: Partition,
    accounts: OrdMap<AccountId, Arc<Account>>,
    access_keys: HashMap<Box<str>, Arc<AccessKey>>,
    key_uses: HashMap<Box<str>, Arc<KeyUse>>,
    bearers: HashMap<Box<str>, Bearer>,
    /// Reports that were asked for, by their accounts and ids.
    reports: OrdMap<(AccountId, Box<str>), Arc<AccessReport>>,
    /// When users and roles last called each service.
    pub(crate) activities: Arc<Activities>,
    /// The sessions that were used lately with these tables.
    pub(crate) sessions: Arc<Sessions>,
    /// Policies of identities, parsed.
    pub(crate) policies: Arc<SharedPolicies>,
    /// Opens secrets.
    pub(crate) strongroom: Arc<Strongroom>,
    /// Notes when access keys are used.
    pub(crate) notes: Noting<KeyUse>,
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
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) partition: Partition,
    /// The account's own record; without it there is no such account.
    pub(crate) known: Option<Known>,
    /// Where any of it was last changed: what was composed of it before is out of date.
    pub(crate) changed: Revision,
    pub(crate) users: OrdMap<String, Arc<User>>,
    pub(crate) groups: OrdMap<String, Arc<Group>>,
    pub(crate) roles: OrdMap<String, Arc<Role>>,
    pub(crate) policies: OrdMap<String, Arc<ManagedPolicy>>,
    pub(crate) profiles: OrdMap<String, Arc<InstanceProfile>>,
    /// By URL without the scheme.
    pub(crate) providers: OrdMap<String, Arc<Provider>>,
    /// Unique ids that service identities are bound to, by what their ARNs say behind the account.
    pub(crate) service_bearers: OrdMap<String, Arc<str>>,
    /// Unique id of a group, and the names of its members.
    members: OrdSet<(String, String)>,
    /// Who is tied to which managed policy.
    ties: OrdSet<Tie>,
    /// Unique id of a user, or nothing for the root user, and its access keys.
    access_keys: OrdSet<(String, String)>,
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

impl state::Tables for Tables {
    fn empty(&self) -> Self {
        let (strongroom, activities) = (Arc::clone(&self.strongroom), Arc::clone(&self.activities));
        Self::new(self.partition, strongroom, self.notes.clone(), activities)
    }

    fn take(&mut self, StoredRecord { key, value, revision }: StoredRecord<'_>) -> Result<(), Unreadable> {
        let Some(located) = locate(key) else { return Ok(()) };
        match value {
            Some(value) => self.put(located, value, revision).ok_or_else(|| Unreadable::at(key)),
            None => {
                self.remove(located, revision);
                Ok(())
            }
        }
    }
}

impl Tables {
    /// Nobody in this partition. Secrets are opened by the strongroom.
    pub(crate) fn new(
        partition: Partition,
        strongroom: Arc<Strongroom>,
        notes: Noting<KeyUse>,
        activities: Arc<Activities>,
    ) -> Self {
        Self {
            partition,
            accounts: OrdMap::new(),
            access_keys: HashMap::new(),
            key_uses: HashMap::new(),
            bearers: HashMap::new(),
            reports: OrdMap::new(),
            activities,
            sessions: Arc::default(),
            policies: Arc::default(),
            strongroom,
            notes,
        }
    }

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

    /// The reports that an account asked for.
    pub(crate) fn reports(&self, account: AccountId) -> impl Iterator<Item = &Arc<AccessReport>> {
        let first = (account, Box::from(""));
        self.reports.range(first..).take_while(move |((of, _), _)| *of == account).map(|(_, report)| report)
    }

    /// Where it is noted when an access key was last used.
    pub(crate) fn key_use(&mut self, access_key_id: &str) -> Arc<KeyUse> {
        let new = || Arc::new(KeyUse::of(access_key_id));
        Arc::clone(self.key_uses.entry(access_key_id.into()).or_insert_with(new))
    }

    /// Takes a stored record over. `None` when it does not decode.
    fn put(&mut self, at: Located<'_>, value: &[u8], revision: Revision) -> Option<()> {
        let Located { account, kind, id } = at;
        let (policies, place) = (Arc::clone(&self.policies), (self.partition, account));
        match kind {
            Kind::AccessKey => {
                let used = (self.key_use(id), &self.notes);
                let known = self.access_key(id).map(|known| &**known);
                let key = AccessKey::decode((account, id), (value, revision), known, used, &self.strongroom)?;
                self.put_access_key(key);
            }
            Kind::AccessKeyUse => self.key_use(id).learn(value)?,
            Kind::ServiceUse => {
                let (bearer, namespace) = id.split_once('/')?;
                self.activities.of(bearer).learn(namespace, value)?;
            }
            Kind::AccessReport => {
                let report = AccessReport::decode((account, id), value, revision)?;
                self.reports.insert((account, id.into()), Arc::new(report));
            }
            Kind::User => self.put_user(User::decode(place, value, revision, &policies)?),
            Kind::Group => self.put_group(Group::decode(place, value, revision, &policies)?),
            Kind::Role => self.put_role(Role::decode(place, value, revision, &policies)?),
            Kind::Account => {
                let known = Known::decode(account, value, revision)?;
                self.change(account, revision, |account| account.known = Some(known));
            }
            Kind::Policy => {
                let policy = Arc::new(ManagedPolicy::decode(place, value, revision, &policies)?);
                self.change(account, revision, |account| {
                    account.policies.insert(id.to_owned(), policy);
                });
            }
            Kind::InstanceProfile => {
                let profile = Arc::new(InstanceProfile::decode(place, value, revision)?);
                self.change(account, revision, |account| {
                    account.profiles.insert(id.to_owned(), profile);
                });
            }
            Kind::Provider => {
                let provider = Arc::new(Provider::decode(place, value, revision)?);
                self.change(account, revision, |account| {
                    account.providers.insert(id.to_owned(), provider);
                });
            }
            Kind::ServiceIdentity => {
                let record: ServiceIdentityRecord<'_> = minicbor::decode(value).ok()?;
                self.change(account, revision, |account| {
                    account.service_bearers.insert(id.to_owned(), (*record.bearer).into());
                });
            }
        }
        Some(())
    }

    fn remove(&mut self, Located { account, kind, id }: Located<'_>, revision: Revision) {
        match kind {
            Kind::AccessKey => self.remove_access_key(id, revision),
            Kind::AccessKeyUse => {
                self.key_uses.remove(id);
            }
            // What is noted in memory goes with its bearer.
            Kind::ServiceUse => {}
            Kind::AccessReport => {
                self.reports.remove(&(account, id.into()));
            }
            Kind::User => self.remove_user(account, id, revision),
            Kind::Group => self.remove_group(account, id, revision),
            Kind::Role => self.remove_role(account, id, revision),
            Kind::Account => self.change(account, revision, |account| account.known = None),
            Kind::Policy => self.change(account, revision, |account| {
                account.policies.remove(id);
            }),
            Kind::InstanceProfile => self.change(account, revision, |account| {
                account.profiles.remove(id);
            }),
            Kind::Provider => self.change(account, revision, |account| {
                account.providers.remove(id);
            }),
            Kind::ServiceIdentity => self.change(account, revision, |account| {
                account.service_bearers.remove(id);
            }),
        }
    }

    /// Changes an account's identities.
    fn change(&mut self, id: AccountId, revision: Revision, change: impl FnOnce(&mut Account)) {
        let partition = self.partition;
        let account = self.accounts.entry(id).or_insert_with(|| Arc::new(Account::new(partition)));
        let account = Arc::make_mut(account);
        account.changed = revision;
        change(account);
    }

    fn put_access_key(&mut self, key: AccessKey) {
        self.remove_access_key(&key.id, key.revision);
        let entry = (key.user_id().unwrap_or_default().to_owned(), key.id.clone());
        self.change(key.account, key.revision, |account| {
            account.access_keys.insert(entry);
        });
        self.access_keys.insert(key.id.as_str().into(), Arc::new(key));
    }

    fn remove_access_key(&mut self, id: &str, revision: Revision) {
        let Some(key) = self.access_keys.remove(id) else { return };
        let entry = (key.user_id().unwrap_or_default().to_owned(), key.id.clone());
        self.change(key.account, revision, |account| {
            account.access_keys.remove(&entry);
        });
    }

    fn put_user(&mut self, user: User) {
        let (account, name) = (user.entity.account, fold(&user.entity.name));
        let revision = user.entity.revision;
        self.remove_user(account, &name, revision);
        self.know(&user.entity);
        self.change(account, revision, |account| {
            account.tie(&user.entity);
            let memberships = user.groups.iter().map(|group| (group.clone(), name.clone()));
            account.members.extend(memberships);
            account.users.insert(name.clone(), Arc::new(user));
        });
    }

    fn remove_user(&mut self, account: AccountId, name: &str, revision: Revision) {
        let mut removed = None;
        self.change(account, revision, |account| {
            removed = account.users.remove(name);
            let Some(user) = &removed else { return };
            account.untie(&user.entity);
            for group in &user.groups {
                account.members.remove(&(group.clone(), name.to_owned()));
            }
        });
        self.forget(removed.as_ref().map(|user| &user.entity));
    }

    fn put_group(&mut self, group: Group) {
        let (account, name) = (group.entity.account, fold(&group.entity.name));
        let revision = group.entity.revision;
        self.remove_group(account, &name, revision);
        self.know(&group.entity);
        self.change(account, revision, |account| {
            account.tie(&group.entity);
            account.groups.insert(name, Arc::new(group));
        });
    }

    fn remove_group(&mut self, account: AccountId, name: &str, revision: Revision) {
        let mut removed = None;
        self.change(account, revision, |account| {
            removed = account.groups.remove(name);
            removed.iter().for_each(|group| account.untie(&group.entity));
        });
        self.forget(removed.as_ref().map(|group| &group.entity));
    }

    fn put_role(&mut self, role: Role) {
        let (account, name) = (role.entity.account, fold(&role.entity.name));
        let revision = role.entity.revision;
        self.remove_role(account, &name, revision);
        self.know(&role.entity);
        self.change(account, revision, |account| {
            account.tie(&role.entity);
            account.roles.insert(name, Arc::new(role));
        });
    }

    fn remove_role(&mut self, account: AccountId, name: &str, revision: Revision) {
        let mut removed = None;
        self.change(account, revision, |account| {
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

impl Account {
    /// One of nobody.
    fn new(partition: Partition) -> Self {
        Self {
            partition,
            known: None,
            changed: Revision::default(),
            users: OrdMap::new(),
            groups: OrdMap::new(),
            roles: OrdMap::new(),
            policies: OrdMap::new(),
            profiles: OrdMap::new(),
            providers: OrdMap::new(),
            service_bearers: OrdMap::new(),
            members: OrdSet::new(),
            ties: OrdSet::new(),
            access_keys: OrdSet::new(),
        }
    }

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
        own.or_else(|| managed::of_aws(self.partition).iter().find(|policy| policy.arn == arn))
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
