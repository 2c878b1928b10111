//! The database: its tables, its settings, and how a file is recognised as a store that is whole.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::failure::{open_error, store_error};
use super::open_error::StoreOpenError;
use crate::{Revision, StoreError};

/// "KWRT" in ASCII. Shows in the file's header, at offset 68.
const APPLICATION_ID: i64 = 0x4B57_5254;
const FORMAT: &str = "keywright-store";
/// Every change that an older Keywright could not live with increases this number.
const SCHEMA: i64 = 1;
const TABLES: &str = "
    CREATE TABLE meta (
        name     TEXT PRIMARY KEY,
        value    ANY NOT NULL,
        checksum INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE record (
        key      BLOB PRIMARY KEY,
        value    BLOB NOT NULL,
        revision INTEGER NOT NULL,
        checksum INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";
/// How long to wait for an administrator's tool that holds the database.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Fills an empty file with an empty store and makes it durable.
pub(super) fn create(file: &Path) -> Result<(), StoreOpenError> {
    let failed = open_error(file);
    let mut connection = connect(file).map_err(failed)?;
    let fill = |connection: &mut Connection| {
        // No write-ahead log yet: this file is going to be renamed.
        connection.pragma_update(None, "synchronous", "EXTRA")?;
        let transaction = connection.transaction()?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute_batch(TABLES)?;
        let mut insert =
            transaction.prepare("INSERT INTO meta (name, value, checksum) VALUES (?1, ?2, ?3)")?;
        insert.execute(params!["format", FORMAT, checksum("format", FORMAT)])?;
        insert.execute(params!["schema", SCHEMA, checksum("schema", &SCHEMA.to_string())])?;
        insert.execute(params!["revision", 0, checksum("revision", "0")])?;
        drop(insert);
        transaction.commit()
    };
    fill(&mut connection).map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))
}

/// Opens the connection that writes, and finds the current revision.
pub(super) fn open(file: &Path, bytes_max: Option<u64>) -> Result<(Connection, Revision), StoreOpenError> {
    let failed = open_error(file);
    let connection = connect(file).map_err(failed)?;
    recognise(&connection, file)?;
    configure(&connection, bytes_max).map_err(failed)?;
    if let Some(what) = damage(&connection, file).map_err(failed)? {
        return Err(StoreOpenError::Corrupt { file: file.to_owned(), what });
    }
    match revision(&connection) {
        Ok(revision) => Ok((connection, revision)),
        Err(error) => Err(StoreOpenError::Corrupt { file: file.to_owned(), what: error.to_string() }),
    }
}

/// The revision of the newest committed batch that this connection sees.
pub(super) fn revision(connection: &Connection) -> Result<Revision, StoreError> {
    let (value, stored): (i64, u32) = connection
        .prepare_cached("SELECT value, checksum FROM meta WHERE name = 'revision'")
        .and_then(|mut statement| statement.query_row((), |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(store_error)?;
    match u64::try_from(value) {
        Ok(revision) if checksum("revision", &value.to_string()) == stored => Ok(Revision(revision)),
        _ => Err(StoreError::Corrupt("the revision does not match its checksum".to_owned())),
    }
}

/// Notes the revision of the newest batch.
pub(super) fn set_revision(connection: &Connection, revision: Revision) -> Result<(), StoreError> {
    let value = integer(revision)?;
    connection
        .prepare_cached("UPDATE meta SET value = ?1, checksum = ?2 WHERE name = 'revision'")
        .and_then(|mut statement| statement.execute(params![value, checksum("revision", &value.to_string())]))
        .map_err(store_error)?;
    Ok(())
}

/// A revision as SQLite stores it.
pub(super) fn integer(revision: Revision) -> Result<i64, StoreError> {
    // Nobody can commit 2^63 batches one after the other; a number that large was never counted.
    i64::try_from(revision.0).map_err(|_| StoreError::Corrupt("the revision is out of range".to_owned()))
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

/// Refuses what is not a store of a known version, before anything is changed.
fn recognise(connection: &Connection, file: &Path) -> Result<(), StoreOpenError> {
    let failed = open_error(file);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).map_err(failed)?;
    let application_id: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
    if tables == 0 && application_id == 0 {
        // A store has its tables before it has its name.
        return Err(StoreOpenError::Corrupt { file: file.to_owned(), what: "it is empty".to_owned() });
    }
    if application_id != APPLICATION_ID {
        return Err(StoreOpenError::NotAStore { file: file.to_owned() });
    }
    let schema: i64 = connection
        .query_row("SELECT value FROM meta WHERE name = 'schema'", (), |row| row.get(0))
        .map_err(failed)?;
    if schema > SCHEMA {
        return Err(StoreOpenError::Newer { file: file.to_owned(), found: schema, known: SCHEMA });
    }
    let format: String = connection
        .query_row("SELECT value FROM meta WHERE name = 'format'", (), |row| row.get(0))
        .map_err(failed)?;
    if schema != SCHEMA || format != FORMAT {
        let what = format!("it says to have format `{}` and schema {schema}", format.escape_debug());
        return Err(StoreOpenError::Corrupt { file: file.to_owned(), what });
    }
    Ok(())
}

fn configure(connection: &Connection, bytes_max: Option<u64>) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Where fsync alone does not reach the disk (macOS).
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // SQLite overwrites a deleted key's material in the file; otherwise it would only forget the material.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    if let Some(bytes_max) = bytes_max {
        let page_bytes = page_bytes(connection)?;
        let pages_max = i64::try_from(bytes_max / page_bytes.max(1)).unwrap_or(i64::MAX);
        connection.pragma_update_and_check(None, "max_page_count", pages_max, |_| Ok(()))?;
    }
    Ok(())
}

/// Finds what shows without reading everything: a file cut short, roots of trees that are none.
fn damage(connection: &Connection, file: &Path) -> rusqlite::Result<Option<String>> {
    // Once the whole log is in the database, the file itself must hold every page. When the log cannot be brought
    // in (no space), the log holds some of the pages, and this check can say nothing.
    let (busy, logged, moved): (i64, i64, i64) = connection
        .query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap_or((1, 1, 0));
    if busy == 0 && logged == moved {
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let expected = u64::try_from(pages).unwrap_or_default().saturating_mul(page_bytes(connection)?);
        let found = std::fs::metadata(file).map(|metadata| metadata.len()).unwrap_or_default();
        if found < expected {
            return Ok(Some(format!("it has {found} bytes of {expected}")));
        }
    }
    for end in
        ["SELECT key FROM record ORDER BY key LIMIT 1", "SELECT key FROM record ORDER BY key DESC LIMIT 1"]
    {
        connection.query_row(end, (), |row| row.get::<_, Vec<u8>>(0)).optional()?;
    }
    Ok(None)
}

fn page_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let bytes: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok(u64::try_from(bytes).unwrap_or_default())
}

/// CRC-32 over `<name>=<value>`, as text.
fn checksum(name: &str, value: &str) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(name.as_bytes());
    crc.update(b"=");
    crc.update(value.as_bytes());
    crc.finalize()
}
