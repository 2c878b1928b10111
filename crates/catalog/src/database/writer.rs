//! The one thread that writes. It takes all writes that wait, applies them in one transaction, and syncs once.
//!
//! # When a commit fails
//!
//! A failure before SQLite's COMMIT is rolled back: nothing was changed. A COMMIT that ran out of space or could not
//! write is rolled back too, because a transaction without its last frame does not count in the log. After any other
//! failure of COMMIT, above all of a sync, recovery of the log could later bring to life what was answered as failed.
//! The outcome is then unknown until the catalog is opened again, and the database stops for good.

use std::sync::{Arc, OnceLock};

use rusqlite::{Connection, Error, ErrorCode, TransactionBehavior, ffi};
use tokio::sync::{mpsc, oneshot};

use crate::error::CatalogError;

/// Writes in one transaction.
const GROUP_WRITES_MAX: usize = 256;

/// A write, and the caller who waits for it.
pub(super) trait Queued: Send {
    /// Does the work in a transaction, and keeps its outcome; a refusal is one.
    fn apply(&mut self, transaction: &Connection) -> Result<(), CatalogError>;
    /// Tells the caller what became of the transaction.
    fn answer(self: Box<Self>, committed: Result<(), CatalogError>);
}

/// A write of some work: what it answers, and what else happens when it is committed.
pub(super) struct Asking<T, W, F> {
    work: W,
    then: F,
    outcome: Option<Result<T, CatalogError>>,
    answer: oneshot::Sender<Result<T, CatalogError>>,
}

impl<T, W, F> Asking<T, W, F> {
    pub(super) fn new(work: W, then: F, answer: oneshot::Sender<Result<T, CatalogError>>) -> Self {
        Self { work, then, outcome: None, answer }
    }
}

impl<T, W, F> Queued for Asking<T, W, F>
where
    T: Send,
    W: FnMut(&Connection) -> Result<T, CatalogError> + Send,
    F: FnOnce() + Send,
{
    fn apply(&mut self, transaction: &Connection) -> Result<(), CatalogError> {
        let outcome = (self.work)(transaction);
        if let Err(error) = &outcome
            && !error.is_refusal()
        {
            return Err(error.clone());
        }
        self.outcome = Some(outcome);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), CatalogError>) {
        let outcome = match (committed, self.outcome) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(CatalogError::Unavailable("a write was not made".to_owned())),
        };
        if outcome.is_ok() {
            (self.then)();
        }
        // A caller who no longer waits has dropped the future. The write is committed all the same.
        let _ = self.answer.send(outcome);
    }
}

/// The writer's state. Consumed by [`WriterThread::run`].
pub(super) struct WriterThread {
    connection: Connection,
    waiting: mpsc::Receiver<Box<dyn Queued>>,
    stopped: Arc<OnceLock<CatalogError>>,
}

/// Why a group was not committed.
enum NotCommitted {
    /// Nothing was changed.
    RolledBack(CatalogError),
    /// Only opening the catalog again shows whether something was changed.
    Unknown(CatalogError),
}

impl WriterThread {
    pub(super) fn new(
        connection: Connection,
        waiting: mpsc::Receiver<Box<dyn Queued>>,
        stopped: Arc<OnceLock<CatalogError>>,
    ) -> Self {
        Self { connection, waiting, stopped }
    }

    /// Writes until the database is dropped and everything handed over is done, or until an outcome is unknown.
    pub(super) fn run(mut self) {
        let mut working = true;
        while working && let Some(first) = self.waiting.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP_WRITES_MAX
                && let Ok(next) = self.waiting.try_recv()
            {
                group.push(next);
            }
            working = self.settle(group);
        }
    }

    /// Commits a group and answers all of its callers. Tells whether the writer may go on.
    fn settle(&mut self, mut group: Vec<Box<dyn Queued>>) -> bool {
        match self.commit(&mut group) {
            Ok(()) => answer_all(group, &Ok(())),
            // One write may be to blame, or too large for the space left: each write gets its own try.
            Err(NotCommitted::RolledBack(_)) if group.len() > 1 => {
                return group.into_iter().all(|write| self.settle(vec![write]));
            }
            Err(NotCommitted::RolledBack(error)) => {
                if error == CatalogError::Full {
                    self.make_room();
                }
                answer_all(group, &Err(error));
            }
            Err(NotCommitted::Unknown(error)) => {
                // The database stops before the callers are answered: a caller who hears of the failure must not find
                // a catalog that still seems to work.
                let _ = self.stopped.set(error.clone());
                answer_all(group, &Err(error));
                return false;
            }
        }
        true
    }

    fn commit(&mut self, group: &mut [Box<dyn Queued>]) -> Result<(), NotCommitted> {
        let committed = self.apply(group);
        if !self.connection.is_autocommit() {
            return Err(NotCommitted::Unknown(stopped("a transaction could not be rolled back")));
        }
        committed
    }

    /// Applies a group in one transaction. Dropping the transaction rolls it back.
    fn apply(&mut self, group: &mut [Box<dyn Queued>]) -> Result<(), NotCommitted> {
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(|error| NotCommitted::RolledBack(error.into()))?;
        for write in group {
            write.apply(&transaction).map_err(NotCommitted::RolledBack)?;
        }
        transaction.commit().map_err(|error| {
            if is_certain(&error) {
                NotCommitted::RolledBack(error.into())
            } else {
                NotCommitted::Unknown(stopped(&error.to_string()))
            }
        })
    }

    /// Brings the log into the database, so that the next commit can write over the log. Otherwise not even a
    /// delete would find room on a disk that the log has filled. If this fails too, nothing is lost: the log stays
    /// as it is.
    fn make_room(&self) {
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()));
    }
}

/// Whether a failed COMMIT has certainly left nothing that a later recovery of the log could bring to life.
///
/// A transaction counts by its last frame in the log, which is written before the sync. A failed write was
/// therefore that frame or an earlier one, and recovery ignores the rest. After a failed sync, or a failure to
/// index what was synced, the last frame is in the log and may or may not be on the disk.
fn is_certain(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(failure, _) => {
            matches!(failure.code, ErrorCode::DiskFull | ErrorCode::DatabaseBusy)
                || failure.extended_code == ffi::SQLITE_IOERR_WRITE
        }
        _ => false,
    }
}

fn answer_all(group: Vec<Box<dyn Queued>>, committed: &Result<(), CatalogError>) {
    for write in group {
        write.answer(committed.clone());
    }
}

fn stopped(why: &str) -> CatalogError {
    CatalogError::Unavailable(format!(
        "it stopped because the outcome of a commit is unknown, until it is opened again: {why}"
    ))
}
