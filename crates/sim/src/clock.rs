//! A clock that stands until a test moves it.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use dispatch::Clock;
use model::Timestamp;

/// A clock that stands until it is moved. It begins on 2026-01-02 at 03:04:05 UTC.
#[derive(Debug)]
pub struct SimClock {
    millis: AtomicI64,
    /// What of it has not passed: the clock was set.
    set_millis: AtomicI64,
}

const BEGIN_MILLIS: i64 = 1_767_323_045_000;
const YEAR_MILLIS: i64 = 365 * 24 * 60 * 60 * 1000;

impl SimClock {
    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.millis.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Moves the clock on by days of 24 hours.
    pub fn advance_days(&self, days: u32) {
        self.advance(Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    }

    /// Sets the clock, forwards or back. No time passes.
    pub fn set(&self, now: Timestamp) {
        let before = self.millis.swap(now.as_millis(), Ordering::SeqCst);
        self.set_millis.fetch_add(now.as_millis().saturating_sub(before), Ordering::SeqCst);
    }

    /// Sets the clock forwards or back by years of 365 days. No time passes.
    pub fn leap_years(&self, years: i64) {
        self.set(Timestamp::from_millis(self.now().as_millis().saturating_add(years * YEAR_MILLIS)));
    }
}

impl Default for SimClock {
    fn default() -> Self {
        Self { millis: AtomicI64::new(BEGIN_MILLIS), set_millis: AtomicI64::new(0) }
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        let passed = self.now().as_millis().saturating_sub(self.set_millis.load(Ordering::SeqCst));
        let since = passed.saturating_sub(BEGIN_MILLIS);
        Duration::from_millis(u64::try_from(since).unwrap_or_default())
    }
}
