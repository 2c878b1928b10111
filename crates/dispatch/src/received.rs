//! What the network edge hands to the request line.

use std::net::SocketAddr;

/// Why a request's body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFault {
    /// It is longer than the limit.
    TooLarge,
    /// It did not arrive in time.
    TimedOut,
    /// The connection broke off, or the framing is wrong.
    Broken,
}

/// The connection that a request came over.
#[derive(Debug, Clone)]
pub struct ConnectionInfo {
    /// The other end.
    pub peer: SocketAddr,
    /// Present on TLS connections.
    pub tls: Option<TlsDetails>,
}

/// What was negotiated.
#[derive(Debug, Clone)]
pub struct TlsDetails {
    /// `TLSv1.3` or `TLSv1.2`.
    pub version: &'static str,
    /// Name of the cipher suite.
    pub cipher: String,
}
