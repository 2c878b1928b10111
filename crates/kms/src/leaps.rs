//! Leaps of the machine's clock, and what waits after one.
//!
//! A clock that is set a year too late makes deletions due for which their keys' users were promised days to change their
//! minds. No deletion can be undone. So what is due waits after a leap for as long as the shortest waiting period, by the
//! time that passes on this server. Within one run no key is deleted sooner after it was scheduled than that.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use dispatch::Clock;

use crate::limits::DELETION_WINDOW_DAYS;

/// Tells whether the clock leapt forwards lately.
pub struct Leaps {
    seen: Mutex<Gauge>,
}

/// How far a clock is ahead of the time that has passed, in milliseconds.
type Offset = i64;

/// What is known of the clock.
#[derive(Debug, Clone, Copy)]
struct Gauge {
    /// At the last look.
    latest: Offset,
    /// That is taken for right.
    believed: Offset,
    /// When the clock leapt forwards, by the time that has passed.
    leapt: Duration,
}

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
/// What a clock may gain between two looks: a machine that slept is no machine whose clock was set.
const LEAP_MILLIS: i64 = DAY_MILLIS;
/// How long what is due waits.
const WAIT: Duration = Duration::from_secs(*DELETION_WINDOW_DAYS.start() as u64 * 24 * 60 * 60);

impl Leaps {
    /// The clock is right now.
    #[must_use]
    pub fn new(clock: &dyn Clock) -> Self {
        let now = offset(clock);
        Self { seen: Mutex::new(Gauge { latest: now, believed: now, leapt: Duration::ZERO }) }
    }

    /// Looks at the clock. Whether what is due by it has to wait.
    pub(crate) fn look(&self, clock: &dyn Clock) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, elapsed) = (offset(clock), clock.elapsed());
        let gained = now.saturating_sub(seen.latest);
        seen.latest = now;
        if gained > LEAP_MILLIS {
            seen.leapt = elapsed;
            let days = gained / DAY_MILLIS;
            tracing::error!(days, "the clock leapt forwards: deletions and rotations wait for seven days");
        } else if gained >= -LEAP_MILLIS {
            seen.believed = seen.believed.saturating_add(gained);
        }
        if now < seen.believed || elapsed.saturating_sub(seen.leapt) >= WAIT {
            seen.believed = now;
        }
        now.saturating_sub(seen.believed) > LEAP_MILLIS
    }
}

fn offset(clock: &dyn Clock) -> Offset {
    let elapsed = i64::try_from(clock.elapsed().as_millis()).unwrap_or(i64::MAX);
    clock.now().as_millis().saturating_sub(elapsed)
}
