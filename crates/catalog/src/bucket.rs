//! A bucket, and what becomes of the wish to make one.

/// A bucket and its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name. The catalog has each name once.
    pub name: String,
    /// The account that it belongs to, 12 digits.
    pub owner: String,
    /// The Region that it is in.
    pub region: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// How objects are encrypted that do not say so themselves, in a form of the caller's. `None`: never set.
    pub encryption: Option<Box<[u8]>>,
    /// The policy of the bucket, as it was put.
    pub policy: Option<String>,
    /// Its tags, in the order in which they were put.
    pub tags: Vec<(String, String)>,
}

/// What became of the wish to make a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// The bucket is made.
    Made,
    /// There is one of this name, and it belongs to the same account. It stays as it is.
    OwnedByYou,
    /// There is one of this name, and it belongs to another account.
    Taken,
}
