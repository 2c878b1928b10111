//! When each key was last used: noted in memory as calls succeed, and written behind.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html>

use std::sync::Arc;

use dispatch::{Cx, Ids};
use minicbor::{Decode, Encode};
use model::{
    Timestamp,
    arn::KeyId,
    kms::{KeyLastUsageData, KeyLastUsageTrackingOperation},
};
use state::{LastUse, Row, Tracked, Use, encode, unchanged};
use store::{Store, StoreError};

use crate::{Kms, key::Key, layout::Place, tables::Tables};

/// How long a use may stay unwritten, in milliseconds.
pub(crate) const WRITTEN_AFTER_MILLIS: i64 = 30_000;
/// Milliseconds in a day.
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// A use of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// What for.
    pub operation: KeyLastUsageTrackingOperation,
    /// When the call was received.
    pub at: Timestamp,
    /// The call's ids.
    pub ids: Ids,
}

impl Use for Used {
    fn at(&self) -> Timestamp {
        self.at
    }
}

impl Tracked for Key {
    type Use = Used;

    fn last_use(&self) -> &LastUse<Used> {
        &self.last_use
    }
}

impl Key {
    /// Days in which the key was not used, since it last was or since it was made.
    pub(crate) fn trailing_days(&self, now: Timestamp) -> i64 {
        let since = self.last_use.get().map_or(self.created, |used| used.at);
        now.as_millis().saturating_sub(since.as_millis()).max(0) / DAY_MILLIS
    }
}

/// As answers carry it.
impl From<Used> for KeyLastUsageData {
    fn from(used: Used) -> Self {
        Self {
            operation: Some(used.operation),
            timestamp: Some(used.at),
            cloud_trail_event_id: Some(used.ids.event_id()),
            kms_request_id: Some(used.ids.request_id()),
        }
    }
}

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
fn row(tables: &Tables, key: &Key, used: &Used) -> Option<Row> {
    let (place, id) = (key.place(), key.id());
    let (_, key) = tables.key(&place, id)?;
    Some(Row { exists: unchanged(&**key), key: place.usage(id), value: encode(&UsageRecord::of(used)) })
}

impl Tables {
    /// Takes over a stored use. `None` when it does not decode.
    pub(crate) fn put_usage(&self, place: &Place, id: KeyId, value: &[u8]) -> Option<()> {
        let record: UsageRecord<'_> = minicbor::decode(value).ok()?;
        let used = record.used()?;
        // Records of keys stand before those of their uses, and are deleted with them.
        if let Some((_, key)) = self.key(place, id) {
            key.last_use.learn(used);
        }
        Some(())
    }
}

/// The last use of a key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct UsageRecord<'a> {
    /// The operation as on the wire.
    #[b(0)]
    operation: &'a str,
    /// When the call was received, in milliseconds since the epoch.
    #[n(1)]
    at: i64,
    /// Id of the call's record.
    #[cbor(n(2), with = "minicbor::bytes")]
    event: [u8; 16],
    /// Id of the call as its client saw it.
    #[cbor(n(3), with = "minicbor::bytes")]
    request: [u8; 16],
}

impl UsageRecord<'_> {
    fn of(used: &Used) -> Self {
        Self {
            operation: used.operation.as_str(),
            at: used.at.as_millis(),
            event: used.ids.event,
            request: used.ids.request,
        }
    }

    fn used(&self) -> Option<Used> {
        Some(Used {
            operation: KeyLastUsageTrackingOperation::parse(self.operation)?,
            at: Timestamp::from_millis(self.at),
            ids: Ids { event: self.event, request: self.request },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(at: i64) -> Used {
        Used {
            operation: KeyLastUsageTrackingOperation::Encrypt,
            at: Timestamp::from_millis(at),
            ids: Ids { event: [1; 16], request: [2; 16] },
        }
    }

    #[test]
    fn stored_forms_come_back() {
        let bytes = encode(&UsageRecord::of(&used(5)));
        let record: UsageRecord<'_> = minicbor::decode(&bytes).unwrap();
        assert_eq!(record.used(), Some(used(5)));
    }

    #[test]
    fn days_are_whole_and_never_negative() {
        let world = crate::testing::World::new();
        let key = world.key();
        let day = |days: i64| Timestamp::from_millis(key.created.as_millis() + days * DAY_MILLIS);
        assert_eq!(key.trailing_days(day(3)), 3);
        assert_eq!(key.trailing_days(Timestamp::from_millis(day(1).as_millis() - 1)), 0);
        key.last_use.learn(used(day(2).as_millis()));
        assert_eq!(key.trailing_days(day(3)), 1);
        assert_eq!(key.trailing_days(day(1)), 0);
    }
}
