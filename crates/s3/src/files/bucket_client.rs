//! A client of a bucket that speaks S3: the few requests that sealed parts take.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use forward::Machine;
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HOST, RANGE},
};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use outbound::{OpenStream, Outbound, OwnCredentials, Streams};
use sigv4::Signer;
use tokio::time::timeout;

use super::{
    bucket_error::BucketError, bucket_place::DataBucketPlace, listed::BucketPage, sent_body::SentBody,
};

/// How long the head of an answer may take.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// How long the next piece of an answer may take, and a piece of a body until it is taken.
pub(crate) const PIECE_TIME: Duration = Duration::from_secs(30);

/// How long a bucket may take to keep an object that it has all of.
pub(crate) const KEPT_WITHIN: Duration = Duration::from_secs(60);

/// How long new tries begin for what may pass, with a pause between them that doubles. With a last try, a client of the gateway waits ten
/// seconds.
const TRIES_TIME: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// For so long credentials are used before they are read again.
const CREDENTIALS_TIME: Duration = Duration::from_secs(60);

/// Bytes of a refusal, and of a page of a listing with a thousand names.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Asks a bucket.
#[derive(Clone)]
pub(crate) struct BucketClient(Arc<ClientParts>);

struct ClientParts {
    place: DataBucketPlace,
    /// The path of the bucket, from the endpoint's on.
    path: String,
    streams: Streams<SentBody>,
    credentials: Mutex<Option<ReadCredentials>>,
    machine: Arc<dyn Machine>,
}

/// Credentials, and when they were read.
#[derive(Clone)]
struct ReadCredentials {
    own: Arc<OwnCredentials>,
    since: Duration,
}

/// A connection to the bucket, for a body that cannot be sent twice.
pub(crate) struct BucketConnection(OpenStream<SentBody>);

/// What comes of an object.
pub(crate) struct ObjectBody {
    body: Incoming,
    waiting: Bytes,
}

impl BucketClient {
    /// A client of the bucket there. It connects when something is asked.
    ///
    /// # Errors
    /// CAs that cannot be read, an endpoint that is not called.
    pub(crate) fn new(place: DataBucketPlace, machine: Arc<dyn Machine>) -> Result<Self, BucketError> {
        let outbound = Outbound::new(place.ca_file.as_deref())?;
        let streams = Streams::new(outbound, &place.endpoint)?;
        Ok(Self(Arc::new(ClientParts {
            path: place.path(),
            place,
            streams,
            credentials: Mutex::default(),
            machine,
        })))
    }

    /// Reads bytes of an object, of which it has to have as many as `whole`.
    ///
    /// # Errors
    /// [`BucketError`]. An object of another length is [`BucketError::Unexpected`].
    pub(crate) async fn get(
        &self,
        name: &str,
        range: Range<u64>,
        whole: u64,
    ) -> Result<ObjectBody, BucketError> {
        let (first, last) = (range.start, range.end.saturating_sub(1));
        let expected = format!("bytes {first}-{last}/{whole}");
        let asked = [(RANGE, format!("bytes={first}-{last}"))];
        let get = || self.ask((Method::GET, self.target(name)), &asked, SentBody::none());
        let answer = self.patiently(get).await;
        let other =
            |what: &str| BucketError::Unexpected(format!("`{name}` has other bytes than were kept: {what}"));
        let answer = match answer {
            Err(BucketError::Refused { status: StatusCode::RANGE_NOT_SATISFIABLE, .. }) => {
                return Err(other("it is shorter"));
            }
            answer => answer?,
        };
        let told =
            answer.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok()).unwrap_or_default();
        if answer.status() != StatusCode::PARTIAL_CONTENT || told != expected {
            return Err(other(&format!("{expected} was asked, and {told} came")));
        }
        Ok(ObjectBody { body: answer.into_body(), waiting: Bytes::new() })
    }

    /// Keeps an object that is all here.
    ///
    /// # Errors
    /// [`BucketError`]. The object may be there or not then.
    pub(crate) async fn put(&self, name: &str, sealed: &Bytes) -> Result<(), BucketError> {
        let answer = self
            .patiently(|| {
                let body = SentBody::Whole(Some(sealed.clone()));
                self.ask((Method::PUT, self.target(name)), &[], body)
            })
            .await?;
        kept(&answer)
    }

    /// Connects, to keep an object that comes in pieces.
    ///
    /// # Errors
    /// [`BucketError::Unreachable`].
    pub(crate) async fn connect(&self) -> Result<BucketConnection, BucketError> {
        let open = || async {
            let opened = timeout(HEAD_TIME, self.0.streams.open()).await;
            Ok(BucketConnection(opened.map_err(BucketError::too_slow)??))
        };
        self.patiently(open).await
    }

    /// Keeps an object, and returns when the bucket says that it has it. There is no limit on the time of the whole.
    ///
    /// # Errors
    /// [`BucketError`]. The object may be there or not then.
    pub(crate) async fn put_over(
        &self,
        BucketConnection(connection): BucketConnection,
        name: &str,
        body: SentBody,
    ) -> Result<(), BucketError> {
        let request = self.request((Method::PUT, self.target(name)), &[], body)?;
        let answer = self.0.streams.send_over(connection, self.0.machine.elapsed(), request).await?;
        kept(&self.checked(answer).await?)
    }

    /// How many bytes an object has.
    ///
    /// # Errors
    /// [`BucketError`].
    pub(crate) async fn length(&self, name: &str) -> Result<u64, BucketError> {
        let head = || self.ask((Method::HEAD, self.target(name)), &[], SentBody::none());
        let answer = self.patiently(head).await?;
        let length = answer.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let length = length.and_then(|length| length.parse().ok());
        length.ok_or_else(|| BucketError::Unexpected(format!("`{name}` has no length")))
    }

    /// Deletes an object. One that is not there is deleted.
    ///
    /// # Errors
    /// [`BucketError`].
    pub(crate) async fn delete(&self, name: &str) -> Result<(), BucketError> {
        let delete = || self.ask((Method::DELETE, self.target(name)), &[], SentBody::none());
        match self.patiently(delete).await {
            Err(error) if error.is_missing() => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// The names that begin with this, a page of them behind a name.
    ///
    /// # Errors
    /// [`BucketError`].
    pub(crate) async fn list(&self, beginning: &str, after: Option<&str>) -> Result<BucketPage, BucketError> {
        let prefix = &self.0.place.prefix;
        let mut query =
            format!("list-type=2&max-keys=1000&prefix={}", encoded(&format!("{prefix}{beginning}")));
        if let Some(after) = after {
            query.push_str(&format!("&start-after={}", encoded(&format!("{prefix}{after}"))));
        }
        let target = format!("{}?{query}", self.0.path);
        let read = || async {
            let answer = self.ask((Method::GET, target.clone()), &[], SentBody::none()).await?;
            let body = timeout(PIECE_TIME, Limited::new(answer.into_body(), PAGE_BYTES_MAX).collect()).await;
            let body = body.map_err(BucketError::too_slow)?;
            Ok(body.map_err(|error| BucketError::Unreachable(error.to_string()))?.to_bytes())
        };
        BucketPage::parse(&self.patiently(read).await?, prefix)
    }

    fn target(&self, name: &str) -> String {
        format!("{}/{}{name}", self.0.path, self.0.place.prefix)
    }

    /// Tries again what may pass.
    async fn patiently<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, BucketError>
    where
        F: Future<Output = Result<T, BucketError>>,
    {
        let begun = self.0.machine.elapsed();
        let mut pause = FIRST_PAUSE;
        loop {
            let answer = attempt().await;
            let spent = self.0.machine.elapsed().saturating_sub(begun) + pause;
            if !answer.as_ref().is_err_and(BucketError::may_pass) || spent > TRIES_TIME {
                return answer;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// Asks once: an answer that is a success.
    async fn ask(
        &self,
        asked: (Method, String),
        headers: &[(HeaderName, String)],
        body: SentBody,
    ) -> Result<Response<Incoming>, BucketError> {
        let request = self.request(asked, headers, body)?;
        let answer = timeout(HEAD_TIME, self.0.streams.send(self.0.machine.elapsed(), request)).await;
        self.checked(answer.map_err(BucketError::too_slow)??).await
    }

    /// An answer, if it is a success.
    async fn checked(&self, answer: Response<Incoming>) -> Result<Response<Incoming>, BucketError> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = timeout(HEAD_TIME, Limited::new(answer.into_body(), REFUSAL_BYTES_MAX).collect()).await;
        let body = body.ok().and_then(Result::ok).map(|body| body.to_bytes()).unwrap_or_default();
        let error = BucketError::told(status, &body);
        if error.is_of_credentials() {
            // There may be others in the file.
            *self.credentials() = None;
        }
        Err(error)
    }

    fn request(
        &self,
        (method, target): (Method, String),
        headers: &[(HeaderName, String)],
        body: SentBody,
    ) -> Result<Request<SentBody>, BucketError> {
        let unfit = |_| BucketError::Unexpected("no request can be made of its name".to_owned());
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, self.0.streams.host())
            .body(body)
            .map_err(unfit)?;
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|error| unfit(error.into()))?;
            request.headers_mut().insert(name, value);
        }
        let own = self.current()?;
        let signer = Signer {
            access_key_id: &own.access_key_id,
            secret: own.secret.reveal(),
            security_token: own.token.as_deref(),
            region: &self.0.place.region,
            service: "s3",
        };
        let signed = signer.sign_without_body(&mut request, self.0.machine.now_seconds());
        signed.map_err(|_| BucketError::Credentials("they are malformed".to_owned()))?;
        Ok(request)
    }

    /// The credentials, read a minute ago at most.
    fn current(&self) -> Result<Arc<OwnCredentials>, BucketError> {
        let now = self.0.machine.elapsed();
        let mut known = self.credentials();
        if let Some(known) = known.as_ref().filter(|known| now.saturating_sub(known.since) < CREDENTIALS_TIME)
        {
            return Ok(Arc::clone(&known.own));
        }
        let DataBucketPlace { credentials_file, profile, .. } = &self.0.place;
        let own = OwnCredentials::from_file(credentials_file, profile).map_err(BucketError::Credentials)?;
        let own = Arc::new(own);
        *known = Some(ReadCredentials { own: Arc::clone(&own), since: now });
        Ok(own)
    }

    /// Nothing panics under this lock.
    fn credentials(&self) -> MutexGuard<'_, Option<ReadCredentials>> {
        self.0.credentials.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ObjectBody {
    /// Fills the buffer from `filled` on, and counts there. What was read before a failure counts too.
    ///
    /// # Errors
    /// [`BucketError::Unreachable`]: it breaks off, or does not go on.
    pub(crate) async fn fill(&mut self, buffer: &mut [u8], filled: &mut usize) -> Result<(), BucketError> {
        while let Some(free) = buffer.get_mut(*filled..).filter(|free| !free.is_empty()) {
            if self.waiting.is_empty() {
                let frame = timeout(PIECE_TIME, self.body.frame()).await.map_err(BucketError::too_slow)?;
                let frame = frame.ok_or_else(|| BucketError::Unreachable("it breaks off".to_owned()))?;
                let frame = frame.map_err(|error| BucketError::Unreachable(error.to_string()))?;
                self.waiting = frame.into_data().unwrap_or_default();
                continue;
            }
            let piece = self.waiting.split_to(self.waiting.len().min(free.len()));
            if let Some(to) = free.get_mut(..piece.len()) {
                to.copy_from_slice(&piece);
            }
            *filled += piece.len();
        }
        Ok(())
    }
}

/// Whether an answer says that an object is kept.
fn kept(answer: &Response<Incoming>) -> Result<(), BucketError> {
    if answer.status() == StatusCode::OK && answer.headers().contains_key(ETAG) {
        return Ok(());
    }
    Err(BucketError::Unexpected(format!("status {} for an object that was put", answer.status().as_u16())))
}

/// A value in a query.
fn encoded(text: &str) -> percent_encoding::PercentEncode<'_> {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
}
