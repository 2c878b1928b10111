//! Read-only connections, kept for the next reader.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::schema::{BUSY, harden};
use crate::error::CatalogError;

/// How many idle connections are kept. More readers at once open further connections, and close them when done.
const IDLE_MAX: usize = 8;
/// Kibibytes of page cache of each connection. The operating system caches the file too.
const CACHE_KIB: i64 = 1024;

/// The readers of one database.
pub(super) struct CatalogReaders {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl CatalogReaders {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, idle: Mutex::default() }
    }

    /// Runs `work` on one snapshot of what is committed.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        let idle = self.idle().pop();
        let mut connection = idle.map_or_else(|| self.connect(), Ok)?;
        let snapshot = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        let done = work(&snapshot);
        snapshot.finish()?;
        // A connection that met an error is not kept, but a refusal is none.
        if done.as_ref().err().is_none_or(CatalogError::is_refusal) {
            let mut idle = self.idle();
            if idle.len() < IDLE_MAX {
                idle.push(connection);
            }
        }
        done
    }

    /// Closes the idle connections.
    pub(super) fn close(&self) {
        self.idle().clear();
    }

    fn connect(&self) -> Result<Connection, CatalogError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(BUSY)?;
        harden(&connection)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        Ok(connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
