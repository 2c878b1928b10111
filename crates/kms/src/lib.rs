//! The key management service: KMS keys, their policies and aliases, and the operations on them.
//!
//! An operation (`ops/`) reads like its description; it gets keys from the gate (`gate/`) and nowhere else.
//! Where state really changes, the change is a pure function (`lifecycle`). Memory (`tables`) follows the
//! store; nothing here reads the store in the way of a request.

mod aliases;
pub mod clockwork;
mod due;
mod events;
mod family;
mod faults;
mod gate;
pub mod grants;
mod import;
mod key;
mod key_policy;
pub mod layout;
mod lifecycle;
mod limits;
mod making;
mod managed;
mod materials;
mod metadata;
mod ops;
mod pages;
mod parameters;
mod policies;
mod rates;
mod records;
mod rotation;
pub mod seed;
mod signing;
mod tables;
mod tags;
#[cfg(test)]
mod testing;
mod usage;
mod workshop;

use std::sync::Arc;

use dispatch::{Find, Principals, Protocol, Regions, Resources, Service};
use state::{Behind, Snapshot, Stateful, View};
use strongroom::Strongroom;

pub use key_policy::{KeyPolicy, PrincipalIds};
pub use limits::Quotas;
pub use rates::{Overrides, Rates, RequestRates};
pub use tables::Tables;
pub use usage::Used;
pub use workshop::{Effort, Interrupted, Workshop};

/// The service as one attempt of a call sees it, its keys and aliases at one revision.
pub type Kms = View<KeyManagement>;

/// What the service works with, beside the keys and aliases in memory.
pub struct KeyManagement {
    /// Where key material is used.
    pub strongroom: Arc<Strongroom>,
    /// Where work is done that takes too long for the thread of a request.
    pub workshop: Workshop,
    /// Keys whose last use is not written yet.
    pub used: Behind<key::Key>,
    /// What attestation documents have to lead to.
    pub attestation_roots: Arc<attestation::Roots>,
    /// Finds who exists.
    pub principals: Find<dyn Principals>,
    /// How much there may be.
    pub quotas: Quotas,
    /// How fast it may be asked for.
    pub rates: Rates,
    /// The Regions that keys can be in.
    pub regions: Regions,
}

impl Stateful for KeyManagement {
    type Tables = Tables;
}

/// What keys have of their own to say to simulations.
#[must_use]
pub fn resources(memory: &Snapshot) -> &(dyn Resources + 'static) {
    memory.find::<Tables>().map_or(&(), |tables| tables)
}

/// Who exists, at the revision of the attempt.
fn principals(kms: &Kms) -> &dyn Principals {
    (kms.principals)(kms.snapshot())
}

/// The service for the request line.
#[must_use]
pub fn service(state: Arc<KeyManagement>) -> Service<KeyManagement> {
    Service {
        name: "kms",
        protocol: Protocol::AwsJson { target: "TrentService" },
        table: ops::TABLE,
        unsupported: model::kms::OPERATION_NAMES,
        state,
    }
}
