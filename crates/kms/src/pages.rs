//! Pages of listings, and the markers between them.
//!
//! A marker says where the next page begins. It is authenticated for the caller's account, Region, operation
//! and filter, so that one from elsewhere, or a made-up one, is refused.

use base64_simd::URL_SAFE_NO_PAD;
use dispatch::{Cx, Fault};
use strongroom::{Purpose, Refused};

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

/// One page.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) truncated: bool,
    pub(crate) next_marker: Option<String>,
}

impl Listing<'_, '_> {
    /// The last item of the page before, named by the marker.
    pub(crate) fn resume(&self, marker: Option<&str>) -> Result<Option<String>, Fault> {
        let Some(marker) = marker else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(marker).map_err(|_| faults::invalid_marker())?;
        let (length, rest) = bytes.split_first().ok_or_else(faults::invalid_marker)?;
        let (tag, last) = rest.split_at_checked(usize::from(*length)).ok_or_else(faults::invalid_marker)?;
        let last = std::str::from_utf8(last).map_err(|_| faults::invalid_marker())?;
        match self.kms.strongroom.check_tag(Purpose::PaginationMarker, &self.message(last), tag) {
            Ok(()) => Ok(Some(last.to_owned())),
            Err(Refused::WouldNotOpen) => Err(faults::invalid_marker()),
            Err(refused) => Err(faults::strongroom(refused)),
        }
    }

    /// The first `limit` of `items`, with a marker if there are more. `name` is what an item is resumed after.
    pub(crate) fn page<T>(
        &self,
        mut items: impl Iterator<Item = T>,
        limit: usize,
        name: impl Fn(&T) -> String,
    ) -> Result<Page<T>, Fault> {
        let page: Vec<T> = items.by_ref().take(limit).collect();
        let truncated = items.next().is_some();
        let next_marker = match page.last() {
            Some(last) if truncated => Some(self.marker(&name(last))?),
            _ => None,
        };
        Ok(Page { items: page, truncated, next_marker })
    }

    fn marker(&self, last: &str) -> Result<String, Fault> {
        let tag = self
            .kms
            .strongroom
            .tag(Purpose::PaginationMarker, &self.message(last))
            .map_err(faults::strongroom)?;
        let length = u8::try_from(tag.len()).map_err(|_| Fault::internal("a marker's tag is too long"))?;
        let bytes: Vec<u8> = std::iter::once(length).chain(tag).chain(last.bytes()).collect();
        Ok(URL_SAFE_NO_PAD.encode_to_string(bytes))
    }

    /// What the tag covers. The parts cannot run into each other: none contains a line feed.
    fn message(&self, last: &str) -> Vec<u8> {
        format!("{}\n{}\n{}\n{}\n{last}", self.name, self.cx.account(), self.cx.region, self.of).into_bytes()
    }
}
