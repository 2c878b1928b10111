//! The database: one SQLite file, one thread that writes, and separate connections for reads.
//!
//! ```text
//! write ─► bounded queue ─► writer thread ─► one transaction and one sync for all that wait ─► answers
//! read  ─► a read-only connection, on the caller's thread
//! ```
//!
//! An answered write survives the loss of power (write-ahead log, `synchronous=FULL`). If nobody can know the outcome
//! of a commit, the database stops and answers nothing more: see [`writer`].

mod directory;
mod readers;
mod schema;
mod writer;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use self::directory::{CatalogLock, Site};
use self::readers::CatalogReaders;
use self::writer::{Asking, Queued, WriterThread};
use crate::error::CatalogError;

/// How many writes may wait for the writer. Further ones wait for a place in the queue.
const QUEUE_WRITES: usize = 256;

/// How a database is opened.
#[derive(Clone, Copy, Default)]
pub(crate) struct Opening {
    /// Makes an empty one if there is none.
    pub(crate) create: bool,
    /// Most pages of the file. `None`: as the disk allows.
    pub(crate) pages_max: Option<u32>,
}

/// The database of a catalog. Dropping it finishes the writes that were handed over, and only then lets go of the file.
pub(crate) struct Database {
    readers: CatalogReaders,
    queue: Option<mpsc::Sender<Box<dyn Queued>>>,
    writer: Option<JoinHandle<()>>,
    /// Why the database answers nothing more.
    stopped: Arc<OnceLock<CatalogError>>,
    // Fields are dropped in this order: the lock after everything that touches the file.
    _lock: CatalogLock,
}

impl Database {
    /// Opens the database at `path`.
    pub(crate) fn open(path: &Path, opening: Opening) -> Result<Self, CatalogError> {
        let site = Site::new(path);
        if !opening.create && !site.has_database()? {
            return Err(CatalogError::Missing);
        }
        let lock = site.lock()?;
        site.ensure_database(opening.create)?;
        let connection = schema::open(path, opening.pages_max)?;
        let stopped = Arc::new(OnceLock::new());
        let (queue, waiting) = mpsc::channel(QUEUE_WRITES);
        let thread = WriterThread::new(connection, waiting, Arc::clone(&stopped));
        let writer = thread::Builder::new()
            .name("catalog-writer".to_owned())
            .spawn(move || thread.run())
            .map_err(|error| CatalogError::Unavailable(error.to_string()))?;
        let (queue, writer) = (Some(queue), Some(writer));
        Ok(Self { readers: CatalogReaders::new(path.to_owned()), queue, writer, stopped, _lock: lock })
    }

    /// Runs `work` on one snapshot of what is committed, on this thread.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        self.still_working()?;
        self.readers.read(work)
    }

    /// Runs `work` in a transaction, and answers when that is durable. `work` makes its refusals before its first
    /// change, since others share the transaction. It may run twice.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, CatalogError> + Send + 'static,
    ) -> Result<T, CatalogError> {
        self.write_then(work, || ()).await
    }

    /// Like [`Database::write`], and runs `then` after the commit and before the answer, even if nobody waits any more.
    pub(crate) async fn write_then<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, CatalogError> + Send + 'static,
        then: impl FnOnce() + Send + 'static,
    ) -> Result<T, CatalogError> {
        self.still_working()?;
        let (answer, answered) = oneshot::channel();
        let Some(queue) = &self.queue else { return Err(self.gone()) };
        queue.send(Box::new(Asking::new(work, then, answer))).await.map_err(|_| self.gone())?;
        answered.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// After a commit of unknown outcome the database answers nothing: what a read shows might not last.
    pub(crate) fn still_working(&self) -> Result<(), CatalogError> {
        self.stopped.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    fn gone(&self) -> CatalogError {
        let unknown = || CatalogError::Unavailable("its writer is gone".to_owned());
        self.stopped.get().cloned().unwrap_or_else(unknown)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Readers close first: the last connection to close brings the log into the database and removes the log.
        self.readers.close();
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has answered nobody; there is nothing left to finish.
            let _ = writer.join();
        }
    }
}
