//! AWS managed keys that are not there yet, because nobody has used them.

use std::sync::Arc;

use dispatch::{Cx, Fault};
use model::arn::{AliasName, KeyRef};

use super::{Asked, Use, begin, decide};
use crate::{Kms, events, layout::Place, managed::ManagedKey};

/// What becomes of a call on an AWS managed key that has not been made: if the key's policy will allow it, the key
/// is made, and the call begun again. `None` for whatever else is not there.
pub(super) fn made_first<U: Use>(kms: &Kms, cx: &mut Cx<'_>, sent: &str, asked: &Asked<'_>) -> Option<Fault> {
    let alias = own_alias(cx, sent)?;
    let managed = ManagedKey::named(&alias)?;
    let exists = kms.tables().alias(&Place::of(cx), &alias).is_some();
    if exists {
        return None;
    }
    let begun_again = || Fault::internal("the call is begun again with the key that was made for it");
    Some(make::<U>(kms, cx, (managed, &alias), asked).map_or_else(|fault| fault, |()| begun_again()))
}

/// Nothing is made for a caller that will not be allowed to use it.
fn make<U: Use>(
    kms: &Kms,
    cx: &mut Cx<'_>,
    (managed, alias): (&ManagedKey, &AliasName),
    asked: &Asked<'_>,
) -> Result<(), Fault> {
    let key = Arc::new(managed.key(kms, cx)?);
    begin::<U>(kms, cx, &key, asked)?;
    let shelf = kms.tables().shelf(&Place::of(cx)).cloned().unwrap_or_default();
    decide::key::<U>(cx, &shelf, &key, Some(alias), asked)?;
    let event = events::about(&key.arn, "CreateKey", vec![("keyId", key.arn.key_id.to_string())]);
    let change = managed.change(kms, cx, Arc::unwrap_or_clone(key))?;
    cx.notes.first(event, change);
    Ok(())
}

/// The alias that is named, if it would be one of the caller's account in the Region of the call.
fn own_alias(cx: &Cx<'_>, sent: &str) -> Option<AliasName> {
    match KeyRef::parse(sent).ok()? {
        KeyRef::AliasName(name) => Some(name),
        KeyRef::AliasArn(arn) if arn.account == cx.account() && arn.region == *cx.region => Some(arn.name),
        _ => None,
    }
}
