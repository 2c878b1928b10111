//! Rows of the table `record`, each with a checksum. SQLite has none of its own, and a flipped bit in stored bytes
//! must be found, not served.

use bytes::Bytes;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::failure::store_error;
use super::schema;
use crate::{Key, Revision, SCAN_ITEMS_MAX, ScanPage, StoreError, Versioned};

/// Reads one record.
pub(super) fn read(connection: &Connection, key: &Key) -> Result<Option<Versioned>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT key, value, revision, checksum FROM record WHERE key = ?1")
        .map_err(store_error)?;
    let found = statement.query_row([&**key], |row| Ok(verified(row))).optional().map_err(store_error)?;
    Ok(found.transpose()?.map(|(_, versioned)| versioned))
}

/// Reads one page of `from <= key < to`.
pub(super) fn scan(
    connection: &Connection,
    from: &[u8],
    to: &[u8],
    limit: usize,
) -> Result<ScanPage, StoreError> {
    let revision = schema::revision(connection)?;
    let mut page = ScanPage { items: Vec::new(), next: None, revision };
    let limit = limit.min(SCAN_ITEMS_MAX);
    let mut statement = connection
        .prepare_cached(
            "SELECT key, value, revision, checksum FROM record WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3",
        )
        .map_err(store_error)?;
    // One row more than asked for: the next page begins at its key.
    let rows_max = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![from, to, rows_max]).map_err(store_error)?;
    while let Some(row) = rows.next().map_err(store_error)? {
        if page.items.len() == limit {
            page.next = Some(Key::copy_from_slice(blob(row, 0)?));
            break;
        }
        page.items.push(verified(row)?);
    }
    Ok(page)
}

/// Writes one record.
pub(super) fn put(connection: &Connection, key: &Key, value: &Bytes, at: Revision) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached("REPLACE INTO record (key, value, revision, checksum) VALUES (?1, ?2, ?3, ?4)")
        .map_err(store_error)?;
    let row = params![&**key, &**value, schema::integer(at)?, checksum(key, value, at)];
    statement.execute(row).map_err(store_error)?;
    Ok(())
}

/// Removes one record. Returns whether it was there.
pub(super) fn delete(connection: &Connection, key: &Key) -> Result<bool, StoreError> {
    let mut statement =
        connection.prepare_cached("DELETE FROM record WHERE key = ?1").map_err(store_error)?;
    Ok(statement.execute([&**key]).map_err(store_error)? > 0)
}

/// Takes `key, value, revision, checksum` out of a row, if they belong together.
pub(super) fn verified(row: &Row<'_>) -> Result<(Key, Versioned), StoreError> {
    let (key, value) = (blob(row, 0)?, blob(row, 1)?);
    let revision: i64 = row.get(2).map_err(store_error)?;
    let stored: u32 = row.get(3).map_err(store_error)?;
    let damaged =
        || StoreError::Corrupt(format!("record `{}` does not match its checksum", key.escape_ascii()));
    let revision = u64::try_from(revision).map(Revision).map_err(|_| damaged())?;
    if checksum(key, value, revision) != stored {
        return Err(damaged());
    }
    let versioned = Versioned { value: Bytes::copy_from_slice(value), revision };
    Ok((Key::copy_from_slice(key), versioned))
}

/// CRC-32 (IEEE 802.3) over the key's length (4 bytes) and the revision (8 bytes), both little-endian, the key, the
/// value. The checksum guards against accidents. Against malice, the strongroom seals what is secret.
fn checksum(key: &[u8], value: &[u8], revision: Revision) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    // Keys have at most 1024 bytes; the length keeps key and value apart.
    crc.update(&u32::try_from(key.len()).unwrap_or(u32::MAX).to_le_bytes());
    crc.update(&revision.0.to_le_bytes());
    crc.update(key);
    crc.update(value);
    crc.finalize()
}

fn blob<'row>(row: &'row Row<'_>, column: usize) -> Result<&'row [u8], StoreError> {
    match row.get_ref(column).map_err(store_error)? {
        ValueRef::Blob(bytes) => Ok(bytes),
        _ => Err(StoreError::Corrupt("a record is not made of bytes".to_owned())),
    }
}
