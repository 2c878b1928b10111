//! Keeps the strongroom unsealed and its domain key young.

use std::sync::Arc;

use dispatch::Clock;
use store::Store;
use strongroom::{Entropy, Seal, Strongroom};

use crate::{
    deployment::{self, SealRecord},
    seal::SealSource,
};

/// What it keeps, and with what.
pub(crate) struct Keeper {
    pub(crate) seal: Arc<dyn SealSource>,
    pub(crate) record: SealRecord,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) strongroom: Arc<Strongroom>,
    pub(crate) domain_key_days: u32,
}

impl Keeper {
    /// Unseals the strongroom, or tells the operator why not.
    pub(crate) async fn unseal(&self) {
        let Some(seal) = self.open() else { return };
        match deployment::unseal(&*self.store, &self.strongroom, &*seal).await {
            Ok(()) => tracing::info!("the strongroom is unsealed"),
            Err(error) => tracing::error!(%error, "the strongroom stays sealed"),
        }
    }

    /// Tries again what failed before, and makes a domain key if the newest is too old.
    pub(crate) async fn tick(&self, clock: &dyn Clock, entropy: &dyn Entropy) {
        if !self.strongroom.is_unsealed() {
            return self.unseal().await;
        }
        match deployment::domain_key_is_due(&*self.store, self.domain_key_days, clock).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => tracing::error!(%error, "the domain keys cannot be read"),
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
                tracing::error!(%error, "the strongroom stays sealed");
                None
            }
        }
    }
}
