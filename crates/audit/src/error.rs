//! What can go wrong, as far as a caller can act on it.

use std::{fmt, io};

/// Why a record was not accepted, or is not known to be on disk. Its call must not be answered as if it had
/// succeeded.
///
/// After a crash the journal may have such a record all the same. The refusal says that the record's
/// durability is not promised, not that its bytes never reached the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The queue holds as much as its limits allow. Later calls may succeed.
    QueueFull,
    /// The payload is empty or longer than [`PAYLOAD_BYTES_MAX`](crate::PAYLOAD_BYTES_MAX).
    Length,
    /// The disk did not take the record: it is full, or had an error. A record to be handed over is also
    /// refused when the disk did not take the one before. Later calls may succeed.
    NotWritten,
    /// The journal was closed, or stopped for good after a failed sync; see [`JournalHealth`](crate::JournalHealth).
    Stopped,
}

/// Why a journal could not be opened or verified. Nothing was changed on disk.
#[derive(Debug)]
pub enum JournalError {
    /// The operating system refused an operation on `file`.
    Io {
        /// Name of the file, or of the directory.
        file: String,
        /// The system's error.
        error: io::Error,
    },
    /// Another process has the journal open.
    Locked,
    /// The newest segment was written under another node's name.
    OtherNode,
    /// Bytes that had been on disk were changed or are missing.
    Damaged(Damage),
}

/// A place where a journal contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Name of the segment file. A record of a compressed segment is named as if the segment were not compressed; what is wrong
    /// with the compression is named by the compressed file.
    pub file: String,
    /// Where in the file, in bytes.
    pub offset: u64,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong at a place of a [`Damage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The segment's header is short, or its checksum, version or file name does not fit.
    Header,
    /// A frame does not verify, and later bytes show that it once did.
    Frame,
    /// A compressed segment's table of its pieces does not hold, or is of another version.
    Table,
    /// A piece of a compressed segment does not become what it was.
    Piece,
    /// The segment does not begin with the sequence number after the one before it.
    Gap,
    /// The segment does not continue the chain of the one before it.
    Chain,
}

/// Records that had been accepted could not be written and synced before the journal closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseError;

/// Whether an error says that there is no room.
pub(crate) fn is_full(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(kind, FileTooLarge | QuotaExceeded | StorageFull)
}

impl JournalError {
    pub(crate) fn io(file: &str) -> impl FnOnce(io::Error) -> Self + use<> {
        let file = file.to_owned();
        |error| Self::Io { file, error }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueFull => "too many audit records wait to be written",
            Self::Length => "the audit record is empty or too long",
            Self::NotWritten => "the audit record could not be written",
            Self::Stopped => "the audit journal has stopped",
        })
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { file, error } => write!(f, "audit journal `{file}`: {error}"),
            Self::Locked => f.write_str("the audit journal is open in another process"),
            Self::OtherNode => f.write_str("the audit journal belongs to another node"),
            Self::Damaged(damage) => write!(f, "the audit journal is damaged: {damage}"),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in `{}` at byte {}", self.reason, self.file, self.offset)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "a bad segment header",
            Self::Frame => "a changed record",
            Self::Table => "a bad table of a compressed segment",
            Self::Piece => "a damaged piece of a compressed segment",
            Self::Gap => "a gap in the sequence",
            Self::Chain => "a break in the chain between segments",
        })
    }
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("audit records were lost when the journal closed")
    }
}

impl std::error::Error for Refused {}
impl std::error::Error for CloseError {}
impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
