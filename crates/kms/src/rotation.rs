//! Rotation: new material for a key, and for its replicas, in one change. What was encrypted before still
//! decrypts, because blobs name their material.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html>
//!
//! A key that missed several rotations, because it was switched off or the server was down, is rotated once; the
//! next is a period later.

use dispatch::{Fault, ServiceEvent};
use model::{
    Timestamp,
    arn::MaterialId,
    kms::{KeySpec, OriginType, RotationType},
};
use state::replaced;
use store::Batch;
use strongroom::Entropy;

use crate::{
    Kms, events, faults,
    key::{Key, Rotation},
    limits::ROTATION_SOON_MILLIS,
    materials::{self, Rotated, StoredMaterial},
    tables::Tables,
};

/// The change of a rotation, and the events that record it.
pub(crate) struct Turn {
    pub(crate) change: Batch,
    pub(crate) events: Vec<ServiceEvent>,
}

/// Rotation is for symmetric encryption keys.
pub(crate) fn check_kind(key: &Key) -> Result<(), Fault> {
    if key.spec == KeySpec::SymmetricDefault { Ok(()) } else { Err(faults::wrong_kind()) }
}

/// Rotation by the clock is for material that was made here.
pub(crate) fn check_origin(key: &Key) -> Result<(), Fault> {
    match key.origin {
        OriginType::AwsKms => Ok(()),
        origin => Err(faults::wrong_origin(&key.arn, origin)),
    }
}

/// Rotation is set at the primary.
pub(crate) fn check_settable(key: &Key) -> Result<(), Fault> {
    if key.replica { Err(faults::not_a_primary(&key.arn)) } else { Ok(()) }
}

/// Whether the clock rotates the key so soon that it is not rotated on demand any more.
pub(crate) fn is_imminent(key: &Key, now: Timestamp) -> bool {
    let next = key.rotation().map(|rotation| rotation.next.as_millis());
    next.is_some_and(|next| next <= now.as_millis().saturating_add(ROTATION_SOON_MILLIS))
}

/// Makes the pending material of an imported key, or new material of any other, current in the key and its
/// replicas. `key` is a primary or a key of one Region.
pub(crate) fn turn(
    kms: &Kms,
    tables: &Tables,
    key: &Key,
    how: Rotated,
    entropy: &dyn Entropy,
) -> Result<Turn, Fault> {
    let (id, fresh) = match key.pending_material {
        Some(pending) => (pending, None),
        None => {
            let binding = materials::binding(&key.arn, key.spec);
            let made = kms.strongroom.generate(&binding, entropy).map_err(faults::strongroom)?;
            (MaterialId::from_bytes(made.id), Some(made.token))
        }
    };
    let mut change = Batch::default();
    for member in tables.with_replicas(key) {
        let at = member.place();
        let material = match &fresh {
            Some(token) => {
                let order = tables.shelf(&at).map_or(0, |shelf| shelf.next_order(key.arn.key_id));
                StoredMaterial {
                    created: how.at,
                    token: Some(token.clone()),
                    order,
                    ..StoredMaterial::default()
                }
            }
            None => tables
                .shelf(&at)
                .and_then(|shelf| shelf.material(key.arn.key_id, id))
                .map(|pending| pending.unopened())
                .ok_or_else(|| faults::inconsistent(format_args!("{} lacks {id}", member.arn)))?,
        };
        let material = StoredMaterial { rotated: Some(how), ..material };
        let turned = replaced(&*member, &turned(&member, id, how));
        change = change.and(turned).put(at.material(key.id(), id), material.encode());
    }
    let events = [event(key, id, how.kind)].into_iter().chain(events::synchronized(tables, key)).collect();
    Ok(Turn { change, events })
}

/// A key after a rotation.
fn turned(key: &Key, material: MaterialId, how: Rotated) -> Key {
    let mut turned = Key { current_material: Some(material), pending_material: None, ..key.clone() };
    match how.kind {
        RotationType::Automatic => {
            turned.rotation = key.rotation().map(|rotation| Rotation::starting(how.at, rotation.period_days));
        }
        RotationType::OnDemand => {
            turned.on_demand_rotations = key.on_demand_rotations.saturating_add(1);
        }
    }
    turned
}

/// What CloudTrail shows of a rotation.
fn event(key: &Key, current: MaterialId, kind: RotationType) -> ServiceEvent {
    let previous = key.current_material.map(|previous| ("previousKeyMaterialId", previous.to_string()));
    let details = [
        ("keyId", key.arn.key_id.to_string()),
        ("rotationType", kind.as_str().to_owned()),
        ("keyOrigin", key.origin.as_str().to_owned()),
    ];
    let details = details.into_iter().chain(previous);
    let details = details.chain([("currentKeyMaterialId", current.to_string())]).collect();
    events::about(&key.arn, "RotateKey", details)
}
