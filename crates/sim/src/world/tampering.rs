//! Somebody at what is stored, and what stored values look like.

use audit::{Crash, MemoryDisk};
use server::{Health, StartError};
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

    /// Stops the server cleanly, takes its journal away, and starts it again.
    ///
    /// # Errors
    /// Why it does not start.
    pub fn without_its_journal(mut self) -> Result<Self, StartError> {
        self.settle();
        self.machine.disk = MemoryDisk::new();
        self.tampered(|_| ())
    }

    /// Stops the server cleanly, lets somebody at what is stored, looks whether that is believed, mends it, and starts the
    /// server again. Why nobody believed it; `None` if a server answers calls with it.
    ///
    /// # Panics
    /// If the server does not start when all is mended.
    pub fn tampered_and_mended(
        self,
        with: impl FnOnce(&MemoryStore),
        mend: impl FnOnce(&MemoryStore),
    ) -> (Option<String>, Self) {
        self.settle();
        let Self { runtime: old, server, joined, mut machine } = self;
        drop(old);
        drop((server, joined));
        with(machine.store.inner());
        let refused = runtime().block_on(async {
            match machine.start(NODE, &machine.disk).await {
                Ok(server) if server.vitals.parts().iter().all(|part| part.ready) => None,
                Ok(server) => Some(format!("{:?}", server.vitals.parts())),
                Err(error) => Some(error.to_string()),
            }
        });
        mend(machine.store.inner());
        // Whoever reads the disk of the start that failed need not.
        machine.disk = machine.disk.crashed(Crash::Process);
        let runtime = runtime();
        let server = runtime.block_on(machine.start(NODE, &machine.disk)).expect("the server starts");
        (refused, Self { runtime, server, joined: None, machine })
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
