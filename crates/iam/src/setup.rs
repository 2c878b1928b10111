//! Making an account with its root user's access key, and replacing that key.

use model::{Timestamp, arn::AccountId};
use state::{Snapshot, encode, removed};
use store::{Batch, Precondition};
use strongroom::{Entropy, Refused, Strongroom};

use crate::{
    credentials::NewAccessKey,
    layout::{self, Kind},
    records::{AccessKeyRecord, AccountRecord, OwnerRecord},
    tables::Tables,
};

/// The change that makes an account whose root user signs with `access_key`. It holds only if the account
/// does not exist.
///
/// # Errors
/// When the strongroom is sealed.
pub fn account(
    account: AccountId,
    access_key: &NewAccessKey,
    now: Timestamp,
    strongroom: &Strongroom,
    entropy: &dyn Entropy,
) -> Result<Batch, Refused> {
    let at = layout::account(account);
    let made = AccountRecord { created: now.as_millis(), alias: None };
    Ok(Batch::default()
        .only_if(Precondition::Absent(at.clone()))
        .put(at, encode(&made))
        .and(root_access_key(account, access_key, now, strongroom, entropy)?))
}

/// The change after which the root user of an account has this access key and no other. `None` when memory knows no
/// such account. It holds only if the root user's access keys are as memory has them.
///
/// # Errors
/// When the strongroom is sealed.
pub fn only_root_access_key(
    memory: &Snapshot,
    account: AccountId,
    access_key: &NewAccessKey,
    now: Timestamp,
    strongroom: &Strongroom,
    entropy: &dyn Entropy,
) -> Result<Option<Batch>, Refused> {
    let Some(tables) = memory.find::<Tables>() else { return Ok(None) };
    let Some(directory) = tables.account(account) else { return Ok(None) };
    let new = root_access_key(account, access_key, now, strongroom, entropy)?;
    // The root user has no unique id.
    let old = directory.access_keys("").filter_map(|id| tables.access_key(id));
    Ok(Some(old.fold(new, |change, old| {
        change.and(removed(old)).delete(layout::key(account, Kind::AccessKeyUse, &old.id))
    })))
}

fn root_access_key(
    account: AccountId,
    access_key: &NewAccessKey,
    now: Timestamp,
    strongroom: &Strongroom,
    entropy: &dyn Entropy,
) -> Result<Batch, Refused> {
    let key = AccessKeyRecord {
        created: now.as_millis(),
        owner: OwnerRecord::Root,
        active: true,
        secret: access_key.seal(account, strongroom, entropy)?.into(),
        user: None,
    };
    let at = layout::key(account, Kind::AccessKey, &access_key.id);
    Ok(Batch::default().only_if(Precondition::Absent(at.clone())).put(at, encode(&key)))
}
