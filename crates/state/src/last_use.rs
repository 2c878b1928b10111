//! When things were last used: noted in memory as calls succeed, written behind in batches.
//!
//! ```text
//! call succeeds ──► LastUse (one for each thing) ──► queue of things used since ──► Behind::write ──► store
//! ```
//! A use neither waits nor writes. What was noted since the last write is lost in a crash; the journal has it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use bytes::Bytes;
use model::Timestamp;
use store::{BATCH_OPERATIONS_MAX, Batch, Key, Precondition, Store, StoreError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A use of something.
pub trait Use: Clone + Send + 'static {
    /// When.
    fn at(&self) -> Timestamp;
}

/// The last use of one thing. All versions of the thing in memory share it; it changes in its place.
#[derive(Debug)]
pub struct LastUse<U> {
    last: Mutex<Option<U>>,
    /// Whether the thing is in the queue.
    queued: AtomicBool,
}

impl<U> Default for LastUse<U> {
    fn default() -> Self {
        Self { last: Mutex::default(), queued: AtomicBool::new(false) }
    }
}

impl<U: Use> LastUse<U> {
    /// The last use that this node knows of.
    #[must_use]
    pub fn get(&self) -> Option<U> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes a use, unless the known one says the same. Never waits: of two at the same moment, one is as good as the
    /// other. Returns whether it was noted.
    fn note(&self, same: impl FnOnce(&U) -> bool, used: impl FnOnce() -> U) -> bool {
        let Ok(mut last) = self.last.try_lock() else { return false };
        if last.as_ref().is_some_and(same) {
            return false;
        }
        *last = Some(used());
        true
    }

    /// Takes over a use that another node noted, or this one before it was started. The later use counts.
    pub fn learn(&self, used: U) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|known| known.at() < used.at()) {
            *last = Some(used);
        }
    }
}

/// Something whose last use is noted.
pub trait Tracked: Send + Sync + 'static {
    /// What is noted.
    type Use: Use;
    /// Where it is noted.
    fn last_use(&self) -> &LastUse<Self::Use>;
}

/// The things that were used since their uses were last written.
pub struct Behind<T> {
    sender: UnboundedSender<Arc<T>>,
    receiver: Mutex<UnboundedReceiver<Arc<T>>>,
    /// When was written last, in milliseconds since the epoch.
    written: AtomicI64,
}

/// The record of a last use, and what must still hold of the thing that was used.
pub struct UseRow {
    /// The thing is there.
    pub exists: Precondition,
    /// Where the record stands.
    pub key: Key,
    /// Its stored form.
    pub value: Bytes,
}

/// Rows in one batch: a precondition and a put for each.
const ROWS_MAX: usize = BATCH_OPERATIONS_MAX / 2;

impl<T> Default for Behind<T> {
    fn default() -> Self {
        let (sender, receiver) = unbounded_channel();
        Self { sender, receiver: Mutex::new(receiver), written: AtomicI64::new(i64::MIN) }
    }
}

impl<T: Tracked> Behind<T> {
    /// A way to note uses that does not borrow.
    #[must_use]
    pub fn notes(&self) -> Noting<T> {
        Noting(self.sender.clone())
    }

    /// Writes what was noted, if that is longer ago than `after_millis`. `row` gives the record of a use; `None` when
    /// the thing is gone.
    ///
    /// # Errors
    /// What the store answers; what is not written is tried again the next time.
    pub async fn write_after(
        &self,
        after_millis: i64,
        now: Timestamp,
        store: &dyn Store,
        row: impl Fn(&T, &T::Use) -> Option<UseRow>,
    ) -> Result<(), StoreError> {
        let now = now.as_millis();
        let since = now.saturating_sub(self.written.load(Ordering::Relaxed));
        if (0..after_millis).contains(&since) {
            return Ok(());
        }
        self.written.store(now, Ordering::Relaxed);
        self.write(store, row).await
    }

    /// Writes what was noted. It is no change that anybody asked for, so no record tells of it.
    ///
    /// # Errors
    /// As [`Behind::write_after`].
    pub async fn write(
        &self,
        store: &dyn Store,
        row: impl Fn(&T, &T::Use) -> Option<UseRow>,
    ) -> Result<(), StoreError> {
        let used = self.drain();
        let mut rest = used.as_slice();
        while let Some((chunk, more)) = rest.split_at_checked(rest.len().min(ROWS_MAX)) {
            if chunk.is_empty() {
                break;
            }
            match store.commit(batch(chunk, &row)).await {
                Ok(Ok(_)) => {}
                // One of the things has just changed; memory has not heard of it yet.
                Ok(Err(_)) => chunk.iter().for_each(|thing| self.put_back(thing)),
                Err(error) => {
                    rest.iter().for_each(|thing| self.put_back(thing));
                    return Err(error);
                }
            }
            rest = more;
        }
        Ok(())
    }

    /// A thing whose use was not written. It may be in the queue already, which does no harm.
    fn put_back(&self, thing: &Arc<T>) {
        thing.last_use().queued.store(true, Ordering::Release);
        let _ = self.sender.send(Arc::clone(thing));
    }

    /// What is in the queue now. Things that are used while this runs wait for the next time.
    fn drain(&self) -> Vec<Arc<T>> {
        let mut receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = receiver.len();
        let mut things = Vec::with_capacity(waiting);
        while let (true, Ok(thing)) = (things.len() < waiting, receiver.try_recv()) {
            things.push(thing);
        }
        things
    }
}

/// Notes uses.
pub struct Noting<T>(UnboundedSender<Arc<T>>);

impl<T> Clone for Noting<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Tracked> Noting<T> {
    /// Notes a use, unless the known one says the same.
    pub fn note(&self, thing: &Arc<T>, same: impl FnOnce(&T::Use) -> bool, used: impl FnOnce() -> T::Use) {
        let last_use = thing.last_use();
        // The flag is read first: a thing in constant use does not make the cores fight over it.
        if last_use.note(same, used)
            && !last_use.queued.load(Ordering::Acquire)
            && !last_use.queued.swap(true, Ordering::AcqRel)
        {
            // The receiver lives as long as the service; without it nothing would be written any more.
            let _ = self.0.send(Arc::clone(thing));
        }
    }
}

/// The records of some things' last uses.
fn batch<T: Tracked>(things: &[Arc<T>], row: impl Fn(&T, &T::Use) -> Option<UseRow>) -> Batch {
    // Two things may be the same one, of before and after memory was read anew.
    let mut latest: BTreeMap<Key, (Timestamp, UseRow)> = BTreeMap::new();
    for thing in things {
        // Before the use is read: one that comes now puts the thing into the queue again.
        thing.last_use().queued.store(false, Ordering::Release);
        let Some(used) = thing.last_use().get() else { continue };
        let Some(row) = row(thing, &used) else { continue };
        match latest.get(&row.key) {
            Some((at, _)) if *at >= used.at() => {}
            _ => drop(latest.insert(row.key.clone(), (used.at(), row))),
        }
    }
    let mut batch = Batch::default();
    for (_, UseRow { exists, key, value }) in latest.into_values() {
        batch.preconditions.push(exists);
        batch.puts.push((key, value));
    }
    batch
}

#[cfg(test)]
mod tests {
    use store::{MemoryStore, Revision};

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq)]
    struct At(i64);

    impl Use for At {
        fn at(&self) -> Timestamp {
            Timestamp::from_millis(self.0)
        }
    }

    #[derive(Default)]
    struct Thing(LastUse<At>);

    impl Tracked for Thing {
        type Use = At;

        fn last_use(&self) -> &LastUse<At> {
            &self.0
        }
    }

    fn row(revision: u64) -> impl Fn(&Thing, &At) -> Option<UseRow> {
        move |_, used| {
            let exists = Precondition::At("thing".into(), Revision(revision));
            Some(UseRow { exists, key: "use".into(), value: used.0.to_string().into() })
        }
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    async fn stored(store: &MemoryStore) -> Option<Bytes> {
        store.get(&["use".into()]).await.unwrap().pop().flatten().map(|stored| stored.value)
    }

    #[test]
    fn the_later_use_counts() {
        let last = LastUse::default();
        for (at, expected) in [(5, 5), (4, 5), (6, 6)] {
            last.learn(At(at));
            assert_eq!(last.get(), Some(At(expected)));
        }
    }

    #[test]
    fn what_changed_meanwhile_is_written_the_next_time() {
        run(async {
            let (store, behind, thing) = (MemoryStore::new(), Behind::default(), Arc::new(Thing::default()));
            let made = Batch { puts: vec![("thing".into(), Bytes::new())], ..Batch::default() };
            store.commit(made).await.unwrap().unwrap();
            behind.notes().note(&thing, |_| false, || At(7));
            behind.write(&store, row(0)).await.unwrap();
            assert_eq!(stored(&store).await, None);
            behind.write(&store, row(1)).await.unwrap();
            assert_eq!(stored(&store).await, Some("7".into()));
        });
    }

    #[test]
    fn a_thing_that_is_in_memory_twice_is_written_once() {
        run(async {
            let (store, behind) = (MemoryStore::new(), Behind::default());
            let made = Batch { puts: vec![("thing".into(), Bytes::new())], ..Batch::default() };
            store.commit(made).await.unwrap().unwrap();
            for at in [9, 8] {
                behind.notes().note(&Arc::new(Thing::default()), |_| false, || At(at));
            }
            behind.write(&store, row(1)).await.unwrap();
            assert_eq!(stored(&store).await, Some("9".into()));
        });
    }

    #[test]
    fn writing_waits_until_it_is_time() {
        run(async {
            let (store, behind, thing) = (MemoryStore::new(), Behind::default(), Arc::new(Thing::default()));
            let made = Batch { puts: vec![("thing".into(), Bytes::new())], ..Batch::default() };
            store.commit(made).await.unwrap().unwrap();
            for (now, expected) in [(0, None), (999, None), (1_000, Some("5".into()))] {
                behind.write_after(1_000, Timestamp::from_millis(now), &store, row(1)).await.unwrap();
                assert_eq!(stored(&store).await, expected);
                behind.notes().note(&thing, |known| known.0 == 5, || At(5));
            }
        });
    }
}
