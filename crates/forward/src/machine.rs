//! Clock and randomness, as a parameter.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What is taken from the machine. One implementation reads the real one; tests have their own.
pub trait Machine: Send + Sync {
    /// Seconds since 1970-01-01T00:00:00Z, by the clock on the wall.
    fn now_seconds(&self) -> i64;

    /// Time since some fixed moment, never going back.
    fn elapsed(&self) -> Duration;

    /// A random number, for pauses that differ between clients. Nothing secret is made of it.
    fn random(&self) -> u32;
}

/// The machine that the program runs on.
#[derive(Debug, Clone, Copy)]
pub struct ThisMachine {
    started: Instant,
}

impl ThisMachine {
    /// Its [`Machine::elapsed`] starts at zero.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is what everything else gets as a parameter")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }
}

impl Machine for ThisMachine {
    #[expect(clippy::disallowed_methods, reason = "this is what everything else gets as a parameter")]
    fn now_seconds(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "this is what everything else gets as a parameter")]
    fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.started)
    }

    #[expect(clippy::disallowed_methods, reason = "this is what everything else gets as a parameter")]
    fn random(&self) -> u32 {
        let mut drawn = [0; 4];
        // Without randomness all pauses are as short as they may be; nothing else depends on it.
        let _ = aws_lc_rs::rand::fill(&mut drawn);
        u32::from_le_bytes(drawn)
    }
}
