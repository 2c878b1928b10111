//! What goes wrong with the machine.

use audit::Crash;
use store::{FaultEffect, PlannedFault, StoreCall, StoreError};
use strongroom::testing::Seeded;

use crate::World;

/// One thing that goes wrong, until it is ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trouble {
    /// The store refuses changes.
    CommitsFail,
    /// The store makes changes and does not say so.
    AnswersAreLost,
    /// The store takes its time.
    CommitsAreSlow,
    /// The store is gone.
    StoreIsCut,
    /// The journal's disk is full, after a few more bytes.
    DiskIsFull,
    /// A write of the journal fails half-way.
    WriteFails,
    /// A sync of the journal fails: what is on its disk is unknown.
    SyncFails,
}

impl Trouble {
    pub(super) fn draw(chance: &Seeded) -> Self {
        *chance.pick(&[
            Self::CommitsFail,
            Self::AnswersAreLost,
            Self::CommitsAreSlow,
            Self::StoreIsCut,
            Self::DiskIsFull,
            Self::WriteFails,
            Self::SyncFails,
        ])
    }

    pub(super) fn make(self, world: &World, chance: &Seeded) {
        let after = chance.below(3) as u64;
        let commits =
            |effect| vec![PlannedFault { call: StoreCall::Commit, after, times: 1 + after, effect }];
        match self {
            Self::CommitsFail => {
                let gone = StoreError::Unavailable("on purpose".to_owned());
                world.store().set_plan(commits(FaultEffect::Fail(gone)));
            }
            Self::AnswersAreLost => world.store().set_plan(commits(FaultEffect::DropAnswer)),
            Self::CommitsAreSlow => world.store().set_plan(commits(FaultEffect::Delay { turns: 20 })),
            Self::StoreIsCut => world.cut_store(true),
            Self::DiskIsFull => {
                let used = used(world);
                world.disk().set_bytes_max(Some(used + chance.below(1000)));
            }
            Self::WriteFails => world.disk().fail_write(after, chance.below(200)),
            Self::SyncFails => world.disk().fail_sync(after),
        }
    }
}

/// Ends whatever trouble there is, and waits until the server has noticed.
pub(super) fn end(world: &World) {
    mend(world);
    world.cut_store(false);
}

/// Mends the machine.
pub(super) fn mend(world: &World) {
    world.store().set_plan(Vec::new());
    world.disk().set_bytes_max(None);
    world.disk().hold_syncs(false);
    // Failures that are still to come, never come.
    world.disk().fail_write(u64::MAX, 0);
    world.disk().fail_sync(u64::MAX);
}

/// A way to fail for the whole machine.
pub(super) fn crash(chance: &Seeded) -> Crash {
    match chance.below(3) {
        0 => Crash::Process,
        1 => Crash::Prefix(chance.below(600)),
        _ => Crash::Sectors(chance.next()),
    }
}

fn used(world: &World) -> usize {
    use audit::Disk;
    let disk = world.disk();
    let names = disk.list().unwrap_or_default();
    names.iter().map(|name| disk.read(name).map_or(0, |bytes| bytes.len())).sum()
}
