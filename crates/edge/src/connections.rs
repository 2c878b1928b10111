//! How many connections there are, and how they ended.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Connections of one listener.
#[derive(Debug, Default)]
pub struct Connections {
    accepted: AtomicU64,
    closed: AtomicU64,
    known: AtomicU64,
    known_closed: AtomicU64,
    over_limit: AtomicU64,
    over_address_limit: AtomicU64,
    made_room: AtomicU64,
    head_too_large: AtomicU64,
    malformed: AtomicU64,
    accept_failed: AtomicU64,
    handshake_failed: AtomicU64,
    overdue_head: AtomicU64,
    overdue_idle: AtomicU64,
}

/// Why a client does not get as far as a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnedAway {
    /// There are as many connections as there may be.
    OverLimit,
    /// There are as many connections of the client's address as there may be.
    OverAddressLimit,
    /// Its connection proved nothing, and made room for a later one.
    MadeRoom,
    /// The TLS handshake failed.
    Handshake,
    /// A request's head is larger than [`HEAD_BYTES_MAX`](crate::HEAD_BYTES_MAX); answered with 431 (RFC 6585, section 5).
    HeadTooLarge,
    /// What it sends is no HTTP.
    Malformed,
    /// A handshake or a head took too long.
    SlowHead,
}

impl TurnedAway {
    /// Its name in records, in the manner of error codes.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OverLimit => "TooManyConnections",
            Self::OverAddressLimit => "TooManyConnectionsOfAddress",
            Self::MadeRoom => "MadeRoomForAnother",
            Self::Handshake => "TlsHandshakeFailed",
            Self::HeadTooLarge => "RequestHeaderFieldsTooLarge",
            Self::Malformed => "MalformedRequest",
            Self::SlowHead => "SlowRequest",
        }
    }
}

impl Connections {
    pub(crate) fn opened(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.closed.fetch_add(1, Relaxed);
    }

    /// One of a connection's requests came from somebody known.
    pub(crate) fn known(&self) {
        self.known.fetch_add(1, Relaxed);
    }

    /// A known connection was closed.
    pub(crate) fn known_closed(&self) {
        self.known_closed.fetch_add(1, Relaxed);
    }

    pub(crate) fn turned_away(&self, why: TurnedAway) {
        let count = match why {
            TurnedAway::OverLimit => &self.over_limit,
            TurnedAway::OverAddressLimit => &self.over_address_limit,
            TurnedAway::MadeRoom => &self.made_room,
            TurnedAway::Handshake => &self.handshake_failed,
            TurnedAway::HeadTooLarge => &self.head_too_large,
            TurnedAway::Malformed => &self.malformed,
            TurnedAway::SlowHead => &self.overdue_head,
        };
        count.fetch_add(1, Relaxed);
    }

    pub(crate) fn accept_failed(&self) {
        self.accept_failed.fetch_add(1, Relaxed);
    }

    pub(crate) fn overdue_idle(&self) {
        self.overdue_idle.fetch_add(1, Relaxed);
    }

    /// Connections that are open.
    #[must_use]
    pub fn open(&self) -> u64 {
        let closed = self.closed.load(Relaxed);
        self.accepted.load(Relaxed).saturating_sub(closed)
    }

    /// Those of them on which somebody known has called.
    #[must_use]
    pub fn open_known(&self) -> u64 {
        let closed = self.known_closed.load(Relaxed);
        self.known.load(Relaxed).saturating_sub(closed)
    }

    /// Connections that were refused for want of a place, or ended to give theirs to another.
    #[must_use]
    pub fn refused(&self) -> u64 {
        [&self.over_limit, &self.over_address_limit, &self.made_room]
            .map(|count| count.load(Relaxed))
            .into_iter()
            .sum()
    }

    /// Connections accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    /// Connections that were refused or ended from here, by reason.
    #[must_use]
    pub fn ended(&self) -> [(&'static str, u64); 9] {
        [
            ("over_limit", &self.over_limit),
            ("over_address_limit", &self.over_address_limit),
            ("made_room", &self.made_room),
            ("accept_failed", &self.accept_failed),
            ("tls_handshake_failed", &self.handshake_failed),
            ("slow_head", &self.overdue_head),
            ("idle", &self.overdue_idle),
            ("head_too_large", &self.head_too_large),
            ("malformed", &self.malformed),
        ]
        .map(|(reason, count)| (reason, count.load(Relaxed)))
    }
}
