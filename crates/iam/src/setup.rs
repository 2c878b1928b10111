//! Making an account with its root user's access key.

use model::{Timestamp, arn::AccountId};
use store::{Batch, Precondition};
use strongroom::{Entropy, Refused, Strongroom};

use crate::{
    credentials::NewAccessKey,
    layout,
    records::{AccessKeyRecord, AccountRecord, Owner},
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
    let made = AccountRecord { created: now.as_millis() };
    let key = AccessKeyRecord {
        created: now.as_millis(),
        owner: Owner::Root,
        active: true,
        secret: access_key.seal(account, strongroom, entropy)?.into(),
    };
    Ok(Batch {
        preconditions: vec![Precondition::Absent(at.clone())],
        puts: vec![
            (at, minicbor::to_vec(&made).map(Into::into).unwrap_or_default()),
            (
                layout::access_key(account, &access_key.id),
                minicbor::to_vec(&key).map(Into::into).unwrap_or_default(),
            ),
        ],
        deletes: Vec::new(),
    })
}
