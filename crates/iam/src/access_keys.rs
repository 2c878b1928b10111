//! Whose access keys, or other credentials, an operation is about: a user's or the root user's.

use std::sync::Arc;

use dispatch::{Cx, Fault};
use state::touched;
use store::Batch;

use crate::{
    Iam,
    credentials::{AccessKey, Owner},
    entities::User,
    faults,
    gate::{self, Asked, Permitted},
    tables::{Account, Tables, inconsistent},
};

/// A holder of access keys.
pub(crate) enum KeyHolder {
    /// The root user of the caller's account, who asks itself.
    Root(Arc<Tables>, Arc<Account>),
    /// A user.
    User(Permitted<User>),
}

/// The named user, else the caller.
pub(crate) fn holder(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    named: Option<&str>,
) -> Result<KeyHolder, Fault> {
    if gate::is_root(cx, named) {
        let (tables, account) = gate::account(iam, cx, action, "*", &Asked::default())?;
        return Ok(KeyHolder::Root(tables, account));
    }
    let name = gate::user_name(cx, named)?;
    gate::holder(iam, cx, action, &name, &Asked::default()).map(KeyHolder::User)
}

impl KeyHolder {
    /// Its name; the root user has none.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Root(..) => None,
            Self::User(user) => Some(&user.found.entity.name),
        }
    }

    /// Itself as the owner of a key.
    pub(crate) fn owner(&self) -> Owner {
        match self {
            Self::Root(..) => Owner::Root,
            Self::User(user) => Owner::User(user.found.entity.id.clone()),
        }
    }

    /// Its access keys, in the order of their ids.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Arc<AccessKey>> {
        let (tables, account, id) = match self {
            Self::Root(tables, account) => (tables, account, ""),
            Self::User(user) => (&user.tables, &user.account, user.found.entity.id.as_str()),
        };
        account.access_keys(id).filter_map(|key| tables.access_key(key))
    }

    /// One of its access keys.
    pub(crate) fn key(&self, id: &str) -> Result<&Arc<AccessKey>, Fault> {
        self.keys().find(|key| key.id == id).ok_or_else(|| unknown(id))
    }

    /// A batch that holds only if nothing about the holder changed, and makes others lose that depend on it.
    pub(crate) fn touched(&self, _: &Cx<'_>) -> Result<Batch, Fault> {
        match self {
            Self::User(user) => Ok(user.touched()),
            Self::Root(_, account) => {
                account.known.as_ref().map(touched).ok_or_else(|| inconsistent("the account"))
            }
        }
    }
}

/// There is no such access key, or it is not the holder's.
pub(crate) fn unknown(id: &str) -> Fault {
    faults::no_such(format!("The Access Key with id {id} cannot be found."))
}
