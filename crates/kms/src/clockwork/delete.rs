//! The deletion of a key, when its waiting period is over.

use std::mem;

use dispatch::Backstage;
use state::{replaced, unchanged};
use store::{BATCH_OPERATIONS_MAX, Batch};

use super::Undone;
use crate::{
    events,
    key::Key,
    tables::{Shelf, Tables},
};

/// Deletions in one batch, with room for preconditions, the primary and the record.
const DELETES_MAX: usize = BATCH_OPERATIONS_MAX - 10;

/// Deletes a key with its material, aliases and grants. The last replica of a primary whose own deletion waits for
/// that sets its waiting period off. `false` when the key changed meanwhile.
pub(super) async fn delete(
    backstage: &Backstage,
    tables: &Tables,
    shelf: &Shelf,
    key: &Key,
) -> Result<bool, Undone> {
    let (place, id) = (key.place(), key.arn.key_id);
    let materials = shelf.materials(id).map(|(material, _)| place.material(id, material));
    let aliases = shelf.aliases_of(id).map(|name| place.alias(name));
    let grants = shelf.grants(id).into_iter().flat_map(|grants| grants.after(None));
    let grants = grants.map(|grant| place.grant(id, grant.id));
    // The key's record goes last, so that whatever is left after a failure is still found through it.
    let deletes: Vec<store::Key> =
        materials.chain(aliases).chain(grants).chain([place.usage(id), place.key(id)]).collect();
    let claim = unchanged(key);
    let event = events::about(&key.arn, "DeleteKey", vec![("keyId", id.to_string())]);
    let mut chunks = deletes.chunks(DELETES_MAX).peekable();
    while let Some(chunk) = chunks.next() {
        let mut batch =
            Batch { preconditions: vec![claim.clone()], deletes: chunk.to_vec(), puts: Vec::new() };
        let done = if chunks.peek().is_some() {
            backstage.store.commit(batch).await?.is_ok()
        } else {
            if key.replica {
                leave_family(backstage, tables, key, &mut batch);
            }
            backstage.commit(&event, batch).await?
        };
        if !done {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Adds to the batch that deletes a replica what that means for its primary.
fn leave_family(backstage: &Backstage, tables: &Tables, replica: &Key, batch: &mut Batch) {
    let family = tables.family(replica.arn.account, replica.arn.key_id);
    let Some(primary) = family.iter().find(|member| !member.replica) else { return };
    let last = family.iter().all(|member| !member.replica || member.arn == replica.arn);
    let state = if last { primary.state.without_replicas(backstage.clock.now()) } else { primary.state };
    *batch = mem::take(batch).and(replaced(&**primary, &Key { state, ..Key::clone(primary) }));
}
