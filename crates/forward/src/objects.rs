//! The few operations of S3 that find objects and put them under another KMS key. Objects themselves are not read.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html>

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Response,
    header::{HOST, RANGE},
};
use outbound::{Outbound, OwnCredentials, Pool, element};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secret::Plaintext;
use sigv4::Signer;

use crate::{
    credentials::{CredentialKeeper, ProgramCredentials},
    error::KmsError,
    machine::Machine,
    patience::Patience,
    settings::Settings,
};

/// Objects that speak S3: AWS's, `keywright-s3`'s, or others'.
pub struct ObjectStore {
    pool: Pool,
    /// What stands before the name of a bucket.
    base: String,
    endpoint: String,
    region: String,
    credentials: CredentialKeeper,
    patience: Patience,
    machine: Arc<dyn Machine>,
}

/// Some objects of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObjects {
    /// Their names.
    pub names: Vec<String>,
    /// What the next call has to state, if there are more.
    pub next: Option<String>,
}

/// How an object is encrypted with KMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEncryption {
    /// The ARN of the KMS key.
    pub key: String,
    /// Whether a bucket key is between the KMS key and the object.
    pub bucket_key: bool,
}

/// Why there is no answer about objects. No message holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectsError {
    /// S3 refused the call or failed.
    Fault {
        /// Its code, such as `AccessDenied` or `KMS.DisabledException`.
        code: String,
        /// What it says.
        message: String,
        /// The HTTP status.
        status: u16,
    },
    /// It is not reached, or there are no credentials: as with KMS, at this place.
    Way(String, KmsError),
}

/// What is asked in every try.
struct ObjectsCall {
    method: Method,
    target: String,
    body: Bytes,
    first_byte: bool,
}

impl ObjectsCall {
    fn of(method: Method, target: String) -> Self {
        Self { method, target, body: Bytes::new(), first_byte: false }
    }
}

/// How long an answer may take. For an object behind a bucket key, the gateway calls KMS twice.
const ATTEMPT_TIME: Duration = Duration::from_secs(20);

/// Objects of one answer. Each name has up to 1024 bytes, which may be escaped, and an answer has at most 256 KiB.
const LISTED_MAX: usize = 64;

/// What stays as it is in a path or a query (RFC 3986 section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

impl ObjectStore {
    /// A client with these settings. It connects when it is first called.
    ///
    /// # Errors
    /// [`KmsError::Settings`]: CAs that cannot be read, an endpoint that is not called.
    pub fn new(settings: Settings, patience: Patience, machine: Arc<dyn Machine>) -> Result<Self, KmsError> {
        let Settings { endpoint, region, ca_file, sources, .. } = settings;
        let wrong = |error| KmsError::of_connection(error, &endpoint.to_string());
        let outbound = Outbound::new(ca_file.as_deref()).map_err(wrong)?;
        Ok(Self {
            pool: Pool::new(outbound.clone(), &endpoint, 1).map_err(wrong)?,
            base: endpoint.path().trim_end_matches('/').to_owned(),
            endpoint: endpoint.to_string(),
            region,
            credentials: CredentialKeeper::new(
                ProgramCredentials { sources, outbound },
                Arc::clone(&machine),
            ),
            patience: Patience { attempt: ATTEMPT_TIME, ..patience },
            machine,
        })
    }

    /// `ListObjectsV2`: the next objects whose names begin with `prefix`. `after` is [`ListedObjects::next`] of the call before.
    ///
    /// # Errors
    /// [`ObjectsError`].
    pub async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<ListedObjects, ObjectsError> {
        let encoded = |text| utf8_percent_encode(text, RESERVED);
        let mut query =
            format!("list-type=2&encoding-type=url&max-keys={LISTED_MAX}&prefix={}", encoded(prefix));
        if let Some(after) = after {
            query.push_str(&format!("&continuation-token={}", encoded(after)));
        }
        let target = format!("{}/{}?{query}", self.base, encoded(bucket));
        let answer = self.call(&ObjectsCall::of(Method::GET, target)).await?;
        listed(text(&answer)).ok_or_else(|| self.not_understood("the listing", &answer))
    }

    /// `HeadObject`: how an object is encrypted, if it is so with KMS.
    ///
    /// # Errors
    /// [`ObjectsError`].
    pub async fn encryption(
        &self,
        bucket: &str,
        name: &str,
    ) -> Result<Option<ObjectEncryption>, ObjectsError> {
        let answer = self.call(&ObjectsCall::of(Method::HEAD, self.target(bucket, name))).await?;
        Ok(stated(answer.headers()))
    }

    /// `UpdateObjectEncryption`: puts an object under the newest material of a key, by the key's ARN. Nothing but the object's
    /// envelope changes.
    ///
    /// # Errors
    /// [`ObjectsError`].
    pub async fn update_encryption(
        &self,
        bucket: &str,
        name: &str,
        wanted: &ObjectEncryption,
    ) -> Result<(), ObjectsError> {
        let target = format!("{}?encryption", self.target(bucket, name));
        // No ARN has letters that would have to be escaped.
        let body = format!(
            "<ObjectEncryption xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><SSE-KMS><KMSKeyArn>{}</KMSKeyArn>\
             <BucketKeyEnabled>{}</BucketKeyEnabled></SSE-KMS></ObjectEncryption>",
            wanted.key, wanted.bucket_key
        );
        let body = Bytes::from(body);
        self.call(&ObjectsCall { body, ..ObjectsCall::of(Method::PUT, target) }).await.map(drop)
    }

    /// `GetObject`, of the first byte, which is forgotten: whether an object opens.
    ///
    /// # Errors
    /// [`ObjectsError`].
    pub async fn read_first_byte(&self, bucket: &str, name: &str) -> Result<(), ObjectsError> {
        let call = ObjectsCall::of(Method::GET, self.target(bucket, name));
        self.call(&ObjectsCall { first_byte: true, ..call }).await.map(drop)
    }

    fn target(&self, bucket: &str, name: &str) -> String {
        let encoded = |text| utf8_percent_encode(text, RESERVED_IN_PATH);
        format!("{}/{}/{}", self.base, encoded(bucket), encoded(name))
    }

    /// Calls until there is an answer, or none is to be expected.
    async fn call(&self, call: &ObjectsCall) -> Result<Response<Plaintext>, ObjectsError> {
        let begun = self.machine.elapsed();
        let left = || self.patience.total.saturating_sub(self.machine.elapsed().saturating_sub(begun));
        let mut failed: u32 = 0;
        loop {
            let error = match self.attempt(call, left()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            failed = failed.saturating_add(1);
            let pause = self.patience.pause(failed, self.machine.random());
            if !error.may_pass() || pause >= left() {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// One try; with newer credentials once more, if the first are not believed any more.
    async fn attempt(&self, call: &ObjectsCall, left: Duration) -> Result<Response<Plaintext>, ObjectsError> {
        let time = self.patience.attempt.min(left);
        let of_way = |error| ObjectsError::Way(self.endpoint.clone(), error);
        let own = self.credentials.current().await.map_err(of_way)?;
        match self.exchange(call, &own, time).await {
            Err(error) if error.is_of_credentials() => match self.credentials.newer_than(&own).await {
                Some(newer) => self.exchange(call, &newer, time).await,
                None => Err(error),
            },
            answer => answer,
        }
    }

    async fn exchange(
        &self,
        call: &ObjectsCall,
        own: &OwnCredentials,
        time: Duration,
    ) -> Result<Response<Plaintext>, ObjectsError> {
        let of_way = |error| ObjectsError::Way(self.endpoint.clone(), error);
        let unfit =
            || of_way(KmsError::Request("no request can be made of this name or access key".to_owned()));
        let ObjectsCall { method, target, body, first_byte } = call;
        let mut request = Request::builder().method(method).uri(target).header(HOST, self.pool.host());
        if *first_byte {
            request = request.header(RANGE, "bytes=0-0");
        }
        let mut request = request.body(body.clone()).map_err(|_| unfit())?;
        let signer = Signer {
            access_key_id: &own.access_key_id,
            secret: own.secret.reveal(),
            security_token: own.token.as_deref(),
            region: &self.region,
            service: "s3",
        };
        signer.sign_for_s3(&mut request, self.machine.now_seconds()).map_err(|_| unfit())?;
        let answer = self.pool.send_within(time, self.machine.elapsed(), request).await;
        let answer = answer.map_err(|error| of_way(KmsError::of_connection(error, &self.endpoint)))?;
        if answer.status().is_success() { Ok(answer) } else { Err(refused(&answer)) }
    }

    fn not_understood(&self, what: &str, answer: &Response<Plaintext>) -> ObjectsError {
        let (why, status) = (format!("{what} is none of S3"), answer.status().as_u16());
        ObjectsError::Way(self.endpoint.clone(), KmsError::Answer { why, status })
    }
}

impl ObjectsError {
    /// Whether another try may have an answer.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Fault { code, status, .. } => *status >= 500 || *status == 429 || code == "SlowDown",
            Self::Way(_, error) => error.may_pass(),
        }
    }

    /// Whether it is the credentials that are not believed.
    #[must_use]
    pub fn is_of_credentials(&self) -> bool {
        const CODES: [&str; 4] =
            ["ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"];
        matches!(self, Self::Fault { code, .. } if CODES.contains(&code.as_str()))
    }
}

impl fmt::Display for ObjectsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault { code, message, .. } => write!(f, "{code}: {message}"),
            Self::Way(_, KmsError::Unreachable(why)) => write!(f, "S3 is not reached: {why}"),
            Self::Way(place, KmsError::TimedOut(time)) => {
                write!(f, "S3 at {place} did not answer within {:.1} s", time.as_secs_f64())
            }
            Self::Way(place, KmsError::Tls(why)) => write!(f, "TLS with S3 at {place} fails: {why}"),
            Self::Way(_, error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ObjectsError {}

fn text(answer: &Response<Plaintext>) -> &str {
    std::str::from_utf8(answer.body().reveal()).unwrap_or_default()
}

/// What a listing says. Names are escaped as in URLs, so that no letter of theirs is one of XML's.
fn listed(xml: &str) -> Option<ListedObjects> {
    let (_, contents) = xml.split_once("<ListBucketResult")?;
    let unescaped = |name: &str| {
        let spaced = name.replace('+', "%20");
        percent_decode_str(&spaced).decode_utf8().ok().map(|name| name.into_owned())
    };
    let entries = contents.split("<Contents>").skip(1);
    let names = entries.map(|entry| unescaped(element(entry, "Key")?)).collect::<Option<Vec<_>>>()?;
    let next = match element(contents, "IsTruncated") {
        // Tokens are opaque, and may be in base64.
        Some("true") => Some(element(contents, "NextContinuationToken")?.replace("&amp;", "&")),
        _ => None,
    };
    Some(ListedObjects { names, next })
}

/// What the headers of an object say of its encryption.
fn stated(headers: &HeaderMap) -> Option<ObjectEncryption> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("x-amz-server-side-encryption") != Some("aws:kms") {
        return None;
    }
    Some(ObjectEncryption {
        key: header("x-amz-server-side-encryption-aws-kms-key-id")?.to_owned(),
        bucket_key: header("x-amz-server-side-encryption-bucket-key-enabled") == Some("true"),
    })
}

/// The fault in an answer that is no success. An answer to HEAD has no body, so that its status has to do.
fn refused(answer: &Response<Plaintext>) -> ObjectsError {
    let (status, xml) = (answer.status().as_u16(), text(answer));
    let shown = |name: &str, chars_max: usize| -> Option<String> {
        let said = element(xml, name)?.chars().filter(|letter| !letter.is_control());
        Some(said.take(chars_max).collect())
    };
    let usual = match status {
        403 => "AccessDenied",
        404 => "NoSuchKey",
        _ => "InternalError",
    };
    ObjectsError::Fault {
        code: shown("Code", 100).unwrap_or_else(|| usual.to_owned()),
        message: shown("Message", 500).unwrap_or_else(|| format!("S3 answers {status}")),
        status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_are_read() {
        let listing = |inner: &str| {
            format!(
                "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>b</Name>{inner}</ListBucketResult>"
            )
        };
        let entries = "<Contents><Key>a%2Fb+c</Key><Size>1</Size></Contents><Contents><Key>%C3%BC%2B%26amp%3B</Key></Contents>";
        let names = vec!["a/b c".to_owned(), "ü+&amp;".to_owned()];
        let whole = listed(&listing(&format!("<IsTruncated>false</IsTruncated>{entries}"))).unwrap();
        assert_eq!(whole, ListedObjects { names: names.clone(), next: None });
        let cut = format!(
            "{entries}<IsTruncated>true</IsTruncated><NextContinuationToken>t/=&amp;</NextContinuationToken>"
        );
        assert_eq!(listed(&listing(&cut)).unwrap(), ListedObjects { names, next: Some("t/=&".to_owned()) });
        // A listing that says that there is more, and not how to go on, is none.
        assert_eq!(listed(&listing("<IsTruncated>true</IsTruncated>")), None);
        assert_eq!(listed("<html>"), None);
        assert_eq!(listed(&listing("<Contents><Key>%ff</Key></Contents>")), None);
    }

    #[test]
    fn only_objects_under_kms_keys_have_an_encryption() {
        let mut headers = HeaderMap::new();
        assert_eq!(stated(&headers), None);
        headers.insert("x-amz-server-side-encryption", "AES256".parse().unwrap());
        assert_eq!(stated(&headers), None);
        headers.insert("x-amz-server-side-encryption", "aws:kms".parse().unwrap());
        headers.insert("x-amz-server-side-encryption-aws-kms-key-id", "arn:k".parse().unwrap());
        assert_eq!(stated(&headers), Some(ObjectEncryption { key: "arn:k".to_owned(), bucket_key: false }));
        headers.insert("x-amz-server-side-encryption-bucket-key-enabled", "true".parse().unwrap());
        assert!(stated(&headers).unwrap().bucket_key);
    }

    #[test]
    fn faults_have_their_codes_also_without_a_body() {
        let answer = |status: u16, body: &str| {
            refused(
                &Response::builder().status(status).body(Plaintext::new(body.as_bytes().to_vec())).unwrap(),
            )
        };
        let told = "<Error><Code>KMS.DisabledException</Code><Message>arn:k is disabled.</Message></Error>";
        let ObjectsError::Fault { code, message, .. } = answer(400, told) else { panic!("no fault") };
        assert_eq!((code.as_str(), message.as_str()), ("KMS.DisabledException", "arn:k is disabled."));
        for (status, expected) in [(403, "AccessDenied"), (404, "NoSuchKey"), (503, "InternalError")] {
            let ObjectsError::Fault { code, .. } = answer(status, "") else { panic!("no fault") };
            assert_eq!(code, expected);
        }
        assert!(answer(503, "").may_pass() && !answer(403, "").may_pass());
        assert!(answer(403, "<Code>ExpiredToken</Code>").is_of_credentials());
    }
}
