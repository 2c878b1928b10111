//! The keys of objects: made and opened by calls of KMS, as the caller for SSE-KMS, and as the gateway for SSE-S3.
//!
//! A bucket key saves calls. It belongs to one caller, one bucket and one key of KMS, lives for [`BUCKET_KEY_SECONDS`], and wraps
//! the keys of [`BUCKET_KEY_OBJECTS`] objects at most. For so long a key of KMS that is disabled goes on working here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use envelope::{BucketKey, ObjectKey, Randomness};
use forward::{ActFor, Context, DataKeyLength, Kms, Machine};
use s3s::S3Error;

use super::{
    choice::SseChoice,
    stored::{KeyOwner, StoredKey, binding, bucket_arn, full, object_arn},
};
use crate::{faults, metrics::GatewayMetrics, requester::Requester};

/// How long a bucket key is used, in seconds.
pub(crate) const BUCKET_KEY_SECONDS: u64 = 300;
/// How many objects' keys a bucket key wraps: of so many random nonces no two are the same (SP 800-38D, section 8.3: 2^32).
pub(crate) const BUCKET_KEY_OBJECTS: u64 = 1 << 24;
/// How many bucket keys are kept.
const BUCKET_KEYS_MAX: usize = 10_000;

/// Makes and opens the keys of objects.
pub(crate) struct Keyring {
    kms: Arc<Kms>,
    /// The gateway's own key, for SSE-S3.
    own_key: String,
    randomness: Arc<dyn Randomness>,
    machine: Arc<dyn Machine>,
    metrics: Arc<GatewayMetrics>,
    kept: Mutex<HashMap<KeptFor, Arc<KeptKey>>>,
}

/// What a bucket key is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum KeptFor {
    /// To wrap: the caller, the bucket, the key as it is named, and the caller's context.
    Wrapping(Caller, String, String, Context),
    /// To unwrap: the caller, and the blob.
    Unwrapping(Caller, Vec<u8>),
}

/// As whom KMS is called.
type Caller = Option<String>;

struct KeptKey {
    key: BucketKey,
    blob: Vec<u8>,
    kms_key: String,
    until: Duration,
    /// Objects' keys that it wrapped.
    wrapped: std::sync::atomic::AtomicU64,
}

/// A key for a new object, or for the parts of an upload.
pub(crate) struct NewObjectKey {
    pub(crate) key: ObjectKey,
    pub(crate) stored: StoredKey,
}

impl Keyring {
    pub(crate) fn new(
        kms: Arc<Kms>,
        own_key: String,
        randomness: Arc<dyn Randomness>,
        machine: Arc<dyn Machine>,
        metrics: Arc<GatewayMetrics>,
    ) -> Self {
        Self { kms, own_key, randomness, machine, metrics, kept: Mutex::default() }
    }

    /// A key for a new object.
    ///
    /// # Errors
    /// What KMS answers, as S3 shows it.
    pub(crate) async fn make(
        &self,
        requester: &Requester,
        choice: &SseChoice,
        (bucket, key): (&str, &str),
    ) -> Result<NewObjectKey, S3Error> {
        match choice {
            SseChoice::S3 => {
                let by = (None, &ActFor::Itself, KeyOwner::Gateway);
                self.wrapped(by, &self.own_key, &Context::new(), (bucket, key)).await
            }
            SseChoice::Kms { key: named, bucket_key: true, context } => {
                let by = (Some(requester.distinct_id.clone()), &requester.act_for, KeyOwner::Caller);
                self.wrapped(by, named, context, (bucket, key)).await
            }
            SseChoice::Kms { key: named, bucket_key: false, context } => {
                let sent = full(context, object_arn(bucket, key));
                let made =
                    self.kms.generate_data_key(&requester.act_for, named, DataKeyLength::Aes256, &sent).await;
                let made = made.map_err(|error| faults::of_kms(&error))?;
                let stored = StoredKey {
                    owner: KeyOwner::Caller,
                    kms_key: made.key,
                    blob: made.blob,
                    wrapped: None,
                    context: context.clone(),
                };
                Ok(NewObjectKey {
                    key: ObjectKey::new(made.plaintext).map_err(S3Error::internal_error)?,
                    stored,
                })
            }
        }
    }

    /// The key of an object.
    ///
    /// # Errors
    /// What KMS answers, as S3 shows it; an internal error if the object's key does not open.
    pub(crate) async fn open(
        &self,
        requester: &Requester,
        stored: &StoredKey,
        (bucket, key): (&str, &str),
    ) -> Result<ObjectKey, S3Error> {
        let context = stored.full_context(bucket, key);
        let (caller, act_for) = match stored.owner {
            KeyOwner::Caller => (Some(requester.distinct_id.clone()), &requester.act_for),
            KeyOwner::Gateway => (None, &ActFor::Itself),
        };
        let decrypt = || async {
            let opened = self.kms.decrypt(act_for, Some(&stored.kms_key), &stored.blob, &context).await;
            opened.map_err(|error| faults::of_kms(&error))
        };
        let Some(wrapped) = &stored.wrapped else {
            return ObjectKey::new(decrypt().await?.plaintext).map_err(S3Error::internal_error);
        };
        let kept_for = KeptFor::Unwrapping(caller, stored.blob.clone());
        let kept = match self.find(&kept_for) {
            Some(kept) => kept,
            None => {
                let key = BucketKey::new(decrypt().await?.plaintext).map_err(S3Error::internal_error)?;
                self.keep(kept_for, key, (stored.blob.clone(), stored.kms_key.clone()))
            }
        };
        kept.key.unwrap(wrapped, &binding(bucket, key)).map_err(S3Error::internal_error)
    }

    /// The same object key under another key of KMS. Where both are KMS's own blobs, KMS re-encrypts, and the key does not come here.
    ///
    /// # Errors
    /// What KMS answers, as S3 shows it.
    pub(crate) async fn rewrap(
        &self,
        requester: &Requester,
        stored: &StoredKey,
        (bucket, key): (&str, &str),
        (to, bucket_key): (&str, bool),
    ) -> Result<StoredKey, S3Error> {
        let context = stored.context.clone();
        let is_plain = stored.owner == KeyOwner::Caller && !stored.has_bucket_key() && !bucket_key;
        let sent = full(&context, object_arn(bucket, key));
        let act_for = &requester.act_for;
        if is_plain {
            let made = self.kms.re_encrypt(act_for, &stored.blob, &sent, to, &sent).await;
            let made = made.map_err(|error| faults::of_kms(&error))?;
            return Ok(StoredKey { kms_key: made.key, blob: made.blob, ..stored.clone() });
        }
        let object_key = self.open(requester, stored, (bucket, key)).await?;
        if bucket_key {
            let by = (Some(requester.distinct_id.clone()), act_for, KeyOwner::Caller);
            let kept = self.bucket_key(by, to, &context, bucket).await?;
            return self.wrap(&kept, &object_key, (KeyOwner::Caller, context), (bucket, key));
        }
        let made = self.kms.encrypt(act_for, to, object_key.as_plaintext(), &sent).await;
        let made = made.map_err(|error| faults::of_kms(&error))?;
        Ok(StoredKey { owner: KeyOwner::Caller, kms_key: made.key, blob: made.blob, wrapped: None, context })
    }

    /// The ARN of a key that is named in another way; `None` if KMS does not tell the caller.
    ///
    /// # Errors
    /// KMS does not answer.
    pub(crate) async fn arn_of(&self, requester: &Requester, named: &str) -> Result<Option<String>, S3Error> {
        match self.kms.describe_key(&requester.act_for, named).await {
            Ok(described) => Ok(Some(described.arn)),
            Err(error) if error.may_pass() => Err(faults::of_kms(&error)),
            Err(_) => Ok(None),
        }
    }

    /// A random key under a bucket key.
    async fn wrapped(
        &self,
        (caller, act_for, owner): (Caller, &ActFor, KeyOwner),
        named: &str,
        context: &Context,
        (bucket, key): (&str, &str),
    ) -> Result<NewObjectKey, S3Error> {
        let kept = self.bucket_key((caller, act_for, owner), named, context, bucket).await?;
        let object_key = ObjectKey::generate(&*self.randomness).map_err(S3Error::internal_error)?;
        let stored = self.wrap(&kept, &object_key, (owner, context.clone()), (bucket, key))?;
        Ok(NewObjectKey { key: object_key, stored })
    }

    /// A bucket key: one that is kept, or a new one.
    async fn bucket_key(
        &self,
        (caller, act_for, _): (Caller, &ActFor, KeyOwner),
        named: &str,
        context: &Context,
        bucket: &str,
    ) -> Result<Arc<KeptKey>, S3Error> {
        let kept_for = KeptFor::Wrapping(caller, bucket.to_owned(), named.to_owned(), context.clone());
        if let Some(kept) = self.find(&kept_for) {
            return Ok(kept);
        }
        let sent = full(context, bucket_arn(bucket));
        let made = self.kms.generate_data_key(act_for, named, DataKeyLength::Aes256, &sent).await;
        let made = made.map_err(|error| faults::of_kms(&error))?;
        let bucket_key = BucketKey::new(made.plaintext).map_err(S3Error::internal_error)?;
        Ok(self.keep(kept_for, bucket_key, (made.blob, made.key)))
    }

    /// An object's key under a bucket key.
    fn wrap(
        &self,
        kept: &KeptKey,
        object_key: &ObjectKey,
        (owner, context): (KeyOwner, Context),
        (bucket, key): (&str, &str),
    ) -> Result<StoredKey, S3Error> {
        kept.wrapped.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let wrapped = kept.key.wrap(object_key, &binding(bucket, key), &*self.randomness);
        Ok(StoredKey {
            owner,
            kms_key: kept.kms_key.clone(),
            blob: kept.blob.clone(),
            wrapped: Some(wrapped.map_err(S3Error::internal_error)?.to_vec()),
            context,
        })
    }

    fn find(&self, kept_for: &KeptFor) -> Option<Arc<KeptKey>> {
        let now = self.machine.elapsed();
        let is_good = |kept: &&Arc<KeptKey>| {
            kept.until > now && kept.wrapped.load(std::sync::atomic::Ordering::Relaxed) < BUCKET_KEY_OBJECTS
        };
        let kept = self.kept().get(kept_for).filter(is_good).cloned();
        self.metrics.bucket_key(kept.is_some());
        kept
    }

    fn keep(&self, kept_for: KeptFor, key: BucketKey, (blob, kms_key): (Vec<u8>, String)) -> Arc<KeptKey> {
        let now = self.machine.elapsed();
        let until = now + Duration::from_secs(BUCKET_KEY_SECONDS);
        let kept = Arc::new(KeptKey { key, blob, kms_key, until, wrapped: Default::default() });
        let mut all = self.kept();
        // What is over is wiped, not only unused.
        all.retain(|_, kept| kept.until > now);
        if all.len() >= BUCKET_KEYS_MAX {
            all.clear();
        }
        all.insert(kept_for, Arc::clone(&kept));
        kept
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<KeptFor, Arc<KeptKey>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
