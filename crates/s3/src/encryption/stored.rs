//! What is kept of an object's key: everything that opens it, but for the key of KMS.

use forward::Context;
use minicbor::{Decode, Encode};

/// The wrapped key of an object.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct StoredKey {
    /// Who decrypts it.
    #[n(0)]
    pub(crate) owner: KeyOwner,
    /// ARN of the key of KMS.
    #[n(1)]
    pub(crate) kms_key: String,
    /// What KMS made: the object's key, or the bucket key.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) blob: Vec<u8>,
    /// The object's key under the bucket key, if there is one.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(crate) wrapped: Option<Vec<u8>>,
    /// The caller's part of the encryption context.
    #[n(4)]
    pub(crate) context: Context,
}

/// Who calls KMS to decrypt an object's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum KeyOwner {
    /// Whoever wants the object: SSE-KMS.
    #[n(0)]
    Caller,
    /// The gateway: SSE-S3.
    #[n(1)]
    Gateway,
}

impl StoredKey {
    /// Whether a bucket key wraps it.
    pub(crate) fn has_bucket_key(&self) -> bool {
        self.wrapped.is_some()
    }

    /// The encryption context of its blob.
    pub(crate) fn full_context(&self, bucket: &str, key: &str) -> Context {
        let arn = if self.has_bucket_key() { bucket_arn(bucket) } else { object_arn(bucket, key) };
        full(&self.context, arn)
    }
}

/// A caller's part of an encryption context with S3's own.
pub(crate) fn full(context: &Context, arn: String) -> Context {
    let mut context = context.clone();
    context.insert(super::choice::CONTEXT_KEY.to_owned(), arn);
    context
}

/// ARN of a bucket.
pub(crate) fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

/// ARN of an object.
pub(crate) fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}

/// What an object key that a bucket key wraps is bound to.
pub(crate) fn binding(bucket: &str, key: &str) -> Vec<u8> {
    object_arn(bucket, key).into_bytes()
}
