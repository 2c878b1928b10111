//! Keeps the strongroom unsealed and its domain key young.

use std::sync::{Arc, PoisonError, RwLock};

use dispatch::Clock;
use store::Store;
use strongroom::{Entropy, Seal, Strongroom};

use crate::{
    deployment::{self, SealRecord},
    seal::SealSource,
};

/// Why the strongroom is sealed, in words for the operator; empty once it was unsealed.
#[derive(Default)]
pub(crate) struct SealedBecause(RwLock<String>);

/// What it keeps, and with what.
pub(crate) struct Keeper {
    pub(crate) seal: Arc<dyn SealSource>,
    pub(crate) record: SealRecord,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) strongroom: Arc<Strongroom>,
    pub(crate) domain_key_days: u32,
    pub(crate) because: Arc<SealedBecause>,
}

impl Keeper {
    /// Unseals the strongroom, or tells the operator why not.
    pub(crate) async fn unseal(&self) {
        let Some(seal) = self.open() else { return };
        match deployment::unseal(&*self.store, &self.strongroom, &*seal).await {
            Ok(()) => {
                self.because.note(String::new());
                tracing::info!("the strongroom is unsealed");
            }
            Err(error) => self.stays_sealed(&error),
        }
    }

    /// Tries again what failed before, and makes a domain key if the newest is too old.
    pub(crate) async fn tick(&self, clock: &dyn Clock, entropy: &dyn Entropy) {
        if !self.strongroom.is_unsealed() {
            return self.unseal().await;
        }
        let newest = match deployment::newest_domain_key(&*self.store).await {
            Ok(newest) => newest,
            Err(error) => return tracing::error!(%error, "the domain keys cannot be read"),
        };
        let Some((number, created)) = newest else { return };
        // Another node has made it, and seals with it: without it this node cannot read what that one writes.
        if self.strongroom.newest() < Some(number) {
            self.unseal().await;
        }
        if !deployment::is_due(created, clock.now(), self.domain_key_days) {
            return;
        }
        let Some(seal) = self.open() else { return };
        let (store, days) = (&self.store, self.domain_key_days);
        match deployment::rotate_domain_key(store, &self.strongroom, &*seal, days, clock, entropy).await {
            Ok(true) => tracing::info!("a new domain key seals from now on"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the domain key could not be rotated"),
        }
    }

    fn open(&self) -> Option<Box<dyn Seal>> {
        match self.seal.open(&self.record) {
            Ok(seal) => Some(seal),
            Err(error) => {
                self.stays_sealed(&error);
                None
            }
        }
    }

    fn stays_sealed(&self, error: &dyn std::error::Error) {
        if self.strongroom.is_unsealed() {
            tracing::error!(%error, "there is no seal for a new domain key: the old one goes on sealing");
        } else {
            self.because.note(error.to_string());
            tracing::error!(%error, "the strongroom stays sealed");
        }
    }
}

impl SealedBecause {
    /// The reason, as it was noted last.
    pub(crate) fn text(&self) -> String {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, reason: String) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = reason;
    }
}
