//! Making an account with its root user's access key.

use model::{Timestamp, arn::AccountId};
use state::encode;
use store::{Batch, Precondition};
use strongroom::{Entropy, Refused, Strongroom};

use crate::{
    credentials::NewAccessKey,
    layout::{self, Kind},
    records::{AccessKeyRecord, AccountRecord, OwnerRecord},
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
    let key = AccessKeyRecord {
        created: now.as_millis(),
        owner: OwnerRecord::Root,
        active: true,
        secret: access_key.seal(account, strongroom, entropy)?.into(),
        user: None,
    };
    Ok(Batch {
        preconditions: vec![Precondition::Absent(at.clone())],
        puts: vec![
            (at, encode(&made)),
            (layout::key(account, Kind::AccessKey, &access_key.id), encode(&key)),
        ],
        deletes: Vec::new(),
    })
}
