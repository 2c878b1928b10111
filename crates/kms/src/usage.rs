//! When each key was last used: noted in memory as calls succeed, written behind in batches.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html>
//!
//! ```text
//! call succeeds ──► LastUse (one for each key) ──► queue of keys used since ──► clockwork ──► store
//! ```
//! A use neither waits nor writes. What was noted within [`WRITTEN_AFTER_MILLIS`] before a crash is lost; the journal
//! has it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use dispatch::{Cx, Ids};
use minicbor::{Decode, Encode};
use model::{
    Timestamp,
    arn::KeyId,
    kms::{KeyLastUsageData, KeyLastUsageTrackingOperation},
};
use store::{BATCH_OPERATIONS_MAX, Batch, Store, StoreError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    Kms,
    layout::Place,
    records::encode,
    tables::{Key, Tables},
};

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

/// The last use of one key. The only thing in memory that changes in its place: all versions of a key share it.
#[derive(Debug, Default)]
pub struct LastUse {
    last: Mutex<Option<Used>>,
    /// Whether the key is in the queue.
    queued: AtomicBool,
}

impl LastUse {
    /// The last use that is known of.
    #[must_use]
    pub fn get(&self) -> Option<Used> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A use by a call that succeeded. Never waits: of two at the same moment, one is as good as the other.
    fn note(&self, used: Used) {
        if let Ok(mut last) = self.last.try_lock() {
            *last = Some(used);
        }
    }

    /// Days in which the key was not used, since it last was or since it was made.
    pub(crate) fn trailing_days(&self, created: Timestamp, now: Timestamp) -> i64 {
        let since = self.get().map_or(created, |used| used.at);
        now.as_millis().saturating_sub(since.as_millis()).max(0) / DAY_MILLIS
    }

    /// A use that another node noted, or this one before it was started. It counts if it is the later one.
    fn learn(&self, used: Used) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|known| known.at < used.at) {
            *last = Some(used);
        }
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

/// The keys that were used since they were last written.
pub struct Usages {
    sender: UnboundedSender<Arc<Key>>,
    receiver: Mutex<UnboundedReceiver<Arc<Key>>>,
    written: AtomicI64,
}

impl Default for Usages {
    fn default() -> Self {
        let (sender, receiver) = unbounded_channel();
        Self { sender, receiver: Mutex::new(receiver), written: AtomicI64::new(i64::MIN) }
    }
}

/// Has the use of a key noted when the call succeeds, if it is one that AWS counts: dry runs are no success.
pub(crate) fn note(kms: &Kms, cx: &mut Cx<'_>, operation: &str, key: &Arc<Key>) {
    let Some(operation) = KeyLastUsageTrackingOperation::parse(operation) else { return };
    let (key, sender, at) = (Arc::clone(key), kms.usages.sender.clone(), cx.now);
    cx.notes.after_success(Box::new(move |ids| {
        key.last_use.note(Used { operation, at, ids });
        queue(&sender, key);
    }));
}

/// Puts a key into the queue, unless it is there.
fn queue(sender: &UnboundedSender<Arc<Key>>, key: Arc<Key>) {
    // Read first: a key in constant use does not make the cores fight over the flag.
    if !key.last_use.queued.load(Ordering::Acquire) && !key.last_use.queued.swap(true, Ordering::AcqRel) {
        // The receiver lives as long as the service; without it nothing would be written any more.
        let _ = sender.send(key);
    }
}

/// Writes what was noted, when it is time to. No call is recorded for it: each use is in the journal.
///
/// # Errors
/// What the store answers; what is not written stays in the queue.
pub(crate) async fn write_behind(kms: &Kms, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
    let now = now.as_millis();
    let since = now.saturating_sub(kms.usages.written.load(Ordering::Relaxed));
    if (0..WRITTEN_AFTER_MILLIS).contains(&since) {
        return Ok(());
    }
    kms.usages.written.store(now, Ordering::Relaxed);
    write(kms, store).await
}

/// Writes what was noted.
///
/// # Errors
/// What the store answers; what is not written stays in the queue.
pub(crate) async fn write(kms: &Kms, store: &dyn Store) -> Result<(), StoreError> {
    let keys = kms.usages.drain();
    let mut rest = keys.as_slice();
    while let Some((chunk, more)) = rest.split_at_checked(rest.len().min(BATCH_OPERATIONS_MAX)) {
        if chunk.is_empty() {
            break;
        }
        if let Err(error) = store.commit(batch(&kms.tables(), chunk)).await {
            rest.iter().for_each(|key| kms.usages.put_back(key));
            return Err(error);
        }
        rest = more;
    }
    Ok(())
}

impl Usages {
    /// A key whose use was not written. It may be in the queue already, which does no harm.
    fn put_back(&self, key: &Arc<Key>) {
        key.last_use.queued.store(true, Ordering::Release);
        let _ = self.sender.send(Arc::clone(key));
    }

    /// What is in the queue now. Keys that are used while this runs wait for the next time.
    fn drain(&self) -> Vec<Arc<Key>> {
        let mut receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = receiver.len();
        let mut keys = Vec::with_capacity(waiting);
        while let (true, Ok(key)) = (keys.len() < waiting, receiver.try_recv()) {
            keys.push(key);
        }
        keys
    }
}

/// The records of some keys' last uses. It needs no preconditions: another node's later use at the same moment
/// would be off by that moment.
fn batch(tables: &Tables, keys: &[Arc<Key>]) -> Batch {
    let mut latest: BTreeMap<store::Key, Used> = BTreeMap::new();
    for key in keys {
        // Before the use is read: one that comes now puts the key into the queue again.
        key.last_use.queued.store(false, Ordering::Release);
        let place = key.place();
        let exists = tables.shelf(&place).is_some_and(|shelf| shelf.keys.contains_key(&key.arn.key_id));
        if let (true, Some(used)) = (exists, key.last_use.get()) {
            let newest = latest.entry(place.usage(key.arn.key_id)).or_insert(used);
            if newest.at < used.at {
                *newest = used;
            }
        }
    }
    Batch {
        puts: latest.into_iter().map(|(at, used)| (at, encode(&UsageRecord::of(&used)))).collect(),
        ..Batch::default()
    }
}

impl Tables {
    /// Takes over a stored use. `None` when it does not decode.
    pub(crate) fn put_usage(&self, place: &Place, id: KeyId, value: &[u8]) -> Option<()> {
        let record: UsageRecord<'_> = minicbor::decode(value).ok()?;
        let used = record.used()?;
        // Records of keys stand before those of their uses, and are deleted with them.
        if let Some(key) = self.shelf(place).and_then(|shelf| shelf.keys.get(&id)) {
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
    fn the_later_use_counts() {
        let known = LastUse::default();
        for (at, expected) in [(5, 5), (4, 5), (6, 6)] {
            known.learn(used(at));
            assert_eq!(known.get(), Some(used(expected)));
        }
    }

    #[test]
    fn days_are_whole_and_never_negative() {
        let known = LastUse::default();
        let (made, day) = (Timestamp::from_millis(0), |days: i64| Timestamp::from_millis(days * DAY_MILLIS));
        assert_eq!(known.trailing_days(made, day(3)), 3);
        assert_eq!(known.trailing_days(made, Timestamp::from_millis(DAY_MILLIS - 1)), 0);
        known.learn(used(2 * DAY_MILLIS));
        assert_eq!(known.trailing_days(made, day(3)), 1);
        assert_eq!(known.trailing_days(made, day(1)), 0);
    }
}
