//! Quotas that an operator may set.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>

use std::sync::Arc;

use dispatch::Fault;

use crate::{
    faults,
    key::Key,
    layout::Place,
    managed,
    tables::{Shelf, Tables},
};

/// Quotas that an operator may set otherwise than AWS does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quotas {
    /// Keys of an account in a Region, in any state, but for those that AWS's services manage.
    pub keys_per_region: usize,
    /// Aliases of one key.
    pub aliases_per_key: usize,
    /// Grants of one key.
    pub grants_per_key: usize,
    /// Bytes of a key policy.
    pub key_policy_bytes: usize,
    /// Rotations on demand in the life of a key.
    pub on_demand_rotations: u16,
}

/// AWS's.
impl Default for Quotas {
    fn default() -> Self {
        Self {
            keys_per_region: 100_000,
            aliases_per_key: 50,
            grants_per_key: 50_000,
            key_policy_bytes: 32 * 1024,
            on_demand_rotations: 25,
        }
    }
}

impl Quotas {
    /// Room for one more alias of a key.
    pub(crate) fn check_aliases(&self, tables: &Tables, place: &Place, key: &Key) -> Result<(), Fault> {
        let count = tables.shelf(place).map_or(0, |shelf| shelf.aliases_of(key.id()).count());
        if count < self.aliases_per_key {
            return Ok(());
        }
        Err(Fault::new(&faults::LIMIT_EXCEEDED, format!("{} has too many aliases.", key.arn)))
    }

    /// Room for one more key in a place.
    pub(crate) fn check_keys(&self, tables: &Tables, place: &Place) -> Result<(), Fault> {
        // Keys that AWS's services manage do not count.
        let customers = |shelf: &Arc<Shelf>| shelf.keys.len().saturating_sub(managed::count(shelf));
        let keys = tables.shelf(place).map_or(0, customers);
        if keys < self.keys_per_region {
            return Ok(());
        }
        let text = format!(
            "The account {} has reached the limit of {} KMS keys in {}.",
            place.account, self.keys_per_region, place.region
        );
        Err(Fault::new(&faults::LIMIT_EXCEEDED, text))
    }
}
