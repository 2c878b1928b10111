//! What the network edge hands to the request line.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use crate::{Fault, fault};

/// Why a request's body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFault {
    /// It is longer than the limit.
    TooLarge,
    /// It did not arrive in time.
    TimedOut,
    /// The connection broke off, or the framing is wrong.
    Broken,
    /// It is long, and nobody known sends it: it was not read.
    Unread,
    /// Too many requests are being read.
    NoRoom,
}

impl From<BodyFault> for Fault {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge => Self::silent(&fault::TOO_LARGE),
            // Whoever is not known is told so instead.
            BodyFault::TimedOut | BodyFault::Broken | BodyFault::Unread => {
                Self::silent(&fault::REQUEST_TIMEOUT)
            }
            BodyFault::NoRoom => Self::silent(&fault::UNAVAILABLE),
        }
    }
}

/// The connection that a request came over.
#[derive(Debug, Clone)]
pub struct ConnectionInfo {
    peer: SocketAddr,
    /// Written once, for it stands in the record of every call.
    address: String,
    tls: Option<TlsDetails>,
    /// Shared by its clones: they are one connection.
    known: Arc<AtomicBool>,
}

impl ConnectionInfo {
    /// A connection from `peer`, over TLS if there are details of it.
    #[must_use]
    pub fn new(peer: SocketAddr, tls: Option<TlsDetails>) -> Self {
        Self { peer, address: peer.ip().to_string(), tls, known: Arc::default() }
    }

    /// The other end.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The other end's IP address as text.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What was negotiated, on TLS connections.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsDetails> {
        self.tls.as_ref()
    }

    /// Whether somebody known has called over the connection.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.known.load(Relaxed)
    }

    /// Somebody known has called over it: by a signature that holds, or another proof.
    pub fn recognise(&self) {
        if !self.is_known() {
            self.known.store(true, Relaxed);
        }
    }
}

/// What was negotiated.
#[derive(Debug, Clone)]
pub struct TlsDetails {
    /// `TLSv1.3` or `TLSv1.2`.
    pub version: &'static str,
    /// Name of the cipher suite.
    pub cipher: String,
}
