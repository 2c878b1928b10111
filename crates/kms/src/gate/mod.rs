//! The gate: the only way to keys.
//!
//! It resolves the identifier, asks the policies, checks usage and state, notes it all for the record, and
//! hands out a [`Usable`] for one purpose. Nothing else in this crate makes one, so an operation that forgets
//! to ask has no key to work with.
//!
//! The order is AWS's: what does not exist, what is not allowed, what the key is not for, what its state
//! forbids.

mod begin;
mod conditions;
mod context;
mod decide;
mod granted;
mod grants;
mod recipient;
mod resolve;
mod retire;
mod simulated;
mod unmade;
mod usable;
mod uses;

use std::sync::Arc;

use dispatch::{Cx, Fault, Permission, Says, require};
use model::{
    arn::{AliasArn, AliasName, GrantId, KeyArn, KeyId, Region},
    kms::EncryptionAlgorithmSpec,
};

pub(crate) use conditions::{Asked, NewKey};
pub(crate) use context::context;
pub(crate) use decide::check_lockout;
pub(crate) use granted::Granted;

pub(crate) use recipient::{Recipient, hand, of_recipient, recipient};
pub(crate) use retire::retire;
pub(crate) use usable::Usable;
pub(crate) use uses::*;

use crate::{Kms, faults, grants::Named, key::Key, rates::Computation, tables::Shelf, usage};
use begin::{begin, charge};
use resolve::{Resolved, resolve};

/// The key with this identifier, for the purpose `U`.
pub(crate) fn key<U: Use>(
    kms: &Kms,
    cx: &mut Cx<'_>,
    sent: &str,
    asked: &Asked<'_>,
) -> Result<Usable<U>, Fault> {
    let found = match resolve(kms, cx, sent, U::ALIASES) {
        Err(missing) if U::ALIASES == Aliases::Taken => {
            return Err(unmade::made_first::<U>(kms, cx, sent, asked).unwrap_or(missing));
        }
        found => found?,
    };
    let Resolved::Key { shelf, key, alias } = found else {
        return Err(decide::foreign::<U>(cx));
    };
    if key.arn.account != cx.account() && !U::FOREIGN {
        return Err(decide::foreign::<U>(cx));
    }
    begin::<U>(kms, cx, &key, asked)?;
    let arn = decide::key::<U>(cx, &shelf, &key, alias.as_ref(), asked)?;
    admit(kms, cx, shelf, key, arn)
}

/// The key that a blob was made with, for the purpose `U`. If the caller names a key, it must be that one.
/// Without a blob, as in a dry run that ignores it, the named key. What a public key encrypted is no blob: it names no
/// key, so the caller has to.
pub(crate) fn ciphertext<U: Use>(
    kms: &Kms,
    cx: &mut Cx<'_>,
    named: Option<&str>,
    blob: Option<&[u8]>,
    asked: &Asked<'_>,
) -> Result<Usable<U>, Fault> {
    let names_key = asked.algorithm() == Some(EncryptionAlgorithmSpec::SymmetricDefault);
    let made_with = blob.map(strongroom::Blob::parse);
    match (named, made_with) {
        (None, Some(_)) if !names_key => {
            Err(faults::validation("KeyId is required for ciphertexts of asymmetric KMS keys."))
        }
        (Some(named), None) => key(kms, cx, named, asked),
        (None, None) => Err(faults::missing("ciphertextBlob")),
        (None, Some(Err(_))) => Err(Fault::silent(&faults::INVALID_CIPHERTEXT)),
        (None, Some(Ok(blob))) => {
            let id = KeyId::from_bytes(blob.key_id(), blob.multi_region());
            let arn = resolve::blob_arn(cx, &blob, id);
            let found = arn.and_then(|arn| resolve::by_arn(kms.tables(), &arn));
            let Some((shelf, key)) = found else { return Err(decide::foreign_ciphertext(cx)) };
            begin::<U>(kms, cx, &key, asked)?;
            let decided = decide::key::<U>(cx, &shelf, &key, None, asked);
            let arn = match decided {
                // Whether the key exists is its owner's to tell.
                Err(_) if key.arn.account != cx.account() => return Err(decide::foreign_ciphertext(cx)),
                decided => decided?,
            };
            admit(kms, cx, shelf, key, arn)
        }
        (Some(named), Some(made_with)) => {
            let Resolved::Key { shelf, key, alias } = resolve(kms, cx, named, U::ALIASES)? else {
                return Err(decide::foreign::<U>(cx));
            };
            begin::<U>(kms, cx, &key, asked)?;
            let arn = decide::key::<U>(cx, &shelf, &key, alias.as_ref(), asked)?;
            // A key of another usage made no ciphertext; AWS says so before it looks at that.
            if U::USAGE.is_some_and(|usage| usage != key.usage) {
                return Err(faults::incorrect_key());
            }
            if names_key {
                let blob = made_with.map_err(|_| Fault::silent(&faults::INVALID_CIPHERTEXT))?;
                if (blob.key_id(), blob.multi_region(), blob.account())
                    != (key.arn.key_id.bytes(), key.arn.key_id.is_multi_region(), key.arn.account.as_u64())
                {
                    return Err(faults::incorrect_key());
                }
            }
            admit(kms, cx, shelf, key, arn)
        }
    }
}

/// The call as it is seen in another Region of the deployment, for keys that are related to one here.
pub(crate) fn elsewhere<'a>(cx: &'a mut Cx<'_>, region: &'a Region) -> Cx<'a> {
    Cx { region, ..cx.reborrowed() }
}

/// The caller's key with this id in the Region of `cx`, for the purpose `U`: what the caller did not name, but its
/// call concerns as well.
pub(crate) fn related<U: Use>(
    kms: &Kms,
    cx: &mut Cx<'_>,
    id: KeyId,
    asked: &Asked<'_>,
) -> Result<Usable<U>, Fault> {
    let arn = KeyArn { region: cx.region.clone(), account: cx.account(), key_id: id };
    let (shelf, key) = resolve::by_arn(kms.tables(), &arn).ok_or_else(|| faults::key_not_found(&arn))?;
    let arn = decide::key::<U>(cx, &shelf, &key, None, asked)?;
    admit(kms, cx, shelf, key, arn)
}

/// Asks the caller's identity policies for an action on something that has no policy of its own.
pub(crate) fn permit(
    kms: &Kms,
    cx: &mut Cx<'_>,
    action: &str,
    resource: &str,
    says: &dyn Says,
) -> Result<(), Fault> {
    charge(kms, cx, &Computation::default())?;
    require(cx, &Permission::on(action, resource, says))
}

/// Permission on an alias, and its ARN.
pub(crate) fn alias(
    kms: &Kms,
    cx: &mut Cx<'_>,
    action: &'static str,
    name: &AliasName,
) -> Result<AliasArn, Fault> {
    let arn = AliasArn { region: cx.region.clone(), account: cx.account(), name: name.clone() };
    permit(kms, cx, action, &arn.to_string(), &())?;
    cx.notes.resource(arn.to_string());
    Ok(arn)
}

/// The id of a key of the caller's account, for a listing that is filtered by it.
pub(crate) fn own_key(kms: &Kms, cx: &Cx<'_>, sent: &str) -> Result<KeyId, Fault> {
    match resolve(kms, cx, sent, Aliases::Refused)? {
        Resolved::Key { key, .. } if key.arn.account == cx.account() => Ok(key.arn.key_id),
        _ => Err(faults::invalid_key_id(sent)),
    }
}

/// The grant that a request to retire it names, by key and id, with its key. Of keys of other accounts nothing
/// is said: a grant that is not there and a key that is not there are the same.
pub(crate) fn grant_of(kms: &Kms, cx: &Cx<'_>, sent: &str, id: GrantId) -> Result<Granted, Fault> {
    match resolve(kms, cx, sent, Aliases::Refused)? {
        Resolved::Key { shelf, key, .. } => Granted::find(shelf, key, id),
        Resolved::Foreign => Err(faults::grant_not_found(id)),
    }
}

/// The grant that a token names, with its key.
pub(crate) fn grant_named(kms: &Kms, named: &Named) -> Result<Granted, Fault> {
    let (shelf, key) =
        resolve::by_arn(kms.tables(), &named.key).ok_or_else(|| faults::grant_not_found(named.id))?;
    Granted::find(shelf, key, named.id)
}

/// Whether a re-encryption stays with one key, for `kms:ReEncryptOnSameKey`. Reads identifiers only; whoever
/// is told of the answer has been asked for both keys.
pub(crate) fn same_key(
    kms: &Kms,
    cx: &Cx<'_>,
    source: Option<&str>,
    blob: Option<&[u8]>,
    target: &str,
) -> bool {
    let arn_of = |sent: &str| match resolve(kms, cx, sent, Aliases::Taken) {
        Ok(Resolved::Key { key, .. }) => Some(KeyArn::clone(&key.arn)),
        _ => None,
    };
    let source: Option<KeyArn> = match (source, blob.map(strongroom::Blob::parse)) {
        (Some(named), _) => arn_of(named),
        (None, Some(Ok(blob))) => {
            resolve::blob_arn(cx, &blob, KeyId::from_bytes(blob.key_id(), blob.multi_region()))
        }
        _ => None,
    };
    source.is_some() && source == arn_of(target)
}

/// The last two checks, and the permission in form of a type.
fn admit<U: Use>(
    kms: &Kms,
    cx: &mut Cx<'_>,
    shelf: Arc<Shelf>,
    key: Arc<Key>,
    arn: String,
) -> Result<Usable<U>, Fault> {
    cx.notes.resource(arn);
    if key.managed_by.is_some() && !cx.operation.on_managed {
        return Err(decide::managed::<U>(cx, &key));
    }
    if U::USAGE.is_some_and(|usage| usage != key.usage) {
        return Err(faults::wrong_usage(&key.arn, key.usage, cx.operation.name));
    }
    if let Err(refusal) = U::STATE(key.state) {
        return Err(faults::refused(&key.arn, refusal));
    }
    usage::note(kms, cx, &key);
    Ok(Usable::new(key, shelf, Arc::clone(&kms.strongroom)))
}
