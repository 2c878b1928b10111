//! Why a request is not believed, in AWS's words.

use std::fmt;

use crate::{
    AUTHORIZATION_BYTES_MAX, EXPIRES_SECONDS_MAX, QUERY_PARAMETERS_MAX, SIGNED_HEADERS_MAX, SKEW_SECONDS,
    Stamp,
};

/// A refusal. `Display` is the text for the client; [`AuthError::kind`] chooses its code.
///
/// Neither holds the Authorization header itself, a signature, a token or the canonical request: clients
/// put secrets into the wrong place, and texts end up in logs. Where AWS quotes the header, AWS's newer form
/// with its hash is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    /// No signature at all, or an Authorization header of another scheme.
    MissingToken,
    /// A signature in the header and another in the query.
    TwoMechanisms,
    /// The Authorization header, or the date beside it, is incomplete.
    IncompleteHeader {
        /// What is missing, in AWS's order.
        missing: Vec<HeaderPart>,
        /// Base64 of the header's SHA-256.
        authorization_hash: String,
    },
    /// The query has some parameters of a signature and lacks these.
    IncompleteQuery {
        /// Names of the parameters, in AWS's order.
        missing: Vec<&'static str>,
    },
    /// A part of the Authorization header is not `name=value`, or is not text.
    NotAPair {
        /// Base64 of the header's SHA-256.
        authorization_hash: String,
    },
    /// A header, parameter or part that must be unique is there twice.
    Repeated(&'static str),
    /// A part is longer than [`AUTHORIZATION_BYTES_MAX`].
    TooLong(&'static str),
    /// The query has more than [`QUERY_PARAMETERS_MAX`] parameters.
    TooManyParameters,
    /// A parameter of a presigned request, or the session token, is not printable ASCII.
    MalformedParameter(&'static str),
    /// The list of signed headers is not a sorted list of lower-case names, or is too long.
    MalformedSignedHeaders,
    /// Another algorithm than [`ALGORITHM`](crate::ALGORITHM), SigV4a included.
    UnsupportedAlgorithm(String),
    /// `X-Amz-Date` is not in ISO 8601 basic format, or `Date` in no format known.
    MalformedDate(String),
    /// `X-Amz-Expires` is not a number from 1 to [`EXPIRES_SECONDS_MAX`].
    MalformedExpires,
    /// The credential does not have five parts.
    MalformedCredential,
    /// A header that must be signed is not; the name as AWS writes it.
    HeaderNotSigned(&'static str),
    /// The scope ends in something else than `aws4_request`.
    ScopeTerminator(String),
    /// The scope's date is not the date of the signature.
    ScopeDate {
        /// What the scope says.
        scope: String,
        /// When the request was signed.
        signed: Stamp,
    },
    /// The scope's Region is not served here. For the caller of this crate to use.
    ScopeRegion(String),
    /// The scope's service is not this one, which was addressed. For the caller of this crate to use.
    ScopeService(String),
    /// No such access key, or a session token of another. For the caller of this crate to use.
    UnrecognizedClient,
    /// The session's credentials are past their end. For the caller of this crate to use.
    ExpiredToken,
    /// The signature's time is over.
    Expired {
        /// When the request was signed.
        signed: Stamp,
        /// The server's time.
        now: Stamp,
        /// How long the signature was good for, in seconds.
        window_seconds: u32,
    },
    /// The signature is from the future.
    NotYetCurrent {
        /// When the request was signed.
        signed: Stamp,
        /// The server's time.
        now: Stamp,
    },
    /// The signature is wrong.
    Mismatch,
}

/// What kind of refusal it is; each protocol has its own name for each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `MissingAuthenticationToken`.
    MissingToken,
    /// `IncompleteSignature`.
    Incomplete,
    /// `UnrecognizedClient`, `InvalidClientTokenId` in the Query protocol.
    UnrecognizedClient,
    /// `InvalidSignature`, `SignatureDoesNotMatch` in the Query protocol.
    InvalidSignature,
    /// `ExpiredToken`.
    ExpiredToken,
}

/// What a signature in the header consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderPart {
    /// `Credential=` in the Authorization header.
    Credential,
    /// `Signature=` in the Authorization header.
    Signature,
    /// `SignedHeaders=` in the Authorization header.
    SignedHeaders,
    /// The header `X-Amz-Date` or `Date`.
    Date,
}

impl AuthError {
    /// The kind of this refusal.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::MissingToken => Kind::MissingToken,
            Self::IncompleteHeader { .. }
            | Self::IncompleteQuery { .. }
            | Self::NotAPair { .. }
            | Self::Repeated(_)
            | Self::TooLong(_)
            | Self::TooManyParameters
            | Self::MalformedParameter(_)
            | Self::MalformedSignedHeaders
            | Self::UnsupportedAlgorithm(_)
            | Self::MalformedDate(_)
            | Self::MalformedExpires
            | Self::MalformedCredential => Kind::Incomplete,
            Self::UnrecognizedClient => Kind::UnrecognizedClient,
            Self::ExpiredToken => Kind::ExpiredToken,
            Self::TwoMechanisms
            | Self::HeaderNotSigned(_)
            | Self::ScopeTerminator(_)
            | Self::ScopeDate { .. }
            | Self::ScopeRegion(_)
            | Self::ScopeService(_)
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::Mismatch => Kind::InvalidSignature,
        }
    }
}

impl std::error::Error for AuthError {}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingToken => f.write_str("Missing Authentication Token"),
            Self::TwoMechanisms => f.write_str(TWO_MECHANISMS),
            Self::IncompleteHeader { missing, authorization_hash } => {
                missing.iter().try_for_each(|part| write!(f, "{part} "))?;
                write!(f, "(Hashed with SHA-256 and encoded with Base64) Authorization={authorization_hash}")
            }
            Self::IncompleteQuery { missing } => {
                let must = |name| write!(f, "AWS query-string parameters must include '{name}'. ");
                missing.iter().try_for_each(must)?;
                f.write_str("Re-examine the query-string parameters.")
            }
            Self::NotAPair { authorization_hash } => write!(f, "{NOT_A_PAIR}: '{authorization_hash}'."),
            Self::Repeated(what) => write!(f, "'{what}' must not be given more than once."),
            Self::TooLong(what) => {
                write!(f, "'{what}' must not be longer than {AUTHORIZATION_BYTES_MAX} bytes.")
            }
            Self::TooManyParameters => {
                write!(f, "The query string must not have more than {QUERY_PARAMETERS_MAX} parameters.")
            }
            Self::MalformedParameter(name) => write!(f, "'{name}' must consist of printable characters."),
            Self::MalformedSignedHeaders => write_signed_headers(f),
            Self::UnsupportedAlgorithm(name) => {
                write!(f, "Unsupported AWS 'algorithm': '{name}' (only AWS4-HMAC-SHA256 for now). ")
            }
            Self::MalformedDate(got) => write!(
                f,
                "Date must be in ISO-8601 'basic format'. Got '{got}'. \
                 See http://en.wikipedia.org/wiki/ISO_8601"
            ),
            Self::MalformedExpires => {
                write!(f, "X-Amz-Expires must be a number of seconds from 1 to {EXPIRES_SECONDS_MAX}.")
            }
            Self::MalformedCredential => f.write_str(MALFORMED_CREDENTIAL),
            Self::HeaderNotSigned(name) => {
                write!(f, "{name} must be a 'SignedHeader' in the AWS Authorization.")
            }
            Self::ScopeTerminator(got) => {
                write!(f, "Credential should be scoped with a valid terminator: 'aws4_request', not '{got}'.")
            }
            Self::ScopeDate { scope, signed } => {
                write!(f, "{SCOPE_DATE}: '{scope}' != '{}', from '{signed}'.", signed.date())
            }
            Self::ScopeRegion(got) => {
                write!(f, "Credential should be scoped to a valid region, not '{got}'.")
            }
            Self::ScopeService(expected) => {
                write!(f, "Credential should be scoped to correct service: '{expected}'.")
            }
            Self::UnrecognizedClient => f.write_str("The security token included in the request is invalid."),
            Self::ExpiredToken => f.write_str("The security token included in the request is expired"),
            Self::Expired { signed, now, window_seconds } => write_expired(f, *signed, *now, *window_seconds),
            Self::NotYetCurrent { signed, now } => write_not_yet_current(f, *signed, *now),
            Self::Mismatch => f.write_str(MISMATCH),
        }
    }
}

fn write_signed_headers(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "'SignedHeaders' must be at most {SIGNED_HEADERS_MAX} lower-case header names, each once, in \
         ascending order and separated by semicolons."
    )
}

fn write_expired(f: &mut fmt::Formatter<'_>, signed: Stamp, now: Stamp, window_seconds: u32) -> fmt::Result {
    let limit = Stamp::from_seconds(now.seconds().saturating_sub(window_seconds.into()));
    let window = Window(window_seconds);
    write!(f, "Signature expired: {signed} is now earlier than {limit} ({now} - {window}.)")
}

fn write_not_yet_current(f: &mut fmt::Formatter<'_>, signed: Stamp, now: Stamp) -> fmt::Result {
    let limit = Stamp::from_seconds(now.seconds().saturating_add(SKEW_SECONDS.into()));
    let window = Window(SKEW_SECONDS);
    write!(f, "Signature not yet current: {signed} is still later than {limit} ({now} + {window}.)")
}

impl fmt::Display for HeaderPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Credential => "Credential",
            Self::Signature => "Signature",
            Self::SignedHeaders => "SignedHeaders",
            Self::Date => {
                return f.write_str(
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
                );
            }
        };
        write!(f, "Authorization header requires '{name}' parameter.")
    }
}

/// A span of time as AWS's texts write it; whole minutes where it can.
struct Window(u32);

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            seconds if seconds % 60 == 0 => write!(f, "{} min", seconds / 60),
            seconds => write!(f, "{seconds} sec"),
        }
    }
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. \
    Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

const TWO_MECHANISMS: &str =
    "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";

const NOT_A_PAIR: &str = "Invalid key=value pair (missing equal-sign) in Authorization header \
    (hashed with SHA-256 and encoded with Base64)";

const MALFORMED_CREDENTIAL: &str =
    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term";

const SCOPE_DATE: &str =
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP";
