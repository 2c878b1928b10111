//! Who may sign, and who exists, at one revision.

use std::sync::Arc;

use dispatch::{Caller, Credential, Credentials, Fault, Principals};
use model::{
    Timestamp,
    arn::{AccountId, Partition},
};
use policy::PrincipalPattern;
use sigv4::AuthError;
use state::{Snapshot, encode};
use store::{Batch, Precondition};

use crate::{
    callers,
    credentials::{AccessKey, Owner},
    entities::EntityKind,
    layout::{self, Kind},
    records::ServiceIdentityRecord,
    sessions,
    tables::Tables,
};

/// The accounts that memory has, in order.
#[must_use]
pub fn accounts(memory: &Snapshot) -> Vec<AccountId> {
    memory.find::<Tables>().map_or_else(Vec::new, |tables| tables.accounts().collect())
}

/// The partition of the identities that memory has.
#[must_use]
pub fn partition(memory: &Snapshot) -> Partition {
    memory.find::<Tables>().map_or(Partition::Aws, |tables| tables.partition)
}

/// Who may sign, as memory has it.
#[must_use]
pub fn credentials(memory: &Snapshot) -> &(dyn Credentials + 'static) {
    memory.find::<Tables>().map_or(&(), |tables| tables)
}

/// Who exists, as memory has it.
#[must_use]
pub fn principals(memory: &Snapshot) -> &(dyn Principals + 'static) {
    memory.find::<Tables>().map_or(&(), |tables| tables)
}

impl Credentials for Tables {
    fn find(
        &self,
        access_key_id: &str,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<dyn Credential>, Fault> {
        match (self.access_key(access_key_id), token) {
            (Some(key), None) => credential(self, key),
            (None, Some(token)) => sessions::find(self, (access_key_id, token), now),
            // A session token never belongs to a long-term access key.
            (Some(_), Some(_)) | (None, None) => Err(AuthError::UnrecognizedClient.into()),
        }
    }

    fn principal(&self, arn: &str) -> Result<Option<Caller>, Fault> {
        if let Some((account, "root")) = self.partition.of_iam(arn) {
            let account = AccountId::parse(account).ok().filter(|id| self.account(*id).is_some());
            return Ok(account.map(|account| callers::root((self.partition, account), "")));
        }
        let id = Named::parse(self.partition, arn)
            .filter(|named| matches!(named.kind, NamedKind::User(_)))
            .and_then(|named| named.unique_id(self));
        let found = id.as_deref().and_then(|id| self.user(id));
        found.map(|(account, user)| callers::user(self, account, user, "")).transpose()
    }

    fn service_bearer(&self, arn: &str) -> Option<&str> {
        let (account, resource) = owned(arn)?;
        self.account(account)?.service_bearers.get(resource).map(|bearer| &**bearer)
    }

    fn service_bound(&self, arn: &str, unique_id: &str, now: Timestamp) -> Batch {
        let Some((account, resource)) = owned(arn) else { return Batch::default() };
        let at = layout::key(account, Kind::ServiceIdentity, resource);
        let record = ServiceIdentityRecord { bound: now.as_millis(), bearer: unique_id.into() };
        Batch {
            preconditions: vec![Precondition::Absent(at.clone())],
            puts: vec![(at, encode(&record))],
            deletes: Vec::new(),
        }
    }
}

/// The account of an ARN of IAM, and what stands behind it.
fn owned(arn: &str) -> Option<(AccountId, &str)> {
    let (account, resource) = arn.splitn(5, ':').nth(4)?.split_once(':')?;
    Some((AccountId::parse(account).ok()?, resource))
}

/// An access key as a credential, its owner as it is in `tables`.
///
/// # Errors
/// `UnrecognizedClientException` when it is switched off or its owner is gone.
fn credential(tables: &Tables, key: &AccessKey) -> Result<Arc<dyn Credential>, Fault> {
    let refused = || Fault::from(AuthError::UnrecognizedClient);
    let account = tables.account(key.account).filter(|_| key.active).ok_or_else(refused)?;
    key.composed(account.changed, || match &key.owner {
        Owner::Root => Ok((callers::root((tables.partition, key.account), &key.id), None)),
        Owner::User(id) => {
            let (account, user) = tables.user(id).ok_or_else(refused)?;
            Ok((callers::user(tables, account, user, &key.id)?, Some(tables.activities.of(id))))
        }
    })
}

impl Principals for Tables {
    fn exist(&self, principal: &PrincipalPattern) -> bool {
        match principal {
            PrincipalPattern::Anyone | PrincipalPattern::Service(_) => true,
            PrincipalPattern::Account(account) => {
                AccountId::parse(account).is_ok_and(|account| self.account(account).is_some())
            }
            PrincipalPattern::Arn(arn) => match Named::parse(self.partition, arn) {
                // A federated user exists as long as its account does.
                Some(named) if named.kind == NamedKind::FederatedUser => {
                    self.account(named.account).is_some()
                }
                Some(named) => named.unique_id(self).is_some(),
                None => false,
            },
            PrincipalPattern::UniqueId(id) => self.bearer(id.split(':').next().unwrap_or_default()).is_some(),
            PrincipalPattern::Federated(arn) => {
                self.partition.of_iam(arn).is_some_and(|(account, resource)| {
                    let account = AccountId::parse(account).ok().and_then(|id| self.account(id));
                    let url = resource.strip_prefix("oidc-provider/");
                    account.zip(url).is_some_and(|(account, url)| account.providers.contains_key(url))
                })
            }
            PrincipalPattern::CanonicalUser(_) => false,
        }
    }

    fn unique_id(&self, principal: &PrincipalPattern) -> Option<String> {
        Named::parse(self.partition, principal.arn()?)?.unique_id(self)
    }

    fn arn(&self, unique_id: &str) -> Option<String> {
        let (id, session) = match unique_id.split_once(':') {
            Some((id, session)) => (id, Some(session)),
            None => (unique_id, None),
        };
        match (self.bearer(id)?.kind, session) {
            (EntityKind::User, None) => Some(self.user(id)?.1.entity.arn()),
            (EntityKind::Role, None) => Some(self.role(id)?.1.entity.arn()),
            (EntityKind::Role, Some(session)) => Some(self.role(id)?.1.entity.session_arn(session)),
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
    /// `None` for an ARN of another partition, which names nobody here.
    fn parse(partition: Partition, arn: &'a str) -> Option<Self> {
        let (service, (account, resource)) = match partition.of_iam(arn) {
            Some(named) => ("iam", named),
            None => ("sts", partition.of_sts(arn)?),
        };
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
