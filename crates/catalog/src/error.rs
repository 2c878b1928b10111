//! Why the catalog did not do what it was asked for.

use std::fmt;

use rusqlite::types::FromSqlError;
use rusqlite::{Error, ErrorCode, ffi};

/// The catalog refused something, or could not do it. Nothing was changed then, but after [`CatalogError::Unavailable`] nobody
/// knows before the catalog is opened again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogError {
    /// Refused: there is no such bucket.
    NoSuchBucket,
    /// Refused: the bucket has objects or uploads.
    BucketNotEmpty,
    /// Refused: there is no such object.
    NoSuchKey,
    /// Refused: the object has another version than the one that was named.
    Overtaken,
    /// Refused: the object is not as the condition demands.
    PreconditionFailed,
    /// Refused: the condition holds, but somebody wrote or deleted the object since the upload began.
    ConditionalConflict,
    /// Refused: there is no such upload, or none any more.
    NoSuchUpload,
    /// Refused: the upload has no part of this number, or another one by now.
    InvalidPart(u16),
    /// Refused: the numbers of the parts do not rise.
    InvalidPartOrder,
    /// The disk is full.
    Full,
    /// There is no catalog at this path.
    Missing,
    /// Another process has the catalog open.
    Locked,
    /// The file is a database of something else.
    NotACatalog,
    /// A newer Keywright wrote the catalog.
    Newer {
        /// The version of its format.
        found: i64,
        /// The newest version that this Keywright knows.
        known: i64,
    },
    /// The file is damaged.
    Corrupt(String),
    /// The system or SQLite refused something for another reason.
    Unavailable(String),
}

impl CatalogError {
    /// Whether a write that met this error certainly changed nothing. A full disk rolls it back.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.is_refusal() || *self == Self::Full
    }

    /// Whether the catalog is well, and what was asked for does not agree with what it has.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::NoSuchBucket
            | Self::BucketNotEmpty
            | Self::NoSuchKey
            | Self::Overtaken
            | Self::PreconditionFailed
            | Self::ConditionalConflict
            | Self::NoSuchUpload
            | Self::InvalidPart(_)
            | Self::InvalidPartOrder => true,
            Self::Full
            | Self::Missing
            | Self::Locked
            | Self::NotACatalog
            | Self::Newer { .. }
            | Self::Corrupt(_)
            | Self::Unavailable(_) => false,
        }
    }
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchBucket => f.write_str("there is no such bucket"),
            Self::BucketNotEmpty => f.write_str("the bucket has objects or uploads"),
            Self::NoSuchKey => f.write_str("there is no such object"),
            Self::Overtaken => f.write_str("the object has another version by now"),
            Self::PreconditionFailed => f.write_str("the object is not as the condition demands"),
            Self::ConditionalConflict => {
                f.write_str("somebody wrote or deleted the object since the upload began")
            }
            Self::NoSuchUpload => f.write_str("there is no such upload"),
            Self::InvalidPart(number) => write!(f, "the upload has no such part {number}"),
            Self::InvalidPartOrder => f.write_str("the numbers of the parts do not rise"),
            Self::Full => f.write_str("the catalog's disk is full"),
            Self::Missing => f.write_str("there is no catalog"),
            Self::Locked => f.write_str("another process has the catalog open"),
            Self::NotACatalog => f.write_str("the file is a database of something else"),
            Self::Newer { found, known } => write!(
                f,
                "the catalog has format {found}, but this Keywright knows formats up to {known}: run the newer \
                 Keywright that wrote the catalog"
            ),
            Self::Corrupt(what) => write!(f, "the catalog is damaged ({what}): restore it from a backup"),
            Self::Unavailable(what) => write!(f, "the catalog does not work: {what}"),
        }
    }
}

impl std::error::Error for CatalogError {}

impl From<Error> for CatalogError {
    fn from(error: Error) -> Self {
        if is_damage(&error) {
            return Self::Corrupt(error.to_string());
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<FromSqlError> for CatalogError {
    fn from(error: FromSqlError) -> Self {
        Self::Corrupt(error.to_string())
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
