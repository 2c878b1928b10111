//! Why S3 does not believe a request or its body, in S3's words.
//!
//! Codes and statuses are those of "Error responses" in the S3 API reference
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>), texts those that S3 answers with.

use std::collections::BTreeSet;
use std::fmt;

use crate::{AuthError, EXPIRES_SECONDS_MAX, S3_SIGNED_HEADERS_MAX, S3_SKEW_SECONDS, Stamp};

/// A refusal. `Display` is the text for the client; [`S3AuthError::code`], [`S3AuthError::status`] and
/// [`S3AuthError::details`] are the rest of the answer.
///
/// None of them holds the Authorization header, a signature, a token or the canonical request, although S3 shows some of
/// these: clients put secrets into the wrong place, and texts end up in logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum S3AuthError {
    /// No signature at all. Whoever serves strangers may go on with the request.
    Anonymous,
    /// Signature Version 2, which S3 does not take for objects that are encrypted with KMS.
    OutdatedVersion,
    /// Signature Version 4A, which is not served.
    UnsupportedMechanism,
    /// An Authorization header of another scheme.
    UnsupportedType,
    /// An Authorization header that has nothing behind its scheme.
    NoSpace,
    /// Two signatures, in the header and in the query or of two versions.
    TwoMechanisms,
    /// The signature is not well-formed, or at odds with itself.
    Malformed {
        /// Whether it is in the query.
        presigned: bool,
        /// What is wrong.
        flaw: Flaw,
    },
    /// No header says when the request was signed, or it cannot be read.
    MissingDate,
    /// A request that is signed in the header has no `x-amz-content-sha256`.
    MissingPayloadHash,
    /// `x-amz-content-sha256` is no hash and none of the words that are served, or a streamed one in a presigned request.
    InvalidPayloadHash(String),
    /// Headers that must be signed and are not, by name.
    HeadersNotSigned(BTreeSet<String>),
    /// The time of a request that is signed in the header is too far from the server's.
    TooSkewed {
        /// When the request was signed.
        signed: Stamp,
        /// The server's time.
        now: Stamp,
    },
    /// The life of a presigned request is over.
    Expired {
        /// When the request was signed.
        signed: Stamp,
        /// How long it lives.
        life_seconds: u32,
        /// The server's time.
        now: Stamp,
    },
    /// A presigned request is from the future.
    NotYetValid {
        /// When the request was signed.
        signed: Stamp,
        /// How long it lives.
        life_seconds: u32,
        /// The server's time.
        now: Stamp,
    },
    /// No such access key. For the caller of this crate to use.
    UnknownAccessKey(String),
    /// A session token of another access key, or none where one belongs. For the caller of this crate to use.
    InvalidToken,
    /// The session's credentials are past their end. For the caller of this crate to use.
    ExpiredToken,
    /// The signature of the request, of a chunk or of the trailer is wrong.
    Mismatch,
    /// The body has another SHA-256 than the request states.
    PayloadMismatch {
        /// What the request states.
        stated: [u8; 32],
        /// What the body has.
        computed: [u8; 32],
    },
    /// A streamed body without `x-amz-decoded-content-length`, or with one that is no number.
    MissingDecodedLength,
    /// `x-amz-trailer` names something that is no checksum.
    UnsupportedTrailer,
    /// `x-amz-trailer` names more than one checksum.
    ManyTrailers,
    /// The trailer is not the one that was announced, or is announced where none belongs.
    MalformedTrailer,
    /// The body ends too early, goes on too long, or is not in chunks.
    IncompleteBody,
    /// A chunk before the last one is too small.
    ChunkTooSmall {
        /// The number of the chunk that came after the small one, from 1.
        chunk: u64,
        /// The size of the small chunk.
        bytes: u64,
    },
}

/// What is wrong with the form of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// A part is missing.
    Parts,
    /// Another algorithm than [`ALGORITHM`](crate::ALGORITHM) in a query.
    Algorithm,
    /// `X-Amz-Date` in a query is no moment.
    Date,
    /// `X-Amz-Expires` is no number.
    ExpiresNumber,
    /// `X-Amz-Expires` is below zero.
    ExpiresNegative,
    /// `X-Amz-Expires` is more than [`EXPIRES_SECONDS_MAX`].
    ExpiresTooLong,
    /// The credential does not have five parts.
    Credential,
    /// The scope's date is not the date of the signature.
    ScopeDate {
        /// What the scope says.
        scope: String,
        /// When the request was signed.
        signed: Stamp,
    },
    /// The scope's Region is not the one that is served.
    Region {
        /// What the scope says.
        scope: String,
        /// The Region that is served.
        served: String,
    },
    /// The scope's service is not `s3`.
    Service(String),
    /// The scope ends in something else than `aws4_request`.
    Terminator(String),
    /// The list of signed headers is not a sorted list of lower-case names, or is too long.
    SignedHeaders,
    /// A signed header is there twice.
    Repeated(String),
    /// What is refused of any service.
    Common(AuthError),
}

impl S3AuthError {
    /// S3's code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OutdatedVersion
            | Self::UnsupportedType
            | Self::NoSpace
            | Self::TwoMechanisms
            | Self::InvalidPayloadHash(_) => "InvalidArgument",
            Self::UnsupportedMechanism
            | Self::MissingPayloadHash
            | Self::UnsupportedTrailer
            | Self::ManyTrailers => "InvalidRequest",
            Self::Malformed { presigned: false, .. } => "AuthorizationHeaderMalformed",
            Self::Malformed { presigned: true, .. } => "AuthorizationQueryParametersError",
            Self::Anonymous
            | Self::MissingDate
            | Self::HeadersNotSigned(_)
            | Self::Expired { .. }
            | Self::NotYetValid { .. } => "AccessDenied",
            Self::TooSkewed { .. } => "RequestTimeTooSkewed",
            Self::UnknownAccessKey(_) => "InvalidAccessKeyId",
            Self::InvalidToken => "InvalidToken",
            Self::ExpiredToken => "ExpiredToken",
            Self::Mismatch => "SignatureDoesNotMatch",
            Self::PayloadMismatch { .. } => "XAmzContentSHA256Mismatch",
            Self::MissingDecodedLength => "MissingContentLength",
            Self::MalformedTrailer => "MalformedTrailerError",
            Self::IncompleteBody => "IncompleteBody",
            Self::ChunkTooSmall { .. } => "InvalidChunkSizeError",
        }
    }

    /// The HTTP status that goes with the code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Anonymous
            | Self::MissingDate
            | Self::HeadersNotSigned(_)
            | Self::Expired { .. }
            | Self::NotYetValid { .. }
            | Self::TooSkewed { .. }
            | Self::UnknownAccessKey(_)
            | Self::Mismatch
            | Self::ChunkTooSmall { .. } => 403,
            Self::MissingDecodedLength => 411,
            Self::OutdatedVersion
            | Self::UnsupportedMechanism
            | Self::UnsupportedType
            | Self::NoSpace
            | Self::TwoMechanisms
            | Self::Malformed { .. }
            | Self::MissingPayloadHash
            | Self::InvalidPayloadHash(_)
            | Self::InvalidToken
            | Self::ExpiredToken
            | Self::PayloadMismatch { .. }
            | Self::UnsupportedTrailer
            | Self::ManyTrailers
            | Self::MalformedTrailer
            | Self::IncompleteBody => 400,
        }
    }

    /// Further elements of S3's answer, by name, which stand behind the text.
    #[must_use]
    pub fn details(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::UnsupportedType | Self::NoSpace | Self::TwoMechanisms => {
                vec![("ArgumentName", "Authorization".to_owned())]
            }
            Self::Malformed { flaw: Flaw::Region { served, .. }, .. } => vec![("Region", served.clone())],
            Self::InvalidPayloadHash(got) => {
                vec![("ArgumentName", "x-amz-content-sha256".to_owned()), ("ArgumentValue", got.clone())]
            }
            Self::HeadersNotSigned(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                vec![("HeadersNotSigned", names.join(", "))]
            }
            Self::TooSkewed { signed, now } => vec![
                ("RequestTime", signed.to_string()),
                ("ServerTime", now.extended()),
                ("MaxAllowedSkewMilliseconds", (S3_SKEW_SECONDS * 1000).to_string()),
            ],
            Self::Expired { signed, life_seconds, now } => vec![
                ("X-Amz-Expires", life_seconds.to_string()),
                ("Expires", end(*signed, *life_seconds)),
                ("ServerTime", now.extended()),
            ],
            Self::NotYetValid { signed, life_seconds, now } => vec![
                ("X-Amz-Date", (signed.seconds() * 1000).to_string()),
                ("Expires", end(*signed, *life_seconds)),
                ("ServerTime", now.extended()),
            ],
            Self::UnknownAccessKey(id) => vec![("AWSAccessKeyId", id.clone())],
            Self::PayloadMismatch { stated, computed } => vec![
                ("ClientComputedContentSHA256", base16ct::lower::encode_string(stated)),
                ("S3ComputedContentSHA256", base16ct::lower::encode_string(computed)),
            ],
            Self::ChunkTooSmall { chunk, bytes } => {
                vec![("Chunk", chunk.to_string()), ("BadChunkSize", bytes.to_string())]
            }
            _ => Vec::new(),
        }
    }
}

/// When a presigned request's life ends.
fn end(signed: Stamp, life_seconds: u32) -> String {
    Stamp::from_seconds(signed.seconds().saturating_add(life_seconds.into())).extended()
}

impl std::error::Error for S3AuthError {}

impl fmt::Display for S3AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed { presigned, flaw } => return flaw.write(f, *presigned),
            Self::Anonymous => "Access Denied",
            Self::OutdatedVersion => OUTDATED_VERSION,
            Self::UnsupportedMechanism => UNSUPPORTED_MECHANISM,
            Self::UnsupportedType => "Unsupported Authorization Type",
            Self::NoSpace => "Authorization header is invalid -- one and only one ' ' (space) required",
            Self::TwoMechanisms => TWO_MECHANISMS,
            Self::MissingDate => "AWS authentication requires a valid Date or x-amz-date header",
            Self::MissingPayloadHash => "Missing required header for this request: x-amz-content-sha256",
            Self::InvalidPayloadHash(_) => INVALID_PAYLOAD_HASH,
            Self::HeadersNotSigned(_) => "There were headers present in the request which were not signed",
            Self::TooSkewed { .. } => TOO_SKEWED,
            Self::Expired { .. } => "Request has expired",
            Self::NotYetValid { .. } => "Request is not yet valid",
            Self::UnknownAccessKey(_) => "The AWS Access Key Id you provided does not exist in our records.",
            Self::InvalidToken => "The provided token is malformed or otherwise invalid.",
            Self::ExpiredToken => "The provided token has expired.",
            Self::Mismatch => MISMATCH,
            Self::PayloadMismatch { .. } => PAYLOAD_MISMATCH,
            Self::MissingDecodedLength => "You must provide the Content-Length HTTP header.",
            Self::UnsupportedTrailer => "The value specified in the x-amz-trailer header is not supported",
            Self::ManyTrailers => MANY_TRAILERS,
            Self::MalformedTrailer => MALFORMED_TRAILER,
            Self::IncompleteBody => "The request body terminated unexpectedly",
            Self::ChunkTooSmall { .. } => CHUNK_TOO_SMALL,
        })
    }
}

impl Flaw {
    /// Writes the text, which begins with where the flaw is.
    fn write(&self, f: &mut fmt::Formatter<'_>, presigned: bool) -> fmt::Result {
        let of_credential =
            matches!(self, Self::Credential | Self::Region { .. } | Self::Service(_) | Self::Terminator(_));
        match (presigned, of_credential) {
            (false, _) => f.write_str("The authorization header is malformed; ")?,
            (true, true) => f.write_str("Error parsing the X-Amz-Credential parameter; ")?,
            (true, false) => {}
        }
        match self {
            Self::Parts if presigned => f.write_str(QUERY_PARTS),
            Self::Parts => f.write_str(HEADER_PARTS),
            Self::Algorithm => f.write_str("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""),
            Self::Date => {
                f.write_str("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
            }
            Self::ExpiresNumber => f.write_str("X-Amz-Expires should be a number"),
            Self::ExpiresNegative => f.write_str("X-Amz-Expires must be non-negative"),
            Self::ExpiresTooLong => write!(
                f,
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must \
                 be less than {EXPIRES_SECONDS_MAX} seconds"
            ),
            Self::Credential => f.write_str(CREDENTIAL),
            Self::ScopeDate { scope, signed } if presigned => write!(
                f,
                "Invalid credential date \"{scope}\". This date is not the same as X-Amz-Date: \"{}\".",
                signed.date()
            ),
            Self::ScopeDate { .. } => {
                f.write_str("Invalid credential date. Date is not the same as X-Amz-Date.")
            }
            Self::Region { scope, served } => {
                write!(f, "the region '{scope}' is wrong; expecting '{served}'")
            }
            Self::Service(got) => {
                write!(f, "incorrect service \"{got}\". This endpoint belongs to \"s3\".")
            }
            Self::Terminator(got) => {
                write!(f, "incorrect terminal \"{got}\". This endpoint uses \"aws4_request\".")
            }
            Self::SignedHeaders => write!(
                f,
                "'SignedHeaders' must be at most {S3_SIGNED_HEADERS_MAX} lower-case header names, each once, in \
                 ascending order and separated by semicolons."
            ),
            Self::Repeated(name) => write!(f, "'{name}' must not be given more than once."),
            Self::Common(error) => write!(f, "{error}"),
        }
    }
}

const OUTDATED_VERSION: &str = "Requests specifying Server Side Encryption with AWS KMS managed keys require \
    AWS Signature Version 4.";

const UNSUPPORTED_MECHANISM: &str =
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";

const TWO_MECHANISMS: &str = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, \
    Signature query string parameter or the Authorization header should be specified";

/// S3's text also names the words of Signature Version 4A, which S3 serves.
const INVALID_PAYLOAD_HASH: &str = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, \
    STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, \
    STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.";

const TOO_SKEWED: &str = "The difference between the request time and the current time is too large.";

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. \
    Check your key and signing method.";

const PAYLOAD_MISMATCH: &str = "The provided 'x-amz-content-sha256' header does not match what was computed.";

const MANY_TRAILERS: &str =
    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";

const MALFORMED_TRAILER: &str = "The request contained trailing data that was not well-formed or did not \
    conform to our published schema.";

const CHUNK_TOO_SMALL: &str = "Only the last chunk is allowed to have a size less than 8192 bytes";

const HEADER_PARTS: &str =
    "the authorization header requires three components: Credential, SignedHeaders, and Signature.";

const QUERY_PARTS: &str = "Query-string authentication version 4 requires the X-Amz-Algorithm, \
    X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";

const CREDENTIAL: &str =
    "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
