//! What the operations work with, and what all of them need: the caller, the bucket, the permission.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use catalog::{Bucket, Catalog, CatalogError, FileId, StoredObject};
use envelope::{ObjectKey, Randomness};
use forward::Machine;
use http::Extensions;
use policy::{Policy, PolicyKind};
use s3s::{S3Error, S3ErrorCode, s3_error};

use crate::{
    encryption::{BucketEncryption, Keyring, bucket_arn, object_arn},
    entrance::BelievedRequest,
    faults,
    held::ObjectFiles,
    metrics::GatewayMetrics,
    permission::{RequestSays, S3Permission, require},
};

/// Everything that the operations work with.
pub(crate) struct Gateway {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) files: ObjectFiles,
    pub(crate) keyring: Keyring,
    pub(crate) metrics: Arc<GatewayMetrics>,
    pub(crate) region: String,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) machine: Arc<dyn Machine>,
    /// The policies of buckets, parsed, by bucket.
    pub(crate) policies: Mutex<HashMap<String, Arc<Policy>>>,
}

/// Policies of buckets that are kept parsed.
const POLICIES_MAX: usize = 10_000;

impl Gateway {
    /// The request behind an operation.
    ///
    /// # Errors
    /// An internal error: a request that did not come through the entrance.
    pub(crate) fn believed<'e>(&self, extensions: &'e Extensions) -> Result<&'e BelievedRequest, S3Error> {
        extensions.get::<BelievedRequest>().ok_or_else(|| s3_error!(InternalError))
    }

    /// A bucket, if the caller may do this with it or with an object in it.
    ///
    /// # Errors
    /// `NoSuchBucket`, `AccessDenied`.
    pub(crate) fn permitted(
        &self,
        believed: &BelievedRequest,
        (action, bucket, key): (&str, &str, Option<&str>),
        says: RequestSays<'_>,
    ) -> Result<Arc<Bucket>, S3Error> {
        let found = self.bucket(bucket)?;
        self.check(believed, &found, (action, key), says)?;
        Ok(found)
    }

    /// Whether the caller may do this with a bucket, or with an object in it.
    ///
    /// # Errors
    /// `AccessDenied`.
    pub(crate) fn check(
        &self,
        believed: &BelievedRequest,
        bucket: &Bucket,
        asked: (&str, Option<&str>),
        says: RequestSays<'_>,
    ) -> Result<(), S3Error> {
        check_expected(believed, bucket)?;
        self.decide(believed, bucket, asked, says)
    }

    /// An object that the caller may read.
    ///
    /// # Errors
    /// `NoSuchBucket`, `AccessDenied`; `NoSuchKey` to callers who may list the bucket: others do not learn what there is not.
    pub(crate) fn readable(
        &self,
        believed: &BelievedRequest,
        (bucket, key): (&str, &str),
    ) -> Result<StoredObject, S3Error> {
        let found = self.bucket(bucket)?;
        check_expected(believed, &found)?;
        self.read(believed, &found, key)
    }

    /// An object that the caller may copy.
    ///
    /// # Errors
    /// As those of [`Gateway::readable`].
    pub(crate) fn copyable(
        &self,
        believed: &BelievedRequest,
        (bucket, key): (&str, &str),
    ) -> Result<StoredObject, S3Error> {
        let found = self.bucket(bucket)?;
        check_owner(&found, believed.owners.of_source.as_deref())?;
        self.read(believed, &found, key)
    }

    /// Whether the caller may take over the tags of an object that it copies.
    ///
    /// # Errors
    /// `NoSuchBucket`, `AccessDenied`.
    pub(crate) fn check_copied_tags(
        &self,
        believed: &BelievedRequest,
        (bucket, key): (&str, &str),
    ) -> Result<(), S3Error> {
        let found = self.bucket(bucket)?;
        self.decide(believed, &found, ("s3:GetObjectTagging", Some(key)), RequestSays::default())
    }

    fn read(&self, believed: &BelievedRequest, bucket: &Bucket, key: &str) -> Result<StoredObject, S3Error> {
        self.decide(believed, bucket, ("s3:GetObject", Some(key)), RequestSays::default())?;
        let object = self.catalog.object(&bucket.name, key).map_err(|error| faults::of_catalog(&error))?;
        object.map_or_else(
            || {
                self.decide(believed, bucket, ("s3:ListBucket", None), RequestSays::default())?;
                Err(faults::of_catalog(&CatalogError::NoSuchKey))
            },
            Ok,
        )
    }

    fn decide(
        &self,
        believed: &BelievedRequest,
        bucket: &Bucket,
        (action, key): (&str, Option<&str>),
        says: RequestSays<'_>,
    ) -> Result<(), S3Error> {
        let policy = bucket.policy.as_deref().map(|text| self.policy(&bucket.name, text)).transpose()?;
        let resource = key.map_or_else(|| bucket_arn(&bucket.name), |key| object_arn(&bucket.name, key));
        let permission = S3Permission {
            action,
            resource: &resource,
            bucket: Some((&bucket.owner, policy.as_deref())),
            says,
        };
        require(&believed.requester, &believed.arrived, &permission)
    }

    /// Whether a policy that decides about a request asks about this condition key, in small letters.
    ///
    /// # Errors
    /// An internal error if the bucket's policy cannot be read.
    pub(crate) fn is_asked_about(
        &self,
        believed: &BelievedRequest,
        bucket: &Bucket,
        key: &str,
    ) -> Result<bool, S3Error> {
        let of_bucket = bucket.policy.as_deref().map(|text| self.policy(&bucket.name, text)).transpose()?;
        let powers = &believed.requester.powers;
        let of_requester = [&powers.identity, &powers.session].into_iter().flatten().flatten();
        let mut all = of_requester.chain(&powers.boundary).chain(of_bucket.as_deref());
        Ok(all.any(|policy| policy.condition_keys().iter().any(|asked| asked.eq_ignore_ascii_case(key))))
    }

    /// A bucket.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub(crate) fn bucket(&self, name: &str) -> Result<Arc<Bucket>, S3Error> {
        let found = self.catalog.bucket(name).map_err(|error| faults::of_catalog(&error))?;
        found.ok_or_else(|| faults::of_catalog(&CatalogError::NoSuchBucket))
    }

    /// How a bucket has objects encrypted that say nothing themselves.
    ///
    /// # Errors
    /// An internal error if it cannot be read.
    pub(crate) fn encryption_of(&self, bucket: &Bucket) -> Result<BucketEncryption, S3Error> {
        match bucket.encryption.as_deref() {
            Some(bytes) => serde_json::from_slice(bytes).map_err(S3Error::internal_error),
            None => Ok(BucketEncryption::default()),
        }
    }

    /// The time, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.machine.now_seconds()).unwrap_or_default().saturating_mul(1000)
    }

    /// A name for a new file.
    ///
    /// # Errors
    /// An internal error without randomness.
    pub(crate) fn new_file(&self) -> Result<FileId, S3Error> {
        Ok(FileId(self.random()?))
    }

    /// Random bytes.
    ///
    /// # Errors
    /// An internal error without randomness.
    pub(crate) fn random(&self) -> Result<[u8; 16], S3Error> {
        let mut random = [0; 16];
        self.randomness.fill(&mut random).map_err(S3Error::internal_error)?;
        Ok(random)
    }

    fn policy(&self, bucket: &str, text: &str) -> Result<Arc<Policy>, S3Error> {
        let mut policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = policies.get(bucket).filter(|known| known.text() == text) {
            return Ok(Arc::clone(known));
        }
        // A policy that cannot be read might deny something.
        let parsed = Policy::parse(text, PolicyKind::KeyPolicy);
        let parsed = Arc::new(parsed.map_err(|_| S3Error::new(S3ErrorCode::InternalError))?);
        if policies.len() >= POLICIES_MAX {
            policies.clear();
        }
        policies.insert(bucket.to_owned(), Arc::clone(&parsed));
        Ok(parsed)
    }
}

/// Whether a bucket belongs to the account that the request expects.
///
/// # Errors
/// `AccessDenied`.
pub(crate) fn check_expected(believed: &BelievedRequest, bucket: &Bucket) -> Result<(), S3Error> {
    check_owner(bucket, believed.owners.of_bucket.as_deref())
}

fn check_owner(bucket: &Bucket, expected: Option<&str>) -> Result<(), S3Error> {
    match expected {
        Some(expected) if expected != bucket.owner => Err(s3_error!(AccessDenied, "Access Denied")),
        _ => Ok(()),
    }
}

/// Seals a note, such as checksums, under an object's key.
///
/// # Errors
/// An internal error.
pub(crate) fn seal_note(
    key: &ObjectKey,
    label: &str,
    note: &impl serde::Serialize,
    randomness: &dyn Randomness,
) -> Result<Bytes, S3Error> {
    let json = serde_json::to_vec(note).map_err(S3Error::internal_error)?;
    let sealed = key.seal_note(label, &json, randomness).map_err(S3Error::internal_error)?;
    Ok(sealed.into())
}

/// Opens what [`seal_note`] sealed.
///
/// # Errors
/// An internal error, if it does not open.
pub(crate) fn open_note<N: serde::de::DeserializeOwned>(
    key: &ObjectKey,
    label: &str,
    sealed: &[u8],
) -> Result<N, S3Error> {
    let opened = key.open_note(label, sealed).map_err(S3Error::internal_error)?;
    serde_json::from_slice(opened.reveal()).map_err(S3Error::internal_error)
}
