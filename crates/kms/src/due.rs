//! What falls due, in the order of time: read off the records as they enter memory.

use model::{
    Timestamp,
    arn::{KeyId, MaterialId},
};

use crate::{key::Key, layout::Place, lifecycle::State, materials::StoredMaterial};

/// A piece of work and its time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// Where the key stands.
    pub place: Place,
    /// The key.
    pub key: KeyId,
    /// What is to be done.
    pub work: Work,
}

/// What falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// The waiting period is over: the key is deleted.
    Delete,
    /// The key gets new material.
    Rotate,
    /// Imported material has expired: it is deleted.
    Expire(MaterialId),
}

impl Work {
    /// Whether it waits while the clock is in doubt. Expired material can be imported again, so that it goes at once.
    pub(crate) fn waits(self) -> bool {
        match self {
            Self::Delete | Self::Rotate => true,
            Self::Expire(_) => false,
        }
    }
}

impl Due {
    /// What a key's record makes due.
    #[must_use]
    pub fn of_key(place: &Place, key: &Key) -> Option<Self> {
        let (at, work) = match key.state {
            State::PendingDeletion { due } | State::BeingDeleted { due } => (due, Work::Delete),
            // Replicas get their material from the primary. A key that is switched off waits, and is overdue
            // when it is switched on again.
            State::Enabled if !key.replica => (key.rotation()?.next, Work::Rotate),
            _ => return None,
        };
        Some(Self { at, place: place.clone(), key: key.arn.key_id, work })
    }

    /// What a material's record makes due.
    #[must_use]
    pub fn of_material(place: &Place, key: KeyId, id: MaterialId, material: &StoredMaterial) -> Option<Self> {
        let at = material.expires()?;
        Some(Self { at, place: place.clone(), key, work: Work::Expire(id) })
    }
}
