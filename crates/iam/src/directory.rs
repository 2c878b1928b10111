//! The identities of this node, following the store: who may sign, and who exists.

use std::sync::Arc;

use arc_swap::ArcSwap;
use dispatch::{Caller, Credential, Credentials, Fault, Follower, Principals, Unreadable};
use model::{Timestamp, arn::AccountId};
use policy::PrincipalPattern;
use sigv4::AuthError;
use store::{Changes, Page, Revision};
use strongroom::Strongroom;

use crate::{
    callers,
    credentials::AccessKey,
    documents::SharedPolicies,
    entities::{EntityKind, Group, Role, User},
    layout::{Kind, Located, locate},
    managed::ManagedPolicy,
    profiles::InstanceProfile,
    providers::Provider,
    records::AccountRecord,
    sessions::Sessions,
    tables::{Known, Tables},
};

/// Accounts and their identities.
pub struct Directory {
    tables: ArcSwap<Tables>,
    pub(crate) shared_policies: SharedPolicies,
    sessions: Sessions,
    pub(crate) strongroom: Arc<Strongroom>,
}

impl Directory {
    /// An empty directory; secrets are opened by the strongroom.
    #[must_use]
    pub fn new(strongroom: Arc<Strongroom>) -> Self {
        Self {
            tables: ArcSwap::default(),
            shared_policies: SharedPolicies::default(),
            sessions: Sessions::default(),
            strongroom,
        }
    }

    /// Whether there is such an account.
    #[must_use]
    pub fn has_account(&self, account: AccountId) -> bool {
        self.tables.load().account(account).is_some()
    }

    /// The accounts, in order.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        self.tables.load().accounts().collect()
    }

    /// The identities as they are now.
    pub(crate) fn tables(&self) -> Arc<Tables> {
        self.tables.load_full()
    }

    fn put(&self, tables: &mut Tables, at: Located<'_>, value: &[u8], revision: Revision) -> Option<()> {
        let Located { account, kind, id } = at;
        let shared = &self.shared_policies;
        match kind {
            Kind::Account => {
                let record: AccountRecord<'_> = minicbor::decode(value).ok()?;
                let known = Known {
                    created: Timestamp::from_millis(record.created),
                    alias: record.alias.map(std::borrow::Cow::into_owned),
                    revision,
                };
                tables.change(account, |account| account.known = Some(known));
            }
            Kind::AccessKey => {
                let key = AccessKey::decode((account, id), value, revision, tables, &self.strongroom)?;
                tables.put_access_key(key);
            }
            Kind::AccessKeyUse => tables.last_use(id).take(value)?,
            Kind::User => tables.put_user(User::decode(account, value, revision, shared)?),
            Kind::Group => tables.put_group(Group::decode(account, value, revision, shared)?),
            Kind::Role => tables.put_role(Role::decode(account, value, revision, shared)?),
            Kind::Policy => {
                let policy = Arc::new(ManagedPolicy::decode(account, value, revision, shared)?);
                tables.change(account, |account| {
                    account.policies.insert(id.to_owned(), policy);
                });
            }
            Kind::InstanceProfile => {
                let profile = Arc::new(InstanceProfile::decode(account, value, revision)?);
                tables.change(account, |account| {
                    account.profiles.insert(id.to_owned(), profile);
                });
            }
            Kind::Provider => {
                let provider = Arc::new(Provider::decode(account, value, revision)?);
                tables.change(account, |account| {
                    account.providers.insert(id.to_owned(), provider);
                });
            }
        }
        Some(())
    }

    fn remove(tables: &mut Tables, Located { account, kind, id }: Located<'_>) {
        match kind {
            Kind::Account => tables.change(account, |account| account.known = None),
            Kind::AccessKey => tables.remove_access_key(id),
            Kind::AccessKeyUse => tables.forget_last_use(id),
            Kind::User => tables.remove_user(account, id),
            Kind::Group => tables.remove_group(account, id),
            Kind::Role => tables.remove_role(account, id),
            Kind::Policy => tables.change(account, |account| {
                account.policies.remove(id);
            }),
            Kind::InstanceProfile => tables.change(account, |account| {
                account.profiles.remove(id);
            }),
            Kind::Provider => tables.change(account, |account| {
                account.providers.remove(id);
            }),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Tables) -> Result<(), Unreadable>) -> Result<(), Unreadable> {
        let mut tables = Tables::clone(&self.tables.load());
        tables.generation += 1;
        change(&mut tables)?;
        self.tables.store(Arc::new(tables));
        Ok(())
    }
}

impl Credentials for Directory {
    fn find(
        &self,
        access_key_id: &str,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<dyn Credential>, Fault> {
        let tables = self.tables.load();
        match (tables.access_key(access_key_id), token) {
            (Some(key), None) => key.credential(&tables),
            (None, Some(token)) => self.sessions.find((access_key_id, token), now, &tables, &self.strongroom),
            // A session token never belongs to a long-term access key.
            (Some(_), Some(_)) | (None, None) => Err(AuthError::UnrecognizedClient.into()),
        }
    }

    fn principal(&self, arn: &str) -> Result<Option<Caller>, Fault> {
        let tables = self.tables.load();
        if let Some(PrincipalPattern::Account(account)) = PrincipalPattern::parse_aws(arn) {
            let account = AccountId::parse(&account).ok().filter(|id| tables.account(*id).is_some());
            return Ok(account.map(|account| callers::root(account, "")));
        }
        let id = Named::parse(arn)
            .filter(|named| matches!(named.kind, NamedKind::User(_)))
            .and_then(|named| named.unique_id(&tables));
        let found = id.as_deref().and_then(|id| tables.user(id));
        found.map(|(account, user)| callers::user(&tables, account, user, "")).transpose()
    }
}

impl Principals for Directory {
    fn exist(&self, principal: &PrincipalPattern) -> bool {
        let tables = self.tables.load();
        match principal {
            PrincipalPattern::Anyone | PrincipalPattern::Service(_) => true,
            PrincipalPattern::Account(account) => {
                AccountId::parse(account).is_ok_and(|account| tables.account(account).is_some())
            }
            PrincipalPattern::Arn(arn) => match Named::parse(arn) {
                // A federated user exists as long as its account does.
                Some(named) if named.kind == NamedKind::FederatedUser => {
                    tables.account(named.account).is_some()
                }
                Some(named) => named.unique_id(&tables).is_some(),
                None => false,
            },
            PrincipalPattern::UniqueId(id) => {
                tables.bearer(id.split(':').next().unwrap_or_default()).is_some()
            }
            PrincipalPattern::Federated(arn) => {
                let named =
                    arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":oidc-provider/"));
                named.is_some_and(|(account, url)| {
                    let account = AccountId::parse(account).ok().and_then(|id| tables.account(id));
                    account.is_some_and(|account| account.providers.contains_key(url))
                })
            }
            PrincipalPattern::CanonicalUser(_) => false,
        }
    }

    fn unique_id(&self, principal: &PrincipalPattern) -> Option<String> {
        Named::parse(principal.arn()?)?.unique_id(&self.tables.load())
    }

    fn arn(&self, unique_id: &str) -> Option<String> {
        let tables = self.tables.load();
        let (id, session) = match unique_id.split_once(':') {
            Some((id, session)) => (id, Some(session)),
            None => (unique_id, None),
        };
        match (tables.bearer(id)?.kind, session) {
            (EntityKind::User, None) => Some(tables.user(id)?.1.entity.arn()),
            (EntityKind::Role, None) => Some(tables.role(id)?.1.entity.arn()),
            (EntityKind::Role, Some(session)) => {
                let role = &tables.role(id)?.1.entity;
                Some(format!("arn:aws:sts::{}:assumed-role/{}/{session}", role.account, role.name))
            }
            _ => None,
        }
    }
}

/// A principal's ARN, taken apart.
struct Named<'a> {
    account: AccountId,
    kind: NamedKind<'a>,
}

#[derive(PartialEq, Eq)]
enum NamedKind<'a> {
    /// Path and name.
    User(&'a str),
    /// Path and name.
    Role(&'a str),
    /// Name of the role and of the session.
    Session(&'a str, &'a str),
    FederatedUser,
}

impl<'a> Named<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
        let rest = arn.strip_prefix("arn:aws:")?;
        let (service, rest) = rest.split_once("::")?;
        let (account, resource) = rest.split_once(':')?;
        let (kind, name) = resource.split_once('/')?;
        let kind = match (service, kind) {
            ("iam", "user") => NamedKind::User(name),
            ("iam", "role") => NamedKind::Role(name),
            ("sts", "assumed-role") => {
                let (role, session) = name.split_once('/')?;
                NamedKind::Session(role, session)
            }
            ("sts", "federated-user") => NamedKind::FederatedUser,
            _ => return None,
        };
        Some(Self { account: AccountId::parse(account).ok()?, kind })
    }

    /// The unique id behind the name. Paths count: an ARN with another one names nobody.
    fn unique_id(&self, tables: &Tables) -> Option<String> {
        let account = tables.account(self.account)?;
        let last = |name: &'a str| name.rsplit('/').next().unwrap_or(name);
        let is =
            |path: &str, name: &str, given: &str| format!("{}{name}", path.trim_start_matches('/')) == given;
        match self.kind {
            NamedKind::User(given) => {
                let user = &account.user(last(given))?.entity;
                is(&user.path, &user.name, given).then(|| user.id.clone())
            }
            NamedKind::Role(given) => {
                let role = &account.role(last(given))?.entity;
                is(&role.path, &role.name, given).then(|| role.id.clone())
            }
            NamedKind::Session(role, session) => {
                let role = &account.role(role).filter(|found| found.entity.name == role)?.entity;
                Some(format!("{}:{session}", role.id))
            }
            NamedKind::FederatedUser => None,
        }
    }
}

impl Follower for Directory {
    fn clear(&self) {
        self.tables.store(Arc::default());
    }

    fn load(&self, page: &Page) -> Result<(), Unreadable> {
        self.change(|tables| {
            for (key, stored) in &page.items {
                let Some(at) = locate(key) else { continue };
                self.put(tables, at, &stored.value, stored.revision).ok_or_else(|| Unreadable::at(key))?;
            }
            Ok(())
        })
    }

    fn apply(&self, changes: &Changes) -> Result<(), Unreadable> {
        if !changes.items.iter().any(|(key, _)| locate(key).is_some()) {
            return Ok(());
        }
        self.change(|tables| {
            for (key, value) in &changes.items {
                let Some(at) = locate(key) else { continue };
                match value {
                    Some(value) => {
                        self.put(tables, at, value, changes.revision).ok_or_else(|| Unreadable::at(key))?;
                    }
                    None => Self::remove(tables, at),
                }
            }
            Ok(())
        })
    }
}
