//! How an object is to be encrypted: pure, and decided in this one place for uploads, multipart uploads and copies.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html>

use base64_simd::STANDARD;
use forward::Context;
use s3s::{S3Error, S3ErrorCode, s3_error};
use serde::{Deserialize, Serialize};

/// What the headers of a request say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SseHeaders {
    /// `x-amz-server-side-encryption`.
    pub(crate) algorithm: Option<String>,
    /// `…-aws-kms-key-id`: an id, an ARN, an alias or its ARN.
    pub(crate) key: Option<String>,
    /// `…-context`: base64 of a JSON object of texts.
    pub(crate) context: Option<String>,
    /// `…-bucket-key-enabled`.
    pub(crate) bucket_key: Option<bool>,
    /// Whether one of the headers of customer-provided keys was sent.
    pub(crate) has_customer_key: bool,
}

/// What a bucket says for requests that say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BucketEncryption {
    /// `None`: SSE-S3. Otherwise SSE-KMS, with this key as it was put, or the AWS managed one.
    pub(crate) kms: Option<BucketKms>,
    /// Whether a bucket key is used.
    pub(crate) bucket_key: bool,
}

/// SSE-KMS of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BucketKms {
    /// As it was put.
    pub(crate) key: Option<String>,
}

/// How an object is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SseChoice {
    /// Under the gateway's own key.
    S3,
    /// Under a key of KMS, as the caller.
    Kms {
        /// The key as it is named.
        key: String,
        /// Whether a bucket key wraps the object's.
        bucket_key: bool,
        /// What is added to the encryption context.
        context: Context,
    },
}

/// `x-amz-server-side-encryption` of SSE-S3 and SSE-KMS.
pub(crate) const AES256: &str = "AES256";
pub(crate) const AWS_KMS: &str = "aws:kms";
/// The key that is used when none is named.
pub(crate) const MANAGED_KEY: &str = "alias/aws/s3";
/// The key of the encryption context that S3 sets itself.
pub(crate) const CONTEXT_KEY: &str = "aws:s3:arn";
/// Longest encryption context in a header, in bytes.
const CONTEXT_BYTES_MAX: usize = 8192;

/// Chooses. The headers count as a whole: an explicit `AES256` inherits no key of the bucket.
///
/// # Errors
/// S3's, for what contradicts itself or is not served.
pub(crate) fn choose(
    headers: &SseHeaders,
    bucket: &BucketEncryption,
    arn: &str,
) -> Result<SseChoice, S3Error> {
    if headers.has_customer_key {
        return Err(customer_key(headers));
    }
    let wants_kms = headers.key.is_some() || headers.context.is_some();
    match headers.algorithm.as_deref() {
        Some(AWS_KMS) => Ok(SseChoice::Kms {
            key: headers.key.clone().unwrap_or_else(|| MANAGED_KEY.to_owned()),
            bucket_key: headers.bucket_key.unwrap_or(bucket.bucket_key),
            context: context(headers.context.as_deref(), arn)?,
        }),
        Some(AES256) | None if wants_kms => Err(invalid(
            "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
        )),
        Some(AES256) => Ok(SseChoice::S3),
        None => Ok(match &bucket.kms {
            None => SseChoice::S3,
            Some(BucketKms { key }) => SseChoice::Kms {
                key: key.clone().unwrap_or_else(|| MANAGED_KEY.to_owned()),
                bucket_key: headers.bucket_key.unwrap_or(bucket.bucket_key),
                context: Context::new(),
            },
        }),
        Some("aws:kms:dsse") => Err(s3_error!(
            NotImplemented,
            "Dual-layer server-side encryption (aws:kms:dsse) is not served. Please specify aws:kms or AES256."
        )),
        Some(_) => Err(invalid("The encryption method specified is not supported")),
    }
}

/// As AWS does since April 2026 on every bucket that does not ask for them.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/blocking-unblocking-s3-c-encryption-gpb.html>
fn customer_key(headers: &SseHeaders) -> S3Error {
    if headers.algorithm.is_some() {
        return invalid(
            "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
        );
    }
    s3_error!(
        AccessDenied,
        "This bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). \
         Please specify a different server-side encryption type"
    )
}

/// The caller's part of the encryption context. What S3 sets itself may be in it only as it is.
fn context(header: Option<&str>, arn: &str) -> Result<Context, S3Error> {
    let Some(header) = header else { return Ok(Context::new()) };
    let refused = || {
        invalid(
            "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents \
             a string-string map",
        )
    };
    if header.len() > CONTEXT_BYTES_MAX {
        return Err(refused());
    }
    let json = STANDARD.decode_to_vec(header).map_err(|_| refused())?;
    let mut context: Context = serde_json::from_slice(&json).map_err(|_| refused())?;
    match context.remove(CONTEXT_KEY) {
        Some(other) if other != arn => {
            Err(invalid("The encryption context key aws:s3:arn is set by Amazon S3"))
        }
        _ => Ok(context),
    }
}

fn invalid(text: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidArgument, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:s3:::bucket/key";

    fn headers(algorithm: Option<&str>, key: Option<&str>) -> SseHeaders {
        SseHeaders {
            algorithm: algorithm.map(str::to_owned),
            key: key.map(str::to_owned),
            ..SseHeaders::default()
        }
    }

    fn kms(key: &str, bucket_key: bool) -> SseChoice {
        SseChoice::Kms { key: key.to_owned(), bucket_key, context: Context::new() }
    }

    fn of_kms(key: Option<&str>, bucket_key: bool) -> BucketEncryption {
        BucketEncryption { kms: Some(BucketKms { key: key.map(str::to_owned) }), bucket_key }
    }

    #[test]
    fn headers_win_as_a_whole_and_the_bucket_speaks_where_they_are_silent() {
        let none = BucketEncryption::default();
        let with_key = of_kms(Some("alias/b"), true);
        for (sent, bucket, expected) in [
            (headers(None, None), &none, SseChoice::S3),
            (headers(Some(AES256), None), &with_key, SseChoice::S3),
            (headers(None, None), &with_key, kms("alias/b", true)),
            (headers(None, None), &of_kms(None, false), kms(MANAGED_KEY, false)),
            (headers(Some(AWS_KMS), None), &with_key, kms(MANAGED_KEY, true)),
            (headers(Some(AWS_KMS), Some("k")), &with_key, kms("k", true)),
            (headers(Some(AWS_KMS), Some("k")), &none, kms("k", false)),
            (
                SseHeaders { bucket_key: Some(false), ..headers(Some(AWS_KMS), Some("k")) },
                &with_key,
                kms("k", false),
            ),
        ] {
            assert_eq!(choose(&sent, bucket, ARN).unwrap(), expected, "{sent:?} {bucket:?}");
        }
    }

    #[test]
    fn what_contradicts_itself_or_is_not_served_is_refused() {
        let none = BucketEncryption::default();
        let customer = SseHeaders { has_customer_key: true, ..SseHeaders::default() };
        let both = SseHeaders { algorithm: Some(AES256.to_owned()), ..customer.clone() };
        for (sent, code) in [
            (headers(Some(AES256), Some("k")), "InvalidArgument"),
            (headers(None, Some("k")), "InvalidArgument"),
            (headers(Some(""), None), "InvalidArgument"),
            (headers(Some("aws:fsx"), None), "InvalidArgument"),
            (headers(Some("aws:kms:dsse"), None), "NotImplemented"),
            (customer, "AccessDenied"),
            (both, "InvalidArgument"),
        ] {
            let refused = choose(&sent, &none, ARN).unwrap_err();
            assert_eq!(refused.code().as_str(), code, "{sent:?}");
        }
    }

    #[test]
    fn a_context_is_a_map_of_texts_and_cannot_name_another_object() {
        let with = |json: &str| SseHeaders {
            context: Some(STANDARD.encode_to_string(json)),
            ..headers(Some(AWS_KMS), Some("k"))
        };
        let chosen = choose(
            &with(r#"{"a":"b","aws:s3:arn":"arn:aws:s3:::bucket/key"}"#),
            &BucketEncryption::default(),
            ARN,
        );
        let SseChoice::Kms { context, .. } = chosen.unwrap() else { panic!() };
        assert_eq!(context, Context::from([("a".to_owned(), "b".to_owned())]));
        for wrong in [r#"{"aws:s3:arn":"arn:aws:s3:::bucket/other"}"#, "[]", "{\"a\":1}", "", "x"] {
            assert!(choose(&with(wrong), &BucketEncryption::default(), ARN).is_err(), "{wrong}");
        }
        let broken = SseHeaders { context: Some("%".to_owned()), ..headers(Some(AWS_KMS), Some("k")) };
        assert!(choose(&broken, &BucketEncryption::default(), ARN).is_err());
    }
}
