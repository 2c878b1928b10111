//! How often strangers were refused, and which of the refusals get a record of their own.
//!
//! Two allowances decide: that of the stranger's network, and the share that all strangers have of the journal. What goes
//! beyond them is counted, by network and kind. The number of networks is bounded; those beyond it are counted as one.

use std::{collections::BTreeMap, time::Duration};

use model::Timestamp;

use super::{network::Network, pace::Pace};

/// What strangers may have recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrangersShare {
    /// Refusals in a minute that get a record of their own, for each network, this many also at once.
    pub records_per_minute: u32,
    /// Bytes in a day that all records of strangers may take of the journal, an hour's part of them also at once.
    pub journal_bytes_per_day: u64,
    /// Free bytes on the journal's disk that strangers leave alone: with less, nothing of theirs is recorded.
    pub disk_reserve_bytes: u64,
}

/// A moment, by the clock that tells the time and by the one that never goes back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) time: Timestamp,
    pub(super) elapsed: Duration,
}

/// What was refused, without a record of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    /// Where it came from; `None`: from networks beyond the bounded number.
    pub(super) network: Option<Network>,
    /// The error code.
    pub(super) kind: &'static str,
    pub(super) count: u64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// Refusals of strangers.
#[derive(Debug)]
pub(super) struct Tally {
    share: StrangersShare,
    networks: BTreeMap<Network, Visits>,
    others: Visits,
    /// When the others were summed up last. Rows are added to them at any time.
    others_told: Duration,
    journal: Pace,
}

/// What came from one network.
#[derive(Debug, Default)]
struct Visits {
    records: Pace,
    counted: BTreeMap<&'static str, Count>,
    /// When the first of the counted refusals came.
    since: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    refusals: u64,
    first: Timestamp,
    last: Timestamp,
}

/// Networks that are told apart. A row takes some 200 bytes.
const NETWORKS_MAX: usize = 4096;
/// Refusals are counted for so long before they are summed up.
const COUNTED_FOR: Duration = MINUTE;
/// About what the record of a summary takes in the journal.
const SUMMARY_BYTES: u64 = 320;
const MIB: u64 = 1024 * 1024;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for StrangersShare {
    fn default() -> Self {
        Self { records_per_minute: 20, journal_bytes_per_day: 64 * MIB, disk_reserve_bytes: 64 * MIB }
    }
}

impl StrangersShare {
    fn record_cost(self) -> Duration {
        MINUTE.checked_div(self.records_per_minute).unwrap_or(DAY)
    }

    fn cost_of(self, bytes: u64) -> Duration {
        let nanos = u128::from(bytes).saturating_mul(DAY.as_nanos());
        let nanos = nanos / u128::from(self.journal_bytes_per_day.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl Tally {
    pub(super) fn new(share: StrangersShare) -> Self {
        Self {
            share,
            networks: BTreeMap::new(),
            others: Visits::default(),
            others_told: Duration::ZERO,
            journal: Pace::default(),
        }
    }

    /// Whether a refusal gets a record of its own. If not, it has been counted.
    pub(super) fn admits(&mut self, network: Network, kind: &'static str, now: Moment) -> bool {
        let cost = self.share.record_cost();
        let has_room = self.journal_has_room(now);
        let visits = self.visits(network);
        if has_room && visits.records.has_room(now.elapsed, MINUTE, cost) {
            visits.records.take(now.elapsed, MINUTE, cost);
            return true;
        }
        visits.count(kind, 1, (now.time, now.time), now.elapsed);
        false
    }

    /// Counts a refusal that gets no record of its own.
    pub(super) fn count(&mut self, network: Network, kind: &'static str, now: Moment) {
        self.visits(network).count(kind, 1, (now.time, now.time), now.elapsed);
    }

    /// A record of a stranger has taken so many bytes of the journal.
    pub(super) fn spend(&mut self, bytes: u64, now: Moment) {
        self.journal.take(now.elapsed, HOUR, self.share.cost_of(bytes));
    }

    /// What has been counted for long enough, or, at the end, whatever has been counted; it begins anew. Networks for
    /// whose rows the journal's share does not suffice are summed up as one.
    pub(super) fn sum_up(&mut self, now: Moment, at_the_end: bool) -> Vec<Summary> {
        let is_over = |since| at_the_end || is_over(since, now.elapsed);
        let mut summaries = Vec::new();
        for (network, visits) in self.networks.iter_mut().filter(|(_, visits)| is_over(visits.since)) {
            for (kind, count) in std::mem::take(&mut visits.counted) {
                let cost = self.share.cost_of(SUMMARY_BYTES);
                if self.journal.has_room(now.elapsed, HOUR, cost) {
                    self.journal.take(now.elapsed, HOUR, cost);
                    summaries.push(count.summary(Some(*network), kind));
                } else {
                    self.others.count(kind, count.refusals, (count.first, count.last), now.elapsed);
                }
            }
        }
        self.networks.retain(|_, visits| !visits.counted.is_empty() || !visits.records.is_whole(now.elapsed));
        if is_over(self.others_told) {
            self.others_told = now.elapsed;
            let counted = std::mem::take(&mut self.others.counted);
            // As many as there are kinds, once in a minute: they are written whatever is left of the share, and owed to it.
            self.journal.take(now.elapsed, HOUR, self.share.cost_of(SUMMARY_BYTES * counted.len() as u64));
            summaries.extend(counted.into_iter().map(|(kind, count)| count.summary(None, kind)));
        }
        summaries
    }

    /// Takes a summary back that could not be recorded.
    pub(super) fn put_back(&mut self, summary: &Summary, now: Moment) {
        let Summary { network, kind, count, first, last } = *summary;
        let visits = match network {
            Some(network) => self.visits(network),
            None => &mut self.others,
        };
        visits.count(kind, count, (first, last), now.elapsed);
    }

    fn journal_has_room(&self, now: Moment) -> bool {
        self.journal.has_room(now.elapsed, HOUR, self.share.cost_of(SUMMARY_BYTES))
    }

    fn visits(&mut self, network: Network) -> &mut Visits {
        if self.networks.len() >= NETWORKS_MAX && !self.networks.contains_key(&network) {
            return &mut self.others;
        }
        self.networks.entry(network).or_default()
    }
}

impl Visits {
    fn count(
        &mut self,
        kind: &'static str,
        refusals: u64,
        (first, last): (Timestamp, Timestamp),
        now: Duration,
    ) {
        if self.counted.is_empty() {
            self.since = now;
        }
        let count = self.counted.entry(kind).or_insert(Count { refusals: 0, first, last });
        count.refusals = count.refusals.saturating_add(refusals);
        count.first = count.first.min(first);
        count.last = count.last.max(last);
    }
}

/// Whether it has been counted for long enough. A clock that was put back must not put the summary off.
fn is_over(since: Duration, now: Duration) -> bool {
    now.abs_diff(since) >= COUNTED_FOR
}

impl Count {
    fn summary(self, network: Option<Network>, kind: &'static str) -> Summary {
        let Self { refusals: count, first, last } = self;
        Summary { network, kind, count, first, last }
    }
}

#[cfg(test)]
mod tests;
