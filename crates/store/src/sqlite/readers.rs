//! Read-only connections, kept for the next reader.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::failure::store_error;
use super::schema::{BUSY, harden};
use crate::StoreError;

/// How many idle connections are kept. More readers at once open further connections, and close them when done.
const IDLE_MAX: usize = 4;
/// Kibibytes of page cache of each connection: reads are for cold data, and the operating system caches the file.
const CACHE_KIB: i64 = 512;

/// The readers of one database.
pub(super) struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, idle: Mutex::default() }
    }

    /// Runs `work` on one snapshot of what is committed.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle().pop();
        let mut connection = idle.map_or_else(|| self.connect(), Ok)?;
        let snapshot =
            connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(store_error)?;
        let done = work(&snapshot)?;
        snapshot.finish().map_err(store_error)?;
        // A connection that met an error is not kept.
        let mut idle = self.idle();
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        Ok(done)
    }

    /// Closes the idle connections.
    pub(super) fn close(&self) {
        self.idle().clear();
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags).map_err(store_error)?;
        connection.busy_timeout(BUSY).map_err(store_error)?;
        harden(&connection).map_err(store_error)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(store_error)?;
        Ok(connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
