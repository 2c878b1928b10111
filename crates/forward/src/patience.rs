//! How long somebody waits for KMS.

use std::time::Duration;

/// How long a try may take, how long all tries together, and the pauses between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The longest time of one try, from the wait for a connection to the last byte of the answer.
    pub attempt: Duration,
    /// The longest time of all tries and pauses.
    pub total: Duration,
    /// The pause after the first try; each later one is twice as long. A random part of up to a half is taken off, so
    /// that clients which failed together do not come again together.
    pub first_pause: Duration,
    /// The longest pause.
    pub pause_max: Duration,
}

impl Patience {
    /// For a program that starts once, and has nothing better to do than to wait for its key.
    pub const OF_A_PROGRAM: Self = Self {
        attempt: Duration::from_secs(5),
        total: Duration::from_secs(60),
        first_pause: Duration::from_millis(100),
        pause_max: Duration::from_secs(8),
    };

    /// For a gateway whose own clients wait meanwhile, and try again themselves.
    pub const OF_A_GATEWAY: Self = Self {
        attempt: Duration::from_secs(3),
        total: Duration::from_secs(6),
        first_pause: Duration::from_millis(50),
        pause_max: Duration::from_secs(1),
    };

    /// The pause after so many tries that failed, with a random number.
    pub(crate) fn pause(&self, failed: u32, random: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failed.saturating_sub(1));
        let whole = self.first_pause.saturating_mul(doubled).min(self.pause_max);
        let half = whole / 2;
        // A part of the half, out of 2^32.
        half.saturating_add(half.mul_f64(f64::from(random) / f64::from(u32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit_and_differ_by_half() {
        let patience = Patience::OF_A_PROGRAM;
        let millis = |failed, random| patience.pause(failed, random).as_millis();
        assert_eq!((millis(1, 0), millis(1, u32::MAX)), (50, 100));
        assert_eq!((millis(2, 0), millis(2, u32::MAX)), (100, 200));
        assert_eq!((millis(7, 0), millis(7, u32::MAX)), (3_200, 6_400));
        for failed in [8, 9, 33, u32::MAX] {
            assert_eq!((millis(failed, 0), millis(failed, u32::MAX)), (4_000, 8_000), "after {failed}");
        }
        assert_eq!(millis(0, 0), 50);
    }
}
