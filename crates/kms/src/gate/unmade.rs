//! AWS managed keys that are not there yet, because nobody has used them.

use std::sync::Arc;

use dispatch::{Cx, Fault};
use model::{
    arn::{AliasName, KeyArn, KeyId, KeyRef, MaterialId},
    kms::{KeySpec, KeyUsageType},
};
use state::created;
use store::Batch;

use super::{Asked, Use, begin::begin, decide};
use crate::{
    Kms,
    aliases::Alias,
    events, faults,
    key::Key,
    layout::Place,
    managed::ManagedKey,
    materials::{self, StoredMaterial},
    policies,
};

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
    let made = Arc::new(key(managed, kms, cx)?);
    begin::<U>(kms, cx, &made, asked)?;
    let shelf = kms.tables().shelf(&Place::of(cx)).cloned().unwrap_or_default();
    decide::key::<U>(cx, &shelf, &made, Some(alias), asked)?;
    let event = events::about(&made.arn, "CreateKey", vec![("keyId", made.id().to_string())]);
    let change = change(managed, kms, cx, Arc::unwrap_or_clone(made))?;
    cx.notes.first(event, change);
    Ok(())
}

/// The key of an AWS service, as yet without material.
fn key(managed: &ManagedKey, kms: &Kms, cx: &Cx<'_>) -> Result<Key, Fault> {
    let mut random = [0; 16];
    cx.entropy.fill(&mut random).map_err(|_| Fault::internal("the source of random bytes failed"))?;
    let id = KeyId::generate(random, false);
    let place = Place::of(cx);
    let policy = policies::accept(kms, &place.region, &managed.policy(&place))?;
    let arn = KeyArn { region: place.region, account: place.account, key_id: id };
    let kind = (KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt);
    Ok(Key {
        description: managed.description(),
        managed_by: Some(managed.service.to_owned()),
        ..Key::new(arn, cx.now, kind, policy, None)
    })
}

/// The change that makes such a key, with its material and its alias. Of several at the same time, one holds: there
/// is one alias.
fn change(managed: &ManagedKey, kms: &Kms, cx: &Cx<'_>, mut key: Key) -> Result<Batch, Fault> {
    let binding = materials::binding(&key.arn, key.spec);
    let made = kms.strongroom.generate(&binding, cx.entropy).map_err(faults::strongroom)?;
    let (place, id, name) = (key.place(), key.arn.key_id, managed.alias()?);
    let material_id = MaterialId::from_bytes(made.id);
    key.current_material = Some(material_id);
    let material = StoredMaterial { created: cx.now, token: Some(made.token), ..StoredMaterial::default() };
    let alias = Alias::new(place.clone(), name, id, cx.now);
    let material = (place.material(id, material_id), material.encode());
    Ok(created(&key).and(created(&alias)).put(material.0, material.1))
}

/// The alias that is named, if it would be one of the caller's account in the Region of the call.
fn own_alias(cx: &Cx<'_>, sent: &str) -> Option<AliasName> {
    match KeyRef::parse(sent).ok()? {
        KeyRef::AliasName(name) => Some(name),
        KeyRef::AliasArn(arn) if arn.account == cx.account() && arn.region == *cx.region => Some(arn.name),
        _ => None,
    }
}
