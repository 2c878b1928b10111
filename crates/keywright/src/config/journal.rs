//! How replies wait for the journal, how long it is kept, and how long it gets: for ever, except where the file says otherwise.

use std::{fmt, time::Duration};

use dispatch::Durability;
use server::Retention;

use super::{ConfigError, Expected, durability, durability_text, keys::Keys};

/// The journal's bounds as given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct JournalSettings {
    /// In days.
    keep: Option<JournalBound>,
    /// In bytes.
    max_bytes: Option<JournalBound>,
}

/// A bound that may be given as none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JournalBound {
    None,
    At(u64),
}

const FOR_EVER: &str = "forever";
const UNLIMITED: &str = "unlimited";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAYS_MAX: u64 = 36_500;
const MIB: u64 = 1024 * 1024;
/// Two full segments that are not compressed yet, the newest one, and some room.
const BYTES_MIN: u64 = 256 * MIB;
/// Units of sizes, each 1,024 times the one before.
const UNITS: [&str; 3] = ["MiB", "GiB", "TiB"];

/// Reads when replies may leave, which may stand alone as `journal`.
pub(super) fn read_durability(keys: &mut Keys<'_>) -> Result<Option<Durability>, ConfigError> {
    let alone = keys.text("journal", durability)?;
    Ok(keys.text("journal.durability", durability)?.or(alone))
}

impl JournalSettings {
    /// From the keys of a file.
    pub(super) fn read(keys: &mut Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self { keep: keys.text("journal.keep", days)?, max_bytes: keys.text("journal.max_bytes", bytes)? })
    }

    /// These settings, and where they are silent those.
    pub(super) fn over(self, below: Self) -> Self {
        Self { keep: self.keep.or(below.keep), max_bytes: self.max_bytes.or(below.max_bytes) }
    }

    /// How long the journal is kept.
    pub(super) fn retention(self) -> Retention {
        let days = self.keep.and_then(JournalBound::at).and_then(|days| u32::try_from(days).ok());
        Retention { keep: days.map(|days| DAY.saturating_mul(days)), ..Retention::default() }
    }

    /// How long its files get together.
    pub(super) fn bytes_max(self) -> Option<u64> {
        self.max_bytes.and_then(JournalBound::at)
    }
}

impl JournalBound {
    fn at(self) -> Option<u64> {
        match self {
            Self::None => None,
            Self::At(most) => Some(most),
        }
    }
}

fn days(text: &str) -> Result<JournalBound, Expected> {
    if text == FOR_EVER {
        return Ok(JournalBound::None);
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
    let days = days.filter(|days| (1..=DAYS_MAX).contains(days));
    days.map(JournalBound::At).ok_or(Expected("days such as `400d`, up to `36500d`, or `forever`"))
}

fn bytes(text: &str) -> Result<JournalBound, Expected> {
    if text == UNLIMITED {
        return Ok(JournalBound::None);
    }
    let bytes = UNITS.iter().zip(units()).find_map(|(unit, size)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(size)
    });
    let bytes = bytes.filter(|bytes| (BYTES_MIN..=1024 * 1024 * 1024 * MIB).contains(bytes));
    bytes.map(JournalBound::At).ok_or(Expected("a size such as `20GiB`, from `256MiB` on, or `unlimited`"))
}

/// The bytes of each of [`UNITS`].
fn units() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(MIB), |size| size.checked_mul(1024))
}

/// Writes the journal's table of the file.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    durability: Durability,
    retention: Retention,
    bytes_max: Option<u64>,
) -> fmt::Result {
    writeln!(f, "\n[journal]\ndurability = \"{}\"", durability_text(durability))?;
    let keep = retention.keep.map(|keep| format!("{}d", keep.as_secs() / DAY.as_secs()));
    writeln!(f, "keep = \"{}\"", keep.as_deref().unwrap_or(FOR_EVER))?;
    let fitting = |bytes: u64| {
        let whole = UNITS.iter().zip(units()).filter(|(_, size)| bytes.is_multiple_of(*size));
        whole.last().map(|(unit, size)| format!("{}{unit}", bytes / size))
    };
    writeln!(f, "max_bytes = \"{}\"", bytes_max.and_then(fitting).as_deref().unwrap_or(UNLIMITED))
}
