//! The catalog: opened, and the files that it knows.

mod buckets;
mod listing;
mod objects;
mod uploads;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::bucket_cache::BucketCache;
use crate::database::{Database, Opening};
use crate::encoding;
use crate::error::CatalogError;
use crate::id::FileId;

/// What the gateway knows of its buckets, objects and uploads.
///
/// Reads answer from the last commit; they happen on the thread that calls them and may wait for the disk. Writes are
/// made by a thread of the catalog's own: when one is answered, it is durable. A write that nobody waits for any more is
/// made all the same: whoever gives up waiting must leave the files of the write where they are. Dropping the catalog finishes the writes that were handed over.
pub struct Catalog {
    database: Database,
    buckets: Arc<BucketCache>,
}

impl Catalog {
    /// Opens the catalog in the file `path`.
    ///
    /// # Errors
    /// [`CatalogError::Missing`] when there is none: whoever has files of sealed bytes must not go on with an empty
    /// catalog, which knows none of them. Others when the file cannot be used.
    pub fn open(path: &Path) -> Result<Self, CatalogError> {
        Self::of(Database::open(path, Opening::default()))
    }

    /// Opens the catalog in the file `path`, or makes an empty one. Only the owner can read the file.
    ///
    /// # Errors
    /// When the file cannot be made or used.
    pub fn open_or_create(path: &Path) -> Result<Self, CatalogError> {
        Self::of(Database::open(path, Opening { create: true, ..Opening::default() }))
    }

    /// All files that a row names. A start puts others away. Takes about a second for a million files.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn files(&self) -> Result<BTreeSet<FileId>, CatalogError> {
        self.database.read(|connection| {
            let mut files = BTreeSet::new();
            let mut statement = connection.prepare("SELECT parts FROM content")?;
            let mut rows = statement.query(())?;
            while let Some(row) = rows.next()? {
                let parts = encoding::read_parts(row.get_ref(0)?.as_blob()?)?;
                files.extend(parts.iter().map(|part| part.file));
            }
            let mut statement = connection.prepare("SELECT file FROM part")?;
            let mut rows = statement.query(())?;
            while let Some(row) = rows.next()? {
                files.insert(encoding::file(row.get_ref(0)?.as_blob()?)?);
            }
            Ok(files)
        })
    }

    fn of(database: Result<Database, CatalogError>) -> Result<Self, CatalogError> {
        Ok(Self { database: database?, buckets: Arc::default() })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{Bucket, NewObject, WriteIf};

    #[tokio::test]
    async fn a_full_disk_refuses_writes_and_deleting_makes_room() {
        let directory = tempfile::tempdir().unwrap();
        let opening = Opening { create: true, pages_max: Some(64) };
        let catalog = Catalog::of(Database::open(&directory.path().join("catalog.db"), opening)).unwrap();
        let (name, owner, region) = ("b".to_owned(), "111122223333".to_owned(), "eu-west-1".to_owned());
        let (encryption, policy, tags) = (None, None, Vec::new());
        let bucket = Bucket { name, owner, region, created_ms: 1, encryption, policy, tags };
        catalog.create_bucket(bucket).await.unwrap();

        let mut written = 0;
        let error = loop {
            match catalog.put("b", large(written), WriteIf::Always).await {
                Ok(_) => written += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error, CatalogError::Full);
        assert!(written > 4, "{written}");
        assert_eq!(catalog.object("b", &large(written).key), Ok(None));
        for number in 0..written {
            assert!(catalog.object("b", &large(number).key).unwrap().is_some(), "{number}");
        }

        catalog.delete_many("b", vec![large(0).key, large(1).key]).await.unwrap();
        catalog.put("b", large(written), WriteIf::Absent).await.unwrap();
    }

    fn large(number: usize) -> NewObject {
        let (key, etag, envelope) = (number.to_string(), "e".to_owned(), Bytes::from(vec![1; 20_000]));
        let (headers, tags, parts) = (Vec::new(), Vec::new(), Vec::new());
        NewObject { key, size: 0, modified_ms: 1, etag, envelope, headers, tags, parts }
    }
}
