//! Writing behind when access keys were last used.
//!
//! Uses are noted in memory, for they come with every request; what is new is written once a minute. A crash
//! loses the last minute of it, which decides nothing. It is no change that anybody asked for, so it is no event.

use std::{sync::Arc, time::Duration};

use dispatch::Backstage;
use store::{BATCH_OPERATIONS_MAX, Batch, Precondition, StoreError};

use crate::{
    Directory,
    layout::{self, Kind},
};

/// How often uses are written.
const TICK: Duration = Duration::from_secs(60);
/// Access keys in one batch: a precondition and a put for each.
const KEYS_MAX: usize = BATCH_OPERATIONS_MAX / 2;

/// Writes what is new, for ever.
pub async fn run(directory: Arc<Directory>, backstage: Backstage) {
    loop {
        tokio::time::sleep(TICK).await;
        if let Err(error) = tick(&directory, &backstage).await {
            tracing::warn!(%error, "the last uses of access keys are written later");
        }
    }
}

/// Writes what is new now. Returns for how many access keys.
///
/// # Errors
/// What the store answers; what is not written stays new.
pub async fn tick(directory: &Directory, backstage: &Backstage) -> Result<usize, StoreError> {
    let tables = directory.tables();
    let unwritten = tables.access_keys().filter_map(|key| Some((key, key.last_use.unwritten()?)));
    let unwritten: Vec<_> = unwritten.collect();
    let mut written = 0;
    for chunk in unwritten.chunks(KEYS_MAX) {
        let batch = Batch {
            // A key that was deleted meanwhile must not leave its use behind.
            preconditions: chunk.iter().map(|(key, _)| Precondition::At(key.key(), key.revision)).collect(),
            puts: chunk
                .iter()
                .map(|(key, used)| (layout::key(key.account, Kind::AccessKeyUse, &key.id), used.clone()))
                .collect(),
            deletes: Vec::new(),
        };
        if backstage.store.commit(batch).await?.is_ok() {
            written += chunk.len();
        }
    }
    Ok(written)
}
