//! The machine's clock, moved.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use dispatch::Clock;
use model::Timestamp;
use server::SystemClock;

/// Goes as the machine's clock does, and so far ahead of it as it was told.
pub(crate) struct DevClock {
    machine: SystemClock,
    ahead_millis: AtomicI64,
}

impl Default for DevClock {
    fn default() -> Self {
        Self { machine: SystemClock::start(), ahead_millis: AtomicI64::new(0) }
    }
}

impl DevClock {
    /// Moves it on.
    pub(crate) fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let ahead = self.ahead_millis.load(Ordering::SeqCst).saturating_add(millis);
        self.ahead_millis.store(ahead, Ordering::SeqCst);
    }

    /// Sets it, forwards or back.
    pub(crate) fn set(&self, now: Timestamp) {
        let ahead = now.as_millis().saturating_sub(self.machine.unix_millis());
        self.ahead_millis.store(ahead, Ordering::SeqCst);
    }

    /// Lets it show the machine's time again.
    pub(crate) fn reset(&self) {
        self.ahead_millis.store(0, Ordering::SeqCst);
    }
}

impl Clock for DevClock {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead_millis.load(Ordering::SeqCst);
        Timestamp::from_millis(self.machine.unix_millis().saturating_add(ahead))
    }

    fn elapsed(&self) -> Duration {
        self.machine.elapsed()
    }
}
