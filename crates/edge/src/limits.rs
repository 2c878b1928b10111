//! What one client may take at the network's edge. Limits of the API itself stand with the operations.

use std::time::Duration;

/// Bytes of a request's head: request line and header fields. A signed request with a session token and grant
/// tokens stays under 8 KiB; more is refused with 431 before anything is parsed.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Bytes of a request's body. The longest legitimate KMS body is a key policy (32 KiB) or an import (under
/// 50 KiB) in JSON; IAM policies in a form-encoded body may triple. AWS refuses beyond 1 MiB as well.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a body that are read of whoever sends them. More are read over a connection on which somebody known has called,
/// and of a request that names an access key that there is. The longest body that needs no signature is a call of
/// `AssumeRoleWithWebIdentity` with a token of 20,000 bytes and a session policy.
pub const STRANGERS_BODY_BYTES_MAX: usize = 32 * 1024;

/// Bytes of an over-long body that are read and thrown away, so that a client that sends before it listens
/// can still read why it was refused. Beyond that the connection is closed under it.
pub(crate) const DISCARDED_BYTES_MAX: usize = 4 * BODY_BYTES_MAX;

/// Requests at a time on one HTTP/2 connection. Clients are told, and wait with further ones.
pub(crate) const STREAMS_MAX: u32 = 32;

/// Requests that are read and answered at a time on an HTTP/2 connection over which nobody known has called yet. Further
/// ones wait.
pub(crate) const STRANGERS_STREAMS_MAX: usize = 8;

/// Bytes of bodies that an HTTP/2 client may send before the server has read them, on a request and on a connection: as
/// little as the protocol begins with (RFC 9113, section 6.9.2), for nobody has been asked yet whether they may come.
pub(crate) const WINDOW_BYTES: u32 = 65_535;

/// Requests that are answered at once on a connection over which nobody known has called. Each further one waits for
/// [`STRANGERS_DELAY`]: who is known is so by the first request, and whoever is not by then has no reason to hurry.
pub(crate) const STRANGERS_QUICK_REQUESTS: u32 = 8;
pub(crate) const STRANGERS_DELAY: Duration = Duration::from_millis(200);

/// Connections over which nobody known has called that a worker works on, a piece each, before it looks what else there is.
pub(crate) const STRANGERS_AT_A_TIME: usize = 8;

/// Bytes that are read from a connection over which nobody known has called, before others have their turn. What a client
/// sends in one go is so worked off in parts, each before the next is read.
pub(crate) const STRANGERS_READ_BYTES: usize = 16 * 1024;

/// Bytes of answers on an HTTP/2 connection that wait for the client to take them.
pub(crate) const SEND_BYTES_MAX: usize = 64 * 1024;

/// Limits that an operator may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Open connections. Beyond them a new one takes the place of one that has not been known yet, or is closed at once.
    /// One that says nothing costs about 10 KiB, one that idles after a request 30 KiB; with TLS, 25 KiB and 35 KiB.
    pub connections_max: usize,
    /// Open connections of one IPv4 address or IPv6 /64, in the same way. Loopback is no exception: who is on the machine
    /// must not keep others out either, and a proxy there with more connections is worth a line in the configuration.
    pub connections_per_address_max: usize,
    /// Bytes of all requests together that are being read, where their bodies are not small and there at once. Half of them
    /// is for connections over which nobody known has called yet.
    pub bodies_bytes_max: usize,
    /// Time for a TLS handshake, and for a request's head from its first byte (the first one: from the
    /// connection's start).
    pub head: Duration,
    /// Time for a request's body.
    pub body: Duration,
    /// Time between two requests on one connection. Longer than the 90 s after which the SDKs of Rust and Go give up
    /// an idle connection, so that the client is the one to close: a request that meets a close on its way is lost.
    pub idle: Duration,
    /// The same until the first request on a connection that is signed by somebody known: clients that connect have
    /// something to say.
    pub stranger_idle: Duration,
    /// Time that requests in flight get to finish in when the server stops.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connections_per_address_max: 1000,
            bodies_bytes_max: 64 * 1024 * 1024,
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            idle: Duration::from_secs(120),
            stranger_idle: Duration::from_secs(5),
            shutdown: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// These limits for a listener on which nobody proves who calls: so many connections, whoever has them.
    #[must_use]
    pub fn for_anybody(self, connections_max: usize) -> Self {
        let connections_per_address_max = connections_max;
        Self { connections_max, connections_per_address_max, stranger_idle: self.idle, ..self }
    }

    /// How often connections are looked over: often enough to be a fraction of the shortest time, seldom
    /// enough to cost nothing.
    pub(crate) fn sweep(&self) -> Duration {
        let shortest = self.head.min(self.idle).min(self.stranger_idle);
        (shortest / 8).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }
}
