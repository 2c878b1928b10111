//! The embedded engine: one SQLite database, one thread that writes, and separate connections for reads.
//!
//! ```text
//! commit ─► bounded queue ─► writer thread ─► one transaction and one sync for all that wait
//!                                  │ then, in this order
//!                                  ├─► feed ─► watches
//!                                  └─► answers
//! get, scan ─► a read-only connection, on the caller's thread
//! ```
//!
//! An answered commit survives the loss of power (write-ahead log, `synchronous=FULL`). SQLite shows a transaction
//! to other connections only after the sync, so reads see whole committed batches only. If nobody can know the
//! outcome of a commit, the engine stops and answers nothing more: see [`writer`]. `docs/store-format.md` describes
//! the format of the file.

mod check;
mod directory;
mod failure;
mod open_error;
mod readers;
mod record;
mod schema;
mod writer;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

pub use self::check::Checked;
use self::directory::{Directory, Lock};
pub use self::open_error::StoreOpenError;
use self::readers::Readers;
use self::writer::{Job, Writer};
use crate::feed::{Feed, Kept};
use crate::{
    Answer, Batch, Bounds, Conflict, Key, Revision, ScanPage, Store, StoreError, Versioned, Watch, check_keys,
};

/// How many commits may wait for the writer. Further ones wait for a place in the queue.
const QUEUE_BATCHES: usize = 256;

/// How to open an embedded store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Make the store if there is none. If false, a missing store is [`StoreOpenError::Missing`].
    pub create: bool,
    /// Most bytes of the database file, apart from its log. When the file is full, commits answer
    /// [`StoreError::Full`]; deleting makes room again. `None`: as the disk allows.
    pub bytes_max: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { create: true, bytes_max: None }
    }
}

/// A durable store in a directory of this machine.
///
/// Needs no runtime. Reads happen on the thread that polls them and may wait for the disk. Dropping the store
/// finishes the commits that were handed over, and only then lets go of the directory.
pub struct SqliteStore {
    readers: Readers,
    queue: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    feed: Arc<Feed>,
    // Fields are dropped in this order: the lock after everything that touches the files.
    _lock: Lock,
}

impl SqliteStore {
    /// Opens the store in `directory`. If `options` allow it, makes a missing directory and a missing store first.
    /// Only the owner can read them (mode 0700 and 0600), and they are durable before this returns.
    ///
    /// Reads enough to see that the file is a store, whole, and of a known version. [`SqliteStore::check`] reads
    /// everything.
    ///
    /// # Errors
    /// See [`StoreOpenError`]. Nothing is changed then, except that a directory or an empty store may have been made.
    pub fn open(directory: &Path, options: Options) -> Result<Self, StoreOpenError> {
        Self::open_keeping(directory, options, Kept::default())
    }

    /// Whether there is a store in `directory`, damaged or not.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn exists(directory: &Path) -> io::Result<bool> {
        Directory::new(directory).database().try_exists()
    }

    /// Reads everything and verifies structure, checksums and revisions. Takes seconds per gigabyte on the caller's
    /// thread. Commits continue meanwhile.
    ///
    /// # Errors
    /// When the store cannot be read at all. Damage that was found is in the answer.
    pub fn check(&self) -> Result<Checked, StoreError> {
        self.still_working()?;
        self.readers.read(check::check)
    }

    fn open_keeping(directory: &Path, options: Options, kept: Kept) -> Result<Self, StoreOpenError> {
        let directory = Directory::new(directory);
        let lock = directory.lock(options.create)?;
        directory.ensure_database(options.create)?;
        let file = directory.database();
        let (connection, revision) = schema::open(&file, options.bytes_max)?;

        let feed = Arc::new(Feed::new(revision, kept));
        let (queue, jobs) = mpsc::channel(QUEUE_BATCHES);
        let writer = Writer::new(connection, revision, jobs, Arc::clone(&feed));
        let writer = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|source| StoreOpenError::Io { path: file.clone(), source })?;
        Ok(Self { readers: Readers::new(file), queue: Some(queue), writer: Some(writer), feed, _lock: lock })
    }

    /// After a commit of unknown outcome the engine answers nothing, reads included: what a read shows might not
    /// last.
    fn still_working(&self) -> Result<(), StoreError> {
        self.feed.ended().map_or(Ok(()), Err)
    }

    /// Why the writer did not answer.
    fn gone(&self) -> StoreError {
        self.feed.ended().unwrap_or_else(|| StoreError::Unavailable("its writer is gone".to_owned()))
    }

    async fn hand_over(&self, batch: Batch) -> Result<Result<Revision, Conflict>, StoreError> {
        batch.check(Bounds::ENGINE)?;
        let (answer, answered) = oneshot::channel();
        let Some(queue) = &self.queue else { return Err(self.gone()) };
        queue.send(Job { batch, answer }).await.map_err(|_| self.gone())?;
        answered.await.unwrap_or_else(|_| Err(self.gone()))
    }
}

impl Store for SqliteStore {
    fn get<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Versioned>>> {
        Box::pin(async move {
            check_keys(keys)?;
            self.still_working()?;
            self.readers.read(|connection| keys.iter().map(|key| record::read(connection, key)).collect())
        })
    }

    fn scan<'a>(&'a self, from: &'a [u8], to: &'a [u8], limit: usize) -> Answer<'a, ScanPage> {
        Box::pin(async move {
            self.still_working()?;
            self.readers.read(|connection| record::scan(connection, from, to, limit))
        })
    }

    fn commit(&self, batch: Batch) -> Answer<'_, Result<Revision, Conflict>> {
        Box::pin(self.hand_over(batch))
    }

    fn watch(&self, after: Revision) -> Answer<'_, Box<dyn Watch>> {
        Box::pin(async move {
            self.still_working()?;
            self.feed.subscribe(after)
        })
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // Readers close first: the last connection to close brings the log into the database and removes the log.
        self.readers.close();
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has ended the feed itself.
            let _ = writer.join();
        }
    }
}
