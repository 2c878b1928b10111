//! Pages of listings; `dispatch` makes them and authenticates the markers between them.

pub(crate) use dispatch::Page;
use dispatch::{Cx, Fault, NoPage};

use crate::{Kms, faults};

/// A listing that may span several calls.
pub(crate) struct Listing<'a, 'c> {
    pub(crate) kms: &'a Kms,
    pub(crate) cx: &'a Cx<'c>,
    /// The operation.
    pub(crate) name: &'static str,
    /// What it is filtered by.
    pub(crate) of: &'a str,
}

impl Listing<'_, '_> {
    /// The last item of the page before, named by the marker.
    pub(crate) fn resume(&self, marker: Option<&str>) -> Result<Option<String>, Fault> {
        self.listing().resume(marker).map_err(fault)
    }

    /// The first `limit` of `items`, with a marker if there are more. `name` is what an item is resumed after.
    pub(crate) fn page<T>(
        &self,
        items: impl Iterator<Item = T>,
        limit: usize,
        name: impl Fn(&T) -> String,
    ) -> Result<Page<T>, Fault> {
        self.listing().page(items, limit, name).map_err(fault)
    }

    fn listing(&self) -> dispatch::Listing<'_, '_> {
        dispatch::Listing { strongroom: &self.kms.strongroom, cx: self.cx, name: self.name, of: self.of }
    }
}

fn fault(why: NoPage) -> Fault {
    match why {
        NoPage::InvalidMarker => faults::invalid_marker(),
        NoPage::Strongroom(refused) => faults::strongroom(refused),
    }
}
