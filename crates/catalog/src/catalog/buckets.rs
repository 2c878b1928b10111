//! Buckets and their settings.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::Catalog;
use crate::bucket::{Bucket, Creation};
use crate::encoding::{count, integer, pairs, read_pairs};
use crate::error::CatalogError;

impl Catalog {
    /// Makes a bucket if there is none of its name.
    ///
    /// # Errors
    /// When the catalog does not work.
    pub async fn create_bucket(&self, bucket: Bucket) -> Result<Creation, CatalogError> {
        self.write_buckets(move |connection| create(connection, &bucket)).await
    }

    /// The bucket of this name. Mostly answered from memory.
    ///
    /// # Errors
    /// When the catalog does not work.
    pub fn bucket(&self, name: &str) -> Result<Option<Arc<Bucket>>, CatalogError> {
        self.database.still_working()?;
        let moment = match self.buckets.find(name) {
            Ok(bucket) => return Ok(Some(bucket)),
            Err(moment) => moment,
        };
        let bucket = self.database.read(|connection| find(connection, name))?.map(Arc::new);
        if let Some(bucket) = &bucket {
            self.buckets.keep(bucket, moment);
        }
        Ok(bucket)
    }

    /// The buckets of an account, in the order of their names.
    ///
    /// # Errors
    /// When the catalog does not work.
    pub fn buckets_of(&self, owner: &str) -> Result<Vec<Bucket>, CatalogError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT name, owner, region, created_ms, encryption, policy, tags FROM bucket WHERE owner = ?1 \
                 ORDER BY name",
            )?;
            let rows = statement.query_and_then((owner,), read_bucket)?;
            rows.collect()
        })
    }

    /// Sets how objects are encrypted that do not say so themselves, or forgets that it was set.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`], or the catalog does not work.
    pub async fn set_encryption(
        &self,
        name: &str,
        encryption: Option<Box<[u8]>>,
    ) -> Result<(), CatalogError> {
        self.set_column(name, "UPDATE bucket SET encryption = ?2 WHERE name = ?1", encryption.map(Vec::from))
            .await
    }

    /// Sets the policy of a bucket, or removes it.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`], or the catalog does not work.
    pub async fn set_policy(&self, name: &str, policy: Option<String>) -> Result<(), CatalogError> {
        self.set_column(name, "UPDATE bucket SET policy = ?2 WHERE name = ?1", policy).await
    }

    /// Sets the tags of a bucket in place of those that it has.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`], or the catalog does not work.
    pub async fn set_bucket_tags(&self, name: &str, tags: Vec<(String, String)>) -> Result<(), CatalogError> {
        self.set_column(name, "UPDATE bucket SET tags = ?2 WHERE name = ?1", pairs(&tags)?).await
    }

    /// Removes an empty bucket.
    ///
    /// # Errors
    /// [`CatalogError::NoSuchBucket`]; [`CatalogError::BucketNotEmpty`] when it has objects or uploads; or the catalog does
    /// not work.
    pub async fn delete_bucket(&self, name: &str) -> Result<(), CatalogError> {
        let name = name.to_owned();
        self.write_buckets(move |connection| delete(connection, &name)).await
    }

    async fn set_column(
        &self,
        name: &str,
        update: &'static str,
        value: impl ToSql + Send + 'static,
    ) -> Result<(), CatalogError> {
        let name = name.to_owned();
        let work = move |connection: &Connection| match connection
            .prepare_cached(update)?
            .execute(params![name, value])?
        {
            0 => Err(CatalogError::NoSuchBucket),
            _ => Ok(()),
        };
        self.write_buckets(work).await
    }

    /// A write that changes buckets. Memory forgets them before the caller hears of it.
    async fn write_buckets<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, CatalogError> + Send + 'static,
    ) -> Result<T, CatalogError> {
        let cache = Arc::clone(&self.buckets);
        self.database.write_then(work, move || cache.empty()).await
    }
}

/// By which number rows name the bucket.
pub(super) fn number(connection: &Connection, name: &str) -> Result<i64, CatalogError> {
    let mut statement = connection.prepare_cached("SELECT id FROM bucket WHERE name = ?1")?;
    statement.query_row((name,), |row| row.get(0)).optional()?.ok_or(CatalogError::NoSuchBucket)
}

fn create(connection: &Connection, bucket: &Bucket) -> Result<Creation, CatalogError> {
    let Bucket { name, owner, region, created_ms, encryption, policy, tags } = bucket;
    if let Some(there) = find(connection, name)? {
        return Ok(if there.owner == *owner { Creation::OwnedByYou } else { Creation::Taken });
    }
    let mut statement = connection.prepare_cached(
        "INSERT INTO bucket (name, owner, region, created_ms, encryption, policy, tags) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let (created_ms, tags) = (integer(*created_ms)?, pairs(tags)?);
    statement.execute(params![name, owner, region, created_ms, encryption.as_deref(), policy, tags])?;
    Ok(Creation::Made)
}

fn find(connection: &Connection, name: &str) -> Result<Option<Bucket>, CatalogError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, owner, region, created_ms, encryption, policy, tags FROM bucket WHERE name = ?1",
    )?;
    let mut rows = statement.query((name,))?;
    rows.next()?.map(read_bucket).transpose()
}

fn delete(connection: &Connection, name: &str) -> Result<(), CatalogError> {
    let bucket = number(connection, name)?;
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM object WHERE bucket = ?1) OR EXISTS (SELECT 1 FROM upload WHERE bucket = ?1)",
    )?;
    if statement.query_row((bucket,), |row| row.get(0))? {
        return Err(CatalogError::BucketNotEmpty);
    }
    connection.prepare_cached("DELETE FROM bucket WHERE id = ?1")?.execute((bucket,))?;
    Ok(())
}

fn read_bucket(row: &Row<'_>) -> Result<Bucket, CatalogError> {
    let encryption: Option<Vec<u8>> = row.get(4)?;
    Ok(Bucket {
        name: row.get(0)?,
        owner: row.get(1)?,
        region: row.get(2)?,
        created_ms: count(row.get(3)?)?,
        encryption: encryption.map(Vec::into_boxed_slice),
        policy: row.get(5)?,
        tags: read_pairs(&row.get::<_, Vec<u8>>(6)?)?,
    })
}
