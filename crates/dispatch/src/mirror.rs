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

use store::{Changes, Page, Revision, SCAN_ITEMS_MAX, Store, StoreError};
use tokio::sync::watch;

/// Memory of one service that follows the store.
pub trait Follower: Send + Sync {
    /// Forgets everything, before the store is read again from the start.
    fn clear(&self);
    /// Takes over one page of a scan of the whole store.
    ///
    /// # Errors
    /// [`Unreadable`] when a record does not decode: the store is damaged or newer.
    fn load(&self, page: &Page) -> Result<(), Unreadable>;
    /// Takes over what one batch changed. Changes at revisions that a page already held come again.
    ///
    /// # Errors
    /// As [`Follower::load`].
    fn apply(&self, changes: &Changes) -> Result<(), Unreadable>;
}

/// A stored record that this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Key of the record.
    pub key: String,
}

impl Unreadable {
    /// The record under this key.
    #[must_use]
    pub fn at(key: &[u8]) -> Self {
        Self { key: String::from_utf8_lossy(key).into_owned() }
    }
}

/// How far this node's memory has followed.
pub struct Mirror {
    reached: watch::Sender<Revision>,
    following: AtomicBool,
}

/// How long to wait before reading the store again after it failed.
const RETRY: Duration = Duration::from_millis(500);

impl Default for Mirror {
    fn default() -> Self {
        Self { reached: watch::Sender::new(Revision(0)), following: AtomicBool::new(false) }
    }
}

impl Mirror {
    /// Whether memory is current. While it is not, calls are refused rather than decided on stale policies.
    #[must_use]
    pub fn is_following(&self) -> bool {
        self.following.load(Ordering::Acquire)
    }

    /// What memory holds.
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

    /// Reads the whole store into memory. Returns the revision to watch from.
    ///
    /// # Errors
    /// What the store answers; records that cannot be read count as corruption.
    pub async fn load(
        &self,
        store: &dyn Store,
        followers: &[Arc<dyn Follower>],
    ) -> Result<Revision, StoreError> {
        followers.iter().for_each(|follower| follower.clear());
        let mut from = store::Key::new();
        let mut first = None;
        loop {
            let page = store.scan(&from, &[0xFF], SCAN_ITEMS_MAX).await?;
            // Later pages may be newer; watching from the oldest brings everything in between again.
            let start = *first.get_or_insert(page.revision);
            for follower in followers {
                follower.load(&page)?;
            }
            match page.next {
                Some(next) => from = next,
                None => {
                    self.advance(start);
                    return Ok(start);
                }
            }
        }
    }

    /// Follows the store for ever: applies changes as they come, reads everything again after a gap.
    pub async fn follow(&self, store: &dyn Store, followers: &[Arc<dyn Follower>], mut from: Revision) {
        loop {
            match self.watch(store, followers, from).await {
                StoreError::Compacted => {}
                error => {
                    tracing::error!(%error, "this node lost its store and refuses calls until it is back");
                    tokio::time::sleep(RETRY).await;
                }
            }
            self.following.store(false, Ordering::Release);
            match self.load(store, followers).await {
                Ok(revision) => from = revision,
                Err(error) => tracing::error!(%error, "the store cannot be read"),
            }
        }
    }

    /// Applies changes until the store fails.
    async fn watch(&self, store: &dyn Store, followers: &[Arc<dyn Follower>], from: Revision) -> StoreError {
        let mut watch = match store.watch(from).await {
            Ok(watch) => watch,
            Err(error) => return error,
        };
        self.following.store(true, Ordering::Release);
        loop {
            let changes = match watch.next().await {
                Ok(changes) => changes,
                Err(error) => return error,
            };
            for follower in followers {
                if let Err(unreadable) = follower.apply(&changes) {
                    return unreadable.into();
                }
            }
            self.advance(changes.revision);
        }
    }

    fn advance(&self, revision: Revision) {
        self.reached.send_if_modified(|reached| {
            let newer = revision > *reached;
            *reached = revision.max(*reached);
            newer
        });
    }
}

impl From<Unreadable> for StoreError {
    fn from(unreadable: Unreadable) -> Self {
        Self::Corrupt(format!("the record `{}` does not decode", unreadable.key))
    }
}
