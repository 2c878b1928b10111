//! Pages of keys and common prefixes. A common prefix costs one search in the tree, however many keys are behind it.

use rusqlite::{CachedStatement, Row, Rows, params};

use super::{Catalog, buckets};
use crate::encoding::{count, text};
use crate::error::CatalogError;
use crate::page::{After, ListQuery, ListedEntry, ListedObject, ListedPage};

impl Catalog {
    /// A page of the objects of a bucket.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`], or the catalog does not work.
    pub fn list(&self, bucket: &str, query: ListQuery<'_>) -> Result<ListedPage<ListedObject>, CatalogError> {
        self.database.read(|connection| {
            let bucket = buckets::number(connection, bucket)?;
            page(&mut Objects { statement: connection.prepare_cached(OBJECTS)?, bucket }, query)
        })
    }
}

const OBJECTS: &str = "SELECT key, size, modified_ms, etag FROM object \
                       WHERE bucket = ?1 AND key >= ?2 AND (?3 IS NULL OR key < ?3) ORDER BY key";

/// Rows of which a listing shows pages.
pub(super) trait Searched {
    /// What is shown of a row.
    type Shown;
    /// The rows whose keys are from `from` on and below `to`, in their order. Column 0 is the key.
    fn rows(&mut self, from: &[u8], to: Option<&[u8]>) -> rusqlite::Result<Rows<'_>>;
    /// What is shown of a row with this key.
    fn shown(row: &Row<'_>, key: String) -> Result<Self::Shown, CatalogError>;
}

struct Objects<'a> {
    statement: CachedStatement<'a>,
    bucket: i64,
}

impl Searched for Objects<'_> {
    type Shown = ListedObject;

    fn rows(&mut self, from: &[u8], to: Option<&[u8]>) -> rusqlite::Result<Rows<'_>> {
        self.statement.query(params![self.bucket, from, to])
    }

    fn shown(row: &Row<'_>, key: String) -> Result<ListedObject, CatalogError> {
        let (size, modified_ms) = (count(row.get(1)?)?, count(row.get(2)?)?);
        Ok(ListedObject { key, size, modified_ms, etag: row.get(3)? })
    }
}

/// A page of rows, with the keys behind a common prefix passed over.
pub(super) fn page<S: Searched>(
    searched: &mut S,
    query: ListQuery<'_>,
) -> Result<ListedPage<S::Shown>, CatalogError> {
    let to = behind(query.prefix.as_bytes());
    let mut from = Some(first(query));
    let mut page = ListedPage { entries: Vec::new(), next: None };
    let mut last = None;
    while let Some(start) = from.take()
        && query.max > 0
    {
        let mut rows = searched.rows(&start, to.as_deref())?;
        while let Some(row) = rows.next()? {
            if page.entries.len() == query.max {
                page.next = last;
                return Ok(page);
            }
            let key = text(row.get(0)?)?;
            if let Some(common) = query.common_prefix(&key) {
                from = behind(common.as_bytes());
                last = Some(common.to_owned());
                page.entries.push(ListedEntry::Prefix(common.to_owned()));
                break;
            }
            last = Some(key.clone());
            page.entries.push(ListedEntry::Item(S::shown(row, key)?));
        }
    }
    Ok(page)
}

/// The smallest key that the first entry can have.
fn first(query: ListQuery<'_>) -> Vec<u8> {
    let prefix = query.prefix.as_bytes();
    let start = match query.after {
        After::Start => return prefix.to_owned(),
        After::Key(key) => following(key),
        After::Entry(entry) => query
            .common_prefix(entry)
            .and_then(|common| behind(common.as_bytes()))
            .unwrap_or_else(|| following(entry)),
    };
    start.max(prefix.to_owned())
}

/// The smallest bytes that are larger than a key.
fn following(key: &str) -> Vec<u8> {
    [key.as_bytes(), &[0]].concat()
}

/// The smallest bytes that are larger than all texts with this prefix. `None` for an empty prefix. No text has the byte
/// 255, so the last byte can be increased.
fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = prefix.to_owned();
    let last = bytes.last_mut()?;
    *last = last.saturating_add(1);
    Some(bytes)
}

impl<'a> ListQuery<'a> {
    /// The common prefix that hides a key, if one does.
    fn common_prefix<'k>(&self, key: &'k str) -> Option<&'k str> {
        let delimiter = self.delimiter.filter(|delimiter| !delimiter.is_empty())?;
        let behind = key.strip_prefix(self.prefix)?;
        let (shown, _) = behind.split_once(delimiter)?;
        key.get(..self.prefix.len() + shown.len() + delimiter.len())
    }
}
