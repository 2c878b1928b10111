//! Objects: put, read, deleted, wrapped anew.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Catalog, buckets};
use crate::encoding::{self, count, integer, pairs, read_pairs, read_parts};
use crate::error::CatalogError;
use crate::id::FileId;
use crate::object::{NewObject, Published, StoredObject, WriteIf};

impl Catalog {
    /// The object of this key.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`], or the catalog does not work.
    pub fn object(&self, bucket: &str, key: &str) -> Result<Option<StoredObject>, CatalogError> {
        self.database.read(|connection| find(connection, buckets::number(connection, bucket)?, key))
    }

    /// Publishes an object in place of the one of the same key. Its files have to be durable, and no other row may have
    /// them: a copy is put with files of its own.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`]; what the condition says; or the catalog does not work.
    pub async fn put(
        &self,
        bucket: &str,
        object: NewObject,
        condition: WriteIf,
    ) -> Result<Published, CatalogError> {
        let bucket = bucket.to_owned();
        let work = move |connection: &Connection| {
            let bucket = buckets::number(connection, &bucket)?;
            let current = current(connection, bucket, &object.key)?;
            check(&condition, current.as_ref())?;
            publish(connection, bucket, &object, current.as_ref())
        };
        self.database.write(work).await
    }

    /// Removes an object, and tells what it was. `None`: there was none.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`], or the catalog does not work.
    pub async fn delete(&self, bucket: &str, key: &str) -> Result<Option<StoredObject>, CatalogError> {
        let deleted = self.delete_many(bucket, vec![key.to_owned()]).await?;
        Ok(deleted.into_iter().next().flatten())
    }

    /// Removes an object if the condition holds, and tells what it was. `None`: there was none.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`]; what [`WriteIf`] says; or the catalog does not work. Nothing is deleted then.
    pub async fn delete_if(
        &self,
        bucket: &str,
        key: &str,
        condition: WriteIf,
    ) -> Result<Option<StoredObject>, CatalogError> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let work = move |connection: &Connection| {
            let bucket = buckets::number(connection, &bucket)?;
            check(&condition, current(connection, bucket, &key)?.as_ref())?;
            delete(connection, bucket, &key)
        };
        self.database.write(work).await
    }

    /// Removes objects in one commit, and tells what each was. S3 takes up to 1,000 keys.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`], or the catalog does not work. Nothing is deleted then.
    pub async fn delete_many(
        &self,
        bucket: &str,
        keys: Vec<String>,
    ) -> Result<Vec<Option<StoredObject>>, CatalogError> {
        let bucket = bucket.to_owned();
        let work = move |connection: &Connection| {
            let bucket = buckets::number(connection, &bucket)?;
            keys.iter().map(|key| delete(connection, bucket, key)).collect()
        };
        self.database.write(work).await
    }

    /// Puts another envelope in the place of the one that a version of an object has. Nothing else changes, also not the
    /// version.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`]; [`CatalogError::NoSuchKey`]; [`CatalogError::Overtaken`] when the object has another
    /// version; or the catalog does not work.
    pub async fn rewrap(
        &self,
        bucket: &str,
        key: &str,
        version: u64,
        envelope: Bytes,
    ) -> Result<(), CatalogError> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let work = move |connection: &Connection| {
            let version = of_version(connection, &bucket, &key, Some(version))?;
            let mut statement =
                connection.prepare_cached("UPDATE content SET envelope = ?2 WHERE version = ?1")?;
            statement.execute(params![version, &*envelope])?;
            Ok(())
        };
        self.database.write(work).await
    }

    /// Sets the tags of an object in place of those that it has; if `version` is given, only of this one.
    ///
    /// # Errors
    /// As those of [`Catalog::rewrap`].
    pub async fn set_tags(
        &self,
        bucket: &str,
        key: &str,
        version: Option<u64>,
        tags: Vec<(String, String)>,
    ) -> Result<(), CatalogError> {
        let (bucket, key, tags) = (bucket.to_owned(), key.to_owned(), pairs(&tags)?);
        let work = move |connection: &Connection| {
            let version = of_version(connection, &bucket, &key, version)?;
            let mut statement =
                connection.prepare_cached("UPDATE content SET tags = ?2 WHERE version = ?1")?;
            statement.execute(params![version, tags])?;
            Ok(())
        };
        self.database.write(work).await
    }
}

/// What there is under a key before a write.
pub(super) struct Current {
    version: i64,
    etag: String,
}

/// What there is under a key.
pub(super) fn current(
    connection: &Connection,
    bucket: i64,
    key: &str,
) -> Result<Option<Current>, CatalogError> {
    let mut statement =
        connection.prepare_cached("SELECT version, etag FROM object WHERE bucket = ?1 AND key = ?2")?;
    let read = |row: &Row<'_>| Ok(Current { version: row.get(0)?, etag: row.get(1)? });
    Ok(statement.query_row(params![bucket, key.as_bytes()], read).optional()?)
}

/// Whether what there is allows the write.
pub(super) fn check(condition: &WriteIf, current: Option<&Current>) -> Result<(), CatalogError> {
    match (condition, current) {
        (WriteIf::Always, _) | (WriteIf::Absent, None) => Ok(()),
        (WriteIf::Absent, Some(_)) => Err(CatalogError::PreconditionFailed),
        (WriteIf::Etag(_), None) => Err(CatalogError::NoSuchKey),
        (WriteIf::Etag(etag), Some(current)) if current.etag == *etag => Ok(()),
        (WriteIf::Etag(_), Some(_)) => Err(CatalogError::PreconditionFailed),
    }
}

/// Puts an object in the place of what there is.
pub(super) fn publish(
    connection: &Connection,
    bucket: i64,
    object: &NewObject,
    current: Option<&Current>,
) -> Result<Published, CatalogError> {
    let NewObject { key, size, modified_ms, etag, envelope, headers, tags, parts } = object;
    let (size, modified_ms) = (integer(*size)?, integer(*modified_ms)?);
    let (headers, tags, parts) = (pairs(headers)?, pairs(tags)?, encoding::parts(parts)?);
    let replaced = match current {
        Some(current) => remove_content(connection, current.version)?,
        None => Vec::new(),
    };
    let mut next = connection.prepare_cached("UPDATE newest SET version = version + 1 RETURNING version")?;
    let version: i64 = next.query_row((), |row| row.get(0))?;
    let mut name = connection.prepare_cached(
        "INSERT OR REPLACE INTO object (bucket, key, version, size, modified_ms, etag) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    name.execute(params![bucket, key.as_bytes(), version, size, modified_ms, etag])?;
    let mut content = connection.prepare_cached(
        "INSERT INTO content (version, envelope, headers, tags, parts) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    content.execute(params![version, &**envelope, headers, tags, parts])?;
    overtake_uploads(connection, bucket, key)?;
    Ok(Published { version: count(version)?, replaced })
}

fn delete(connection: &Connection, bucket: i64, key: &str) -> Result<Option<StoredObject>, CatalogError> {
    let Some(object) = find(connection, bucket, key)? else { return Ok(None) };
    let mut statement = connection.prepare_cached("DELETE FROM object WHERE bucket = ?1 AND key = ?2")?;
    statement.execute(params![bucket, key.as_bytes()])?;
    let mut statement = connection.prepare_cached("DELETE FROM content WHERE version = ?1")?;
    statement.execute((integer(object.version)?,))?;
    overtake_uploads(connection, bucket, key)?;
    Ok(Some(object))
}

/// Uploads of a key remember that the key was written or deleted while they went on.
fn overtake_uploads(connection: &Connection, bucket: i64, key: &str) -> Result<(), CatalogError> {
    let mut statement =
        connection.prepare_cached("UPDATE upload SET overtaken = 1 WHERE bucket = ?1 AND key = ?2")?;
    statement.execute(params![bucket, key.as_bytes()])?;
    Ok(())
}

/// Removes what a version has besides its name, and tells its files.
fn remove_content(connection: &Connection, version: i64) -> Result<Vec<FileId>, CatalogError> {
    let mut statement =
        connection.prepare_cached("DELETE FROM content WHERE version = ?1 RETURNING parts")?;
    let parts: Vec<u8> = statement.query_row((version,), |row| row.get(0))?;
    Ok(read_parts(&parts)?.into_iter().map(|part| part.file).collect())
}

/// The version of an object, which has to be the one that is named.
fn of_version(
    connection: &Connection,
    bucket: &str,
    key: &str,
    version: Option<u64>,
) -> Result<i64, CatalogError> {
    let bucket = buckets::number(connection, bucket)?;
    let current = current(connection, bucket, key)?.ok_or(CatalogError::NoSuchKey)?;
    match version {
        Some(version) if count(current.version)? != version => Err(CatalogError::Overtaken),
        _ => Ok(current.version),
    }
}

fn find(connection: &Connection, bucket: i64, key: &str) -> Result<Option<StoredObject>, CatalogError> {
    // A name without content is damage: then a column is missing. It is not an object that is not there.
    let mut statement = connection.prepare_cached(
        "SELECT version, size, modified_ms, etag, envelope, headers, tags, parts \
         FROM object LEFT JOIN content USING (version) WHERE bucket = ?1 AND key = ?2",
    )?;
    let mut rows = statement.query(params![bucket, key.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(StoredObject {
        version: count(row.get(0)?)?,
        key: key.to_owned(),
        size: count(row.get(1)?)?,
        modified_ms: count(row.get(2)?)?,
        etag: row.get(3)?,
        envelope: Bytes::from(row.get::<_, Vec<u8>>(4)?),
        headers: read_pairs(&row.get::<_, Vec<u8>>(5)?)?,
        tags: read_pairs(&row.get::<_, Vec<u8>>(6)?)?,
        parts: read_parts(&row.get::<_, Vec<u8>>(7)?)?,
    }))
}
