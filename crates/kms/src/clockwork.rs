//! What falls due: the deletion of keys.
//!
//! Due work is found in memory and claimed through the store: the commit holds only if the key is still as it
//! was, so of several nodes one does it, once, and a cancellation in the last moment wins or loses cleanly.

use std::{sync::Arc, time::Duration};

use dispatch::{Backstage, ServiceEvent};
use model::arn::KeyId;
use store::{BATCH_OPERATIONS_MAX, Batch, Precondition, StoreError};

use crate::{Kms, layout::Place};

/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(1);
/// Deletions in one batch, with room for the precondition and the record.
const DELETES_MAX: usize = BATCH_OPERATIONS_MAX - 10;

/// Does what is due, for ever.
pub async fn run(kms: Arc<Kms>, backstage: Backstage) {
    loop {
        if let Err(error) = tick(&kms, &backstage).await {
            tracing::warn!(%error, "due deletions are tried again");
        }
        tokio::time::sleep(TICK).await;
    }
}

/// Does what is due now. Returns how many keys were deleted.
///
/// # Errors
/// What the store answers; what is not done stays due.
pub async fn tick(kms: &Kms, backstage: &Backstage) -> Result<usize, StoreError> {
    if !backstage.mirror.is_following() {
        return Ok(0);
    }
    let due: Vec<(Place, KeyId)> =
        kms.tables().due(backstage.clock.now()).map(|(place, id)| (place.clone(), id)).collect();
    let mut deleted = 0;
    for (place, id) in due {
        deleted += usize::from(delete(kms, backstage, &place, id).await?);
    }
    Ok(deleted)
}

/// Deletes a key with its material and aliases. `false` when it changed meanwhile.
async fn delete(kms: &Kms, backstage: &Backstage, place: &Place, id: KeyId) -> Result<bool, StoreError> {
    let tables = kms.tables();
    let Some((shelf, key)) = tables.shelf(place).and_then(|shelf| Some((shelf, shelf.keys.get(&id)?))) else {
        return Ok(false);
    };
    let materials = shelf.materials(id).map(|material| place.material(id, material));
    let aliases = shelf.aliases_of(id).map(|name| place.alias(name));
    // The key's record goes last, so that whatever is left after a failure is still found through it.
    let deletes: Vec<store::Key> = materials.chain(aliases).chain([place.key(id)]).collect();
    let claim = Precondition::At(place.key(id), key.revision);
    let event = ServiceEvent {
        service: "kms",
        name: "DeleteKey",
        account: place.account.to_string(),
        region: place.region.to_string(),
        resource: key.arn.to_string(),
    };
    let mut chunks = deletes.chunks(DELETES_MAX).peekable();
    while let Some(chunk) = chunks.next() {
        let batch = Batch { preconditions: vec![claim.clone()], deletes: chunk.to_vec(), puts: Vec::new() };
        let done = if chunks.peek().is_some() {
            backstage.store.commit(batch).await?.is_ok()
        } else {
            backstage.commit(&event, batch).await?
        };
        if !done {
            return Ok(false);
        }
    }
    Ok(true)
}
