//! Pages of keys and common prefixes. A common prefix costs one search in the tree, however many keys it hides.

use bytes::Bytes;
use rusqlite::{CachedStatement, Row, Rows, params};

use super::{Catalog, buckets};
use crate::encoding::{count, text, upload_id};
use crate::error::CatalogError;
use crate::id::UploadId;
use crate::page::{After, ListQuery, ListedEntry, ListedObject, ListedPage};
use crate::upload::ListedUpload;

impl Catalog {
    /// A page of the objects of a bucket.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`], or the catalog does not work.
    pub fn list(&self, bucket: &str, query: ListQuery<'_>) -> Result<ListedPage<ListedObject>, CatalogError> {
        self.database.read(|connection| {
            let bucket = buckets::number(connection, bucket)?;
            page(&mut Objects { statement: connection.prepare_cached(OBJECTS)?, bucket }, query, first(query))
        })
    }

    /// A page of the uploads of a bucket that go on, by their keys, and of one key by their ids. A page that begins
    /// [`After::Entry`] of a key begins behind all uploads of that key, or behind the one whose id is `id`.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`], or the catalog does not work.
    pub fn uploads(
        &self,
        bucket: &str,
        query: ListQuery<'_>,
        id: Option<UploadId>,
    ) -> Result<ListedPage<ListedUpload>, CatalogError> {
        self.database.read(|connection| {
            let bucket = buckets::number(connection, bucket)?;
            let after = match (query.after, id) {
                (After::Entry(key), Some(id)) if query.common_prefix(key).is_none() => Some((key, id)),
                _ => None,
            };
            let from = match after {
                Some((key, _)) => key.as_bytes().max(query.prefix.as_bytes()).to_owned(),
                None => first(query),
            };
            page(&mut Uploads { statement: connection.prepare_cached(UPLOADS)?, bucket, after }, query, from)
        })
    }
}

const OBJECTS: &str = "SELECT key, size, modified_ms, etag FROM object \
                       WHERE bucket = ?1 AND key >= ?2 AND key < ?3 ORDER BY key";
const UPLOADS: &str = "SELECT key, id, created_ms, owner, checksum FROM upload \
                       WHERE bucket = ?1 AND (key, id) > (?2, ?4) AND key < ?3 \
                       ORDER BY key, id";

/// So many keys behind a common prefix are passed one by one: a search costs as much.
const NEAR: usize = 16;

/// Rows of which a listing shows pages.
trait Searched {
    /// What is shown of a row.
    type Shown;
    /// The rows whose keys are from `from` on and below `to`, in their order. Column 0 is the key.
    fn rows(&mut self, from: &[u8], to: &[u8]) -> rusqlite::Result<Rows<'_>>;
    /// What is shown of a row with this key.
    fn shown(row: &Row<'_>, key: String) -> Result<Self::Shown, CatalogError>;
}

struct Objects<'a> {
    statement: CachedStatement<'a>,
    bucket: i64,
}

impl Searched for Objects<'_> {
    type Shown = ListedObject;

    fn rows(&mut self, from: &[u8], to: &[u8]) -> rusqlite::Result<Rows<'_>> {
        self.statement.query(params![self.bucket, from, to])
    }

    fn shown(row: &Row<'_>, key: String) -> Result<ListedObject, CatalogError> {
        let (size, modified_ms) = (count(row.get(1)?)?, count(row.get(2)?)?);
        Ok(ListedObject { key, size, modified_ms, etag: row.get(3)? })
    }
}

struct Uploads<'a> {
    statement: CachedStatement<'a>,
    bucket: i64,
    /// The upload behind which the page begins.
    after: Option<(&'a str, UploadId)>,
}

impl Searched for Uploads<'_> {
    type Shown = ListedUpload;

    fn rows(&mut self, from: &[u8], to: &[u8]) -> rusqlite::Result<Rows<'_>> {
        // All ids are larger than none.
        let id = self.after.as_ref().filter(|(key, _)| key.as_bytes() == from);
        let id = id.map_or(&[][..], |(_, id)| &id.0);
        self.statement.query(params![self.bucket, from, to, id])
    }

    fn shown(row: &Row<'_>, key: String) -> Result<ListedUpload, CatalogError> {
        let id = upload_id(&row.get::<_, Vec<u8>>(1)?)?;
        let (created_ms, owner) = (count(row.get(2)?)?, row.get(3)?);
        Ok(ListedUpload { key, id, created_ms, owner, checksum: Bytes::from(row.get::<_, Vec<u8>>(4)?) })
    }
}

/// A page of rows from a key on, with the keys behind a common prefix passed over.
fn page<S: Searched>(
    searched: &mut S,
    query: ListQuery<'_>,
    from: Vec<u8>,
) -> Result<ListedPage<S::Shown>, CatalogError> {
    // No key has the byte 255, which is in no text.
    let to = behind(query.prefix.as_bytes()).unwrap_or_else(|| vec![255]);
    let mut from = Some(from);
    let mut page = ListedPage { entries: Vec::new(), next: None };
    let mut last = None;
    let mut hidden = Hidden::default();
    while let Some(start) = from.take()
        && query.max > 0
    {
        let mut rows = searched.rows(&start, &to)?;
        while let Some(row) = rows.next()? {
            let key = row.get_ref(0)?.as_blob()?;
            if hidden.hides(key) {
                if hidden.passed < NEAR {
                    continue;
                }
                from = behind(hidden.prefix.as_bytes());
                break;
            }
            if page.entries.len() == query.max {
                page.next = last;
                return Ok(page);
            }
            let key = text(key)?;
            if let Some(common) = query.common_prefix(&key) {
                hidden = Hidden { prefix: common.to_owned(), passed: 0 };
                last = Some(common.to_owned());
                page.entries.push(ListedEntry::Prefix(common.to_owned()));
                continue;
            }
            last = Some(key.clone());
            page.entries.push(ListedEntry::Item(S::shown(row, key)?));
        }
    }
    Ok(page)
}

/// Keys that the last common prefix hides.
#[derive(Default)]
struct Hidden {
    /// Empty: there was no common prefix yet.
    prefix: String,
    /// How many of them were passed one by one.
    passed: usize,
}

impl Hidden {
    /// Whether this key is one of them. Counts it then.
    fn hides(&mut self, key: &[u8]) -> bool {
        let hides = !self.prefix.is_empty() && key.starts_with(self.prefix.as_bytes());
        self.passed += usize::from(hides);
        hides
    }
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

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, StatementStatus};

    use super::*;
    use crate::database::{Database, Opening};

    #[test]
    fn a_page_costs_what_it_shows_however_many_keys_it_passes_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("catalog.db");
        drop(Database::open(&path, Opening { create: true, ..Opening::default() }).unwrap());
        let connection = Connection::open(&path).unwrap();
        let insert = "WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n LIMIT 5000) \
                      INSERT INTO object SELECT 1, CAST(format('%d/%05d', n % 5, n) AS BLOB), n, 0, 0, '' FROM n";
        assert_eq!(connection.execute(insert, ()), Ok(5000));
        let statement = connection.prepare_cached(OBJECTS).unwrap();
        let mut objects = Objects { statement, bucket: 1 };
        let mut steps = |query: ListQuery<'_>, entries| {
            let page = page(&mut objects, query, first(query)).unwrap();
            assert_eq!((page.entries.len(), page.next), (entries, None));
            objects.statement.reset_status(StatementStatus::VmStep)
        };

        let query = ListQuery { prefix: "", delimiter: Some("/"), after: After::Start, max: 1000 };
        let found = [
            steps(query, 5),
            steps(ListQuery { prefix: "1/0000", delimiter: None, ..query }, 2),
            steps(ListQuery { after: After::Entry("3/"), ..query }, 1),
            steps(ListQuery { after: After::Key("4/04000"), prefix: "4/0", delimiter: None, ..query }, 200),
        ];
        assert!(found.iter().all(|steps| *steps < 3000), "SQLite made {found:?} steps");
    }
}
