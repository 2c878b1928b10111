//! Uploads in parts: begun, sent, completed or aborted.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Catalog, buckets, objects};
use crate::encoding::{self, count, integer, numbered, pairs, read_pairs};
use crate::error::CatalogError;
use crate::id::{FileId, UploadId};
use crate::object::{NewObject, StoredPart, WriteIf};
use crate::upload::{Completed, Completion, NewUpload, PartPage};

/// How long a completed upload is remembered, so that a client that did not hear the answer may ask again.
const REMEMBERED_MS: i64 = 60 * 60 * 1000;

impl Catalog {
    /// Begins an upload under an id that was drawn at random.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`], or the catalog does not work.
    pub async fn create_upload(
        &self,
        bucket: &str,
        id: UploadId,
        upload: NewUpload,
    ) -> Result<(), CatalogError> {
        let bucket = bucket.to_owned();
        self.database.write(move |connection| begin(connection, &bucket, id, &upload)).await
    }

    /// The upload of this id, if it goes on and is one of this key.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`], or the catalog does not work.
    pub fn upload(&self, bucket: &str, key: &str, id: UploadId) -> Result<Option<NewUpload>, CatalogError> {
        self.database.read(|connection| {
            let bucket = buckets::number(connection, bucket)?;
            let mut statement = connection.prepare_cached(
                "SELECT created_ms, owner, checksum, envelope, headers, tags FROM upload \
                 WHERE bucket = ?1 AND key = ?2 AND id = ?3",
            )?;
            let mut rows = statement.query(params![bucket, key.as_bytes(), id.0])?;
            rows.next()?.map(|row| read_upload(row, key)).transpose()
        })
    }

    /// Takes a part of an upload, in place of the one of the same number. Its file has to be durable. Answers the file
    /// of the part that it replaced: no row names that file any more.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchUpload`], also when the upload was completed or aborted meanwhile; or the catalog does not
    /// work.
    pub async fn put_part(&self, id: UploadId, part: StoredPart) -> Result<Option<FileId>, CatalogError> {
        self.database.write(move |connection| put_part(connection, id, &part)).await
    }

    /// Up to `max` parts of an upload whose numbers are larger than `after`.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchUpload`], or the catalog does not work.
    pub fn parts(&self, id: UploadId, after: u16, max: usize) -> Result<PartPage, CatalogError> {
        self.database.read(|connection| {
            goes_on(connection, id)?;
            let mut statement = connection.prepare_cached(
                "SELECT number, size, file, etag, note FROM part WHERE upload = ?1 AND number > ?2 ORDER BY number",
            )?;
            let mut rows = statement.query(params![id.0, after])?;
            let mut page = PartPage { parts: Vec::new(), next: None };
            while max > 0
                && let Some(row) = rows.next()?
            {
                if page.parts.len() == max {
                    page.next = page.parts.last().map(|part| part.number);
                    break;
                }
                page.parts.push(read_part(row)?);
            }
            Ok(page)
        })
    }

    /// Makes the object of an upload, in place of the one of the same key. The object's parts are those that the client
    /// chose: each has the number and the file of a part that was sent. The condition is checked in the same commit.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`]; [`CatalogError::NoSuchUpload`], also when the upload is completed already: ask
    /// [`Catalog::completion`] then; what the condition says; [`CatalogError::ConditionalConflict`] when it holds, but the
    /// key was written or deleted since the upload began; [`CatalogError::InvalidPartOrder`];
    /// [`CatalogError::InvalidPart`], also when a part was sent again after the caller read the parts; or the catalog does
    /// not work.
    pub async fn complete(
        &self,
        bucket: &str,
        id: UploadId,
        object: NewObject,
        condition: WriteIf,
    ) -> Result<Completed, CatalogError> {
        let bucket = bucket.to_owned();
        self.database.write(move |connection| complete(connection, &bucket, id, &object, &condition)).await
    }

    /// What became of an upload that was completed with these parts within the last hour: each has its number and its
    /// entity tag. So a client that did not hear the answer hears it when it asks again. `None`: nothing is known of that.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`], or the catalog does not work.
    pub fn completion(
        &self,
        bucket: &str,
        key: &str,
        id: UploadId,
        chosen: &[(u16, &str)],
    ) -> Result<Option<Completion>, CatalogError> {
        self.database.read(|connection| {
            let bucket = buckets::number(connection, bucket)?;
            let mut statement = connection.prepare_cached(
                "SELECT version, etag FROM completion WHERE upload = ?1 AND bucket = ?2 AND key = ?3 AND parts = ?4",
            )?;
            let mut rows = statement.query(params![id.0, bucket, key.as_bytes(), numbered(chosen)?])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            Ok(Some(Completion { version: count(row.get(0)?)?, etag: row.get(1)? }))
        })
    }

    /// Ends an upload without an object. Answers the files of its parts: no row names them any more.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchUpload`], or the catalog does not work.
    pub async fn abort(&self, id: UploadId) -> Result<Vec<FileId>, CatalogError> {
        let work = move |connection: &Connection| {
            goes_on(connection, id)?;
            let sent = sent(connection, id)?;
            end(connection, id)?;
            Ok(sent.into_iter().map(|(_, file)| file).collect())
        };
        self.database.write(work).await
    }
}

fn begin(
    connection: &Connection,
    bucket: &str,
    id: UploadId,
    upload: &NewUpload,
) -> Result<(), CatalogError> {
    let bucket = buckets::number(connection, bucket)?;
    let NewUpload { key, created_ms, owner, checksum, envelope, headers, tags } = upload;
    let (created_ms, headers, tags) = (integer(*created_ms)?, pairs(headers)?, pairs(tags)?);
    let mut statement = connection.prepare_cached(
        "INSERT INTO upload (bucket, key, id, created_ms, owner, checksum, envelope, headers, tags, overtaken) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)",
    )?;
    let (key, checksum, envelope) = (key.as_bytes(), &**checksum, &**envelope);
    statement.execute(params![bucket, key, id.0, created_ms, owner, checksum, envelope, headers, tags])?;
    Ok(())
}

fn put_part(
    connection: &Connection,
    id: UploadId,
    part: &StoredPart,
) -> Result<Option<FileId>, CatalogError> {
    goes_on(connection, id)?;
    let StoredPart { number, size, file, etag, note } = part;
    let size = integer(*size)?;
    let mut statement =
        connection.prepare_cached("DELETE FROM part WHERE upload = ?1 AND number = ?2 RETURNING file")?;
    let former: Option<Vec<u8>> = statement.query_row(params![id.0, number], |row| row.get(0)).optional()?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO part (upload, number, size, file, etag, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    statement.execute(params![id.0, number, size, file.0, etag, &**note])?;
    former.map(|file| encoding::file(&file)).transpose()
}

fn complete(
    connection: &Connection,
    bucket: &str,
    id: UploadId,
    object: &NewObject,
    condition: &WriteIf,
) -> Result<Completed, CatalogError> {
    let bucket = buckets::number(connection, bucket)?;
    let overtaken = overtaken(connection, bucket, &object.key, id)?;
    let current = objects::current(connection, bucket, &object.key)?;
    objects::check(condition, current.as_ref())?;
    if overtaken && *condition != WriteIf::Always {
        return Err(CatalogError::ConditionalConflict);
    }
    if !object.parts.is_sorted_by(|one, next| one.number < next.number) {
        return Err(CatalogError::InvalidPartOrder);
    }
    let mut sent = sent(connection, id)?;
    if let Some(part) =
        object.parts.iter().find(|part| sent.binary_search(&(part.number, part.file)).is_err())
    {
        return Err(CatalogError::InvalidPart(part.number));
    }

    end(connection, id)?;
    let published = objects::publish(connection, bucket, object, current.as_ref())?;
    remember(connection, bucket, id, object, published.version)?;
    sent.retain(|(number, _)| object.parts.binary_search_by_key(number, |part| part.number).is_err());
    let unused = sent.into_iter().map(|(_, file)| file).collect();
    Ok(Completed { version: published.version, replaced: published.replaced, unused })
}

/// Remembers that an upload was completed, and forgets what was remembered long enough.
fn remember(
    connection: &Connection,
    bucket: i64,
    id: UploadId,
    object: &NewObject,
    version: u64,
) -> Result<(), CatalogError> {
    let done_ms = integer(object.modified_ms)?;
    let mut statement = connection.prepare_cached("DELETE FROM completion WHERE done_ms < ?1")?;
    statement.execute((done_ms.saturating_sub(REMEMBERED_MS),))?;
    let chosen: Vec<_> = object.parts.iter().map(|part| (part.number, part.etag.as_str())).collect();
    let mut statement = connection.prepare_cached(
        "INSERT INTO completion (upload, bucket, key, version, etag, parts, done_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let (version, parts) = (integer(version)?, numbered(&chosen)?);
    statement.execute(params![id.0, bucket, object.key.as_bytes(), version, object.etag, parts, done_ms])?;
    Ok(())
}

/// The numbers and files of the parts that were sent, in the order of the numbers.
fn sent(connection: &Connection, id: UploadId) -> Result<Vec<(u16, FileId)>, CatalogError> {
    let mut statement =
        connection.prepare_cached("SELECT number, file FROM part WHERE upload = ?1 ORDER BY number")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, encoding::file(row.get_ref(1)?.as_blob()?)?));
    statement.query_and_then((id.0,), read)?.collect()
}

/// Removes an upload with its parts.
fn end(connection: &Connection, id: UploadId) -> Result<(), CatalogError> {
    connection.prepare_cached("DELETE FROM upload WHERE id = ?1")?.execute((id.0,))?;
    connection.prepare_cached("DELETE FROM part WHERE upload = ?1")?.execute((id.0,))?;
    Ok(())
}

fn goes_on(connection: &Connection, id: UploadId) -> Result<(), CatalogError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM upload WHERE id = ?1")?;
    if statement.exists((id.0,))? { Ok(()) } else { Err(CatalogError::NoSuchUpload) }
}

/// Whether the key was written or deleted since its upload began.
fn overtaken(connection: &Connection, bucket: i64, key: &str, id: UploadId) -> Result<bool, CatalogError> {
    let mut statement = connection
        .prepare_cached("SELECT overtaken FROM upload WHERE bucket = ?1 AND key = ?2 AND id = ?3")?;
    let found = statement.query_row(params![bucket, key.as_bytes(), id.0], |row| row.get(0)).optional()?;
    found.ok_or(CatalogError::NoSuchUpload)
}

fn read_upload(row: &Row<'_>, key: &str) -> Result<NewUpload, CatalogError> {
    Ok(NewUpload {
        key: key.to_owned(),
        created_ms: count(row.get(0)?)?,
        owner: row.get(1)?,
        checksum: Bytes::from(row.get::<_, Vec<u8>>(2)?),
        envelope: Bytes::from(row.get::<_, Vec<u8>>(3)?),
        headers: read_pairs(&row.get::<_, Vec<u8>>(4)?)?,
        tags: read_pairs(&row.get::<_, Vec<u8>>(5)?)?,
    })
}

fn read_part(row: &Row<'_>) -> Result<StoredPart, CatalogError> {
    Ok(StoredPart {
        number: row.get(0)?,
        size: count(row.get(1)?)?,
        file: encoding::file(&row.get::<_, Vec<u8>>(2)?)?,
        etag: row.get(3)?,
        note: Bytes::from(row.get::<_, Vec<u8>>(4)?),
    })
}
