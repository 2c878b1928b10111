//! Why sealed data cannot be read or written.

use std::{fmt, io};

use envelope::EnvelopeError;

use super::bucket_error::BucketError;

/// Why sealed data cannot be read or written.
#[derive(Debug)]
pub(crate) enum FileError {
    /// The file is not there: its object was replaced or deleted since its row was read.
    Gone,
    /// A bucket has to be told how long an object is before it comes, and nobody knows.
    LengthUnknown,
    Io(io::Error),
    Bucket(BucketError),
    Envelope(EnvelopeError),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<BucketError> for FileError {
    fn from(error: BucketError) -> Self {
        if error.is_missing() { Self::Gone } else { Self::Bucket(error) }
    }
}

impl From<EnvelopeError> for FileError {
    fn from(error: EnvelopeError) -> Self {
        Self::Envelope(error)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the file of the object is gone"),
            Self::LengthUnknown => f.write_str("the length of the object is not known"),
            Self::Io(error) => error.fmt(f),
            Self::Bucket(error) => error.fmt(f),
            Self::Envelope(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FileError {}
