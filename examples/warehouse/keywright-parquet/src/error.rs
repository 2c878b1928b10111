//! Why a file is not written or read.

use std::{error::Error, fmt, io};

use parquet::errors::ParquetError;

/// Why a file is not written or read. No message holds a key. What the KMS says is a `forward::KmsError` at the end of the
/// [`sources`](Error::source), here and in `parquet`'s error when a file is opened. When a column is read, Arrow's error has
/// the words of it alone.
#[derive(Debug)]
pub enum ParquetKeysError {
    /// There are no such columns.
    NoSuchColumns(String),
    /// These columns have no key, and nobody said that they are to be in the clear.
    NoKey(String),
    /// These columns have a key and are to be in the clear.
    SealedAndClear(String),
    /// The name of a key has a `%`, by which readers tell quoting.
    Percent(String),
    /// The file is none with an encrypted footer.
    InTheClear,
    /// No thread is to be had.
    Thread(io::Error),
    /// The KMS refuses or fails, or the configuration is wrong.
    Keys(parquet_key_management::errors::Error),
    /// The file cannot be read.
    Parquet(ParquetError),
}

impl fmt::Display for ParquetKeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchColumns(names) => write!(f, "there is no column {names}"),
            Self::NoKey(names) => write!(f, "no key is named for {names}: name one, or list them as clear"),
            Self::SealedAndClear(names) => write!(f, "{names} cannot be both sealed and clear"),
            Self::Percent(name) => write!(f, "the name of a key has no %: {name}"),
            Self::InTheClear => f.write_str("it is no Parquet file with an encrypted footer"),
            Self::Thread(error) => write!(f, "no thread to call KMS with: {error}"),
            Self::Keys(error) => error.fmt(f),
            Self::Parquet(error) => error.fmt(f),
        }
    }
}

impl Error for ParquetKeysError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Thread(error) => Some(error),
            Self::Keys(error) => error.source(),
            Self::Parquet(error) => error.source(),
            _ => None,
        }
    }
}

impl From<parquet_key_management::errors::Error> for ParquetKeysError {
    fn from(error: parquet_key_management::errors::Error) -> Self {
        Self::Keys(error)
    }
}

impl From<ParquetError> for ParquetKeysError {
    fn from(error: ParquetError) -> Self {
        Self::Parquet(error)
    }
}
