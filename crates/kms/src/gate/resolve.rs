//! From the identifier that a caller sent to the key.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id>

use std::sync::Arc;

use dispatch::{Cx, Fault};
use model::arn::{AccountId, AliasArn, AliasName, KeyArn, KeyId, KeyRef, KeyRefError};

use super::Aliases;
use crate::{
    Kms, faults,
    key::Key,
    layout::Place,
    tables::{Shelf, Tables},
};

/// What an identifier led to.
pub(super) enum Resolved {
    /// A key, with the alias it was named by.
    Key { shelf: Arc<Shelf>, key: Arc<Key>, alias: Option<AliasName> },
    /// Nothing that the caller may know of: the identifier names another account, and there is no such key.
    Foreign,
}

/// Finds the key that an identifier names. What does not exist in the caller's own account is said so; of
/// other accounts nothing is said.
pub(super) fn resolve(kms: &Kms, cx: &Cx<'_>, sent: &str, aliases: Aliases) -> Result<Resolved, Fault> {
    let named = KeyRef::parse(sent).map_err(|error| match error {
        KeyRefError::InvalidKeyId => faults::invalid_key_id(sent),
        KeyRefError::InvalidArn => faults::invalid_arn(sent),
    })?;
    let here = Place::of(cx);
    match named {
        KeyRef::Id(id) => by_id(kms.tables(), &here, id).map_or_else(
            || Err(faults::key_not_found(&KeyArn { region: here.region, account: here.account, key_id: id })),
            |(shelf, key)| Ok(Resolved::Key { shelf, key, alias: None }),
        ),
        KeyRef::Arn(arn) => {
            check_region(cx, arn.region.as_str())?;
            match by_arn(kms.tables(), &arn) {
                Some((shelf, key)) => Ok(Resolved::Key { shelf, key, alias: None }),
                None if arn.account == here.account => Err(faults::key_not_found(&arn)),
                None => Ok(Resolved::Foreign),
            }
        }
        KeyRef::AliasName(_) | KeyRef::AliasArn(_) if aliases == Aliases::Refused => {
            Err(faults::alias_refused())
        }
        KeyRef::AliasName(_) | KeyRef::AliasArn(_) if aliases == Aliases::Unknown => {
            Err(faults::invalid_key_id(sent))
        }
        KeyRef::AliasName(name) => by_alias(kms.tables(), &here, here.account, name),
        KeyRef::AliasArn(arn) => {
            check_region(cx, arn.region.as_str())?;
            let there = Place { account: arn.account, region: arn.region };
            by_alias(kms.tables(), &there, here.account, arn.name)
        }
    }
}

/// The key with this ARN.
pub(super) fn by_arn(tables: &Tables, arn: &KeyArn) -> Option<(Arc<Shelf>, Arc<Key>)> {
    by_id(tables, &Place::of_key(arn), arn.key_id)
}

/// The ARN of the key that a blob names, in the Region of the call: blobs carry no Region, so that every
/// replica of a multi-Region key can open them.
pub(super) fn blob_arn(cx: &Cx<'_>, blob: &strongroom::Blob<'_>, id: KeyId) -> Option<KeyArn> {
    let account = AccountId::from_u64(blob.account())?;
    Some(KeyArn { region: cx.region.clone(), account, key_id: id })
}

fn by_id(tables: &Tables, place: &Place, id: KeyId) -> Option<(Arc<Shelf>, Arc<Key>)> {
    tables.key(place, id).map(|(shelf, key)| (Arc::clone(shelf), Arc::clone(key)))
}

fn by_alias(tables: &Tables, place: &Place, own: AccountId, name: AliasName) -> Result<Resolved, Fault> {
    let target = tables.shelf(place).and_then(|shelf| Some((shelf, shelf.aliases.get(&name)?)));
    let Some((shelf, alias)) = target else {
        let arn = AliasArn { region: place.region.clone(), account: place.account, name };
        return if place.account == own { Err(faults::alias_not_found(&arn)) } else { Ok(Resolved::Foreign) };
    };
    match shelf.keys.get(&alias.target) {
        Some(key) => Ok(Resolved::Key { shelf: Arc::clone(shelf), key: Arc::clone(key), alias: Some(name) }),
        None => Err(faults::inconsistent(format_args!("{name} names a key that is gone"))),
    }
}

fn check_region(cx: &Cx<'_>, region: &str) -> Result<(), Fault> {
    if region == cx.region.as_str() { Ok(()) } else { Err(faults::foreign_region(region)) }
}
