//! The tables, the settings, and how a file is recognised as a catalog.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::CatalogError;

/// "KWCT" in ASCII. Shows in the file's header, at offset 68.
const APPLICATION_ID: i64 = 0x4B57_4354;
/// Every change that an older Keywright could not live with increases this number.
const FORMAT: i64 = 1;
/// What a listing shows is in `object`, and dense; what a listing does not need is in `content`, by the version. Keys
/// are bytes, since S3 orders keys by their bytes, and since bounds between keys need not be text.
const TABLES: &str = "
    CREATE TABLE newest (
        version INTEGER NOT NULL
    ) STRICT;
    INSERT INTO newest (version) VALUES (0);
    CREATE TABLE bucket (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        name       TEXT NOT NULL UNIQUE,
        owner      TEXT NOT NULL,
        region     TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        encryption BLOB,
        policy     TEXT,
        tags       BLOB NOT NULL
    ) STRICT;
    CREATE INDEX bucket_of_owner ON bucket (owner, name);
    CREATE TABLE object (
        bucket      INTEGER NOT NULL,
        key         BLOB NOT NULL,
        version     INTEGER NOT NULL,
        size        INTEGER NOT NULL,
        modified_ms INTEGER NOT NULL,
        etag        TEXT NOT NULL,
        PRIMARY KEY (bucket, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE content (
        version  INTEGER PRIMARY KEY,
        envelope BLOB NOT NULL,
        headers  BLOB NOT NULL,
        tags     BLOB NOT NULL,
        parts    BLOB NOT NULL
    ) STRICT;
    CREATE TABLE upload (
        bucket     INTEGER NOT NULL,
        key        BLOB NOT NULL,
        id         BLOB NOT NULL,
        created_ms INTEGER NOT NULL,
        owner      TEXT NOT NULL,
        overtaken  INTEGER NOT NULL,
        checksum   BLOB NOT NULL,
        envelope   BLOB NOT NULL,
        headers    BLOB NOT NULL,
        tags       BLOB NOT NULL,
        PRIMARY KEY (bucket, key, id)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX upload_of_id ON upload (id);
    CREATE TABLE part (
        upload BLOB NOT NULL,
        number INTEGER NOT NULL,
        size   INTEGER NOT NULL,
        file   BLOB NOT NULL,
        etag   TEXT NOT NULL,
        note   BLOB NOT NULL,
        PRIMARY KEY (upload, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE completion (
        upload      BLOB PRIMARY KEY,
        bucket      INTEGER NOT NULL,
        key         BLOB NOT NULL,
        version     INTEGER NOT NULL,
        etag        TEXT NOT NULL,
        parts       BLOB NOT NULL,
        done_ms     INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX completion_of_time ON completion (done_ms);
";
/// How long to wait for an administrator's tool that holds the database.
pub(super) const BUSY: Duration = Duration::from_secs(5);
/// Bytes that the log keeps of the disk when it is empty. It grows beyond that while a long read goes on.
const LOG_BYTES_KEPT: i64 = 64 * 1024 * 1024;

/// Fills an empty file with an empty catalog and makes it durable.
pub(super) fn create(file: &Path) -> Result<(), CatalogError> {
    let mut connection = connect(file)?;
    // No write-ahead log yet: this file is going to be renamed.
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.execute_batch(TABLES)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error.into())
}

/// Opens the connection that writes.
pub(super) fn open(file: &Path, pages_max: Option<u32>) -> Result<Connection, CatalogError> {
    let connection = connect(file)?;
    recognise(&connection)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Where fsync alone does not reach the disk (macOS).
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // SQLite overwrites a deleted object's wrapped key in the file; otherwise it would only forget the key.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_KEPT, |_| Ok(()))?;
    if let Some(pages_max) = pages_max {
        connection.pragma_update_and_check(None, "max_page_count", pages_max, |_| Ok(()))?;
    }
    // Statements of all operations fit.
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// What SQLite advises for files that may be damaged or prepared (<https://www.sqlite.org/security.html>).
pub(super) fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    harden(&connection)?;
    Ok(connection)
}

/// Refuses what is not a catalog of a known format, before anything is changed.
fn recognise(connection: &Connection) -> Result<(), CatalogError> {
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    match (id, found, tables) {
        // A catalog has its tables before it has its name.
        (0, 0, 0) => Err(CatalogError::Corrupt("it is empty".to_owned())),
        (APPLICATION_ID, FORMAT, _) => Ok(()),
        (APPLICATION_ID, newer, _) if newer > FORMAT => {
            Err(CatalogError::Newer { found: newer, known: FORMAT })
        }
        (APPLICATION_ID, ..) => Err(CatalogError::Corrupt(format!("it says to have format {found}"))),
        _ => Err(CatalogError::NotACatalog),
    }
}
