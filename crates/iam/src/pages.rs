//! Pages of listings.

use std::ops::Bound;

use dispatch::{Cx, Fault, Listing, NoPage, Page};

use crate::{Iam, faults, limits::PAGE_ITEMS_DEFAULT};

/// What a caller asks of a listing.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// The operation.
    pub(crate) name: &'static str,
    /// What it is filtered by.
    pub(crate) of: &'a str,
    pub(crate) marker: Option<&'a str>,
    pub(crate) max_items: Option<i32>,
}

/// A page of what `items` gives after an item's name, in the order of the names.
pub(crate) fn page<T, I: Iterator<Item = T>>(
    iam: &Iam,
    cx: &Cx<'_>,
    asked: &Wish<'_>,
    items: impl FnOnce(Bound<String>) -> I,
    name: impl Fn(&T) -> String,
) -> Result<Page<T>, Fault> {
    let listing = Listing { strongroom: &iam.strongroom, cx, name: asked.name, of: asked.of };
    let after = listing.resume(asked.marker).map_err(fault)?.map_or(Bound::Unbounded, Bound::Excluded);
    let limit = asked.max_items.map_or(PAGE_ITEMS_DEFAULT, |asked| usize::try_from(asked).unwrap_or(1));
    listing.page(items(after), limit, name).map_err(fault)
}

/// A page of a short list that is sorted by its items' names.
pub(crate) fn page_of<T>(
    iam: &Iam,
    cx: &Cx<'_>,
    asked: &Wish<'_>,
    items: impl IntoIterator<Item = T>,
    name: impl Fn(&T) -> String,
) -> Result<Page<T>, Fault> {
    let after = |after: Bound<String>| {
        let name = &name;
        items.into_iter().filter(move |item| match &after {
            Bound::Excluded(last) => name(item) > *last,
            _ => true,
        })
    };
    page(iam, cx, asked, after, &name)
}

/// A page with its items as answers show them.
pub(crate) fn shown<T, U>(page: Page<T>, show: impl Fn(T) -> U) -> Page<U> {
    let Page { items, truncated, next_marker } = page;
    Page { items: items.into_iter().map(show).collect(), truncated, next_marker }
}

fn fault(why: NoPage) -> Fault {
    match why {
        NoPage::InvalidMarker => faults::validation("Invalid Marker."),
        NoPage::Strongroom(_) => faults::sealed(),
    }
}
