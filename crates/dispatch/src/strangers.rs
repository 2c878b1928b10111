//! Strangers: who calls without a signature that holds, or sends what cannot be read.
//!
//! Anybody can be a stranger, as often as the network permits. So a refused stranger costs little: a few refusals in a
//! minute leave records of their own, shortened and not waited for. What goes beyond that is counted, and summed up once in
//! a minute. A crash loses what has been counted and not summed up yet.

mod network;
mod pace;
mod tally;

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use audit::{EventKind, Journal, JournalHealth, Record, Value};
use strongroom::Entropy;

pub use self::network::Network;
pub use self::tally::StrangersShare;
use self::tally::{Moment, Summary, Tally};
use crate::{Clock, Ids};

/// What has been refused to strangers, and what of it is recorded.
pub struct Strangers {
    tally: Mutex<Tally>,
    journal: Arc<Journal>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    disk_reserve_bytes: u64,
    /// Less than the reserve is free.
    is_short: AtomicBool,
    recorded: AtomicU64,
    counted: AtomicU64,
}

/// The service and the event of a record that sums refusals up.
const SERVICE: &str = "keywright";
const EVENT: &str = "RefuseStrangers";
/// In place of an address, where there were too many to tell them apart.
const OTHERS: &str = "others";

impl Strangers {
    /// Nobody has called yet.
    #[must_use]
    pub fn new(
        share: StrangersShare,
        journal: Arc<Journal>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let strangers = Self {
            disk_reserve_bytes: share.disk_reserve_bytes,
            is_short: AtomicBool::new(false),
            tally: Mutex::new(Tally::new(share)),
            journal,
            clock,
            entropy,
            recorded: AtomicU64::new(0),
            counted: AtomicU64::new(0),
        };
        strangers.look_for_room();
        strangers
    }

    /// A stranger was refused something that is no call, such as a request that is no HTTP. It is counted.
    pub fn refused(&self, address: IpAddr, kind: &'static str) {
        self.counted.fetch_add(1, Relaxed);
        self.tally().count(address.into(), kind, self.moment());
    }

    /// Looks whether the reserve is there, and records what has been counted for a minute. To be called about once in a
    /// second.
    pub fn sum_up(&self) {
        self.look_for_room();
        self.write_summaries(false);
    }

    /// Records everything that has been counted, at the end of a server.
    pub fn finish(&self) {
        self.write_summaries(true);
    }

    /// Whether nothing of strangers is recorded because less than the reserve is free.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.is_short.load(Relaxed)
    }

    /// How many refusals have a record of their own, since the start.
    #[must_use]
    pub fn recorded(&self) -> u64 {
        self.recorded.load(Relaxed)
    }

    /// How many refusals have been counted instead, since the start.
    #[must_use]
    pub fn counted(&self) -> u64 {
        self.counted.load(Relaxed)
    }

    /// Whether the refusal of a call gets a record of its own, and a line in the log. If not, it has been counted.
    pub(crate) fn admits(&self, address: IpAddr, kind: &'static str) -> bool {
        if !self.has_room() {
            self.refused(address, kind);
            return false;
        }
        let admitted = self.tally().admits(address.into(), kind, self.moment());
        if !admitted {
            self.counted.fetch_add(1, Relaxed);
        }
        admitted
    }

    /// Records a refusal that was admitted. The answer does not wait for the record: nobody forces a disk to sync by
    /// calling without a signature.
    pub(crate) fn record(&self, address: IpAddr, kind: &'static str, payload: &[u8]) {
        if self.journal.hand_over(payload).is_err() {
            return self.refused(address, kind);
        }
        self.recorded.fetch_add(1, Relaxed);
        self.tally().spend(payload.len() as u64, self.moment());
    }

    fn write_summaries(&self, at_the_end: bool) {
        // What cannot be recorded now goes on being counted.
        if !self.has_room() {
            return;
        }
        let now = self.moment();
        let summaries = self.tally().sum_up(now, at_the_end);
        for summary in summaries {
            let written =
                self.encode(&summary, now).is_some_and(|record| self.journal.hand_over(&record).is_ok());
            if !written {
                self.tally().put_back(&summary, now);
                continue;
            }
            let Summary { kind, count, .. } = summary;
            tracing::info!(source = source(&summary), code = kind, count, "strangers were refused");
        }
    }

    /// The record of a summary; `None` without random bytes for its id.
    fn encode(&self, summary: &Summary, now: Moment) -> Option<Vec<u8>> {
        let mut random = [[0; 16]; 2];
        self.entropy.fill(random.as_flattened_mut()).ok()?;
        let mut record =
            Record::new(EventKind::ServiceEvent, Ids::from_random(random).event, now.time.as_millis());
        record.service = SERVICE.into();
        record.operation = EVENT.into();
        record.read_only = true;
        record.source = Some(source(summary).into());
        record.parameters = vec![
            ("errorCode".into(), Value::from(summary.kind)),
            ("count".into(), i64::try_from(summary.count).unwrap_or(i64::MAX).into()),
            ("first".into(), summary.first.to_iso8601().into()),
            ("last".into(), summary.last.to_iso8601().into()),
        ];
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        Some(bytes)
    }

    fn has_room(&self) -> bool {
        self.journal.health() == JournalHealth::Good && !self.is_short()
    }

    fn look_for_room(&self) {
        let free = self.journal.room_bytes();
        let is_short = free.is_some_and(|free| free < self.disk_reserve_bytes);
        if self.is_short.swap(is_short, Relaxed) == is_short {
            return;
        }
        let reserve = self.disk_reserve_bytes;
        if is_short {
            tracing::warn!(
                free,
                reserve,
                "the journal, or its disk, is nearly full: refusals of strangers are only counted"
            );
        } else {
            tracing::info!(free, reserve, "the journal has room: refusals of strangers are recorded again");
        }
    }

    fn moment(&self) -> Moment {
        Moment { time: self.clock.now(), elapsed: self.clock.elapsed() }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        // Nothing panics under the lock. If something did, the counts would still be counts.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn source(summary: &Summary) -> String {
    summary.network.map_or_else(|| OTHERS.to_owned(), |network| network.to_string())
}
