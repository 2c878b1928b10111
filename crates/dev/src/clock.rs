//! The machine's clock, moved.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use dispatch::Clock;
use model::Timestamp;
use server::SystemClock;

/// Goes as the machine's clock does, and so far ahead of it as it was told.
pub(crate) struct DevClock {
    machine: SystemClock,
    ahead_millis: AtomicI64,
    /// What it was moved on in all. It passes for time that has passed: nothing leapt, as far as the server can tell.
    passed_millis: AtomicU64,
}

impl Default for DevClock {
    fn default() -> Self {
        Self {
            machine: SystemClock::start(),
            ahead_millis: AtomicI64::new(0),
            passed_millis: AtomicU64::new(0),
        }
    }
}

impl DevClock {
    /// Moves it on.
    pub(crate) fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.put_ahead(self.ahead_millis.load(Ordering::SeqCst).saturating_add(millis));
    }

    /// Sets it, forwards or back.
    pub(crate) fn set(&self, now: Timestamp) {
        self.put_ahead(now.as_millis().saturating_sub(self.machine.unix_millis()));
    }

    /// Lets it show the machine's time again.
    pub(crate) fn reset(&self) {
        self.put_ahead(0);
    }

    fn put_ahead(&self, ahead: i64) {
        let before = self.ahead_millis.swap(ahead, Ordering::SeqCst);
        let gained = u64::try_from(ahead.saturating_sub(before)).unwrap_or_default();
        self.passed_millis.fetch_add(gained, Ordering::SeqCst);
    }
}

impl Clock for DevClock {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead_millis.load(Ordering::SeqCst);
        Timestamp::from_millis(self.machine.unix_millis().saturating_add(ahead))
    }

    fn elapsed(&self) -> Duration {
        self.machine
            .elapsed()
            .saturating_add(Duration::from_millis(self.passed_millis.load(Ordering::SeqCst)))
    }
}
