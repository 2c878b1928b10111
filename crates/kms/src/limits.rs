//! AWS's quotas and ranges, as far as they are the service's own.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/limits.html>

use std::ops::RangeInclusive;

use dispatch::{Fault, Leaps};

use crate::faults;

/// Waiting period before a key is deleted, in days.
pub(crate) const DELETION_WINDOW_DAYS: RangeInclusive<u16> = 7..=30;

const _: () =
    assert!(*DELETION_WINDOW_DAYS.start() == Leaps::WAIT_DAYS, "a leap of the clock deletes no key early");

/// The waiting period when none is asked for, in days.
pub(crate) const DELETION_WINDOW_DAYS_DEFAULT: u16 = 30;
/// Days between two automatic rotations.
pub(crate) const ROTATION_PERIOD_DAYS: RangeInclusive<u16> = 90..=2560;
/// Days between two automatic rotations, when none are asked for; always for keys that AWS's services manage.
pub(crate) const ROTATION_PERIOD_DAYS_DEFAULT: u16 = 365;
/// A key that rotates by itself within this time is not rotated on demand.
pub(crate) const ROTATION_SOON_MILLIS: i64 = 20 * 60 * 1000;
/// Replicas of one key. AWS gives no figure; this many fit into one commit, so that they change together.
pub(crate) const REPLICAS_PER_KEY: usize = 20;
/// Materials with which a key can be replicated: as many as fit into the commit that makes the replica. Automatic
/// rotation reaches it after twenty years at the earliest.
pub(crate) const MATERIALS_REPLICATED: usize = 80;
/// The longest time for which material is imported that expires, in days.
pub(crate) const IMPORT_VALID_DAYS: u16 = 365;
/// Tags of one key.
pub(crate) const TAGS_PER_KEY: usize = 50;
/// Bytes of an encryption context in its canonical form (docs/blob-format.md). AWS gives no figure; for keys in external
/// stores AWS promises not to send more than this.
pub(crate) const CONTEXT_BYTES: usize = 8 * 1024;
/// Pairs in a grant's constraint on the encryption context.
pub(crate) const GRANT_CONTEXT_PAIRS: usize = 8;
/// Characters of a key or value in such a constraint.
pub(crate) const GRANT_CONTEXT_CHARACTERS: usize = 384;
/// Most aliases of a key for which `kms:ResourceAliases` can hold.
pub(crate) const RESOURCE_ALIASES: usize = 50;

/// Items on a page.
pub(crate) struct PageLimit {
    default: usize,
    max: usize,
}

/// Page limits, each as its operation's page gives them.
pub(crate) const LIST_KEYS: PageLimit = PageLimit { default: 100, max: 1000 };
pub(crate) const LIST_KEY_POLICIES: PageLimit = PageLimit { default: 100, max: 1000 };
pub(crate) const LIST_GRANTS: PageLimit = PageLimit { default: 50, max: 100 };
pub(crate) const LIST_ALIASES: PageLimit = PageLimit { default: 50, max: 100 };
pub(crate) const LIST_KEY_ROTATIONS: PageLimit = PageLimit { default: 50, max: 100 };
pub(crate) const LIST_RESOURCE_TAGS: PageLimit = PageLimit { default: 50, max: 50 };

impl PageLimit {
    /// The number of items to return. The model lets 1 to 1000 through; some operations allow less.
    pub(crate) fn check(&self, asked: Option<i32>) -> Result<usize, Fault> {
        let Some(asked) = asked else { return Ok(self.default) };
        match usize::try_from(asked) {
            Ok(asked) if (1..=self.max).contains(&asked) => Ok(asked),
            _ => Err(faults::validation(format!("Limit must be between 1 and {}.", self.max))),
        }
    }
}
