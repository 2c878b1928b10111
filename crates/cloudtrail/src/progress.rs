//! How far a trail has got on one node, as it is stored.

use bytes::Bytes;
use state::{Kept, encode};
use store::{Key, Revision};

use crate::{layout, records::ProgressRecord, trail_id::TrailId};

/// What one node has delivered of its journal to a trail.
pub(crate) struct Progress {
    pub(crate) trail: TrailId,
    /// The node's id, in hexadecimal.
    pub(crate) node: String,
    pub(crate) record: ProgressRecord,
    revision: Revision,
}

impl Progress {
    /// Before anything is stored.
    pub(crate) fn new(trail: TrailId, node: String, record: ProgressRecord) -> Self {
        Self { trail, node, record, revision: Revision(0) }
    }

    /// The same, further on.
    pub(crate) fn with(&self, record: ProgressRecord) -> Self {
        Self { trail: self.trail.clone(), node: self.node.clone(), record, revision: self.revision }
    }

    /// As it is stored. `None` when it does not decode.
    pub(crate) fn decode((trail, node): (TrailId, String), value: &[u8], revision: Revision) -> Option<Self> {
        Some(Self { trail, node, record: minicbor::decode(value).ok()?, revision })
    }
}

impl Kept for Progress {
    fn key(&self) -> Key {
        layout::progress(&self.trail, &self.node)
    }

    fn encode(&self) -> Bytes {
        encode(&self.record)
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}
