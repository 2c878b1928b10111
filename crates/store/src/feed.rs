//! Committed changes on their way to the watchers of this process.
//!
//! The engine publishes into one bounded history. Each watch is only a position in this history. A slow watcher
//! therefore costs nothing and holds nobody up. It learns by [`StoreError::Compacted`] that it is too late.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::{Answer, Changes, Revision, StoreError, Watch};

/// How much history is kept for watchers that come late or fall behind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) batches: usize,
    pub(crate) bytes: usize,
}

impl Default for Kept {
    fn default() -> Self {
        Self { batches: 4096, bytes: 16 * 1024 * 1024 }
    }
}

/// The history, and the bell that wakes the watchers who wait for more.
pub(crate) struct Feed {
    history: Mutex<History>,
    bell: watch::Sender<()>,
}

struct History {
    kept: Kept,
    changes: VecDeque<Changes>,
    bytes: usize,
    /// Everything up to here is no longer in `changes`.
    forgotten: Revision,
    /// Why nothing more will come.
    end: Option<StoreError>,
}

impl Feed {
    /// A feed of what happens after `start`.
    pub(crate) fn new(start: Revision, kept: Kept) -> Self {
        let history = History { kept, changes: VecDeque::new(), bytes: 0, forgotten: start, end: None };
        Self { history: Mutex::new(history), bell: watch::Sender::new(()) }
    }

    /// Adds what a batch changed. Revisions must increase from call to call.
    pub(crate) fn publish(&self, mut changes: Changes) {
        changes.items.sort_by(|(left, _), (right, _)| left.cmp(right));
        self.lock().push(changes);
        self.bell.send_replace(());
    }

    /// Ends all watches once they have seen what was published. The first reason stays.
    pub(crate) fn end(&self, why: StoreError) {
        self.lock().end.get_or_insert(why);
        self.bell.send_replace(());
    }

    /// Why the feed has ended, if it has.
    pub(crate) fn ended(&self) -> Option<StoreError> {
        self.lock().end.clone()
    }

    /// Everything after `seen`, now and from now on.
    pub(crate) fn subscribe(self: &Arc<Self>, seen: Revision) -> Result<Box<dyn Watch>, StoreError> {
        // The caller learns this at once, not by the first `next`.
        self.lock().after(seen)?;
        Ok(Box::new(Watcher { feed: Arc::clone(self), bell: self.bell.subscribe(), seen }))
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl History {
    fn push(&mut self, changes: Changes) {
        self.bytes += weight(&changes);
        self.changes.push_back(changes);
        // The newest changes stay, however large: watchers who keep up must get them.
        while self.changes.len() > 1
            && (self.changes.len() > self.kept.batches || self.bytes > self.kept.bytes)
        {
            let Some(oldest) = self.changes.pop_front() else { return };
            self.bytes -= weight(&oldest);
            self.forgotten = oldest.revision;
        }
    }

    /// The first changes after `seen`, if there are any yet.
    fn after(&self, seen: Revision) -> Result<Option<Changes>, StoreError> {
        if seen < self.forgotten {
            return Err(StoreError::Compacted);
        }
        let index = self.changes.partition_point(|changes| changes.revision <= seen);
        match (self.changes.get(index), &self.end) {
            (Some(changes), _) => Ok(Some(changes.clone())),
            (None, Some(end)) => Err(end.clone()),
            (None, None) => Ok(None),
        }
    }
}

fn weight(changes: &Changes) -> usize {
    let item = |(key, value): &(bytes::Bytes, Option<bytes::Bytes>)| {
        key.len() + value.as_ref().map_or(0, bytes::Bytes::len) + size_of_val(key) + size_of_val(value)
    };
    size_of_val(changes) + changes.items.iter().map(item).sum::<usize>()
}

struct Watcher {
    feed: Arc<Feed>,
    bell: watch::Receiver<()>,
    seen: Revision,
}

impl Watch for Watcher {
    fn next(&mut self) -> Answer<'_, Changes> {
        Box::pin(async move {
            loop {
                // Marked before looking: a change that is published in between rings again.
                self.bell.mark_unchanged();
                let found = self.feed.lock().after(self.seen)?;
                if let Some(changes) = found {
                    self.seen = changes.revision;
                    return Ok(changes);
                }
                // This cannot fail: the feed holds the sender, and this watcher holds the feed.
                let _ = self.bell.changed().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::Key;

    #[test]
    fn a_slow_watch_learns_that_it_is_too_late() {
        let feed = feed(Kept { batches: 3, bytes: usize::MAX });
        let mut slow = feed.subscribe(Revision(10)).unwrap();
        let mut quick = feed.subscribe(Revision(10)).unwrap();
        for revision in 11..=13 {
            feed.publish(changes(revision, 1));
            assert_eq!(next(&mut *quick), Ok(Revision(revision)));
        }
        feed.publish(changes(14, 1));
        assert_eq!(next(&mut *slow), Err(StoreError::Compacted));
        assert_eq!(next(&mut *slow), Err(StoreError::Compacted), "and it stays so");
        assert_eq!(next(&mut *quick), Ok(Revision(14)));
        assert_eq!(feed.subscribe(Revision(10)).err(), Some(StoreError::Compacted));
        assert_eq!(next(&mut *feed.subscribe(Revision(11)).unwrap()), Ok(Revision(12)));
    }

    #[test]
    fn what_was_before_the_start_is_unknown() {
        let feed = feed(Kept::default());
        assert_eq!(feed.subscribe(Revision(9)).err(), Some(StoreError::Compacted));
        assert!(feed.subscribe(Revision(10)).is_ok());
    }

    #[test]
    fn bytes_bound_the_history_except_for_the_newest() {
        let feed = feed(Kept { batches: usize::MAX, bytes: 10_000 });
        for revision in 11..=20 {
            feed.publish(changes(revision, 3_000));
        }
        assert_eq!(feed.subscribe(Revision(16)).err(), Some(StoreError::Compacted));
        assert!(feed.subscribe(Revision(17)).is_ok());
        feed.publish(changes(21, 1_000_000));
        assert_eq!(next(&mut *feed.subscribe(Revision(20)).unwrap()), Ok(Revision(21)));
        feed.publish(changes(22, 1));
        assert_eq!(feed.lock().bytes, weight(&changes(22, 1)), "what is forgotten no longer counts");
    }

    #[test]
    fn an_ended_feed_still_shows_what_was_published() {
        let feed = feed(Kept::default());
        let mut watch = feed.subscribe(Revision(10)).unwrap();
        feed.publish(changes(11, 1));
        feed.end(StoreError::Full);
        feed.end(StoreError::TooLarge);
        assert_eq!(next(&mut *watch), Ok(Revision(11)));
        assert_eq!(next(&mut *watch), Err(StoreError::Full), "the first reason stays");
    }

    #[test]
    fn who_waits_is_woken() {
        let feed = feed(Kept::default());
        let mut watch = feed.subscribe(Revision(10)).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(move || (next(&mut *watch), next(&mut *watch)));
            feed.publish(changes(11, 1));
            while !waiting.is_finished() {
                feed.end(StoreError::Full);
                std::thread::yield_now();
            }
            assert_eq!(waiting.join().unwrap(), (Ok(Revision(11)), Err(StoreError::Full)));
        });
    }

    fn feed(kept: Kept) -> Arc<Feed> {
        Arc::new(Feed::new(Revision(10), kept))
    }

    fn changes(revision: u64, bytes: usize) -> Changes {
        let items = vec![(Key::from_static(b"key"), Some(Bytes::from(vec![0; bytes])))];
        Changes { revision: Revision(revision), items }
    }

    fn next(watch: &mut dyn Watch) -> Result<Revision, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(watch.next()).map(|changes| changes.revision)
    }
}
