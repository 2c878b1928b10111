//! When access keys were last used: noted in memory, and written behind.

use std::sync::Arc;

use dispatch::Usage;
use model::Timestamp;
use state::{Behind, LastUse, Notes, Row, Tracked, Use, encode, unchanged};
use store::{Store, StoreError};

use crate::{
    layout::{self, Kind},
    records::AccessKeyUseRecord,
    tables::Tables,
};

/// When and what for one access key was last used. It belongs to the id: whatever becomes of the key's record, its uses
/// stay.
pub(crate) struct KeyUse {
    id: String,
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
pub(crate) fn note(notes: &Notes<KeyUse>, key: &Arc<KeyUse>, usage: Usage<'_>) {
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

/// Writes what was noted. It is no change that anybody asked for, so it is no event.
///
/// # Errors
/// What the store answers; what is not written is tried again.
pub(crate) async fn write(
    used: &Behind<KeyUse>,
    tables: &Tables,
    store: &dyn Store,
) -> Result<(), StoreError> {
    used.write(store, |key, used| row(tables, key, used)).await
}

/// The record of an access key's last use; `None` when the key is gone.
fn row(tables: &Tables, key: &KeyUse, used: &Used) -> Option<Row> {
    let key = tables.access_key(&key.id)?;
    let record = AccessKeyUseRecord {
        at: used.at.as_millis(),
        service: used.service.as_str().into(),
        region: used.region.as_str().into(),
    };
    let at = layout::key(key.account, Kind::AccessKeyUse, &key.id);
    Some(Row { exists: unchanged(key), key: at, value: encode(&record) })
}
