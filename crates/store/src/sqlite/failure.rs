//! What SQLite's errors mean for the store.

use std::path::Path;

use rusqlite::{Error, ErrorCode, ffi};

use super::open_error::StoreOpenError;
use crate::StoreError;

/// A failed read, or a failed write that was rolled back.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn store_error(error: Error) -> StoreError {
    if is_damage(&error) {
        return StoreError::Corrupt(error.to_string());
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// Maps what fails while opening `file`.
pub(super) fn open_error(file: &Path) -> impl Fn(Error) -> StoreOpenError + Copy {
    move |error| {
        let (file, what) = (file.to_owned(), error.to_string());
        if is_damage(&error) {
            StoreOpenError::Corrupt { file, what }
        } else {
            StoreOpenError::Engine { file, what }
        }
    }
}

/// Whether a failed COMMIT has certainly left nothing that a later recovery of the log could bring to life.
///
/// A transaction counts by its last frame in the log, which is written before the sync. A failed write was
/// therefore that frame or an earlier one, and recovery ignores the rest. After a failed sync, or a failure to
/// index what was synced, the last frame is in the log and may or may not be on the disk.
pub(super) fn is_certain(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(failure, _) => {
            matches!(failure.code, ErrorCode::DiskFull | ErrorCode::DatabaseBusy)
                || failure.extended_code == ffi::SQLITE_IOERR_WRITE
        }
        _ => false,
    }
}

/// Whether the error shows that the file is not as this crate wrote it. The statements are constant, so a missing
/// table or a column of another type is damage as well.
fn is_damage(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(failure, _) | Error::SqlInputError { error: failure, .. } => {
            matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
                || failure.extended_code == ffi::SQLITE_ERROR
        }
        Error::InvalidColumnType(..)
        | Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::QueryReturnedNoRows => true,
        _ => false,
    }
}
