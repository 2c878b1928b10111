//! Pages of listings, and the markers between them.
//!
//! A marker says where the next page begins. It is authenticated for the caller's account, Region, operation
//! and filter, so that one from elsewhere, or a made-up one, is refused.

use base64_simd::URL_SAFE_NO_PAD;
use strongroom::{Purpose, Refused, Strongroom};

use crate::Cx;

/// A listing that may span several calls.
pub struct Listing<'a, 'c> {
    /// Authenticates markers.
    pub strongroom: &'a Strongroom,
    /// The call.
    pub cx: &'a Cx<'c>,
    /// The operation.
    pub name: &'static str,
    /// What it is filtered by; no line feeds.
    pub of: &'a str,
}

/// One page.
#[derive(Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Whether there is more.
    pub truncated: bool,
    /// What names the next page, if there is more.
    pub next_marker: Option<String>,
}

/// Why there is no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPage {
    /// The marker is none that was handed out for this listing.
    InvalidMarker,
    /// The strongroom refuses, as while it is sealed.
    Strongroom(Refused),
}

impl Listing<'_, '_> {
    /// The last item of the page before, named by the marker.
    ///
    /// # Errors
    /// [`NoPage`].
    pub fn resume(&self, marker: Option<&str>) -> Result<Option<String>, NoPage> {
        let Some(marker) = marker else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(marker).map_err(|_| NoPage::InvalidMarker)?;
        let (length, rest) = bytes.split_first().ok_or(NoPage::InvalidMarker)?;
        let (tag, last) = rest.split_at_checked(usize::from(*length)).ok_or(NoPage::InvalidMarker)?;
        let last = std::str::from_utf8(last).map_err(|_| NoPage::InvalidMarker)?;
        match self.strongroom.check_tag(Purpose::PaginationMarker, &self.message(last), tag) {
            Ok(()) => Ok(Some(last.to_owned())),
            Err(Refused::WouldNotOpen) => Err(NoPage::InvalidMarker),
            Err(refused) => Err(NoPage::Strongroom(refused)),
        }
    }

    /// The first `limit` of `items`, with a marker if there are more. `name` is what an item is resumed after.
    ///
    /// # Errors
    /// [`NoPage::Strongroom`].
    pub fn page<T>(
        &self,
        mut items: impl Iterator<Item = T>,
        limit: usize,
        name: impl Fn(&T) -> String,
    ) -> Result<Page<T>, NoPage> {
        let page: Vec<T> = items.by_ref().take(limit).collect();
        let truncated = items.next().is_some();
        let next_marker = match page.last() {
            Some(last) if truncated => Some(self.marker(&name(last))?),
            _ => None,
        };
        Ok(Page { items: page, truncated, next_marker })
    }

    /// What names the page after this item.
    ///
    /// # Errors
    /// [`NoPage::Strongroom`].
    pub fn marker(&self, last: &str) -> Result<String, NoPage> {
        let tag = self.strongroom.tag(Purpose::PaginationMarker, &self.message(last));
        let tag = tag.map_err(NoPage::Strongroom)?;
        // A tag has 36 bytes.
        let length = u8::try_from(tag.len()).map_err(|_| NoPage::Strongroom(Refused::Broken))?;
        let bytes: Vec<u8> = std::iter::once(length).chain(tag).chain(last.bytes()).collect();
        Ok(URL_SAFE_NO_PAD.encode_to_string(bytes))
    }

    /// What the tag covers. The parts cannot run into each other: none contains a line feed.
    fn message(&self, last: &str) -> Vec<u8> {
        format!("{}\n{}\n{}\n{}\n{last}", self.name, self.cx.account(), self.cx.region, self.of).into_bytes()
    }
}
