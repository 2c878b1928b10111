//! What outlives a server, to be commanded by a test.

use audit::MemoryDisk;
use store::{FaultyStore, MemoryStore};

use super::World;
use crate::{SimBucket, SimClock, SimIssuers, SimSeal};

impl World {
    /// The clock, to be moved.
    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.machine.clock
    }

    /// The store, to be made fail.
    #[must_use]
    pub fn store(&self) -> &FaultyStore<MemoryStore> {
        &self.machine.store
    }

    /// The journal's disk, to be made fail.
    #[must_use]
    pub fn disk(&self) -> &MemoryDisk {
        &self.machine.disk
    }

    /// The bucket that trails deliver to, which outlives every server.
    #[must_use]
    pub fn bucket(&self) -> &SimBucket {
        &self.machine.bucket
    }

    /// The copies of signed digests, by the names of their files.
    #[must_use]
    pub fn digest_copies(&self) -> &MemoryDisk {
        &self.machine.digests
    }

    /// The seal, to be taken away.
    #[must_use]
    pub fn seal(&self) -> &SimSeal {
        &self.machine.seal
    }

    /// The identity providers, to be made up.
    #[must_use]
    pub fn issuers(&self) -> &SimIssuers {
        &self.machine.issuers
    }
}
