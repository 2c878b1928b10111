//! Counting what may be more than anybody wants to keep.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use audit::Record;
use model::Timestamp;
use serde::{Serialize, Serializer};

/// How often something happened, and when first and last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Occurrences {
    /// How often.
    #[serde(rename = "count")]
    pub times: u64,
    /// When first.
    #[serde(serialize_with = "iso8601")]
    pub first: Timestamp,
    /// When last.
    #[serde(serialize_with = "iso8601")]
    pub last: Timestamp,
}

impl Occurrences {
    /// Counts what a record is of. Clocks may have been set back: the first is the earliest.
    pub(crate) fn add(&mut self, record: &Record<'_>) {
        let at = Timestamp::from_millis(record.time_ms);
        self.first = if self.times == 0 { at } else { self.first.min(at) };
        self.last = if self.times == 0 { at } else { self.last.max(at) };
        self.times = self.times.saturating_add(1);
    }
}

/// How many different texts there were. Of each no more than a hash is kept, and of so many as nobody counts nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DistinctCount {
    hashes: BTreeSet<u64>,
    more: bool,
}

impl DistinctCount {
    /// The most that are counted.
    pub const MAX: usize = 1_000;

    /// How many there were, at most [`DistinctCount::MAX`], and whether there were more.
    #[must_use]
    pub fn get(&self) -> (usize, bool) {
        (self.hashes.len(), self.more)
    }

    /// Counts a text that was not there yet.
    pub(crate) fn add(&mut self, text: &str) {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let hash = hasher.finish();
        if self.hashes.len() < Self::MAX {
            self.hashes.insert(hash);
        } else if !self.hashes.contains(&hash) {
            self.more = true;
        }
    }
}

impl fmt::Display for DistinctCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, more) = self.get();
        if more { write!(f, "more than {count}") } else { write!(f, "{count}") }
    }
}

impl Serialize for DistinctCount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct WrittenCount {
            count: usize,
            more: bool,
        }
        let (count, more) = self.get();
        WrittenCount { count, more }.serialize(serializer)
    }
}

/// A time as events have it.
pub(crate) fn iso8601<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_iso8601())
}

/// The values of a map as a list: each tells its key itself.
pub(crate) fn values<K, V: Serialize, S: Serializer>(
    map: &BTreeMap<K, V>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(map.values())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_texts_are_counted_up_to_the_most() {
        let mut count = DistinctCount::default();
        for round in 0..2 {
            for number in 0..DistinctCount::MAX {
                count.add(&number.to_string());
            }
            assert_eq!(count.get(), (DistinctCount::MAX, false), "round {round}");
        }
        count.add("one more");
        assert_eq!(count.get(), (DistinctCount::MAX, true));
        assert_eq!(count.to_string(), "more than 1000");
    }
}
