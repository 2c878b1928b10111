//! So much in a time: a bucket that fills as time goes by.

use std::time::Duration;

/// What has been taken of an allowance. One moment says it: when all of the allowance will be there again (the generic
/// cell rate algorithm). What is taken costs time, and the allowance is time as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pace {
    whole_at: Duration,
}

impl Pace {
    /// Whether so much of the allowance is there.
    pub(super) fn has_room(self, now: Duration, allowance: Duration, cost: Duration) -> bool {
        self.owed(now, allowance).saturating_add(cost) <= allowance
    }

    /// Takes what costs so much time. What is owed beyond the allowance is owed all the same.
    pub(super) fn take(&mut self, now: Duration, allowance: Duration, cost: Duration) {
        self.whole_at = now.saturating_add(self.owed(now, allowance)).saturating_add(cost);
    }

    /// Whether all of the allowance is there.
    pub(super) fn is_whole(self, now: Duration) -> bool {
        self.whole_at <= now
    }

    /// A clock that was put back must not make a debt for ever: nobody owes much more than the allowance.
    fn owed(self, now: Duration, allowance: Duration) -> Duration {
        self.whole_at.saturating_sub(now).min(allowance.saturating_mul(2))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALLOWANCE: Duration = Duration::from_secs(60);
    const COST: Duration = Duration::from_secs(6);

    #[test]
    fn an_allowance_is_spent_at_once_and_comes_back() {
        let mut pace = Pace::default();
        let at = Duration::from_secs;
        for _ in 0..10 {
            assert!(pace.has_room(at(0), ALLOWANCE, COST));
            pace.take(at(0), ALLOWANCE, COST);
        }
        assert!(!pace.has_room(at(0), ALLOWANCE, COST));
        assert!(!pace.has_room(at(5), ALLOWANCE, COST));
        assert!(pace.has_room(at(6), ALLOWANCE, COST));
        assert!(!pace.is_whole(at(59)) && pace.is_whole(at(60)));
    }

    #[test]
    fn a_clock_that_is_put_back_takes_nothing_away_for_ever() {
        let mut pace = Pace::default();
        pace.take(Duration::from_secs(1_000_000), ALLOWANCE, COST);
        assert!(!pace.has_room(Duration::ZERO, ALLOWANCE, COST));
        pace.take(Duration::ZERO, ALLOWANCE, COST);
        assert!(pace.has_room(Duration::from_secs(130), ALLOWANCE, COST));
    }

    proptest! {
        #[test]
        fn no_more_is_taken_than_the_allowance_and_what_time_brings(
            steps in proptest::collection::vec(0_u64..10_000, 1..200),
        ) {
            let (mut pace, mut now, mut taken) = (Pace::default(), Duration::ZERO, Duration::ZERO);
            for millis in steps {
                now += Duration::from_millis(millis);
                if pace.has_room(now, ALLOWANCE, COST) {
                    pace.take(now, ALLOWANCE, COST);
                    taken += COST;
                }
                prop_assert!(taken <= ALLOWANCE + now);
            }
        }
    }
}
