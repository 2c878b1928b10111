//! Verification of AWS Signature Version 4, and signing.
//!
//! Pure: no I/O, no clock, no store of credentials. The caller brings the head and body of a request, the
//! secret of the access key that the request names, and the time. Nothing in a [`Claim`] may be believed
//! before [`Claim::verify`] (or [`SigningKeys::verify`]) has said yes.
//!
//! ```text
//!  Head ──parse──► Claim: who says so, in which scope, when, over which headers
//!                    │
//!  method, path, query, signed headers, SHA-256(body) ──► canonical request ──SHA-256──┐
//!                                                                                      ▼
//!  "AWS4-HMAC-SHA256" ⏎ time ⏎ date/region/service/aws4_request ⏎ ─────────► string to sign
//!                                                                                      │
//!  "AWS4"+secret ─HMAC date─HMAC region─HMAC service─HMAC "aws4_request"─► SigningKey ─┤
//!                                                                                      ▼
//!                                            hex(HMAC) == signature, in constant time ► yes
//! ```
//!
//! Obeyed: "AWS Signature Version 4 for API requests" in the IAM User Guide
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>), with the rules for services
//! other than S3 (path normalised by RFC 3986 section 5.2.4, then encoded once more; body always hashed),
//! and RFC 3986 section 2.3 for what stays unencoded. S3 has rules of its own, which [`S3Claim`] obeys.
//!
//! [`Claim`] is stricter than the document, because a server cannot be lenient about what it will act upon:
//! * headers that choose the operation and the time must be signed where they are present (`x-amz-target`,
//!   `x-amz-date`), and they and the parts of a signature may not be repeated;
//! * `x-amz-content-sha256`, if sent, must be sent once and be the body's hash or empty: unsigned and streamed payloads
//!   are refused;
//! * a request carries one signature, in the header or in the query, and one session token;
//! * a presigned request lives for a quarter of an hour at most.
//!
//! ```
//! use sigv4::{AuthError, Claim, Head, SigningKeys};
//!
//! fn is_believed(
//!     request: &http::Request<Vec<u8>>,
//!     secret_of: impl Fn(&str) -> Option<String>,
//!     now_seconds: i64,
//! ) -> Result<(), AuthError> {
//!     let head = Head { method: request.method(), uri: request.uri(), headers: request.headers() };
//!     let claim = Claim::parse(head)?;
//!     if claim.scope().service != "kms" {
//!         return Err(AuthError::ScopeService("kms".to_owned()));
//!     }
//!     let secret = secret_of(claim.access_key_id()).ok_or(AuthError::UnrecognizedClient)?;
//!     // A server keeps these beside the secret, so that the key is derived once a day.
//!     let keys = SigningKeys::new();
//!     keys.verify(&claim, || secret, request.body(), now_seconds)
//! }
//!
//! let unsigned = http::Request::post("https://localhost/").body(Vec::new()).unwrap();
//! assert_eq!(is_believed(&unsigned, |_| None, 0), Err(AuthError::MissingToken));
//! ```

mod authorization;
mod canonical;
mod claim;
mod error;
mod fields;
mod key;
mod keys;
mod presigned;
mod query;
mod s3;
mod signer;
mod stamp;

use http::HeaderName;

pub use claim::Claim;
pub use error::{AuthError, HeaderPart, Kind};
pub use key::{Scope, SigningKey};
pub use keys::{KEPT_MAX, SigningKeys};
pub use s3::{Flaw, Payload, S3AuthError, S3Body, S3Claim, Trailer};
pub use signer::{Signer, Unsignable};
pub use stamp::Stamp;

/// The algorithm that is accepted, the only one.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Seconds that the client's clock may be behind or ahead of the server's.
pub const SKEW_SECONDS: u32 = 300;

/// Seconds that the client's clock may be behind or ahead of the server's with S3.
pub const S3_SKEW_SECONDS: u32 = 900;

/// Longest life that a presigned request may state in seconds: seven days.
pub const EXPIRES_SECONDS_MAX: u32 = 604_800;

/// Longest life of a presigned request in seconds, whatever it states: a quarter of an hour, as with AWS's security
/// token service. With S3, a request lives as long as it states.
pub const PRESIGNED_SECONDS_MAX: u32 = 900;

/// Longest Authorization header, and longest credential, header list or signature in a query, in bytes.
pub const AUTHORIZATION_BYTES_MAX: usize = 4096;

/// How many headers a signature may cover.
pub const SIGNED_HEADERS_MAX: usize = 64;

/// How many headers a signature for S3 may cover: each of an object's metadata is one.
pub const S3_SIGNED_HEADERS_MAX: usize = 128;

/// How many parameters a query may have: sorting them costs memory, before anything is believed.
pub const QUERY_PARAMETERS_MAX: usize = 1000;

/// Headers of a signature that is made here.
const X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const X_AMZ_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// The head of a request as it came over the wire.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a http::Method,
    /// The target. Its authority stands in for a missing `host` header, as HTTP/2 has it (RFC 9113, 8.3.1).
    pub uri: &'a http::Uri,
    /// All headers.
    pub headers: &'a http::HeaderMap,
}
