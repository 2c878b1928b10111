//! Moments as plans, reports and certificates have them.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A moment, by its seconds since 1970-01-01T00:00:00Z: `2026-11-30T14:00:00Z`.
pub(crate) fn moment(seconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}
