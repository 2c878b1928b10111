//! Why a deployment is not served, for the operator.

use std::{fmt, io, path::PathBuf};

use edge::TlsError;
use outbound::OutboundError;
use server::StartError;

/// What stopped `keywright serve`.
#[derive(Debug)]
pub(crate) enum ServeError {
    /// What could stop any server.
    Start(StartError),
    /// The data directory was made by `keywright dev`.
    Development(PathBuf),
    /// The keys of identity providers cannot be read.
    Issuers(String),
    /// No connection to this bucket could be made.
    Bucket(String, OutboundError),
    /// An export cannot begin.
    Export(io::Error),
    /// The certificate cannot be read.
    Tls(TlsError),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::Development(path) => write!(
                f,
                "{} was made by `keywright dev`, where anybody could use its keys; it is not served",
                path.display()
            ),
            Self::Export(error) => write!(f, "events cannot be handed on: {error}"),
            Self::Issuers(error) => f.write_str(error),
            Self::Bucket(name, error) => write!(f, "the bucket `{name}`: {error}"),
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ServeError {}

impl From<StartError> for ServeError {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<TlsError> for ServeError {
    fn from(error: TlsError) -> Self {
        Self::Tls(error)
    }
}
