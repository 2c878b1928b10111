//! Writing behind when access keys were last used.
//!
//! Uses are noted in memory, for they come with every request; what is new is written once a minute. A crash
//! loses the last minute of it, which decides nothing.

use std::{sync::Arc, time::Duration};

use dispatch::Backstage;
use store::StoreError;

use crate::{IdentityManagement, last_use, tables::Tables};

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
        Some(tables) => last_use::write(&service.used, tables, &*backstage.store).await,
        None => Ok(()),
    }
}
