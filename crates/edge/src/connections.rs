//! How many connections there are, and how they ended.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Connections of one listener.
#[derive(Debug, Default)]
pub struct Connections {
    accepted: AtomicU64,
    closed: AtomicU64,
    refused: AtomicU64,
    accept_failed: AtomicU64,
    handshake_failed: AtomicU64,
    overdue_head: AtomicU64,
    overdue_idle: AtomicU64,
}

impl Connections {
    pub(crate) fn opened(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.closed.fetch_add(1, Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(crate) fn accept_failed(&self) {
        self.accept_failed.fetch_add(1, Relaxed);
    }

    pub(crate) fn handshake_failed(&self) {
        self.handshake_failed.fetch_add(1, Relaxed);
    }

    pub(crate) fn overdue_head(&self) {
        self.overdue_head.fetch_add(1, Relaxed);
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

    /// Connections accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    /// Connections that were refused or ended from here, by reason.
    #[must_use]
    pub fn ended(&self) -> [(&'static str, u64); 5] {
        [
            ("over_limit", &self.refused),
            ("accept_failed", &self.accept_failed),
            ("tls_handshake_failed", &self.handshake_failed),
            ("slow_head", &self.overdue_head),
            ("idle", &self.overdue_idle),
        ]
        .map(|(reason, count)| (reason, count.load(Relaxed)))
    }
}
