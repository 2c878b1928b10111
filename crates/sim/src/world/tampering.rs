//! Somebody at what is stored, and what stored values look like.

use server::StartError;
use store::{MemoryStore, StoreError};

use super::{NODE, World, runtime};
use crate::world::pause;

/// What the stamp of a stored value begins with.
const STAMPED: &[u8] = b"KWR\x01";

impl World {
    /// Stops the server cleanly, lets somebody at what is stored, and starts it again.
    ///
    /// # Errors
    /// Why it does not start.
    pub fn tampered(self, with: impl FnOnce(&MemoryStore)) -> Result<Self, StartError> {
        self.settle();
        let Self { runtime: old, server, joined, machine } = self;
        drop(old);
        drop((server, joined));
        with(machine.store.inner());
        let runtime = runtime();
        let server = runtime.block_on(machine.start(NODE, &machine.disk))?;
        Ok(Self { runtime, server, joined: None, machine })
    }

    /// Waits until memory follows the store of a server that was just unsealed, and does what is due.
    pub(super) async fn unsealed(&self) -> Result<(), StoreError> {
        let chores = &self.server.chores;
        while !(chores.is_sealed() || chores.is_following()) {
            pause().await;
        }
        chores.tick().await
    }
}

/// A stored value without its stamp.
pub(super) fn bare(stored: &[u8]) -> Vec<u8> {
    let stamped = stored.starts_with(STAMPED).then(|| stored.get(store::STAMP_BYTES..)).flatten();
    stamped.unwrap_or(stored).to_vec()
}
