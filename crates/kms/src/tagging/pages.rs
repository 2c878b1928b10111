//! Pages of this API's listings. The last page's token is empty, and so may be the first request's.

use std::{collections::BTreeSet, ops::Bound};

use dispatch::{Cx, Fault, Listing, NoPage, Page};

use crate::{Kms, faults};

/// Tag keys or values on a page.
const TEXTS_ON_PAGE: usize = 100;

/// The listing of an operation, filtered by `of`.
pub(super) struct Tokens<'a, 'c>(Listing<'a, 'c>);

impl<'a, 'c> Tokens<'a, 'c> {
    /// What is filtered differently has other tokens. `of` has no line feeds.
    pub(super) fn new(kms: &'a Kms, cx: &'a Cx<'c>, name: &'static str, of: &'a str) -> Self {
        Self(Listing { strongroom: &kms.strongroom, cx, name, of })
    }

    /// The last item of the page before.
    pub(super) fn resume(&self, token: Option<&str>) -> Result<Option<String>, Fault> {
        self.0.resume(token.filter(|token| !token.is_empty())).map_err(fault)
    }

    /// A page of texts that are sorted, after the page that the token names.
    pub(super) fn of_texts(
        &self,
        token: Option<&str>,
        texts: &BTreeSet<&String>,
    ) -> Result<Page<String>, Fault> {
        let last = self.resume(token)?;
        let last = last.as_ref();
        let after = last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let texts = texts.range::<&String, _>((after, Bound::Unbounded)).map(|text| (*text).clone());
        self.page(texts, TEXTS_ON_PAGE, String::clone)
    }

    /// The first `limit` of `items`.
    pub(super) fn page<T>(
        &self,
        items: impl Iterator<Item = T>,
        limit: usize,
        name: impl Fn(&T) -> String,
    ) -> Result<Page<T>, Fault> {
        self.0.page(items, limit, name).map_err(fault)
    }
}

/// The token of the next page, as AWS writes it: there always is one.
pub(super) fn next(marker: Option<String>) -> Option<String> {
    Some(marker.unwrap_or_default())
}

fn fault(why: NoPage) -> Fault {
    match why {
        NoPage::InvalidMarker => {
            Fault::new(&faults::PAGINATION_TOKEN_EXPIRED, "The pagination token is invalid or has expired.")
        }
        NoPage::Strongroom(refused) => faults::strongroom(refused),
    }
}
