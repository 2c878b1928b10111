//! When access keys were last used: kept in memory, written behind.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use arc_swap::ArcSwapOption;
use dispatch::Usage;
use model::Timestamp;

use crate::records::{AccessKeyUseRecord, encode};

/// When and what for an access key was last used.
#[derive(Default)]
pub(crate) struct LastUse {
    latest: ArcSwapOption<Used>,
    /// What the store knows, in milliseconds since the epoch; 0 when it knows nothing.
    written: AtomicI64,
}

/// One use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) at: Timestamp,
    pub(crate) service: String,
    pub(crate) region: String,
}

impl LastUse {
    /// The latest use that this node knows of.
    pub(crate) fn latest(&self) -> Option<Arc<Used>> {
        self.latest.load_full()
    }

    /// Notes a use. Those of the same second for the same purpose are one.
    pub(crate) fn note(&self, usage: Usage<'_>) {
        let known = self.latest.load();
        let same = known.as_ref().is_some_and(|known| {
            known.at.as_seconds() >= usage.at.as_seconds()
                && known.service == usage.service
                && known.region == usage.region.as_str()
        });
        if !same {
            self.latest.store(Some(Arc::new(Used {
                at: usage.at,
                service: usage.service.to_owned(),
                region: usage.region.to_string(),
            })));
        }
    }

    /// Takes over what is stored, by this node or another. `None` when it does not decode.
    pub(crate) fn take(&self, bytes: &[u8]) -> Option<()> {
        let record: AccessKeyUseRecord<'_> = minicbor::decode(bytes).ok()?;
        self.written.fetch_max(record.at, Ordering::AcqRel);
        let stored = Timestamp::from_millis(record.at);
        if self.latest.load().as_ref().is_none_or(|known| known.at < stored) {
            self.latest.store(Some(Arc::new(Used {
                at: stored,
                service: record.service.into_owned(),
                region: record.region.into_owned(),
            })));
        }
        Some(())
    }

    /// The stored form of a use that the store does not know yet.
    pub(crate) fn unwritten(&self) -> Option<bytes::Bytes> {
        let used = self.latest()?;
        let newer = used.at.as_millis() > self.written.load(Ordering::Acquire);
        newer.then(|| {
            encode(&AccessKeyUseRecord {
                at: used.at.as_millis(),
                service: used.service.as_str().into(),
                region: used.region.as_str().into(),
            })
        })
    }
}
