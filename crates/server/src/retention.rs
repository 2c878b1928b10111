//! What becomes of the journal's full segments: they are compressed, and removed when their time is over.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use audit::{Disk, Inventory, JournalError, JournalHealth, OutdatedSegment, Pause, Recovery, Upkeep};
use bytes::Bytes;
use dispatch::{Backstage, Clock, Leaps, ServiceEvent};
use model::Timestamp;

/// How long the journal is kept, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Whether full segments are compressed.
    pub compress: bool,
    /// Segments whose records are all older are removed; `None` keeps them for ever.
    pub keep: Option<Duration>,
}

/// Keeps the journal as the operator wishes.
pub(crate) struct Retainer {
    upkeep: Upkeep,
    retention: Retention,
    leaps: Leaps,
    undelivered: Undelivered,
    state: Mutex<RetainerState>,
}

/// How long nothing is compressed after the system refused something, such as room on a full disk.
const REST: Duration = Duration::from_secs(60);

/// The first record of the journal that still has to be delivered somewhere; `None` if all were, or none has to be. Its segment
/// and all later ones stay.
pub(crate) type Undelivered = Box<dyn Fn() -> Option<u64> + Send + Sync>;

#[derive(Default)]
struct RetainerState {
    /// The record of a removal that the journal has not taken yet.
    unrecorded: Option<Bytes>,
    /// Until when, by the time that has passed, nothing is compressed, because the system refused something.
    rests_until: Duration,
    /// What the log said last, so that it does not say so again and again.
    told: Option<String>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { compress: true, keep: None }
    }
}

impl Retainer {
    /// Of the journal on this disk, as it was opened.
    pub(crate) fn new(
        disk: &Arc<dyn Disk>,
        retention: Retention,
        recovery: &Recovery,
        clock: &dyn Clock,
        undelivered: Undelivered,
    ) -> Self {
        // A machine may start with a wrong clock, and nobody was there to see it leap.
        let latest = recovery.latest_ms().map(Timestamp::from_millis);
        Self {
            upkeep: Upkeep::new(Arc::clone(disk)),
            retention,
            leaps: Leaps::since(latest, clock, "removals of old records"),
            undelivered,
            state: Mutex::default(),
        }
    }

    /// Does the next piece of work, at most one segment's. Whether there may be more to do at once. `pause` is taken between
    /// small pieces, and may end the work.
    pub(crate) async fn tend(&self, backstage: &Backstage, pause: Pause<'_>) -> bool {
        let done = match self.remove(backstage, pause).await {
            Ok(false) => self.compress(&*backstage.clock, pause),
            done => done,
        };
        match done {
            Ok(further) => {
                if further {
                    self.state().told = None;
                }
                further
            }
            Err(JournalError::Io { error, .. }) if error.kind() == io::ErrorKind::Interrupted => false,
            Err(error) => {
                self.tell(&error);
                // A segment that does not hold is passed over.
                matches!(error, JournalError::Damaged(_))
                    && self.compress(&*backstage.clock, pause).unwrap_or(false)
            }
        }
    }

    /// How large the journal is; `None` if it cannot be read.
    pub(crate) fn inventory(&self) -> Option<Inventory> {
        self.upkeep.inventory().ok()
    }

    fn compress(&self, clock: &dyn Clock, pause: Pause<'_>) -> Result<bool, JournalError> {
        if !self.retention.compress || clock.elapsed() < self.state().rests_until {
            return Ok(false);
        }
        let compressed = self.upkeep.compress_next(pause);
        if matches!(compressed, Err(JournalError::Io { .. })) {
            self.state().rests_until = clock.elapsed().saturating_add(REST);
        }
        let Some(segment) = compressed? else { return Ok(false) };
        let audit::CompressedSegment { first, bytes, compressed_bytes } = segment;
        tracing::info!(segment = first, bytes, compressed_bytes, "a segment of the journal was compressed");
        Ok(true)
    }

    /// Removes the oldest segment, if its time is over. Whether one was removed.
    async fn remove(&self, backstage: &Backstage, pause: Pause<'_>) -> Result<bool, JournalError> {
        self.record_what_was_removed(backstage).await;
        let Some(keep) = self.retention.keep else { return Ok(false) };
        if self.leaps.look(&*backstage.clock) {
            return Ok(false);
        }
        let keep_ms = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        let before_ms = backstage.clock.now().as_millis().saturating_sub(keep_ms);
        let Some(outdated) = self.upkeep.outdated(before_ms, pause)? else { return Ok(false) };
        if outdated.is_held((self.undelivered)()) {
            self.tell(&format!(
                "records {} to {} are old enough to be removed, and stay until all trails have delivered them",
                outdated.first, outdated.end.sequence
            ));
            return Ok(false);
        }
        let recorded = self.record(&outdated, backstage).await?;
        self.upkeep.remove(&outdated)?;
        let OutdatedSegment { first, end, .. } = outdated;
        tracing::info!(first, last = end.sequence, %end, recorded, "old records were removed from the journal");
        Ok(true)
    }

    /// Records that a segment is removed. A journal that has no room for the record gets room by the removal, and the record
    /// afterwards. Whether it was recorded now.
    async fn record(&self, outdated: &OutdatedSegment, backstage: &Backstage) -> Result<bool, JournalError> {
        let no_random = |_| {
            let error = io::Error::other("the source of random bytes failed");
            JournalError::Io { file: "RemoveSegments".to_owned(), error }
        };
        let event = removal(outdated);
        let record = event.alone(backstage.clock.now(), &*backstage.entropy).map_err(no_random)?;
        if backstage.journal.append(&record).await.is_ok() {
            return Ok(true);
        }
        match backstage.journal.health() {
            JournalHealth::Stopped(kind) => {
                Err(JournalError::Io { file: "RemoveSegments".to_owned(), error: kind.into() })
            }
            _ => {
                self.state().unrecorded = Some(record);
                Ok(false)
            }
        }
    }

    async fn record_what_was_removed(&self, backstage: &Backstage) {
        let waiting = self.state().unrecorded.clone();
        if let Some(record) = waiting
            && backstage.journal.append(&record).await.is_ok()
        {
            self.state().unrecorded = None;
        }
    }

    fn tell(&self, what: &dyn std::fmt::Display) {
        let what = what.to_string();
        let mut state = self.state();
        if state.told.as_ref() != Some(&what) {
            tracing::error!("keeping the journal: {what}");
            state.told = Some(what);
        }
    }

    fn state(&self) -> MutexGuard<'_, RetainerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn removal(outdated: &OutdatedSegment) -> ServiceEvent {
    let OutdatedSegment { first, end, latest_ms } = outdated;
    ServiceEvent {
        service: "keywright",
        name: "RemoveSegments",
        account: String::new(),
        region: String::new(),
        resource: "journal".to_owned(),
        details: vec![
            ("firstSequence", first.to_string()),
            ("lastSequence", end.sequence.to_string()),
            ("latestEventTime", Timestamp::from_millis(*latest_ms).to_iso8601()),
            ("end", end.to_string()),
        ],
    }
}
