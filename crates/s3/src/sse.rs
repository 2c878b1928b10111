//! What requests and answers say of encryption, alike for all operations.

use bytes::Bytes;
use envelope::ObjectKey;
use minicbor::{Decode, Encode};
use s3s::{
    S3Error,
    dto::{ETag, ServerSideEncryption, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    checksums::KeptChecksum,
    encryption::{AES256, AWS_KMS, KeyOwner, SseChoice, SseHeaders, StoredKey},
    gateway::{Gateway, open_note, seal_note},
};

/// What the catalog keeps of an object's sealing.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct Sealing {
    /// The object's key.
    #[n(0)]
    pub(crate) key: StoredKey,
    /// Its checksum, sealed: [`ObjectChecksum`].
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) checksum: Option<Vec<u8>>,
}

/// The checksum of an object, which S3 keeps sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObjectChecksum {
    pub(crate) checksum: KeptChecksum,
    /// Whether it is made of the checksums of parts.
    pub(crate) is_composite: bool,
}

/// What its seal is bound to.
const LABEL: &str = "checksum";

/// How an object is encrypted, as answers show it.
pub(crate) struct ShownSse {
    pub(crate) algorithm: Option<ServerSideEncryption>,
    pub(crate) key: Option<String>,
    pub(crate) bucket_key: Option<bool>,
}

impl Sealing {
    /// Of an object with this checksum.
    pub(crate) fn new(
        gateway: &Gateway,
        stored: StoredKey,
        key: &ObjectKey,
        checksum: &ObjectChecksum,
    ) -> Result<Self, S3Error> {
        let checksum = seal_note(key, LABEL, checksum, &*gateway.randomness)?;
        Ok(Self { key: stored, checksum: Some(checksum.to_vec()) })
    }

    pub(crate) fn encode(&self) -> Bytes {
        minicbor::to_vec(self).unwrap_or_default().into()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, S3Error> {
        minicbor::decode(bytes).map_err(S3Error::internal_error)
    }

    /// The checksum, opened.
    pub(crate) fn checksum(&self, key: &ObjectKey) -> Result<Option<ObjectChecksum>, S3Error> {
        self.checksum.as_ref().map(|sealed| open_note(key, LABEL, sealed)).transpose()
    }

    pub(crate) fn shown(&self) -> ShownSse {
        shown(&self.key)
    }
}

/// How an object is encrypted, as answers show it: SSE-S3 shows no key.
pub(crate) fn shown(key: &StoredKey) -> ShownSse {
    match key.owner {
        KeyOwner::Gateway => ShownSse {
            algorithm: Some(ServerSideEncryption::from_static(ServerSideEncryption::AES256)),
            key: None,
            bucket_key: None,
        },
        KeyOwner::Caller => ShownSse {
            algorithm: Some(ServerSideEncryption::from_static(ServerSideEncryption::AWS_KMS)),
            key: Some(key.kms_key.clone()),
            bucket_key: key.has_bucket_key().then_some(true),
        },
    }
}

/// Whether the entity tag of an object is the MD5 of its data: with SSE-S3 alone.
pub(crate) fn has_md5(choice: &SseChoice) -> bool {
    *choice == SseChoice::S3
}

/// What a request says of encryption.
macro_rules! sse_headers {
    ($input:expr) => {
        crate::encryption::SseHeaders {
            algorithm: $input.server_side_encryption.as_ref().map(|sse| sse.as_str().to_owned()),
            key: $input.ssekms_key_id.clone(),
            context: $input.ssekms_encryption_context.clone(),
            bucket_key: $input.bucket_key_enabled,
            has_customer_key: $input.sse_customer_algorithm.is_some()
                || $input.sse_customer_key.is_some()
                || $input.sse_customer_key_md5.is_some(),
        }
    };
}
pub(crate) use sse_headers;

/// The headers that ask for an encryption as a key of an object has it.
pub(crate) fn sse_headers_of(key: &StoredKey) -> SseHeaders {
    let (algorithm, named) = match key.owner {
        KeyOwner::Gateway => (AES256, None),
        KeyOwner::Caller => (AWS_KMS, Some(key.kms_key.clone())),
    };
    SseHeaders { algorithm: Some(algorithm.to_owned()), key: named, ..SseHeaders::default() }
}

/// The key that a request names, as conditions of policies see it: they compare ARNs. KMS is asked what another name means only
/// where a policy asks: a call for each object would undo what bucket keys save.
///
/// # Errors
/// `NoSuchBucket`; KMS does not answer, so that it need not be asked again.
pub(crate) async fn named_key(
    gateway: &Gateway,
    believed: &crate::entrance::BelievedRequest,
    bucket: &str,
    headers: &SseHeaders,
) -> Result<Option<String>, S3Error> {
    let Some(named) = headers.key.as_deref() else { return Ok(None) };
    if named.starts_with("arn:") && named.contains(":key/") {
        return Ok(Some(named.to_owned()));
    }
    if !gateway.is_asked_about(believed, &*gateway.bucket(bucket)?, KMS_KEY_ID)? {
        return Ok(None);
    }
    gateway.keyring.arn_of(&believed.requester, named).await
}

/// The condition key for the key that a request names.
const KMS_KEY_ID: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";

/// An entity tag.
pub(crate) fn etag(text: &str) -> ETag {
    ETag::Strong(text.to_owned())
}

/// A time of the catalog.
pub(crate) fn timestamp(ms: u64) -> Timestamp {
    Timestamp::from(std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms))
}

/// 32 hexadecimal digits that look like an MD5, and are random: entity tags of objects under keys of KMS.
pub(crate) fn random_etag(gateway: &Gateway) -> Result<String, S3Error> {
    Ok(hexadecimal(&gateway.random()?))
}

/// In small hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
