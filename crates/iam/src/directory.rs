//! The identities in memory: what every request is authenticated with.

use std::sync::Arc;

use arc_swap::ArcSwap;
use dispatch::{Credential, Credentials, Fault, Follower, Unreadable};
use imbl::{HashMap, OrdSet};
use model::arn::AccountId;
use sigv4::AuthError;
use store::{Changes, Page};
use strongroom::Strongroom;

use crate::{
    credentials::AccessKey,
    layout::{Located, locate},
    records::{AccessKeyRecord, Owner},
};

/// Accounts and access keys of this node, following the store.
pub struct Directory {
    tables: ArcSwap<Tables>,
    strongroom: Arc<Strongroom>,
}

#[derive(Clone, Default)]
struct Tables {
    accounts: OrdSet<AccountId>,
    access_keys: HashMap<Box<str>, Arc<AccessKey>>,
}

impl Directory {
    /// An empty directory; secrets are opened by the strongroom.
    #[must_use]
    pub fn new(strongroom: Arc<Strongroom>) -> Self {
        Self { tables: ArcSwap::default(), strongroom }
    }

    /// Whether there is such an account.
    #[must_use]
    pub fn has_account(&self, account: AccountId) -> bool {
        self.tables.load().accounts.contains(&account)
    }

    /// The accounts, in order.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        self.tables.load().accounts.iter().copied().collect()
    }

    fn put(&self, tables: &mut Tables, located: Located<'_>, value: &[u8]) -> Option<()> {
        match located {
            Located::Account(account) => {
                tables.accounts.insert(account);
            }
            Located::AccessKey(account, id) => {
                let record: AccessKeyRecord<'_> = minicbor::decode(value).ok()?;
                let Owner::Root = record.owner;
                if record.active {
                    let secret = record.secret.into_owned();
                    let key = AccessKey::of_root(account, id, secret, Arc::clone(&self.strongroom));
                    tables.access_keys.insert(id.into(), Arc::new(key));
                } else {
                    tables.access_keys.remove(id);
                }
            }
        }
        Some(())
    }

    fn change(&self, change: impl FnOnce(&mut Tables) -> Result<(), Unreadable>) -> Result<(), Unreadable> {
        let mut tables = Tables::clone(&self.tables.load());
        change(&mut tables)?;
        self.tables.store(Arc::new(tables));
        Ok(())
    }
}

impl Credentials for Directory {
    fn find(&self, access_key_id: &str, token: Option<&str>) -> Result<Arc<dyn Credential>, Fault> {
        // A session token never belongs to a long-term access key.
        match self.tables.load().access_keys.get(access_key_id) {
            Some(key) if token.is_none() => Ok(Arc::clone(key) as Arc<dyn Credential>),
            _ => Err(AuthError::UnrecognizedClient.into()),
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
                let Some(located) = locate(key) else { continue };
                self.put(tables, located, &stored.value).ok_or_else(|| Unreadable::at(key))?;
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
                match (locate(key), value) {
                    (Some(located), Some(value)) => {
                        self.put(tables, located, value).ok_or_else(|| Unreadable::at(key))?;
                    }
                    (Some(Located::Account(account)), None) => {
                        tables.accounts.remove(&account);
                    }
                    (Some(Located::AccessKey(_, id)), None) => {
                        tables.access_keys.remove(id);
                    }
                    (None, _) => {}
                }
            }
            Ok(())
        })
    }
}
