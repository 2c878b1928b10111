//! The store as a `BTreeMap`: the model for the other engines, and a store to throw away.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::feed::{Feed, Kept};
use crate::{
    Answer, Batch, Bounds, Changes, Conflict, Key, Revision, SCAN_ITEMS_MAX, ScanPage, Store, StoreError,
    Versioned, Watch, check_keys,
};

/// A store in memory. The first poll of a call's future does all its work. The store needs no runtime.
pub struct MemoryStore {
    state: Mutex<State>,
    feed: Arc<Feed>,
}

#[derive(Default)]
struct State {
    records: BTreeMap<Key, Versioned>,
    revision: Revision,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::keeping(Kept::default())
    }

    fn keeping(kept: Kept) -> Self {
        Self { state: Mutex::default(), feed: Arc::new(Feed::new(Revision::default(), kept)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        self.feed.end(StoreError::Unavailable("it was closed".to_owned()));
    }
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Versioned>>> {
        Box::pin(async move {
            check_keys(keys)?;
            let state = self.state();
            Ok(keys.iter().map(|key| state.records.get(key).cloned()).collect())
        })
    }

    fn scan<'a>(&'a self, from: &'a [u8], to: &'a [u8], limit: usize) -> Answer<'a, ScanPage> {
        Box::pin(async move { Ok(self.state().page(from, to, limit)) })
    }

    fn commit(&self, batch: Batch) -> Answer<'_, Result<Revision, Conflict>> {
        Box::pin(async move {
            batch.check(Bounds::ENGINE)?;
            let mut state = self.state();
            if let Some(precondition) = state.first_failed(&batch) {
                return Ok(Err(Conflict { precondition, revision: state.revision }));
            }
            let changes = state.apply(batch);
            let revision = changes.revision;
            // Published under the lock, so that watchers see revisions in their order.
            self.feed.publish(changes);
            Ok(Ok(revision))
        })
    }

    fn watch(&self, after: Revision) -> Answer<'_, Box<dyn Watch>> {
        Box::pin(async move { self.feed.subscribe(after) })
    }
}

impl State {
    fn page(&self, from: &[u8], to: &[u8], limit: usize) -> ScanPage {
        let mut page = ScanPage { items: Vec::new(), next: None, revision: self.revision };
        if from >= to {
            return page;
        }
        for (key, versioned) in self.records.range::<[u8], _>((Included(from), Excluded(to))) {
            if page.items.len() == limit.min(SCAN_ITEMS_MAX) {
                page.next = Some(key.clone());
                break;
            }
            page.items.push((key.clone(), versioned.clone()));
        }
        page
    }

    fn first_failed(&self, batch: &Batch) -> Option<usize> {
        batch.preconditions.iter().position(|precondition| {
            let found = self.records.get(precondition.key()).map(|versioned| versioned.revision);
            !precondition.holds(found)
        })
    }

    fn apply(&mut self, batch: Batch) -> Changes {
        self.revision.0 += 1;
        let revision = self.revision;
        let mut items = Vec::with_capacity(batch.puts.len() + batch.deletes.len());
        for (key, value) in batch.puts {
            self.records.insert(key.clone(), Versioned { value: value.clone(), revision });
            items.push((key, Some(value)));
        }
        for key in batch.deletes {
            if self.records.remove(&key).is_some() {
                items.push((key, None));
            }
        }
        Changes { revision, items }
    }
}
