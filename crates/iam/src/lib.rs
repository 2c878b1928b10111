//! Identities: users, groups, roles, their policies and access keys, and the two services that manage them.
//!
//! `tables` holds everything in memory, following the store; `callers` composes who is calling from it; an
//! operation (`ops/`) gets identities from the gate (`gate`) and nowhere else.

mod access_keys;
mod attachments;
mod callers;
pub mod clockwork;
mod credentials;
mod directory;
mod documents;
mod entities;
mod faults;
mod gate;
mod ids;
mod inline;
mod issuers;
mod last_use;
mod layout;
mod limits;
mod managed;
mod ops;
mod pages;
mod profiles;
mod providers;
mod records;
mod sessions;
pub mod setup;
mod shown;
mod simulate;
mod sts;
mod tables;
mod tags;
mod written;

use std::sync::Arc;

use dispatch::{Protocol, Resources, Service};
use strongroom::Strongroom;

pub use credentials::NewAccessKey;
pub use directory::Directory;
pub use issuers::{IssuerKeys, NoKeys, Sought};

/// The state of the identity service.
pub struct Iam {
    /// The identities in memory.
    pub directory: Arc<Directory>,
    /// Seals secrets, authenticates markers.
    pub strongroom: Arc<Strongroom>,
    /// What resources have of their own to say, for simulations.
    pub resources: Arc<dyn Resources>,
}

/// The identity service for the request line.
#[must_use]
pub fn service(state: Arc<Iam>) -> Service<Iam> {
    Service {
        name: "iam",
        protocol: Protocol::Query {
            version: "2010-05-08",
            namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
        },
        table: ops::TABLE,
        unsupported: model::iam::OPERATION_NAMES,
        forwarded: &[],
        state,
    }
}

/// The state of the security token service: none of its own, what it hands out holds everything.
pub struct Sts {
    /// The identities.
    pub(crate) directory: Arc<Directory>,
    /// The keys that identity providers sign with.
    pub(crate) issuers: Arc<dyn IssuerKeys>,
}

/// The security token service for the request line.
#[must_use]
pub fn sts(directory: Arc<Directory>, issuers: Arc<dyn IssuerKeys>) -> Service<Sts> {
    Service {
        name: "sts",
        protocol: Protocol::Query {
            version: "2011-06-15",
            namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        },
        table: ops::sts::TABLE,
        unsupported: model::sts::OPERATION_NAMES,
        forwarded: &[],
        state: Arc::new(Sts { directory, issuers }),
    }
}
