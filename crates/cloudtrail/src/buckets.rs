//! Buckets, as delivery sees them. The configuration names those that trails may deliver to; a request chooses among the names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
};

use bytes::Bytes;
use model::arn::AccountId;

/// Where files are delivered.
pub trait DeliveryBucket: Send + Sync {
    /// Puts an object, in the place of one of the same name. When it resolves, the object is there to stay.
    fn put<'a>(&'a self, object: BucketObject<'a>) -> Putting<'a>;
}

/// An object on its way.
pub type Putting<'a> = Pin<Box<dyn Future<Output = Result<(), NotPut>> + Send + 'a>>;

/// What is put into a bucket.
#[derive(Debug, Clone)]
pub struct BucketObject<'a> {
    /// Its name: parts between slashes, none of which is empty, `.` or `..`.
    pub name: &'a str,
    /// Its contents.
    pub contents: Bytes,
    /// What stands beside its contents: names, and values of visible ASCII.
    pub metadata: &'a [(&'static str, String)],
    /// The KMS key that the bucket is to encrypt the object with.
    pub kms_key: Option<&'a str>,
}

/// An object was not put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPut {
    /// The error's code, such as `NoSuchBucket`: what `GetTrailStatus` tells.
    pub code: String,
    /// What the operator should know.
    pub detail: String,
}

/// The buckets that the configuration names.
#[derive(Clone, Default)]
pub struct Buckets(BTreeMap<String, OfferedBucket>);

/// A bucket, and who may deliver to it.
#[derive(Clone)]
pub struct OfferedBucket {
    /// The bucket.
    pub bucket: Arc<dyn DeliveryBucket>,
    /// The accounts whose trails may deliver to it; `None` for all.
    pub accounts: Option<BTreeSet<AccountId>>,
}

impl Buckets {
    /// These, by the names that trails have for them.
    #[must_use]
    pub fn new(named: BTreeMap<String, OfferedBucket>) -> Self {
        Self(named)
    }

    /// Whether the trails of an account may deliver to a bucket of this name.
    pub(crate) fn has(&self, name: &str, account: AccountId) -> bool {
        self.get(name, account).is_some()
    }

    /// The bucket of this name, if the account's trails may deliver to it.
    pub(crate) fn get(&self, name: &str, account: AccountId) -> Option<&dyn DeliveryBucket> {
        let offered = self.0.get(name)?;
        let may = offered.accounts.as_ref().is_none_or(|accounts| accounts.contains(&account));
        may.then_some(&*offered.bucket)
    }
}

impl fmt::Display for NotPut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for NotPut {}
