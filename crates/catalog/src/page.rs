//! Pages of listings.

/// Which entries a listing shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListQuery<'a> {
    /// Only keys that begin with this. Empty: all keys.
    pub prefix: &'a str,
    /// Keys that have this text behind the prefix are shown as one common prefix, which ends with the first such text.
    /// `None` or empty: no key is hidden.
    pub delimiter: Option<&'a str>,
    /// Where the page begins.
    pub after: After<'a>,
    /// Most entries of the page; keys and common prefixes count the same.
    pub max: usize,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After<'a> {
    /// With the first entry.
    Start,
    /// Behind the entry that shows this key: behind the key itself, or behind the whole common prefix that has the key
    /// or that is this text. So what a page says in [`ListedPage::next`] leads to the next one. Markers of S3's first
    /// listing are of this kind.
    Entry(&'a str),
    /// With the first key behind this one, even if the key's common prefix begins earlier. `StartAfter` of S3's second
    /// listing is of this kind.
    Key(&'a str),
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPage<T> {
    /// Its entries, in the order of their UTF-8 bytes.
    pub entries: Vec<ListedEntry<T>>,
    /// The last entry, if there are entries behind it: the next page is the one [`After::Entry`] of this. `None`: the
    /// listing ends here, or no entry was asked for.
    pub next: Option<String>,
}

/// An entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedEntry<T> {
    /// What the listing is of.
    Item(T),
    /// What all keys behind it begin with.
    Prefix(String),
}

/// What a listing shows of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key.
    pub key: String,
    /// The bytes of its plaintext.
    pub size: u64,
    /// When it was written, in milliseconds since 1970.
    pub modified_ms: u64,
    /// Its entity tag, without quotes.
    pub etag: String,
}
