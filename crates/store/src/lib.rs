//! What Keywright asks of a storage engine: ordered keys, compare-and-commit batches, watches.
//!
//! The [`Store`] trait has four methods over bytes, and one that reads everything. It needs nothing that only some engines have: no range deletes,
//! no time-to-live, no joins. Revisions increase strictly with every committed batch. Caches trust no other clock.
//! An engine is right when it passes [`conformance`].
//!
//! ```text
//!                       ┌► MemoryStore   a BTreeMap: the model, and `keywright dev`
//! Arc<dyn Store> ───────┼► SqliteStore   embedded and durable
//!    ▲                  └► FaultyStore   around either of them, fails on purpose
//!    └ NotarisedStore       around any engine: authenticates every record, and keeps account of them all
//! ```

mod adoption;
mod batch;
pub mod conformance;
mod error;
mod faulty;
mod feed;
mod ledger;
mod memory;
mod notarised;
mod notary;
mod sqlite;

use std::{future::Future, pin::Pin};

use bytes::Bytes;

pub use crate::adoption::Adoption;
pub use crate::batch::{Batch, Bounds, Conflict, Precondition, check_keys};
pub use crate::error::StoreError;
pub use crate::faulty::{FaultEffect, FaultyStore, PlannedFault, StoreCall};
pub use crate::memory::MemoryStore;
pub use crate::notarised::NotarisedStore;
pub use crate::notary::{Notary, STAMP_BYTES, TAG_BYTES, TERM_BYTES};
pub use crate::sqlite::{Checked, Options, SqliteStore, StoreOpenError};

/// Most operations (preconditions, puts and deletes together) that a caller may ask for in one batch, so that every
/// engine can carry the batch.
pub const BATCH_OPERATIONS_MAX: usize = 100;
/// Longest value in bytes.
pub const VALUE_BYTES_MAX: usize = 512 * 1024;
/// Longest key in bytes. The shortest has one byte.
pub const KEY_BYTES_MAX: usize = 1024;
/// Most items in one page of a scan.
pub const SCAN_ITEMS_MAX: usize = 10_000;

/// An ordered byte key.
pub type Key = Bytes;

/// What an engine answers, now or later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Takes the pages of a survey, one after the other.
pub type Visit<'a> = &'a mut (dyn FnMut(ScanPage) -> Result<(), StoreError> + Send);

/// All keys of records come before it: they are text.
pub(crate) const LAST_KEY: &[u8] = &[0xFF];

/// Position in the history of a store. Zero is the empty store; each committed batch is one higher or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

/// A value and the revision at which it was last changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The stored bytes.
    pub value: Bytes,
    /// The revision of the batch that wrote them.
    pub revision: Revision,
}

/// One page of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanPage {
    /// Items in ascending order of their keys.
    pub items: Vec<(Key, Versioned)>,
    /// Where to continue: pass this key as the next `from`. `None` at the end of the range.
    pub next: Option<Key>,
    /// The store's revision when the page was read.
    pub revision: Revision,
}

/// Everything that one committed batch changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The batch's revision.
    pub revision: Revision,
    /// The new value of each key that the batch wrote, or `None` for a deleted key, in ascending order of the keys.
    /// A deleted key that was absent before does not appear. A batch that changed nothing has no items.
    pub items: Vec<(Key, Option<Bytes>)>,
}

/// A running watch: all committed changes, in order of their revisions.
pub trait Watch: Send {
    /// Waits for the next batch of changes. Dropping the future loses no change.
    ///
    /// # Errors
    /// [`StoreError::Compacted`] when this watch fell too far behind; any other error when the engine failed or is
    /// gone. The watch is then over: scan again and start another.
    fn next(&mut self) -> Answer<'_, Changes>;
}

/// A storage engine.
pub trait Store: Send + Sync {
    /// The values of some keys, in the order of `keys`, all read at one revision.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] for more than [`BATCH_OPERATIONS_MAX`] keys or one outside the limits, and what
    /// the engine meets.
    fn get<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Versioned>>>;

    /// The keys `k` with `from <= k < to`, at most `limit` (and at most [`SCAN_ITEMS_MAX`]) of them. Pages of
    /// one scan may be read at different revisions; each names its own.
    ///
    /// # Errors
    /// What the engine meets.
    fn scan<'a>(&'a self, from: &'a [u8], to: &'a [u8], limit: usize) -> Answer<'a, ScanPage>;

    /// Commits a batch durably, or says which precondition failed and changes nothing. A future that was polled
    /// once may have handed the batch over; dropping the future does not undo a batch that was handed over.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], [`StoreError::DuplicateKey`] and [`StoreError::Full`] change nothing. After any
    /// other error the outcome is unknown, and a retry must compare.
    fn commit(&self, batch: Batch) -> Answer<'_, Result<Revision, Conflict>>;

    /// Shows every record to `visit`, page by page in the order of the keys. A store that keeps account of its records
    /// compares the account with what it showed.
    ///
    /// # Errors
    /// What the engine meets, what `visit` returns, and [`StoreError::PutBack`] when the account does not agree.
    fn survey<'a>(&'a self, visit: Visit<'a>) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut from = Key::new();
            loop {
                let page = self.scan(&from, LAST_KEY, SCAN_ITEMS_MAX).await?;
                let next = page.next.clone();
                visit(page)?;
                match next {
                    Some(next) => from = next,
                    None => return Ok(()),
                }
            }
        })
    }

    /// All changes after a revision. The revision may be yet to come: the watch then begins beyond it.
    ///
    /// # Errors
    /// [`StoreError::Compacted`] when the engine no longer has them all: scan again.
    fn watch(&self, after: Revision) -> Answer<'_, Box<dyn Watch>>;
}
