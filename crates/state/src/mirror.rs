//! Memory that follows the store.
//!
//! Requests read memory only. There is one way into that memory: the store's own changes, in the order of
//! their revisions, whichever node made them. A commit waits until this node's memory has reached it, so
//! that the next request sees it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use store::{Changes, Revision, ScanPage, Store, StoreError};
use tokio::sync::watch;

use crate::{Snapshot, StoredRecord, Unreadable};

/// The memory of this node.
pub struct Mirror {
    current: ArcSwap<Snapshot>,
    reached: watch::Sender<Revision>,
    following: AtomicBool,
}

/// The store, read once from its start to its end. Nobody sees it before everything that happened meanwhile is in it.
pub struct Loaded {
    snapshot: Snapshot,
    /// The revision of the first page: whatever was changed after it is still to come.
    from: Revision,
    /// The revision of the last page: from here on the snapshot is a state that the store really had.
    head: Revision,
}

/// How long to wait before reading the store again after it failed.
const RETRY: Duration = Duration::from_millis(500);

impl Mirror {
    /// Memory of the services whose tables are in `empty`.
    #[must_use]
    pub fn new(empty: Snapshot) -> Self {
        Self {
            current: ArcSwap::from_pointee(empty),
            reached: watch::Sender::new(Revision(0)),
            following: AtomicBool::new(false),
        }
    }

    /// Everything at the latest revision that this node has reached.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Whether memory is current. While it is not, calls are refused rather than decided on stale policies.
    #[must_use]
    pub fn is_following(&self) -> bool {
        self.following.load(Ordering::Acquire)
    }

    /// The revision that memory holds.
    #[must_use]
    pub fn reached(&self) -> Revision {
        *self.reached.borrow()
    }

    /// Waits until memory holds everything up to `revision`.
    pub async fn reach(&self, revision: Revision) {
        let mut reached = self.reached.subscribe();
        // The sender lives as long as `self`, so this ends only when the revision is reached.
        let _ = reached.wait_for(|at| *at >= revision).await;
    }

    /// Reads the whole store. Memory holds it at once if nothing was changed meanwhile, else once it is
    /// [followed](Self::follow).
    ///
    /// # Errors
    /// What the store answers; records that cannot be read count as corruption.
    pub async fn load(&self, store: &dyn Store) -> Result<Loaded, StoreError> {
        let (mut snapshot, mut first, mut head) = (self.current.load().empty(), None, Revision(0));
        let mut take = |page: ScanPage| {
            let from = *first.get_or_insert(page.revision);
            head = page.revision;
            snapshot = snapshot.taking(&of_page(&page), from)?;
            Ok(())
        };
        store.survey(&mut take).await?;
        let loaded = Loaded { snapshot, from: first.unwrap_or(head), head };
        if loaded.is_a_state() {
            self.publish(&loaded.snapshot);
        }
        Ok(loaded)
    }

    /// Follows the store for ever: takes changes over as they come, reads everything again after a gap.
    pub async fn follow(&self, store: &dyn Store, mut loaded: Loaded) {
        loop {
            let end = self.watch(store, loaded).await;
            // Before anything else: what memory has may not be true any more.
            self.following.store(false, Ordering::Release);
            match end {
                StoreError::Compacted => {}
                error => {
                    tracing::error!(%error, "this node lost its store and refuses calls until the store is back");
                    tokio::time::sleep(RETRY).await;
                }
            }
            loaded = self.reload(store).await;
        }
    }

    async fn reload(&self, store: &dyn Store) -> Loaded {
        loop {
            match self.load(store).await {
                Ok(loaded) => return loaded,
                Err(error) => tracing::error!(%error, "the store cannot be read"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Takes changes over until the store fails.
    async fn watch(&self, store: &dyn Store, loaded: Loaded) -> StoreError {
        let mut watch = match store.watch(loaded.from).await {
            Ok(watch) => watch,
            Err(error) => return error,
        };
        if loaded.is_a_state() {
            self.following.store(true, Ordering::Release);
        }
        let Loaded { mut snapshot, head, .. } = loaded;
        loop {
            let changes = match watch.next().await {
                Ok(changes) => changes,
                Err(error) => return error,
            };
            snapshot = match snapshot.taking(&of_changes(&changes), changes.revision) {
                Ok(snapshot) => snapshot,
                Err(unreadable) => return unreadable.into(),
            };
            if changes.revision >= head {
                self.publish(&snapshot);
                self.following.store(true, Ordering::Release);
            }
        }
    }

    /// Takes the changes that follow upon what memory holds over at once.
    ///
    /// # Errors
    /// [`Unreadable`]; memory stays as it was.
    pub fn take(&self, changes: &Changes) -> Result<(), Unreadable> {
        let snapshot = self.current.load().taking(&of_changes(changes), changes.revision)?;
        self.publish(&snapshot);
        Ok(())
    }

    fn publish(&self, snapshot: &Snapshot) {
        self.current.store(Arc::new(snapshot.clone()));
        let revision = snapshot.revision();
        self.reached.send_if_modified(|reached| {
            let newer = revision > *reached;
            *reached = revision.max(*reached);
            newer
        });
    }
}

impl Loaded {
    /// Whether all pages were read at one revision.
    fn is_a_state(&self) -> bool {
        self.from >= self.head
    }
}

fn of_page(page: &ScanPage) -> Vec<StoredRecord<'_>> {
    let items = page.items.iter();
    items
        .map(|(key, stored)| StoredRecord { key, value: Some(&stored.value), revision: stored.revision })
        .collect()
}

fn of_changes(changes: &Changes) -> Vec<StoredRecord<'_>> {
    let revision = changes.revision;
    changes.items.iter().map(|(key, value)| StoredRecord { key, value: value.as_deref(), revision }).collect()
}
