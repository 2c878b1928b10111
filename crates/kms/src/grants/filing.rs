//! Grants among everything else in memory.

use std::sync::Arc;

use model::arn::{GrantId, KeyId, Region};

use super::{Grant, KeyGrants, table::GrantName};
use crate::{
    layout::Place,
    tables::{Shelf, Tables},
};

impl Shelf {
    /// The grants on a key; `None` when it has none.
    pub(crate) fn grants(&self, key: KeyId) -> Option<&KeyGrants> {
        self.grants.get(&key).map(Arc::as_ref)
    }
}

impl Tables {
    /// The grants on a key; `None` when it has none.
    pub(crate) fn grants(&self, place: &Place, key: KeyId) -> Option<&KeyGrants> {
        self.shelf(place)?.grants(key)
    }

    /// The grants that name a retiring principal, in all accounts of a Region, from behind one.
    pub(crate) fn retirable(
        &self,
        region: &Region,
        principal: &str,
        last: Option<GrantName>,
    ) -> impl Iterator<Item = &Arc<Grant>> {
        self.retirable.by(region, principal, last).filter_map(|(account, key, id)| {
            self.grants(&Place { account, region: region.clone() }, key)?.get(id)
        })
    }

    /// Files a grant, in the place of what stood under its id.
    pub(crate) fn put_grant(&mut self, place: &Place, grant: Grant) {
        self.remove_grant(place, grant.key.key_id, grant.id);
        self.retirable.put(&grant);
        self.change(place, |shelf| {
            Arc::make_mut(shelf.grants.entry(grant.key.key_id).or_default()).put(Arc::new(grant));
        });
    }

    /// Forgets a grant, wherever it is filed.
    pub(crate) fn remove_grant(&mut self, place: &Place, key: KeyId, id: GrantId) {
        let mut removed = None;
        self.change(place, |shelf| {
            let Some(grants) = shelf.grants.get_mut(&key).map(Arc::make_mut) else { return };
            removed = grants.remove(id);
            if grants.count() == 0 {
                shelf.grants.remove(&key);
            }
        });
        if let Some(grant) = removed {
            self.retirable.remove(&grant);
        }
    }
}
