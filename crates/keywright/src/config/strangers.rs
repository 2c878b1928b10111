//! What strangers may have recorded: a sane share, except where the file says otherwise.

use std::fmt;

use dispatch::StrangersShare;

use super::{ConfigError, keys::Keys};

/// The share as given. The fields are those of [`StrangersShare`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StrangersSettings {
    pub(crate) records_per_minute: Option<u32>,
    pub(crate) journal_bytes_per_day: Option<u64>,
    pub(crate) disk_reserve_bytes: Option<u64>,
}

const MIB: u64 = 1024 * 1024;

impl StrangersSettings {
    /// From the keys of a file.
    pub(super) fn read(keys: &mut Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            records_per_minute: keys.number("strangers.records_per_minute", 0..=60_000)?,
            journal_bytes_per_day: keys.number("strangers.journal_bytes_per_day", MIB..=MIB * MIB)?,
            disk_reserve_bytes: keys.number("strangers.disk_reserve_bytes", 0..=MIB * MIB)?,
        })
    }

    /// These settings, and where they are silent those.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            records_per_minute: self.records_per_minute.or(below.records_per_minute),
            journal_bytes_per_day: self.journal_bytes_per_day.or(below.journal_bytes_per_day),
            disk_reserve_bytes: self.disk_reserve_bytes.or(below.disk_reserve_bytes),
        }
    }

    /// The share, with defaults where nothing is given.
    pub(super) fn share(self) -> StrangersShare {
        let defaults = StrangersShare::default();
        StrangersShare {
            records_per_minute: self.records_per_minute.unwrap_or(defaults.records_per_minute),
            journal_bytes_per_day: self.journal_bytes_per_day.unwrap_or(defaults.journal_bytes_per_day),
            disk_reserve_bytes: self.disk_reserve_bytes.unwrap_or(defaults.disk_reserve_bytes),
        }
    }
}

/// Writes the share as a table of the file.
pub(super) fn write(f: &mut fmt::Formatter<'_>, share: StrangersShare) -> fmt::Result {
    let StrangersShare { records_per_minute, journal_bytes_per_day, disk_reserve_bytes } = share;
    writeln!(f, "\n[strangers]\nrecords_per_minute = {records_per_minute}")?;
    writeln!(f, "journal_bytes_per_day = {journal_bytes_per_day}")?;
    writeln!(f, "disk_reserve_bytes = {disk_reserve_bytes}")
}
