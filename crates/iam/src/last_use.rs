//! When access keys were last used: noted in memory, and written behind.

use std::sync::Arc;

use dispatch::Usage;
use model::Timestamp;
use state::{LastUse, Noting, Tracked, Use};

use crate::records::AccessKeyUseRecord;

/// When and what for one access key was last used. It belongs to the id: whatever becomes of the key's record, its uses
/// stay.
pub(crate) struct KeyUse {
    /// The access key id.
    pub(crate) id: String,
    last: LastUse<Used>,
}

/// One use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) at: Timestamp,
    pub(crate) service: String,
    pub(crate) region: String,
}

impl Use for Used {
    fn at(&self) -> Timestamp {
        self.at
    }
}

impl Tracked for KeyUse {
    type Use = Used;

    fn last_use(&self) -> &LastUse<Used> {
        &self.last
    }
}

impl KeyUse {
    /// An access key that nobody has used yet.
    pub(crate) fn of(access_key_id: &str) -> Self {
        Self { id: access_key_id.to_owned(), last: LastUse::default() }
    }

    /// The latest use that this node knows of.
    pub(crate) fn latest(&self) -> Option<Used> {
        self.last.get()
    }

    /// Takes over what is stored, by this node or another. `None` when it does not decode.
    pub(crate) fn learn(&self, bytes: &[u8]) -> Option<()> {
        let record: AccessKeyUseRecord<'_> = minicbor::decode(bytes).ok()?;
        self.last.learn(Used {
            at: Timestamp::from_millis(record.at),
            service: record.service.into_owned(),
            region: record.region.into_owned(),
        });
        Some(())
    }
}

/// Notes a use. Those of the same second for the same purpose are one.
pub(crate) fn note(notes: &Noting<KeyUse>, key: &Arc<KeyUse>, usage: Usage<'_>) {
    let same = |known: &Used| {
        known.at.as_seconds() >= usage.at.as_seconds()
            && known.service == usage.service
            && known.region == usage.region.as_str()
    };
    notes.note(key, same, || Used {
        at: usage.at,
        service: usage.service.to_owned(),
        region: usage.region.to_string(),
    });
}
