//! The way in: a request is believed before anything else sees it.
//!
//! The signature is verified here and not by s3s, which would need the secrets of all users, does not look at session tokens, takes
//! Signature Version 2, and lets headers go unsigned. s3s gets the request without its signature, and its body as data.

use std::{net::IpAddr, sync::Arc};

use forward::Machine;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header, request::Parts};
use hyper::body::{Body as _, Incoming};
use percent_encoding::percent_decode_str;
use s3s::{Body, S3Error, S3ErrorCode, dto::Range, s3_error, service::S3Service};
use sigv4::{Head, S3AuthError, S3Claim};

use crate::{
    faults,
    incoming::{BodyEnd, IncomingData, pass_over},
    metrics::{CountedBody, NotedCall},
    pages::Pages,
    permission::RequestOrigin,
    requester::{NoRequester, Requester, Requesters, SoughtRequester},
    vitals::GatewayVitals,
};

/// Believes requests, and has them answered.
pub struct Entrance {
    requesters: Arc<dyn Requesters>,
    service: S3Service,
    region: String,
    machine: Arc<dyn Machine>,
    randomness: Arc<dyn envelope::Randomness>,
    vitals: Arc<GatewayVitals>,
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The address.
    pub address: IpAddr,
    /// Whether it came over TLS.
    pub secure: bool,
}

/// A request that is believed: whose it is, how it came, and what its body comes to.
#[derive(Clone)]
pub(crate) struct BelievedRequest {
    pub(crate) requester: Arc<Requester>,
    pub(crate) arrived: RequestOrigin,
    pub(crate) end: BodyEnd,
    /// What `x-amz-trailer` announces.
    pub(crate) trailer: Option<String>,
    pub(crate) owners: ExpectedOwners,
    pub(crate) call: Arc<NotedCall>,
}

impl BelievedRequest {
    /// Notes which operation a request asks for, by the name of its input.
    pub(crate) fn noted(extensions: &Extensions, input: &'static str) -> Arc<NotedCall> {
        let call = extensions.get::<Self>().map(|believed| Arc::clone(&believed.call)).unwrap_or_default();
        call.operation(input);
        call
    }
}

/// The accounts that the request expects its buckets to belong to, if it expects any.
#[derive(Clone, Default)]
pub(crate) struct ExpectedOwners {
    pub(crate) of_bucket: Option<String>,
    /// That of the bucket which is copied from.
    pub(crate) of_source: Option<String>,
}

/// Headers that are about the signature and the chunks, and nothing to s3s.
const TAKEN_OFF: [&str; 6] = [
    "authorization",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-security-token",
    "x-amz-trailer",
];

/// Accounts that buckets are expected to belong to. Some presigners put these headers into the query.
const BUCKET_OWNER: &str = "x-amz-expected-bucket-owner";
const SOURCE_OWNER: &str = "x-amz-source-expected-bucket-owner";

/// Parameters of a presigned target that are its signature, in small letters.
const SIGNATURE: [&str; 7] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    "x-amz-signature",
    "x-amz-security-token",
];

/// How much is read of a body that nobody wants any more: parts of usual clients are shorter. Of strangers it is less.
const UNWANTED_BYTES_MAX: u64 = 64 * 1024 * 1024;
const STRANGERS_BYTES_MAX: u64 = 1024 * 1024;

impl Entrance {
    pub(crate) fn new(
        requesters: Arc<dyn Requesters>,
        service: S3Service,
        region: String,
        machine: Arc<dyn Machine>,
        randomness: Arc<dyn envelope::Randomness>,
        vitals: Arc<GatewayVitals>,
    ) -> Self {
        Self { requesters, service, region, machine, randomness, vitals }
    }

    /// The pages for monitoring.
    #[must_use]
    pub fn pages(&self) -> Pages {
        Pages(Arc::clone(&self.vitals))
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request<Incoming>, peer: Peer) -> Response<CountedBody> {
        let under_way = self.vitals.metrics.request();
        let call = Arc::new(NotedCall::default());
        let (parts, body) = self.answered(request, peer, &call).await.into_parts();
        let is_success = parts.status.is_success();
        Response::from_parts(parts, under_way.answered(&call, is_success, body))
    }

    async fn answered(
        &self,
        request: Request<Incoming>,
        peer: Peer,
        call: &Arc<NotedCall>,
    ) -> Response<Body> {
        let id = self.request_id();
        let is_head = request.method() == http::Method::HEAD;
        let (parts, body) = request.into_parts();
        let mut is_read = body.is_end_stream();
        // Whoever waits to be asked for its body sends none before.
        let waits = parts.headers.contains_key(header::EXPECT);
        let mut body = Some(body);
        let answered = match self.believe(parts, &mut body, peer, call).await {
            Err(error) => {
                if let Some(body) = body.filter(|_| !is_read && !waits) {
                    is_read = pass_over(body, STRANGERS_BYTES_MAX).await;
                }
                Err(error)
            }
            Ok((request, end)) => {
                let called = self.service.call(request).await;
                is_read |= end.is_whole();
                if let Some(rest) = end.take_rest().filter(|_| !is_read && !waits) {
                    is_read = pass_over(rest, UNWANTED_BYTES_MAX).await;
                }
                match called {
                    Err(_) => Err(S3Error::new(S3ErrorCode::InternalError)),
                    // What was made of a body that is not believed is not answered.
                    Ok(response) => end.error().map_or(Ok(response), Err),
                }
            }
        };
        let mut response = answered.unwrap_or_else(|mut error| {
            call.failed(&error);
            error.set_request_id(id.clone());
            error.to_http_response().unwrap_or_default()
        });
        if is_head && !response.status().is_success() {
            *response.body_mut() = Body::empty();
        }
        if !is_read {
            // The rest of the body is in the way of the next request.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let id = HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("0"));
        response.headers_mut().insert(HeaderName::from_static("x-amz-request-id"), id);
        response.headers_mut().insert(header::SERVER, HeaderValue::from_static("Keywright"));
        response
    }

    /// Verifies the signature, and takes it off. The body is taken only from who is believed.
    async fn believe(
        &self,
        mut parts: Parts,
        body: &mut Option<Incoming>,
        Peer { address, secure }: Peer,
        call: &Arc<NotedCall>,
    ) -> Result<(Request<Body>, BodyEnd), S3Error> {
        let head = Head { method: &parts.method, uri: &parts.uri, headers: &parts.headers };
        let refused = |error: S3AuthError| faults::of_signature(&error);
        let claim = S3Claim::parse(head).map_err(refused)?;
        let now = self.machine.now_seconds();
        claim.check_time(now).map_err(refused)?;
        claim.check_region(&self.region).map_err(refused)?;
        let sought = SoughtRequester {
            access_key_id: claim.access_key_id(),
            token: claim.security_token(),
            date: claim.scope().date,
            address,
        };
        let requester = self.requesters.find(sought).await.map_err(|nobody| unfound(&nobody, &claim))?;
        let verified = claim.verify(&requester.signing_key, now).map_err(refused)?;
        self.requesters.proved(claim.access_key_id(), claim.security_token());
        let is_presigned = claim.is_presigned();
        check_served(&parts, is_presigned)?;
        let arrived = RequestOrigin {
            address,
            secure,
            user_agent: parts
                .headers
                .get(header::USER_AGENT)
                .and_then(|agent| agent.to_str().ok())
                .map(str::to_owned),
            now,
            region: self.region.clone(),
            presigned: is_presigned,
        };
        let end = BodyEnd::default();
        let body = body.take().ok_or_else(|| S3Error::new(S3ErrorCode::InternalError))?;
        let data = IncomingData::new(body, verified, end.clone(), Arc::clone(&self.vitals.metrics));
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let trailer = text("x-amz-trailer");
        let owners = ExpectedOwners {
            of_bucket: text(BUCKET_OWNER).or_else(|| parameter(&parts.uri, BUCKET_OWNER)),
            of_source: text(SOURCE_OWNER).or_else(|| parameter(&parts.uri, SOURCE_OWNER)),
        };
        take_off(&mut parts.headers, data.length());
        if is_presigned {
            parts.uri = without_signature(&parts.uri).ok_or_else(|| S3Error::new(S3ErrorCode::InvalidURI))?;
        }
        let call = Arc::clone(call);
        let believed = BelievedRequest { requester, arrived, end: end.clone(), trailer, owners, call };
        parts.extensions.insert(believed);
        Ok((Request::from_parts(parts, Body::http_body(data)), end))
    }

    /// Sixteen capital letters and digits, as S3's.
    fn request_id(&self) -> String {
        let mut random = [0; 8];
        // An id without randomness is still an id.
        let _ = self.randomness.fill(&mut random);
        random.iter().map(|byte| format!("{byte:02X}")).collect()
    }
}

/// Takes the signature off the headers, and the chunks off what they say of the body.
fn take_off(headers: &mut HeaderMap, length: Option<u64>) {
    for name in TAKEN_OFF {
        headers.remove(name);
    }
    headers.remove(header::TRANSFER_ENCODING);
    headers.remove(header::EXPECT);
    if headers.get(header::RANGE).is_some_and(|range| !is_range(range)) {
        headers.remove(header::RANGE);
    }
    match length {
        Some(length) => drop(headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length))),
        None => drop(headers.remove(header::CONTENT_LENGTH)),
    }
    // `aws-chunked` is about the way, not about the object.
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok()) {
        let kept: Vec<_> = encoding
            .split(',')
            .map(str::trim)
            .filter(|coding| *coding != "aws-chunked" && !coding.is_empty())
            .collect();
        match HeaderValue::from_str(&kept.join(",")) {
            Ok(kept) if !kept.is_empty() => drop(headers.insert(header::CONTENT_ENCODING, kept)),
            _ => drop(headers.remove(header::CONTENT_ENCODING)),
        }
    }
}

/// Refuses what s3s would take for something else.
fn check_served(parts: &Parts, is_presigned: bool) -> Result<(), S3Error> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    // s3s would take the whole form into memory before anybody asks whether the sender may upload.
    let is_form = kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"));
    if parts.method == http::Method::POST && is_form {
        return Err(s3_error!(NotImplemented, "Uploads by forms are not served."));
    }
    for (name, _) in parameters(&parts.uri) {
        if name == "renameobject" {
            return Err(s3_error!(NotImplemented, "RenameObject is for directory buckets."));
        }
        if is_presigned && is_lost(&name) {
            let text = format!("{name} is a header, and is not served as a parameter.");
            return Err(S3Error::with_message(S3ErrorCode::NotImplemented, text));
        }
    }
    Ok(())
}

/// Whether a parameter is a header that a presigner put into the query, and that nobody would go by there. The checksum is none of
/// them: it is that of the body which the presigner had, and the body comes later.
fn is_lost(name: &str) -> bool {
    let may_be_there = SIGNATURE.contains(&name)
        || [BUCKET_OWNER, SOURCE_OWNER, "x-amz-content-sha256", "x-amz-user-agent"].contains(&name)
        || ["x-amz-checksum-", "x-amz-sdk-"].iter().any(|about| name.starts_with(about));
    name.starts_with("x-amz-") && !may_be_there
}

/// The parameters of a target: names in small letters, and what is written of each.
fn parameters(uri: &Uri) -> impl Iterator<Item = (String, &str)> {
    uri.query().unwrap_or_default().split('&').map(|parameter| {
        let name = parameter.split('=').next().unwrap_or_default();
        (percent_decode_str(name).decode_utf8_lossy().to_ascii_lowercase(), parameter)
    })
}

/// The value of a parameter.
fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let (_, written) = parameters(uri).find(|(known, _)| known == name)?;
    Some(percent_decode_str(written.split_once('=')?.1).decode_utf8_lossy().into_owned())
}

/// Whether a range is one of bytes. A range that cannot be understood is ignored: RFC 9110 section 14.2.
fn is_range(range: &HeaderValue) -> bool {
    range.to_str().is_ok_and(|range| Range::parse(range).is_ok())
}

/// A presigned target without its signature.
fn without_signature(uri: &Uri) -> Option<Uri> {
    let kept = parameters(uri).filter(|(name, _)| !SIGNATURE.contains(&name.as_str()));
    let query: Vec<_> = kept.map(|(_, written)| written).collect();
    let mut parts = uri.clone().into_parts();
    let query = query.join("&");
    let path = uri.path();
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

fn unfound(nobody: &NoRequester, claim: &S3Claim<'_>) -> S3Error {
    match nobody {
        NoRequester::Unknown if claim.security_token().is_some() => {
            faults::of_signature(&S3AuthError::InvalidToken)
        }
        NoRequester::Unknown => {
            faults::of_signature(&S3AuthError::UnknownAccessKey(claim.access_key_id().to_owned()))
        }
        NoRequester::Expired => faults::of_signature(&S3AuthError::ExpiredToken),
        NoRequester::Unavailable(why) => {
            tracing::warn!(%why, "nobody tells who sends a request");
            S3Error::with_message(S3ErrorCode::ServiceUnavailable, "Service is unable to handle request.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presigned_target_keeps_what_is_no_signature() {
        for (uri, expected) in [
            ("/b/k?X-Amz-Algorithm=A&versionId=1&X-Amz-Signature=x", "/b/k?versionId=1"),
            ("/b/a%2Fb?X-Amz-Date=1&x-amz-security-token=t", "/b/a%2Fb"),
            ("http://h/b?list-type=2&x-id=ListObjectsV2", "http://h/b?list-type=2&x-id=ListObjectsV2"),
        ] {
            assert_eq!(without_signature(&uri.parse().unwrap()).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_about_the_chunks_is_taken_off() {
        let mut headers = HeaderMap::new();
        headers.insert("content-encoding", HeaderValue::from_static("aws-chunked,gzip"));
        headers.insert("authorization", HeaderValue::from_static("x"));
        headers.insert("content-length", HeaderValue::from_static("99"));
        take_off(&mut headers, Some(5));
        assert_eq!(
            (headers.len(), &headers["content-encoding"], &headers["content-length"]),
            (2, &HeaderValue::from_static("gzip"), &HeaderValue::from_static("5"))
        );
        headers.insert("content-encoding", HeaderValue::from_static("aws-chunked"));
        take_off(&mut headers, None);
        assert!(headers.is_empty());
    }

    #[test]
    fn what_would_be_taken_for_something_else_is_refused() {
        let is_served = |method, uri: &str, kind, is_presigned| {
            let request = Request::builder().method(method).uri(uri).header(header::CONTENT_TYPE, kind);
            check_served(&request.body(()).unwrap().into_parts().0, is_presigned).is_ok()
        };
        let text = "text/plain";
        assert!(!is_served("PUT", "/b/k?renameObject", text, false));
        assert!(!is_served("PUT", "/b/k?x-id=RenameObject&renameObject=", text, false));
        assert!(is_served("PUT", "/b/renameObject?x-id=PutObject", text, false));
        assert!(!is_served("POST", "/b", "Multipart/Form-Data; boundary=x", false));
        assert!(is_served("PUT", "/b/k", "multipart/form-data", false));
        for lost in [
            "x-amz-copy-source=a/b",
            "x-amz-meta-a=b",
            "X-Amz-Server-Side-Encryption=AES256",
            "x-amz%2Dtagging=a",
        ] {
            assert!(!is_served("PUT", &format!("/b/k?X-Amz-Date=1&{lost}"), text, true), "{lost}");
        }
        let known = "X-Amz-Signature=1&x-amz-expected-bucket-owner=1&x-amz-checksum-crc32=A&x-amz-sdk-checksum-algorithm=CRC32";
        assert!(is_served("PUT", &format!("/b/k?{known}&x-id=PutObject"), text, true));
    }

    #[test]
    fn a_parameter_is_found_however_it_is_written() {
        let uri = "/b?list-type=2&X-Amz-Expected%2DBucket-Owner=1111%32".parse().unwrap();
        assert_eq!(parameter(&uri, BUCKET_OWNER).as_deref(), Some("11112"));
        assert_eq!(parameter(&uri, SOURCE_OWNER), None);
    }

    #[test]
    fn a_range_that_is_none_is_ignored() {
        for (range, is_kept) in [
            ("bytes=0-9", true),
            ("bytes=-5", true),
            ("bytes=5-", true),
            ("bytes=x-y", false),
            ("lines=1-2", false),
            ("bytes=5-2", false),
        ] {
            let mut headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(range))]);
            take_off(&mut headers, None);
            assert_eq!(headers.contains_key(header::RANGE), is_kept, "{range}");
        }
    }
}
