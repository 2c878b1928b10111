//! The service: what it works with, and how an attempt sees it.

use std::sync::Arc;

use dispatch::{Find, Leaps, Principals, Regions, Resources};
use state::{Behind, Snapshot, Stateful, View};
use strongroom::Strongroom;

use crate::{key::Key, quotas::Quotas, rates::Rates, tables::Tables, workshop::Workshop};

/// The service as one attempt of a call sees it, its keys and aliases at one revision.
pub type Kms = View<KeyManagement>;

/// What the service works with, beside the keys and aliases in memory.
pub struct KeyManagement {
    /// Where key material is used.
    pub strongroom: Arc<Strongroom>,
    /// Where work is done that takes too long for the thread of a request.
    pub workshop: Workshop,
    /// Keys whose last use is not written yet.
    pub used: Behind<Key>,
    /// What attestation documents have to lead to.
    pub attestation_roots: Arc<attestation::Roots>,
    /// Finds who exists.
    pub principals: Find<dyn Principals>,
    /// How much there may be.
    pub quotas: Quotas,
    /// How fast it may be asked for.
    pub rates: Rates,
    /// Whether what is due has to wait.
    pub leaps: Leaps,
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
pub(crate) fn principals(kms: &Kms) -> &dyn Principals {
    (kms.principals)(kms.snapshot())
}
