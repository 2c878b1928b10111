//! Leaps of the machine's clock, and what waits after one.
//!
//! A clock that is set a year too late makes deletions of keys due for which their users were promised days to change their
//! minds, and makes all records old. No deletion can be undone. So what is due waits after a leap for as long as the shortest
//! waiting period of a key, by the time that passes on this server. Within one run no key is deleted sooner after it was
//! scheduled than that.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use model::Timestamp;

use crate::Clock;

/// Tells whether the clock leapt forwards lately.
pub struct Leaps {
    waiting: &'static str,
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
const WAIT: Duration = Duration::from_secs(Leaps::WAIT_DAYS as u64 * 24 * 60 * 60);

impl Leaps {
    /// How many days what is due waits after a leap.
    pub const WAIT_DAYS: u16 = 7;

    /// The clock is right now. `waiting` is what waits after a leap, for the log.
    #[must_use]
    pub fn new(clock: &dyn Clock, waiting: &'static str) -> Self {
        Self::since(None, clock, waiting)
    }

    /// The clock was right when it showed `latest`, before this run; without that, it is right now.
    #[must_use]
    pub fn since(latest: Option<Timestamp>, clock: &dyn Clock, waiting: &'static str) -> Self {
        let now = offset(clock);
        let gained = latest.map_or(0, |latest| clock.now().as_millis().saturating_sub(latest.as_millis()));
        let latest = now.saturating_sub(gained.max(0));
        Self { waiting, seen: Mutex::new(Gauge { latest, believed: latest, leapt: Duration::ZERO }) }
    }

    /// Looks at the clock. Whether what is due by it has to wait.
    #[must_use]
    pub fn look(&self, clock: &dyn Clock) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, elapsed) = (offset(clock), clock.elapsed());
        let gained = now.saturating_sub(seen.latest);
        seen.latest = now;
        if gained > LEAP_MILLIS {
            seen.leapt = elapsed;
            let days = gained / DAY_MILLIS;
            tracing::error!(days, "the clock leapt forwards: {} wait for seven days", self.waiting);
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
