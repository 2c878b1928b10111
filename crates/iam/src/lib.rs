//! Identities: users, groups, roles, their policies and access keys, and the services that manage them.
//!
//! `tables` holds everything in memory, following the store; `callers` composes who is calling from it; an
//! operation (`ops/`) gets identities from the gate (`gate`) and nowhere else.

mod access_keys;
mod access_reports;
mod activity;
mod callers;
pub mod clockwork;
mod credentials;
mod directory;
mod documents;
mod entities;
mod faults;
mod gate;
mod granting;
mod ids;
mod issuers;
mod known;
mod last_use;
mod layout;
mod limits;
mod managed;
mod ops;
mod own;
mod pages;
mod profiles;
mod providers;
mod records;
mod report;
mod service_linked;
mod sessions;
pub mod setup;
mod shown;
mod simulate;
mod sts;
mod tables;
mod tags;
mod written;

use std::sync::Arc;

use dispatch::{Find, Protocol, Resources, Service};
use model::arn::Partition;
use state::{Behind, Stateful, View};
use strongroom::Strongroom;

use self::activity::Activities;
pub use credentials::NewAccessKey;
pub use directory::{accounts, credentials, partition, principals};
pub use issuers::{IssuerKeys, NoKeys, Sought};
pub use tables::Tables;

/// The identity service as one attempt of a call sees it, the identities at one revision.
pub type Iam = View<IdentityManagement>;

/// What the identity service works with, beside the identities in memory.
pub struct IdentityManagement {
    /// Seals secrets, authenticates markers.
    strongroom: Arc<Strongroom>,
    /// Finds what resources have of their own to say, for simulations.
    resources: Find<dyn Resources>,
    /// The partition that all identities are of.
    partition: Partition,
    /// Access keys whose last use is not written yet.
    used: Behind<last_use::KeyUse>,
    /// Services whose last calls by users and roles are not written yet.
    called: Behind<activity::ServiceUse>,
    /// When users and roles last called each service.
    activities: Arc<Activities>,
}

impl Stateful for IdentityManagement {
    type Tables = Tables;
}

impl IdentityManagement {
    /// The service of a partition, with the strongroom that opens its secrets.
    #[must_use]
    pub fn new(partition: Partition, strongroom: Arc<Strongroom>, resources: Find<dyn Resources>) -> Self {
        let called = Behind::default();
        let activities = Arc::new(Activities::new(called.notes()));
        Self { partition, strongroom, resources, used: Behind::default(), called, activities }
    }

    /// Nobody, as memory begins.
    #[must_use]
    pub fn tables(&self) -> Tables {
        let activities = Arc::clone(&self.activities);
        Tables::new(self.partition, Arc::clone(&self.strongroom), self.used.notes(), activities)
    }
}

/// The identity service for the request line.
#[must_use]
pub fn service(state: Arc<IdentityManagement>) -> Service<IdentityManagement> {
    Service {
        name: "iam",
        protocol: Protocol::Query {
            version: "2010-05-08",
            namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
        },
        table: ops::TABLE,
        unsupported: model::iam::OPERATION_NAMES,
        state,
    }
}

/// The security token service as one attempt of a call sees it, the identities at one revision.
pub type Sts = View<TokenService>;

/// What the security token service works with, beside the identities in memory. It keeps nothing of its own: what it
/// hands out holds everything.
pub struct TokenService {
    /// The keys that identity providers sign with.
    issuers: Arc<dyn IssuerKeys>,
}

impl Stateful for TokenService {
    type Tables = Tables;
}

/// The security token service for the request line.
#[must_use]
pub fn sts(issuers: Arc<dyn IssuerKeys>) -> Service<TokenService> {
    Service {
        name: "sts",
        protocol: Protocol::Query {
            version: "2011-06-15",
            namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        },
        table: sts::TABLE,
        unsupported: model::sts::OPERATION_NAMES,
        state: Arc::new(TokenService { issuers }),
    }
}

/// Keywright's own service as one attempt of a call sees it, the identities at one revision.
pub type Own = View<OwnService>;

/// Keywright's own service has nothing to work with beside the identities in memory.
pub struct OwnService;

impl Stateful for OwnService {
    type Tables = Tables;
}

/// Keywright's own service for the request line: what AWS has no call for.
#[must_use]
pub fn own() -> Service<OwnService> {
    Service {
        name: "keywright",
        protocol: Protocol::AwsJson { target: "Keywright_20261130" },
        table: own::TABLE,
        unsupported: model::keywright::OPERATION_NAMES,
        state: Arc::new(OwnService),
    }
}
