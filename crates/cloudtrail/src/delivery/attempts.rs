//! How the latest attempts to deliver went, on this node, since it started.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use model::Timestamp;

use crate::trail_id::TrailId;

/// Wait after the first failure; it doubles with each further one.
const WAIT_MILLIS: i64 = 1_000;
const WAIT_MILLIS_MAX: i64 = 60_000;

/// By trail.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<BTreeMap<TrailId, DeliveryAttempt>>);

/// The latest attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeliveryAttempt {
    pub(crate) at: Timestamp,
    /// Why events are not delivered; `None` if they were.
    pub(crate) error: Option<String>,
    /// Why digests are not.
    pub(crate) digest_error: Option<String>,
    /// Failures since the last success.
    pub(crate) failures: u32,
    /// Failures since the start.
    pub(crate) failures_ever: u64,
}

/// What was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempted {
    Events,
    Digests,
}

impl Attempts {
    /// The latest attempt of a trail.
    pub(crate) fn of(&self, trail: &TrailId) -> Option<DeliveryAttempt> {
        self.locked(|attempts| attempts.get(trail).cloned())
    }

    /// Whether it is time to try again. A clock that went back says nothing.
    pub(crate) fn may_try(&self, trail: &TrailId, now: Timestamp) -> bool {
        let Some(DeliveryAttempt { at, failures, .. }) = self.of(trail) else { return true };
        let doubled = failures.checked_sub(1).map_or(0, |times| WAIT_MILLIS << times.min(6));
        let waited = now.as_millis().saturating_sub(at.as_millis());
        waited < 0 || waited >= doubled.min(WAIT_MILLIS_MAX)
    }

    /// Notes what came of an attempt.
    pub(crate) fn note(&self, trail: &TrailId, at: Timestamp, what: Attempted, error: Option<String>) {
        self.locked(|attempts| {
            let before = attempts.remove(trail);
            let (failures, ever) =
                before.as_ref().map_or((0, 0), |before| (before.failures, before.failures_ever));
            let failed = error.is_some();
            let (kept, kept_digest) =
                before.map_or((None, None), |before| (before.error, before.digest_error));
            let (error, digest_error) = match what {
                Attempted::Events => (error, kept_digest),
                Attempted::Digests => (kept, error),
            };
            let attempt = DeliveryAttempt {
                at,
                error,
                digest_error,
                failures: if failed { failures.saturating_add(1) } else { 0 },
                failures_ever: ever.saturating_add(u64::from(failed)),
            };
            attempts.insert(trail.clone(), attempt);
        });
    }

    /// Forgets the trails that are not there any more.
    pub(crate) fn retain(&self, is_there: impl Fn(&TrailId) -> bool) {
        self.locked(|attempts| attempts.retain(|trail, _| is_there(trail)));
    }

    fn locked<T>(&self, with: impl FnOnce(&mut BTreeMap<TrailId, DeliveryAttempt>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use model::arn::{AccountId, Region};

    use super::*;

    #[test]
    fn it_waits_longer_after_each_failure_and_no_longer_after_a_success() {
        let id = TrailId {
            account: AccountId::parse("111122223333").unwrap(),
            home: Region::parse("us-east-1").unwrap(),
            name: "t".to_owned(),
        };
        let attempts = Attempts::default();
        let at = |seconds: i64| Timestamp::from_millis(1_000_000 + seconds * 1000);
        assert!(attempts.may_try(&id, at(0)));
        let fail = |now| attempts.note(&id, now, Attempted::Events, Some("NoSuchBucket".to_owned()));
        fail(at(0));
        assert!(!attempts.may_try(&id, at(0)) && attempts.may_try(&id, at(1)));
        fail(at(1));
        assert!(!attempts.may_try(&id, at(2)) && attempts.may_try(&id, at(3)));
        (0..100).for_each(|_| fail(at(9)));
        assert!(!attempts.may_try(&id, at(68)) && attempts.may_try(&id, at(69)));
        assert!(attempts.may_try(&id, at(0)), "the clock went back");
        attempts.note(&id, at(70), Attempted::Digests, None);
        let now = attempts.of(&id).unwrap();
        assert_eq!((now.error.as_deref(), now.failures, now.failures_ever), (Some("NoSuchBucket"), 0, 102));
        attempts.note(&id, at(71), Attempted::Events, None);
        assert_eq!(attempts.of(&id).unwrap().error, None);
    }
}
