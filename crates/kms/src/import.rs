//! Imported material: what becomes of a key when it comes and goes.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html>

use dispatch::Fault;
use model::arn::MaterialId;
use store::{Batch, Precondition};

use crate::{
    faults,
    materials::StoredMaterial,
    tables::{Key, Shelf, Tables},
};

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
    let (place, key_id) = (key.place(), key.arn.key_id);
    let at = place.key(key_id);
    let mut change =
        Batch { preconditions: vec![Precondition::At(at.clone(), key.revision)], ..Batch::default() };
    let mut changed = key.clone();
    if key.pending_material == Some(id) {
        changed.pending_material = None;
        change.deletes.push(place.material(key_id, id));
    } else if let Some(material) = shelf.material(key_id, id) {
        changed.state = key.state.with_material(true);
        let gone = StoredMaterial { token: None, ..material.unopened() };
        change.puts.push((place.material(key_id, id), gone.encode()));
    }
    change.puts.push((at, changed.encode()));
    change
}
