//! CloudTrail's API over the journal: what happened, looked up as auditors' tools ask for it.
//!
//! The journal is the truth. `index` finds records in it, `lookup` shows them, and `trail` has made events of them.

mod faults;
mod index;
mod lookup;
mod ops;

use std::sync::Arc;

use audit::Disk;
use dispatch::{Protocol, Service};
use state::{Stateful, View};
use strongroom::Strongroom;
use tokio::sync::Semaphore;

pub use index::{Advance, Index};

/// The service as one attempt of a call sees it.
pub(crate) type Trails = View<CloudTrail>;

/// Lookups that read the journal at the same time; more wait.
const LOOKUPS: usize = 2;

/// What the service works with.
pub struct CloudTrail {
    /// Authenticates markers.
    strongroom: Arc<Strongroom>,
    /// Where events are found.
    index: Arc<Index>,
    lookups: Semaphore,
}

impl Stateful for CloudTrail {
    type Tables = ();
}

impl CloudTrail {
    /// The service over the journal on one disk, with the files of its index on another one.
    #[must_use]
    pub fn new(strongroom: Arc<Strongroom>, journal: Arc<dyn Disk>, files: Arc<dyn Disk>) -> Self {
        let index = Arc::new(Index::new(journal, files));
        Self { strongroom, index, lookups: Semaphore::new(LOOKUPS) }
    }

    /// Where events are found; somebody has to advance it.
    #[must_use]
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }
}

/// The service for the request line.
#[must_use]
pub fn service(state: Arc<CloudTrail>) -> Service<CloudTrail> {
    Service {
        name: "cloudtrail",
        protocol: Protocol::AwsJson { target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101" },
        table: ops::TABLE,
        unsupported: model::cloudtrail::OPERATION_NAMES,
        state,
    }
}
