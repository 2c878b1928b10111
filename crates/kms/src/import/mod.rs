//! Imported material: what is accepted, and what becomes of a key when its material comes and goes.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html>

mod arrival;
mod expiry;
mod token;
mod wrapping;

use dispatch::Fault;
use model::{
    arn::MaterialId,
    kms::{KeySpec, OriginType},
};
use state::{replaced, touched};
use store::Batch;

pub(crate) use arrival::{Arrival, Wish};
pub(crate) use expiry::expiry;
pub(crate) use token::VALID_DAYS;
pub(crate) use wrapping::{offer, unwrap};

use self::token::ImportToken;
use crate::{
    faults,
    key::Key,
    materials::StoredMaterial,
    tables::{Shelf, Tables},
};

/// Whether keys of this spec can be made without material, to be imported. AWS leaves out the post-quantum ones.
pub(crate) fn is_importable(spec: KeySpec) -> bool {
    !matches!(
        spec,
        KeySpec::MlDsa44
            | KeySpec::MlDsa65
            | KeySpec::MlDsa87
            | KeySpec::MlKem512
            | KeySpec::MlKem768
            | KeySpec::MlKem1024
    )
}

/// Import is for keys that were made for it.
pub(crate) fn check_origin(key: &Key) -> Result<(), Fault> {
    match key.origin {
        OriginType::External => Ok(()),
        origin => Err(faults::wrong_origin(&key.arn, origin)),
    }
}

/// Material comes in any state but on the way out. What the key is made for is looked at first.
pub(crate) fn check_open(key: &Key) -> Result<(), Fault> {
    check_origin(key)?;
    key.state.changeable().map_err(|refusal| faults::refused(&key.arn, refusal))
}

/// Imported keys rotate to material that was imported for that, in every Region that the key is in.
pub(crate) fn check_rotatable(tables: &Tables, key: &Key) -> Result<(), Fault> {
    let pending = key.pending_material.ok_or_else(|| faults::nothing_pending(&key.arn))?;
    if is_everywhere(tables, key, pending) { Ok(()) } else { Err(faults::not_everywhere(&key.arn, pending)) }
}

/// Whether a material has been imported into a key and all of its replicas.
pub(crate) fn is_everywhere(tables: &Tables, key: &Key, id: MaterialId) -> bool {
    let imported = |member: &Key| {
        let material = tables.shelf(&member.place())?.material(member.arn.key_id, id)?;
        material.token.as_ref().map(|_| ())
    };
    imported(key).is_some() && tables.replicas(key).iter().all(|replica| imported(replica).is_some())
}

/// The change that takes a material away from a key: by deletion or expiry. What the key has encrypted or
/// decrypted with stays listed, to be imported again; what was only waiting to become current is forgotten.
pub(crate) fn without(shelf: &Shelf, key: &Key, id: MaterialId) -> Batch {
    let at = key.place().material(key.id(), id);
    let mut changed = key.clone();
    if key.pending_material == Some(id) {
        changed.pending_material = None;
        return replaced(key, &changed).delete(at);
    }
    let Some(material) = shelf.material(key.id(), id) else { return touched(key) };
    changed.state = key.state.with_material(true);
    let gone = StoredMaterial { token: None, ..material.unopened() };
    replaced(key, &changed).put(at, gone.encode())
}

/// The change that takes a material away from a key, and from its replicas if it only waits to become current.
pub(crate) fn withdrawn(tables: &Tables, shelf: &Shelf, key: &Key, id: MaterialId) -> Batch {
    let mut change = without(shelf, key, id);
    if key.pending_material != Some(id) || key.replica {
        return change;
    }
    for replica in tables.replicas(key) {
        if let Some(shelf) = tables.shelf(&replica.place()).filter(|_| replica.pending_material == Some(id)) {
            change = change.and(without(shelf, &replica, id));
        }
    }
    change
}
