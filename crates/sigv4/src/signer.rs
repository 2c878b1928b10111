//! Signing, for the few calls that go out from here. It makes what [`Claim`](crate::Claim) verifies.

use aws_lc_rs::digest;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header::InvalidHeaderValue};

use crate::{
    ALGORITHM, Head, Scope, SigningKey, Stamp, X_AMZ_DATE, X_AMZ_SECURITY_TOKEN,
    canonical::{self, digits},
    claim::signature,
    key::TERMINATOR,
};

/// What a request states of a body that is not signed.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

const X_AMZ_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// Who signs, and for what.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// The access key's id.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret: &'a [u8],
    /// The token that belongs to temporary credentials.
    pub security_token: Option<&'a str>,
    /// The Region that is called.
    pub region: &'a str,
    /// The service that is called, such as `sts`.
    pub service: &'a str,
}

/// The request cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsignable;

impl From<InvalidHeaderValue> for Unsignable {
    fn from(_: InvalidHeaderValue) -> Self {
        Self
    }
}

impl Signer<'_> {
    /// Signs a request in its header, over all headers that it has; `host` must be among them, or in the target.
    /// `now_seconds` counts from 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// When the id or the token cannot stand in a header, or no canonical form can be made of the request.
    pub fn sign<B: AsRef<[u8]>>(&self, request: &mut Request<B>, now_seconds: i64) -> Result<(), Unsignable> {
        let body_hash = digits(digest::digest(&digest::SHA256, request.body().as_ref()).as_ref());
        let canonical =
            |head: Head<'_>, signed_headers: &str| canonical::request(head, signed_headers, &body_hash);
        self.sign_as(request, now_seconds, canonical)
    }

    /// The same as S3 has it: the path is taken as it is, so that objects may have any name, and the body's hash is stated in
    /// a header of its own.
    ///
    /// # Errors
    /// As [`Signer::sign`].
    pub fn sign_for_s3<B: AsRef<[u8]>>(
        &self,
        request: &mut Request<B>,
        now_seconds: i64,
    ) -> Result<(), Unsignable> {
        let body_hash = digits(digest::digest(&digest::SHA256, request.body().as_ref()).as_ref());
        request.headers_mut().insert(X_AMZ_CONTENT_SHA256, HeaderValue::from_bytes(&body_hash)?);
        let canonical =
            |head: Head<'_>, signed_headers: &str| canonical::s3_request(head, signed_headers, &body_hash);
        self.sign_as(request, now_seconds, canonical)
    }

    /// Signs a request of S3 in its header, without its body: for bodies that are streams, over connections that vouch for them.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
    ///
    /// # Errors
    /// As [`Signer::sign`].
    pub fn sign_without_body<B>(&self, request: &mut Request<B>, now_seconds: i64) -> Result<(), Unsignable> {
        let stated = HeaderValue::from_static(UNSIGNED_PAYLOAD);
        request.headers_mut().insert(X_AMZ_CONTENT_SHA256, stated);
        let canonical = |head: Head<'_>, signed_headers: &str| {
            canonical::s3_request(head, signed_headers, UNSIGNED_PAYLOAD.as_bytes())
        };
        self.sign_as(request, now_seconds, canonical)
    }

    fn sign_as<B>(
        &self,
        request: &mut Request<B>,
        now_seconds: i64,
        canonical: impl Fn(Head<'_>, &str) -> Option<Vec<u8>>,
    ) -> Result<(), Unsignable> {
        let signed_at = Stamp::from_seconds(now_seconds);
        request.headers_mut().insert(X_AMZ_DATE, HeaderValue::from_str(signed_at.as_str())?);
        if let Some(token) = self.security_token {
            let mut token = HeaderValue::from_str(token)?;
            token.set_sensitive(true);
            request.headers_mut().insert(X_AMZ_SECURITY_TOKEN, token);
        }
        let scope = Scope { date: signed_at.date(), region: self.region, service: self.service };
        let signed_headers = names(request.headers());
        let head = Head { method: request.method(), uri: request.uri(), headers: request.headers() };
        let canonical = canonical(head, &signed_headers).ok_or(Unsignable)?;
        let key = SigningKey::derive(self.secret, scope);
        let signature = signature(&key, &signed_at, canonical);
        let authorization = format!(
            "{ALGORITHM} Credential={}/{}/{}/{}/{TERMINATOR}, SignedHeaders={signed_headers}, Signature={}",
            self.access_key_id,
            scope.date,
            scope.region,
            scope.service,
            String::from_utf8_lossy(&signature)
        );
        request.headers_mut().insert(http::header::AUTHORIZATION, HeaderValue::from_str(&authorization)?);
        Ok(())
    }
}

fn names(headers: &HeaderMap) -> String {
    let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    names.join(";")
}
