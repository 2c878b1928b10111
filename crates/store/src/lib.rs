//! Ordered keys, compare-and-commit batches, watch: what Keywright asks of a storage engine.
//!
//! The [`Store`] trait has four methods over bytes. Nothing in it needs more than one engine can give:
//! no range deletes, no time-to-live, no joins. Revisions increase strictly with every committed batch and
//! are the only clock that caches trust. An engine is right when it passes [`conformance`].

use std::{fmt, future::Future, pin::Pin};

use bytes::Bytes;

/// Most operations (preconditions, puts and deletes together) in one batch, so that every engine can carry it.
pub const BATCH_OPERATIONS_MAX: usize = 100;
/// Longest value in bytes.
pub const VALUE_BYTES_MAX: usize = 512 * 1024;
/// Longest key in bytes.
pub const KEY_BYTES_MAX: usize = 1024;
/// Most items in one page of a scan.
pub const SCAN_ITEMS_MAX: usize = 10_000;

/// An ordered byte key.
pub type Key = Bytes;

/// What an engine answers, now or later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

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

/// What must hold for a batch to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// The key exists and was last changed at this revision.
    At(Key, Revision),
    /// The key does not exist.
    Absent(Key),
}

/// Puts and deletes that are committed together, if every precondition holds, or not at all.
///
/// A key may be written at most once in a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// What must hold.
    pub preconditions: Vec<Precondition>,
    /// New values.
    pub puts: Vec<(Key, Bytes)>,
    /// Keys to remove. Removing an absent key is no error.
    pub deletes: Vec<Key>,
}

/// One page of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Items in ascending order of their keys.
    pub items: Vec<(Key, Versioned)>,
    /// Where to go on: pass it as the next `from`. `None` at the end of the range.
    pub next: Option<Key>,
    /// The store's revision when the page was read.
    pub revision: Revision,
}

/// Everything that one committed batch changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The batch's revision.
    pub revision: Revision,
    /// New value of each key that it wrote; `None` where it deleted.
    pub items: Vec<(Key, Option<Bytes>)>,
}

/// A running watch: committed changes in order of their revisions, none left out.
pub trait Watch: Send {
    /// The next batch of changes; waits until there is one.
    fn next(&mut self) -> Answer<'_, Changes>;
}

/// A storage engine.
pub trait Store: Send + Sync {
    /// The values of some keys, in the order asked, all read at one revision. At most
    /// [`BATCH_OPERATIONS_MAX`] keys.
    fn get<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Versioned>>>;

    /// The keys `k` with `from <= k < to`, at most `limit` (and at most [`SCAN_ITEMS_MAX`]) of them. Pages of
    /// one scan may be read at different revisions; each names its own.
    fn scan<'a>(&'a self, from: &'a [u8], to: &'a [u8], limit: usize) -> Answer<'a, Page>;

    /// Commits a batch durably, or says which precondition failed and changes nothing. Dropping the future
    /// does not undo a batch that was handed over.
    fn commit(&self, batch: Batch) -> Answer<'_, Result<Revision, Conflict>>;

    /// All changes after a revision. [`StoreError::Compacted`] when the engine no longer has them: scan again.
    fn watch(&self, after: Revision) -> Answer<'_, Box<dyn Watch>>;
}

/// The batch was not committed: the precondition with this index did not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// Index into [`Batch::preconditions`] of the first that failed.
    pub precondition: usize,
}

/// The store could not do what it was asked. For a commit the outcome is then unknown unless the variant
/// says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The batch or key breaks a limit of this module; nothing was changed.
    TooLarge,
    /// The same key is written twice in a batch; nothing was changed.
    DuplicateKey,
    /// Changes after the asked revision are no longer known.
    Compacted,
    /// The disk is full; nothing was changed.
    Full,
    /// What is stored is damaged; an operator must act. The text is for the operator.
    Corrupt(String),
    /// The engine failed or is gone. The text is for the operator.
    Unavailable(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("batch, key or value over the store's limits"),
            Self::DuplicateKey => f.write_str("a key is written twice in one batch"),
            Self::Compacted => f.write_str("changes after that revision are no longer kept"),
            Self::Full => f.write_str("no space left for the store"),
            Self::Corrupt(what) => write!(f, "the store is damaged: {what}"),
            Self::Unavailable(what) => write!(f, "the store does not answer: {what}"),
        }
    }
}

impl std::error::Error for StoreError {}
