//! Why a server does not start, for the operator.

use std::{fmt, io, path::PathBuf};

use audit::JournalError;
use dispatch::RecoverError;
use store::{StoreError, StoreOpenError};

use crate::{deployment::DeploymentError, roots::RootsError, seal::SealFileError};

/// What stopped the start.
#[derive(Debug)]
pub enum StartError {
    /// The data directory cannot be made.
    DataDir(PathBuf, io::Error),
    /// The node's id cannot be read or written.
    Node(io::Error),
    /// The store does not open.
    StoreOpen(StoreOpenError),
    /// The store does not answer.
    Store(StoreError),
    /// The journal does not open.
    Journal(JournalError),
    /// The directory of the journal's index does not open.
    Index(PathBuf, JournalError),
    /// The directory of the copies of digests does not open.
    Digests(PathBuf, JournalError),
    /// The outbox cannot be emptied.
    Outbox(RecoverError),
    /// The deployment's own records are of no use.
    Deployment(DeploymentError),
    /// The seal is of no use.
    Seal(SealFileError),
    /// There is nothing to serve.
    NotInitialised,
    /// There is something already.
    Initialised(PathBuf),
    /// The strongroom or the source of random bytes failed while setting up.
    SetUp(&'static str),
    /// The roots of attestation documents are of no use.
    AttestationRoots(RootsError),
    /// An address, of this setting, cannot be listened on.
    Listen(&'static str, std::net::SocketAddr, io::Error),
    /// The system gives no threads or signals.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataDir(path, error) => write!(f, "the data directory {}: {error}", path.display()),
            Self::Node(error) => write!(f, "the node's id: {error}"),
            Self::StoreOpen(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Journal(error) => write!(f, "the journal: {error}"),
            Self::Index(path, error) => {
                write!(f, "the index {}, which may be deleted and is made again: ", path.display())?;
                match error {
                    JournalError::Io { error, .. } => error.fmt(f),
                    error => error.fmt(f),
                }
            }
            Self::Digests(path, error) => write!(f, "the copies of digests {}: {error}", path.display()),
            Self::Outbox(error @ RecoverError::Behind(_)) => error.fmt(f),
            Self::Outbox(error) => write!(f, "records of changes cannot be brought to the journal: {error}"),
            Self::Deployment(error) => error.fmt(f),
            Self::Seal(error) => error.fmt(f),
            Self::NotInitialised => {
                f.write_str("the data directory holds no deployment; `keywright init` makes one")
            }
            Self::Initialised(path) => {
                write!(f, "{} holds a deployment already; nothing was changed", path.display())
            }
            Self::SetUp(what) => f.write_str(what),
            Self::AttestationRoots(error) => error.fmt(f),
            Self::Listen(setting, address, error) => {
                write!(f, "cannot listen on {address}, which is `{setting}`: {error}")
            }
            Self::Thread(error) => write!(f, "the system refuses threads or signals: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<StoreOpenError> for StartError {
    fn from(error: StoreOpenError) -> Self {
        Self::StoreOpen(error)
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<JournalError> for StartError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<DeploymentError> for StartError {
    fn from(error: DeploymentError) -> Self {
        Self::Deployment(error)
    }
}

impl From<SealFileError> for StartError {
    fn from(error: SealFileError) -> Self {
        Self::Seal(error)
    }
}

impl From<RootsError> for StartError {
    fn from(error: RootsError) -> Self {
        Self::AttestationRoots(error)
    }
}
