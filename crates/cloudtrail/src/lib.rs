//! CloudTrail's API over the journal: what happened, looked up as auditors' tools ask for it, and delivered as they read it.
//!
//! The journal is the truth. `index` finds records in it, `lookup` shows them, and `trail` has made events of them. `delivery` puts
//! events into buckets as files, and signed digests of these.

mod buckets;
mod delivery;
mod digest_keys;
mod faults;
mod index;
mod layout;
mod lookup;
mod named;
mod ops;
mod progress;
mod records;
mod shown;
mod tables;
mod trail_id;
mod trails;
mod written;

use std::{sync::Arc, time::Duration};

use audit::{Disk, MemoryDisk, Node};
use dispatch::{Backstage, Protocol, Service};
use state::{Snapshot, Stateful, View};
use strongroom::Strongroom;
use tokio::sync::{Mutex, Semaphore};

use self::delivery::{Attempts, DigestCopies};
pub use self::{
    buckets::{BucketObject, Buckets, DeliveryBucket, NotPut, OfferedBucket, Putting},
    delivery::{Delivered, TrailState, WantedTrail, make_wanted, tick},
    index::{Advance, Index},
    tables::Tables,
};

/// The service as one attempt of a call sees it.
pub(crate) type Trails = View<CloudTrail>;

/// Lookups that read the journal at the same time; more wait.
const LOOKUPS: usize = 2;

/// Where delivery puts files, and how often.
pub struct Destinations {
    /// The buckets that trails may name.
    pub buckets: Buckets,
    /// The trails that there are from the start.
    pub trails: Vec<WantedTrail>,
    /// How often files are delivered.
    pub period: Duration,
    /// Where copies of signed digests stay.
    pub digests: Arc<dyn Disk>,
}

impl Destinations {
    /// No bucket: no trail can be made.
    #[must_use]
    pub fn none() -> Self {
        Self {
            buckets: Buckets::default(),
            trails: Vec::new(),
            period: PERIOD,
            digests: Arc::new(MemoryDisk::new()),
        }
    }
}

/// How often AWS delivers, about.
pub const PERIOD: Duration = Duration::from_secs(300);

/// What the service works with.
pub struct CloudTrail {
    /// Authenticates markers, makes and keeps the keys of digests.
    strongroom: Arc<Strongroom>,
    /// The journal of this node.
    journal: Arc<dyn Disk>,
    /// This node's id, in hexadecimal.
    node: String,
    /// Where events are found.
    index: Arc<Index>,
    lookups: Semaphore,
    buckets: Buckets,
    wanted: Vec<WantedTrail>,
    period: Duration,
    copies: DigestCopies,
    attempts: Attempts,
    /// One at a time looks at the trails.
    looking: Mutex<()>,
}

impl Stateful for CloudTrail {
    type Tables = Tables;
}

impl CloudTrail {
    /// The service over the journal of a node on one disk, with the files of its index on another one.
    #[must_use]
    pub fn new(
        strongroom: Arc<Strongroom>,
        (node, journal): (&Node, Arc<dyn Disk>),
        files: Arc<dyn Disk>,
        Destinations { buckets, trails, period, digests }: Destinations,
    ) -> Self {
        let index = Arc::new(Index::new(Arc::clone(&journal), files));
        Self {
            strongroom,
            journal,
            node: base16ct::lower::encode_string(node),
            index,
            lookups: Semaphore::new(LOOKUPS),
            buckets,
            wanted: trails,
            period,
            copies: DigestCopies(digests),
            attempts: Attempts::default(),
            looking: Mutex::default(),
        }
    }

    /// Where events are found; somebody has to advance it.
    #[must_use]
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// How far the trails have got on this node that deliver.
    #[must_use]
    pub fn trail_states(&self, backstage: &Backstage) -> Vec<TrailState> {
        delivery::states(self, backstage)
    }

    /// The first record of the journal that some trail still needs.
    #[must_use]
    pub fn undelivered(&self, memory: &Snapshot) -> Option<u64> {
        delivery::undelivered(self, memory.find::<Tables>()?)
    }

    fn period_millis(&self) -> i64 {
        i64::try_from(self.period.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Whether a trail may have this name.
#[must_use]
pub fn is_trail_name(name: &str) -> bool {
    named::check_name(name).is_ok()
}

/// Whether a trail may put this before all names in its bucket.
#[must_use]
pub fn is_prefix(prefix: &str) -> bool {
    written::wrong_prefix(prefix).is_none()
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
