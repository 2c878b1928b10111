//! The full check, for an operator who wants to know.

use rusqlite::Connection;

use super::failure::store_error;
use super::{record, schema};
use crate::{Revision, StoreError};

/// Findings after which the check stops looking for more.
const FINDINGS_MAX: usize = 100;

/// What a full check has read and found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The store's revision.
    pub revision: Revision,
    /// Records read.
    pub records: u64,
    /// What is wrong, in an operator's words: at most a few hundred findings. Empty when all is well.
    pub damage: Vec<String>,
}

/// Reads everything that the connection sees.
pub(super) fn check(connection: &Connection) -> Result<Checked, StoreError> {
    let mut checked = Checked { revision: schema::revision(connection)?, records: 0, damage: Vec::new() };
    check_structure(connection, &mut checked).map_err(store_error)?;
    match check_records(connection, &mut checked) {
        Err(StoreError::Corrupt(what)) => checked.damage.push(what),
        other => other?,
    }
    Ok(checked)
}

/// SQLite's own check of pages, trees and constraints.
fn check_structure(connection: &Connection, checked: &mut Checked) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FINDINGS_MAX})"))?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let finding: String = row.get(0)?;
        if finding != "ok" {
            checked.damage.push(finding);
        }
    }
    Ok(())
}

fn check_records(connection: &Connection, checked: &mut Checked) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare("SELECT key, value, revision, checksum FROM record ORDER BY key")
        .map_err(store_error)?;
    let mut rows = statement.query(()).map_err(store_error)?;
    let mut findings = 0;
    while let Some(row) = rows.next().map_err(store_error)? {
        checked.records += 1;
        let finding = match record::verified(row) {
            Ok((_, versioned)) if versioned.revision <= checked.revision => continue,
            Ok((key, versioned)) => format!(
                "record `{}` is of revision {}, the store only of {}",
                key.escape_ascii(),
                versioned.revision.0,
                checked.revision.0
            ),
            Err(StoreError::Corrupt(what)) => what,
            Err(error) => return Err(error),
        };
        checked.damage.push(finding);
        findings += 1;
        if findings == FINDINGS_MAX {
            break;
        }
    }
    Ok(())
}
