//! What went wrong, once, at the edge: an AWS error code with two messages.
//!
//! Inside a crate an error is a small enum that its callers can act on; it becomes a [`Fault`] where it
//! leaves the crate. The caller's message is AWS's wording and may name only what the caller sent or may
//! know. The operator's detail goes to the record and the log, never to the caller.

use std::borrow::Cow;

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which AWS error it is.
    pub kind: &'static FaultKind,
    /// For the caller. Some AWS errors carry no text at all.
    pub message: Option<Cow<'static, str>>,
    /// For the operator only.
    pub detail: Option<Box<str>>,
}

/// An AWS error: its names and HTTP statuses in the two protocols.
#[derive(Debug, PartialEq, Eq)]
pub struct FaultKind {
    /// Name in AWS JSON 1.1 (`__type`, `x-amzn-ErrorType`).
    pub json: &'static str,
    /// Name in the Query protocol (`<Code>`).
    pub query: &'static str,
    /// HTTP status in AWS JSON 1.1.
    pub json_status: u16,
    /// HTTP status in the Query protocol.
    pub query_status: u16,
}

impl Fault {
    /// A fault without text, as AWS sends for, say, `InvalidCiphertextException`.
    #[must_use]
    pub const fn silent(kind: &'static FaultKind) -> Self {
        Self { kind, message: None, detail: None }
    }

    /// A fault with AWS's text for the caller.
    #[must_use]
    pub fn new(kind: &'static FaultKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: Some(message.into()), detail: None }
    }

    /// The server failed. The caller learns that it may try again, the operator learns why.
    #[must_use]
    pub fn internal(detail: impl Into<Box<str>>) -> Self {
        Self {
            kind: &INTERNAL,
            message: Some(Cow::Borrowed(
                "The request was rejected because of an internal error. Retry the request.",
            )),
            detail: Some(detail.into()),
        }
    }

    /// Other calls kept changing the same thing. The caller may try again.
    #[must_use]
    pub fn contended(detail: impl Into<Box<str>>) -> Self {
        Self {
            kind: &CONTENDED,
            message: Some(Cow::Borrowed(
                "The request was rejected because multiple requests to change this object were submitted \
                 simultaneously. Wait a few minutes and submit your request again.",
            )),
            detail: Some(detail.into()),
        }
    }

    /// Adds what the operator should know.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Box<str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

impl From<store::StoreError> for Fault {
    fn from(error: store::StoreError) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<model::constraint::Violations> for Fault {
    fn from(violations: model::constraint::Violations) -> Self {
        Self::new(&VALIDATION, violations.to_string())
    }
}

impl From<sigv4::AuthError> for Fault {
    fn from(error: sigv4::AuthError) -> Self {
        let kind = match error.kind() {
            sigv4::Kind::MissingToken => &MISSING_AUTHENTICATION,
            sigv4::Kind::Incomplete => &INCOMPLETE_SIGNATURE,
            sigv4::Kind::UnrecognizedClient => &UNRECOGNIZED_CLIENT,
            sigv4::Kind::InvalidSignature => &INVALID_SIGNATURE,
            sigv4::Kind::ExpiredToken => &EXPIRED_TOKEN,
        };
        Self::new(kind, error.to_string())
    }
}

/// An error of one service: 400 and one name in both protocols.
const fn modelled(name: &'static str) -> FaultKind {
    FaultKind { json: name, query: name, json_status: 400, query_status: 400 }
}

/// An error that both protocols know under different names and statuses.
const fn common(json: &'static str, query: &'static str, query_status: u16) -> FaultKind {
    FaultKind { json, query, json_status: 400, query_status }
}

// Faults of every service (facts: the common errors of the AWS API reference).

/// The request carries no signature.
pub static MISSING_AUTHENTICATION: FaultKind =
    common("MissingAuthenticationTokenException", "MissingAuthenticationToken", 403);
/// The signature lacks a part or is malformed.
pub static INCOMPLETE_SIGNATURE: FaultKind =
    common("IncompleteSignatureException", "IncompleteSignature", 400);
/// The signature is wrong, stale or for another place.
pub static INVALID_SIGNATURE: FaultKind = common("InvalidSignatureException", "SignatureDoesNotMatch", 403);
/// The access key or session token is unknown or switched off.
pub static UNRECOGNIZED_CLIENT: FaultKind =
    common("UnrecognizedClientException", "InvalidClientTokenId", 403);
/// The session token has expired.
pub static EXPIRED_TOKEN: FaultKind = common("ExpiredTokenException", "ExpiredToken", 403);
/// The caller may not do this.
pub static ACCESS_DENIED: FaultKind = common("AccessDeniedException", "AccessDenied", 403);
/// A member breaks its constraint.
pub static VALIDATION: FaultKind = common("ValidationException", "ValidationError", 400);
/// The body is not what the protocol says.
pub static SERIALIZATION: FaultKind = common("SerializationException", "MalformedInput", 400);
/// There is no such operation.
pub static UNKNOWN_OPERATION: FaultKind = common("UnknownOperationException", "InvalidAction", 400);
/// The operation exists in the API and is not built.
pub static UNSUPPORTED_OPERATION: FaultKind = modelled("UnsupportedOperationException");
/// The body is over the limit.
pub static TOO_LARGE: FaultKind = FaultKind {
    json: "RequestEntityTooLargeException",
    query: "RequestEntityTooLarge",
    json_status: 413,
    query_status: 413,
};
/// The body did not arrive in time or broke off.
pub static REQUEST_TIMEOUT: FaultKind = FaultKind {
    json: "RequestTimeoutException",
    query: "RequestTimeout",
    json_status: 408,
    query_status: 408,
};
/// The server has too much to do; try again.
pub static UNAVAILABLE: FaultKind = FaultKind {
    json: "ServiceUnavailableException",
    query: "ServiceUnavailable",
    json_status: 503,
    query_status: 503,
};
/// Others changed the same thing at the same time; try again. KMS has no error of its own for it.
pub static CONTENDED: FaultKind = FaultKind {
    json: "KMSInternalException",
    query: "ConcurrentModification",
    json_status: 500,
    query_status: 409,
};
/// The server failed; try again.
pub static INTERNAL: FaultKind =
    FaultKind { json: "KMSInternalException", query: "InternalFailure", json_status: 500, query_status: 500 };
