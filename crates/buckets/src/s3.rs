//! A bucket that speaks S3: AWS's, or one of the many that people run themselves.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>

use std::{path::PathBuf, sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use cloudtrail::{BucketObject, DeliveryBucket, NotPut, Putting};
use dispatch::Clock;
use http::{
    HeaderName, HeaderValue, Request, Uri,
    header::{CONTENT_TYPE, HOST},
};
use outbound::{Outbound, OwnCredentials, element};
use sigv4::Signer;

/// Time for a file of some megabytes, on a slow line too.
const PUT_TIME: Duration = Duration::from_secs(60);

/// Where a bucket is, and who puts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Place {
    /// The endpoint, such as `https://s3.eu-west-1.amazonaws.com`; requests are `endpoint/bucket/name`.
    pub endpoint: Uri,
    /// The Region that requests are signed for.
    pub region: String,
    /// The bucket's name there.
    pub bucket: String,
    /// A file with credentials in AWS's form. It is read for every object.
    pub credentials_file: PathBuf,
    /// The profile in it.
    pub profile: String,
}

/// A bucket that speaks S3.
pub struct S3Bucket {
    place: S3Place,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
}

impl S3Bucket {
    /// The bucket there.
    #[must_use]
    pub fn new(place: S3Place, outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        Self { place, outbound, clock }
    }

    async fn send(&self, object: BucketObject<'_>) -> Result<(), NotPut> {
        let request = self.request(&object)?;
        let answer = self.outbound.send_within(PUT_TIME, request).await;
        let answer = answer
            .map_err(|error| not_put("ServiceUnavailable", format!("{}: {error}", self.place.endpoint)))?;
        if answer.status().is_success() {
            return Ok(());
        }
        let text = std::str::from_utf8(answer.body()).unwrap_or_default();
        let told = |name| element(text, name).filter(|told| told.chars().all(|letter| !letter.is_control()));
        let code = told("Code").filter(|code| code.len() <= 64).unwrap_or("InternalError");
        let message: String = told("Message").unwrap_or_default().chars().take(500).collect();
        Err(not_put(code, format!("{} {}: {message}", self.place.endpoint, answer.status().as_u16())))
    }

    fn request(&self, object: &BucketObject<'_>) -> Result<Request<Bytes>, NotPut> {
        let S3Place { endpoint, region, bucket, credentials_file, profile } = &self.place;
        let own = OwnCredentials::from_file(credentials_file, profile);
        let own = own.map_err(|error| not_put("InvalidAccessKeyId", error))?;
        let authority = endpoint.authority().map_or("", http::uri::Authority::as_str);
        let scheme = endpoint.scheme_str().unwrap_or_default();
        let base = endpoint.path().trim_end_matches('/');
        // Names have no letter that would have to be encoded here: what a signature encodes, a bucket encodes alike.
        let uri = format!("{scheme}://{authority}{base}/{bucket}/{}", object.name);
        let malformed = |_| not_put("InvalidRequest", format!("no request can be made of {uri}"));
        let mut request = Request::put(&uri)
            .header(HOST, authority)
            .header(CONTENT_TYPE, "application/json")
            .header("content-encoding", "gzip")
            .header("x-amz-content-sha256", hexadecimal(&object.contents))
            .body(object.contents.clone())
            .map_err(malformed)?;
        let headers = request.headers_mut();
        for (name, value) in object.metadata {
            let name: HeaderName =
                format!("x-amz-meta-{name}").parse().map_err(|_| not_put("InvalidRequest", uri.clone()))?;
            headers.insert(
                name,
                HeaderValue::from_str(value).map_err(|_| not_put("InvalidRequest", uri.clone()))?,
            );
        }
        if let Some(key) = object.kms_key {
            headers.insert("x-amz-server-side-encryption", HeaderValue::from_static("aws:kms"));
            let key = HeaderValue::from_str(key).map_err(|_| not_put("InvalidRequest", uri.clone()))?;
            headers.insert("x-amz-server-side-encryption-aws-kms-key-id", key);
        }
        let signer = Signer {
            access_key_id: &own.access_key_id,
            secret: own.secret.reveal(),
            security_token: own.token.as_deref(),
            region,
            service: "s3",
        };
        let unfit =
            |_| not_put("InvalidAccessKeyId", "the access key id or session token is malformed".to_owned());
        signer.sign(&mut request, self.clock.now().as_seconds()).map_err(unfit)?;
        Ok(request)
    }
}

impl DeliveryBucket for S3Bucket {
    fn put<'a>(&'a self, object: BucketObject<'a>) -> Putting<'a> {
        Box::pin(self.send(object))
    }
}

fn not_put(code: &str, detail: String) -> NotPut {
    NotPut { code: code.to_owned(), detail }
}

fn hexadecimal(contents: &[u8]) -> String {
    base16ct::lower::encode_string(digest(&SHA256, contents).as_ref())
}
