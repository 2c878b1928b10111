//! The deletion of a key, when its waiting period is over.

use std::mem;

use dispatch::Backstage;
use state::{removed, replaced, unchanged};
use store::{BATCH_OPERATIONS_MAX, Batch, Precondition};

use super::Undone;
use crate::{
    events,
    key::Key,
    tables::{Shelf, Tables},
};

/// Operations in one batch, with room for the key, its primary and the event.
const OPERATIONS_MAX: usize = BATCH_OPERATIONS_MAX - 10;

/// Deletes a key with its material, aliases and grants. The last replica of a primary whose own deletion waits for
/// that sets its waiting period off. `false` when the key or one of its aliases changed meanwhile.
pub(super) async fn delete(
    backstage: &Backstage,
    tables: &Tables,
    shelf: &Shelf,
    key: &Key,
) -> Result<bool, Undone> {
    let mut earlier = packed(below(shelf, key));
    let last = earlier.pop().unwrap_or_default();
    let at = key.place().key(key.id());
    let mut claim = unchanged(key);
    if !earlier.is_empty() {
        // From now on the key has no way back, so that a part of it may go before the rest.
        let going = Key { state: key.state.being_deleted(), ..key.clone() };
        match backstage.store.commit(replaced(key, &going)).await? {
            Ok(revision) => claim = Precondition::At(at.clone(), revision),
            Err(_) => return Ok(false),
        }
    }
    for batch in earlier {
        if backstage.store.commit(batch.only_if(claim.clone())).await?.is_err() {
            return Ok(false);
        }
    }
    // The key's record goes last: whatever is left after a failure is still found through it.
    let mut batch = last.only_if(claim).delete(at);
    if key.replica {
        leave_family(backstage, tables, key, &mut batch);
    }
    let event = events::about(&key.arn, "DeleteKey", vec![("keyId", key.id().to_string())]);
    Ok(backstage.commit(&[event], batch).await?)
}

/// What goes with a key, one change for each record.
fn below(shelf: &Shelf, key: &Key) -> Vec<Batch> {
    let (place, id) = (key.place(), key.id());
    let materials = shelf.materials(id).map(|(material, _)| place.material(id, material));
    let grants = shelf.grants(id).into_iter().flat_map(|grants| grants.after(None));
    let grants = grants.map(|grant| place.grant(id, grant.id));
    let locked = materials.chain(grants).chain([place.usage(id)]);
    // The key's record is no lock of its aliases: one may have become another key's meanwhile.
    let aliases = shelf.aliases_of(id).filter_map(|name| shelf.aliases.get(name)).map(removed);
    locked.map(|record| Batch::default().delete(record)).chain(aliases).collect()
}

/// The same changes in as few batches as they fit into.
fn packed(changes: Vec<Batch>) -> Vec<Batch> {
    let size = |batch: &Batch| batch.preconditions.len() + batch.deletes.len();
    let mut batches: Vec<Batch> = Vec::new();
    for change in changes {
        match batches.last_mut() {
            Some(batch) if size(batch) + size(&change) <= OPERATIONS_MAX => {
                *batch = mem::take(batch).and(change);
            }
            _ => batches.push(change),
        }
    }
    batches
}

/// Adds to the batch that deletes a replica what that means for its primary.
fn leave_family(backstage: &Backstage, tables: &Tables, replica: &Key, batch: &mut Batch) {
    let family = tables.family(replica.arn.account, replica.arn.key_id);
    let Some(primary) = family.iter().find(|member| !member.replica) else { return };
    let last = family.iter().all(|member| !member.replica || member.arn == replica.arn);
    let state = if last { primary.state.without_replicas(backstage.clock.now()) } else { primary.state };
    *batch = mem::take(batch).and(replaced(&**primary, &Key { state, ..Key::clone(primary) }));
}
