//! Points in time.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};
use time::{
    OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description as description,
};

/// Milliseconds in a day.
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Milliseconds since the epoch, UTC. A number of seconds in AWS JSON, ISO 8601 in Query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// So many days later; the last moment there is when that is later still.
    #[must_use]
    pub const fn plus_days(self, days: u16) -> Self {
        Self(self.0.saturating_add(days as i64 * DAY_MILLIS))
    }

    /// `2024-01-02T03:04:05Z`, the second rounded down; empty outside the years that the format can hold.
    #[must_use]
    pub fn to_iso8601(self) -> String {
        let time = OffsetDateTime::from_unix_timestamp(self.as_seconds()).ok();
        time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
    }

    /// `Aug 1, 2022, 1:08:07 PM`, as records of CloudTrail show times in requests and answers; the second rounded down,
    /// empty as of [`Timestamp::to_iso8601`].
    #[must_use]
    pub fn to_english(self) -> String {
        let english = description!(
            "[month repr:short] [day padding:none], [year], [hour repr:12 padding:none]:[minute]:[second] [period]"
        );
        let time = OffsetDateTime::from_unix_timestamp(self.as_seconds()).ok();
        time.and_then(|time| time.format(english).ok()).unwrap_or_default()
    }

    /// From ISO 8601 with a zone, as RFC 3339 profiles it.
    #[must_use]
    pub fn parse_iso8601(text: &str) -> Option<Self> {
        let nanos = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos();
        i64::try_from(nanos.div_euclid(1_000_000)).ok().map(Self)
    }

    /// From seconds with a fraction, rounded to milliseconds.
    fn from_seconds(seconds: f64) -> Option<Self> {
        let millis = (seconds * 1000.0).round();
        // The year 9999 is the last that any protocol can write.
        #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
        (millis.abs() < 253_402_300_800_000.0).then_some(Self(millis as i64))
    }
}

impl Serialize for Timestamp {
    /// A newtype by this name, so that the Query protocol can write it in its own form.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of dates are far below 2^53")]
        serializer.serialize_newtype_struct("Timestamp", &(self.0 as f64 / 1000.0))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimestampVisitor)
    }
}

struct TimestampVisitor;

impl Visitor<'_> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since the epoch or an ISO 8601 time")
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Timestamp, E> {
        seconds.checked_mul(1000).map(Timestamp).ok_or_else(|| E::custom("out of range"))
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Timestamp, E> {
        i64::try_from(seconds).map_err(E::custom).and_then(|seconds| self.visit_i64(seconds))
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Timestamp, E> {
        Timestamp::from_seconds(seconds).ok_or_else(|| E::custom("out of range"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        Timestamp::parse_iso8601(text).ok_or_else(|| E::custom("not a time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_as_in_records() {
        let english = |text: &str| Timestamp::parse_iso8601(text).unwrap().to_english();
        assert_eq!(english("2022-08-10T22:38:27Z"), "Aug 10, 2022, 10:38:27 PM");
        assert_eq!(english("2025-05-01T05:07:05Z"), "May 1, 2025, 5:07:05 AM");
        assert_eq!(english("2025-12-31T00:00:00Z"), "Dec 31, 2025, 12:00:00 AM");
    }

    #[test]
    fn iso_8601_both_ways() {
        let time = Timestamp::from_millis(1_704_164_645_000);
        assert_eq!(time.to_iso8601(), "2024-01-02T03:04:05Z");
        assert_eq!(Timestamp::parse_iso8601("2024-01-02T03:04:05Z"), Some(time));
        assert_eq!(Timestamp::parse_iso8601("yesterday"), None);
    }
}
