//! The machine's clock: the only place that reads it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose [`SystemClock::elapsed`] starts at zero.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else gets as a parameter"
    )]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Milliseconds since 1970 in UTC, without leap seconds; negative if the clock stands before that.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else gets as a parameter"
    )]
    pub fn unix_millis(&self) -> i64 {
        let now = SystemTime::now();
        let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        now.duration_since(UNIX_EPOCH).map_or_else(|before| -millis(before.duration()), millis)
    }

    /// Time since the start; never goes back.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else gets as a parameter"
    )]
    pub fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.started)
    }
}

impl dispatch::Clock for SystemClock {
    fn now(&self) -> model::Timestamp {
        model::Timestamp::from_millis(self.unix_millis())
    }

    fn elapsed(&self) -> Duration {
        SystemClock::elapsed(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_forward_in_this_century() {
        let clock = SystemClock::start();
        let first = clock.elapsed();
        std::thread::sleep(Duration::from_millis(2));
        assert!(clock.elapsed() >= first + Duration::from_millis(2));
        let years = clock.unix_millis() / (365 * 24 * 3600 * 1000);
        assert!((50..130).contains(&years), "{years} years since 1970");
    }
}
