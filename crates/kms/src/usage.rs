//! When each key was last used: noted in memory as calls succeed, and written behind.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html>

use std::sync::Arc;

use dispatch::Cx;
use model::{Timestamp, kms::KeyLastUsageTrackingOperation};
use state::{UseRow, unchanged};
use store::{Store, StoreError};

use crate::{Kms, key::Key, last_use::Used, tables::Tables};

/// How long a use may stay unwritten, in milliseconds.
const WRITTEN_AFTER_MILLIS: i64 = 30_000;

/// Has the use of a key noted when the call succeeds, if it is one that AWS counts: dry runs are no success.
pub(crate) fn note(kms: &Kms, cx: &mut Cx<'_>, key: &Arc<Key>) {
    let Some(operation) = KeyLastUsageTrackingOperation::parse(cx.operation.name) else { return };
    let (key, notes, at) = (Arc::clone(key), kms.used.notes(), cx.now);
    cx.notes.after_success(Box::new(move |ids| {
        notes.note(&key, |_| false, || Used { operation, at, ids });
    }));
}

/// Writes what was noted, when it is time to. No call is recorded for it: each use is in the journal.
///
/// # Errors
/// What the store answers; what is not written is tried again.
pub(crate) async fn write_behind(kms: &Kms, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
    kms.used.write_after(WRITTEN_AFTER_MILLIS, now, store, |key, used| row(kms.tables(), key, used)).await
}

/// Writes what was noted.
///
/// # Errors
/// What the store answers; what is not written is tried again.
pub(crate) async fn write(kms: &Kms, store: &dyn Store) -> Result<(), StoreError> {
    kms.used.write(store, |key, used| row(kms.tables(), key, used)).await
}

/// The record of a key's last use; `None` when the key is gone.
fn row(tables: &Tables, key: &Key, used: &Used) -> Option<UseRow> {
    let (place, id) = (key.place(), key.id());
    let (_, key) = tables.key(&place, id)?;
    Some(UseRow { exists: unchanged(&**key), key: place.usage(id), value: used.encode() })
}
