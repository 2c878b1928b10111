//! Writing behind when access keys were last used.
//!
//! Uses are noted in memory, for they come with every request; what is new is written once a minute. A crash
//! loses the last minute of it, which decides nothing.

use std::{sync::Arc, time::Duration};

use dispatch::Backstage;
use state::{Behind, UseRow, encode, unchanged};
use store::{Store, StoreError};

use crate::{
    IdentityManagement,
    last_use::{KeyUse, Used},
    layout::{self, Kind},
    records::AccessKeyUseRecord,
    tables::Tables,
};

/// How often uses are written.
const TICK: Duration = Duration::from_secs(60);

/// Writes what is new, for ever.
pub async fn run(service: Arc<IdentityManagement>, backstage: Backstage) {
    loop {
        tokio::time::sleep(TICK).await;
        if let Err(error) = tick(&service, &backstage).await {
            tracing::warn!(%error, "the last uses of access keys are written later");
        }
    }
}

/// Writes what is new now.
///
/// # Errors
/// What the store answers; what is not written stays new.
pub async fn tick(service: &IdentityManagement, backstage: &Backstage) -> Result<(), StoreError> {
    match backstage.mirror.snapshot().find::<Tables>() {
        Some(tables) => write(&service.used, tables, &*backstage.store).await,
        None => Ok(()),
    }
}

/// Writes what was noted. It is no change that anybody asked for, so it is no event.
///
/// # Errors
/// What the store answers; what is not written is tried again.
async fn write(used: &Behind<KeyUse>, tables: &Tables, store: &dyn Store) -> Result<(), StoreError> {
    used.write(store, |key, used| row(tables, key, used)).await
}

/// The record of an access key's last use; `None` when the key is gone.
fn row(tables: &Tables, key: &KeyUse, used: &Used) -> Option<UseRow> {
    let key = tables.access_key(&key.id)?;
    let record = AccessKeyUseRecord {
        at: used.at.as_millis(),
        service: used.service.as_str().into(),
        region: used.region.as_str().into(),
    };
    let at = layout::key(key.account, Kind::AccessKeyUse, &key.id);
    Some(UseRow { exists: unchanged(key), key: at, value: encode(&record) })
}
