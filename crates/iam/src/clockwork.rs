//! Writing behind when access keys were last used, and when users and roles last called each service.
//!
//! Uses are noted in memory, for they come with every request; what is new is written once a minute. A crash
//! loses the last minute of it, which decides nothing.

use std::{sync::Arc, time::Duration};

use dispatch::Backstage;
use state::{UseRow, encode, unchanged};
use store::StoreError;

use crate::{
    IdentityManagement,
    activity::{LastCall, ServiceUse},
    entities::EntityKind,
    last_use::{KeyUse, Used},
    layout::{self, Kind},
    records::{AccessKeyUseRecord, ServiceUseRecord},
    tables::Tables,
};

/// How often uses are written.
const TICK: Duration = Duration::from_secs(60);

/// Writes what is new, for ever.
pub async fn run(service: Arc<IdentityManagement>, backstage: Backstage) {
    loop {
        tokio::time::sleep(TICK).await;
        if let Err(error) = tick(&service, &backstage).await {
            tracing::warn!(%error, "the last uses of access keys, and the last calls of users and roles, are written later");
        }
    }
}

/// Writes what is new now.
///
/// # Errors
/// What the store answers; what is not written stays new.
pub async fn tick(service: &IdentityManagement, backstage: &Backstage) -> Result<(), StoreError> {
    let snapshot = backstage.mirror.snapshot();
    let Some(tables) = snapshot.find::<Tables>() else { return Ok(()) };
    // No change that anybody asked for, so it is no event.
    service.used.write(&*backstage.store, |key, used| key_use(tables, key, used)).await?;
    service.called.write(&*backstage.store, |called, last| service_use(tables, called, last)).await?;
    service.activities.keep(|bearer| tables.bearer(bearer).is_some());
    Ok(())
}

/// The record of an access key's last use; `None` when the key is gone.
fn key_use(tables: &Tables, key: &KeyUse, used: &Used) -> Option<UseRow> {
    let key = tables.access_key(&key.id)?;
    let record = AccessKeyUseRecord {
        at: used.at.as_millis(),
        service: used.service.as_str().into(),
        region: used.region.as_str().into(),
    };
    let at = layout::key(key.account, Kind::AccessKeyUse, &key.id);
    Some(UseRow { exists: unchanged(key), key: at, value: encode(&record) })
}

/// The record of the last call of a service by a user or role; `None` when the user or role is gone.
fn service_use(tables: &Tables, called: &ServiceUse, last: &LastCall) -> Option<UseRow> {
    let bearer = &*called.bearer;
    let row = |account, exists| {
        let record = ServiceUseRecord { at: last.at.as_millis(), region: last.region.as_str().into() };
        UseRow { exists, key: called.service.key(account, bearer), value: encode(&record) }
    };
    match tables.bearer(bearer)?.kind {
        EntityKind::User => tables.user(bearer).map(|(_, user)| row(user.entity.account, unchanged(&**user))),
        EntityKind::Role => tables.role(bearer).map(|(_, role)| row(role.entity.account, unchanged(&**role))),
        EntityKind::Group => None,
    }
}
