//! Signature Version 4 as S3 has it.
//!
//! What differs from other services ("Authenticating Requests (AWS Signature Version 4)" in the S3 API reference,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html>):
//! * The path is encoded once and never normalised: dots and slashes are part of an object's name.
//! * The request states in `x-amz-content-sha256` what is signed of its body: the body's hash, nothing, or signatures
//!   that come with the body. A presigned request without that header signs nothing of its body. The signature covers
//!   the statement also where the header is not in the list of signed headers.
//! * Every other `x-amz-*` header, `content-md5` and `host` must be signed, in presigned requests too. `content-type`
//!   need not be, since S3 takes it unsigned, and browsers add it to presigned requests.
//! * A signed header may be there once only.
//! * Times may differ by [`S3_SKEW_SECONDS`], and a presigned request lives as long as it states, up to
//!   [`EXPIRES_SECONDS_MAX`].
//! * Signature Version 2 and Signature Version 4A are refused.
//!
//! ```text
//!  Head ──parse──► S3Claim ──verify──► S3Body: takes the bytes as they come, gives the object's data
//!                                        │
//!                 hash of it all, or chunk after chunk and a trailer ──finish──► the data may be believed
//! ```

mod body;
mod chain;
mod payload;
mod refusal;
mod streamed;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::HeaderMap;
use memchr::memchr;

use crate::claim::{Parts, covers, each_name, five, signature};
use crate::fields::{Field, Fields};
use crate::key::TERMINATOR;
use crate::query::{SIGNATURE, decode, params};
use crate::{
    ALGORITHM, AUTHORIZATION_BYTES_MAX, EXPIRES_SECONDS_MAX, QUERY_PARAMETERS_MAX, S3_SIGNED_HEADERS_MAX,
    S3_SKEW_SECONDS,
};
use crate::{AuthError, Head, Scope, SigningKey, Stamp, authorization, canonical, presigned};

pub use body::S3Body;
pub use payload::Payload;
pub use refusal::{Flaw, S3AuthError};
pub use streamed::Trailer;

/// A signature as a request to S3 states it: well-formed, not yet believed.
///
/// It holds on to the head it was read from, so that it cannot be verified against another.
pub struct S3Claim<'a> {
    head: Head<'a>,
    access_key_id: Cow<'a, str>,
    date: Cow<'a, str>,
    region: Cow<'a, str>,
    signed_headers: Cow<'a, str>,
    signature: Cow<'a, str>,
    signed_at: Stamp,
    life_seconds: u32,
    security_token: Option<Cow<'a, str>>,
    payload: Payload,
    payload_line: &'a [u8],
    presigned: bool,
}

impl<'a> S3Claim<'a> {
    /// Reads the signature of a request, from its Authorization header or from its query.
    ///
    /// # Errors
    /// [`S3AuthError::Anonymous`] if there is none; else what is missing, malformed, repeated, not signed, not served or
    /// at odds with itself.
    pub fn parse(head: Head<'a>) -> Result<Self, S3AuthError> {
        let fields = Fields::of(head.headers);
        let carrier = Carrier::of(head, &fields)?;
        let presigned = matches!(carrier, Carrier::Query(_));
        let malformed = |flaw| S3AuthError::Malformed { presigned, flaw };
        let (payload, payload_line) = payload(fields.amz_content_sha256, presigned)?;
        let parts = match carrier {
            Carrier::Header(pairs) => in_header(pairs, &fields)?,
            Carrier::Query(query) => in_query(query, &fields)?,
        };
        let [access_key_id, date, region, service, terminator] =
            five(parts.credential).ok_or(malformed(Flaw::Credential))?;
        if service != "s3" {
            return Err(malformed(Flaw::Service(service.into_owned())));
        }
        if terminator != TERMINATOR {
            return Err(malformed(Flaw::Terminator(terminator.into_owned())));
        }
        if date != parts.signed_at.date() {
            return Err(malformed(Flaw::ScopeDate { scope: date.into_owned(), signed: parts.signed_at }));
        }
        let mut signed = Vec::new();
        each_name(&parts.signed_headers, S3_SIGNED_HEADERS_MAX, |name| signed.push(name))
            .ok_or(malformed(Flaw::SignedHeaders))?;
        check_signed(head.headers, &signed)?;
        if let Some(name) = repeated(head.headers, &signed) {
            return Err(malformed(Flaw::Repeated(name.to_owned())));
        }
        Ok(Self {
            head,
            access_key_id,
            date,
            region,
            signed_headers: parts.signed_headers,
            signature: parts.signature,
            signed_at: parts.signed_at,
            life_seconds: parts.window_seconds,
            security_token: parts.security_token,
            payload,
            payload_line,
            presigned,
        })
    }

    /// Verifies the signature with the key for [`S3Claim::scope`], which the caller has found by
    /// [`S3Claim::access_key_id`]. `now_seconds` counts from 1970-01-01T00:00:00Z.
    ///
    /// The request may then be acted upon. What comes as its body goes through the [`S3Body`], which knows what is signed
    /// of it.
    ///
    /// # Errors
    /// Those of [`S3Claim::check_time`]; then [`S3AuthError::Mismatch`], which does not say what differs; then what is
    /// wrong with how the request announces its body.
    pub fn verify(&self, key: &Arc<SigningKey>, now_seconds: i64) -> Result<S3Body, S3AuthError> {
        self.check_time(now_seconds)?;
        // What is signed has the key's scope in it, whatever scope the request states.
        if key.scope() != self.scope() {
            return Err(S3AuthError::Mismatch);
        }
        let request = canonical::s3_request(self.head, &self.signed_headers, self.payload_line);
        let seed = signature(key, &self.signed_at, request.ok_or(S3AuthError::Mismatch)?);
        verify_slices_are_equal(&seed, self.signature.as_bytes()).map_err(|_| S3AuthError::Mismatch)?;
        S3Body::announced(self.payload, self.head.headers, || chain::Chain::new(key, self.signed_at, seed))
    }

    /// Whether the signature's time is now; [`S3Claim::verify`] asks the same. Worth asking before the access key is
    /// looked up.
    ///
    /// # Errors
    /// [`S3AuthError::TooSkewed`] if a request that is signed in the header was signed more than [`S3_SKEW_SECONDS`]
    /// before or after now; [`S3AuthError::Expired`] and [`S3AuthError::NotYetValid`] for presigned requests.
    pub fn check_time(&self, now_seconds: i64) -> Result<(), S3AuthError> {
        let (signed, life_seconds) = (self.signed_at, self.life_seconds);
        let age_seconds = now_seconds.saturating_sub(signed.seconds());
        let is_early = age_seconds < -i64::from(S3_SKEW_SECONDS);
        let is_late = age_seconds > i64::from(life_seconds);
        let now = Stamp::from_seconds(now_seconds);
        match (self.presigned, is_early, is_late) {
            (_, false, false) => Ok(()),
            (false, _, _) => Err(S3AuthError::TooSkewed { signed, now }),
            (true, true, _) => Err(S3AuthError::NotYetValid { signed, life_seconds, now }),
            (true, false, true) => Err(S3AuthError::Expired { signed, life_seconds, now }),
        }
    }

    /// Whether the request is signed for the Region that is served here.
    ///
    /// # Errors
    /// If not, with S3's text, which names the Region that is served.
    pub fn check_region(&self, served: &str) -> Result<(), S3AuthError> {
        if self.region == served {
            return Ok(());
        }
        let flaw = Flaw::Region { scope: self.region.to_string(), served: served.to_owned() };
        Err(S3AuthError::Malformed { presigned: self.presigned, flaw })
    }

    /// The access key that the request names. Printable ASCII, not empty.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// What the signature is for. The service is `s3`; for the Region there is [`S3Claim::check_region`].
    #[must_use]
    pub fn scope(&self) -> Scope<'_> {
        Scope { date: &self.date, region: &self.region, service: "s3" }
    }

    /// The session token that goes with a temporary access key. A secret: never to be logged. The signature covers it;
    /// the caller has to make sure that it is the token of [`S3Claim::access_key_id`].
    #[must_use]
    pub fn security_token(&self) -> Option<&str> {
        self.security_token.as_deref()
    }

    /// When the request says it was signed.
    #[must_use]
    pub const fn signed_at(&self) -> Stamp {
        self.signed_at
    }

    /// Whether the signature is in the query.
    #[must_use]
    pub const fn is_presigned(&self) -> bool {
        self.presigned
    }

    /// What the request states of its body.
    #[must_use]
    pub const fn payload(&self) -> Payload {
        self.payload
    }

    /// Whether the signature covers the header `name` (lower case). What is not covered, anyone on the way may have added
    /// or changed.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        covers(&self.signed_headers, name)
    }
}

/// Where the signature stands.
enum Carrier<'a> {
    /// In the header; what stands behind the algorithm.
    Header(&'a str),
    /// In the query, which is here.
    Query(&'a str),
}

impl<'a> Carrier<'a> {
    fn of(head: Head<'a>, fields: &Fields<'a>) -> Result<Self, S3AuthError> {
        let query = head.uri.query().unwrap_or_default();
        if params(query).nth(QUERY_PARAMETERS_MAX).is_some() {
            return Err(malformed_query(AuthError::TooManyParameters));
        }
        let is_presigned = presigned::is_in(query);
        let is_outdated =
            params(query).any(|(name, _)| matches!(&*decode(name), b"AWSAccessKeyId" | b"Signature"));
        let in_header = fields.authorization.only("Authorization").map_err(malformed_header)?;
        let Some(authorization) = in_header else {
            return match (is_presigned, is_outdated) {
                (true, true) => Err(S3AuthError::TwoMechanisms),
                (true, false) => Ok(Self::Query(query)),
                (false, true) => Err(S3AuthError::OutdatedVersion),
                (false, false) => Err(S3AuthError::Anonymous),
            };
        };
        if is_presigned || is_outdated {
            return Err(S3AuthError::TwoMechanisms);
        }
        let bytes = authorization.as_bytes().trim_ascii();
        if bytes.len() > AUTHORIZATION_BYTES_MAX {
            return Err(malformed_header(AuthError::TooLong("Authorization")));
        }
        let (scheme, pairs) =
            memchr(b' ', bytes).and_then(|at| bytes.split_at_checked(at)).ok_or(S3AuthError::NoSpace)?;
        match scheme {
            scheme if scheme == ALGORITHM.as_bytes() => authorization::plain(pairs)
                .map(Self::Header)
                .ok_or(S3AuthError::Malformed { presigned: false, flaw: Flaw::Parts }),
            b"AWS" => Err(S3AuthError::OutdatedVersion),
            b"AWS4-ECDSA-P256-SHA256" => Err(S3AuthError::UnsupportedMechanism),
            _ => Err(S3AuthError::UnsupportedType),
        }
    }
}

/// What the request states of its body, and the line for it in what is signed.
fn payload(field: Field<'_>, presigned: bool) -> Result<(Payload, &[u8]), S3AuthError> {
    let refused = |value: &[u8]| {
        let shown = value.get(..SHOWN_BYTES_MAX).unwrap_or(value);
        S3AuthError::InvalidPayloadHash(String::from_utf8_lossy(shown).into_owned())
    };
    let value = match field {
        Field::Absent if presigned => return Ok((Payload::Unsigned, b"UNSIGNED-PAYLOAD")),
        Field::Absent => return Err(S3AuthError::MissingPayloadHash),
        Field::Repeated => return Err(refused(b"")),
        Field::Once(value) => value.as_bytes(),
    };
    // S3 signs chunks after a signature in the header alone ("Chunked Upload" in the S3 API reference).
    let payload = Payload::stated(value).filter(|payload| !(presigned && payload.is_streamed()));
    Ok((payload.ok_or_else(|| refused(value))?, value))
}

/// The parts of a signature in the header.
fn in_header<'a>(pairs: &'a str, fields: &Fields<'a>) -> Result<Parts<'a>, S3AuthError> {
    let signed_at = authorization::signed_at(fields);
    let signed_at = signed_at.map_err(|error| match error {
        AuthError::Repeated(_) => malformed_header(error),
        _ => S3AuthError::MissingDate,
    })?;
    let signed_at = signed_at.ok_or(S3AuthError::MissingDate)?;
    let parts = authorization::read_pairs(pairs, pairs.as_bytes()).map_err(malformed_header)?;
    let [Some(credential), Some(signature), Some(signed_headers)] = parts else {
        return Err(S3AuthError::Malformed { presigned: false, flaw: Flaw::Parts });
    };
    Ok(Parts {
        algorithm: Cow::Borrowed(ALGORITHM),
        credential: Cow::Borrowed(credential),
        signed_headers: Cow::Borrowed(signed_headers),
        signature: Cow::Borrowed(signature),
        signed_at,
        window_seconds: S3_SKEW_SECONDS,
        security_token: authorization::token(fields.amz_security_token).map_err(malformed_header)?,
        presigned: false,
    })
}

/// The parts of a signature in the query. Six of the parameters must be there.
fn in_query<'a>(query: &'a str, fields: &Fields<'a>) -> Result<Parts<'a>, S3AuthError> {
    let malformed = |flaw| S3AuthError::Malformed { presigned: true, flaw };
    let values = presigned::values(query).map_err(malformed_query)?;
    let [
        Some(algorithm),
        Some(credential),
        Some(signature),
        Some(signed_headers),
        Some(date),
        Some(expires),
        token,
    ] = values
    else {
        return Err(malformed(Flaw::Parts));
    };
    if algorithm != ALGORITHM {
        return Err(malformed(Flaw::Algorithm));
    }
    Ok(Parts {
        algorithm,
        credential: presigned::bounded(credential, presigned::CREDENTIAL).map_err(malformed_query)?,
        signed_headers: presigned::bounded(signed_headers, presigned::SIGNED_HEADERS)
            .map_err(malformed_query)?,
        signature: presigned::bounded(signature, SIGNATURE).map_err(malformed_query)?,
        signed_at: Stamp::from_basic(date.as_bytes()).ok_or(malformed(Flaw::Date))?,
        window_seconds: life_seconds(&expires).map_err(malformed)?,
        security_token: presigned::one_token(token, fields).map_err(malformed_query)?,
        presigned: true,
    })
}

/// How long a presigned request lives, in seconds: none at all to a week.
fn life_seconds(expires: &str) -> Result<u32, Flaw> {
    let digits = expires.strip_prefix('-').unwrap_or(expires);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Flaw::ExpiresNumber);
    }
    if digits.len() < expires.len() {
        return Err(Flaw::ExpiresNegative);
    }
    // Digits that are no number of this size are one that is larger.
    digits.parse().ok().filter(|seconds| *seconds <= EXPIRES_SECONDS_MAX).ok_or(Flaw::ExpiresTooLong)
}

/// Who adds a header to a request that somebody else signed must not change what the request does. The signed names are in
/// ascending order.
fn check_signed(headers: &HeaderMap, signed: &[&[u8]]) -> Result<(), S3AuthError> {
    let must_be_signed = |name: &&str| match *name {
        "host" | "content-md5" => true,
        "x-amz-content-sha256" => false,
        name => name.starts_with("x-amz-"),
    };
    let present = headers.keys().map(http::HeaderName::as_str);
    let missing = std::iter::once("host").chain(present).filter(must_be_signed);
    let missing = missing.filter(|name| signed.binary_search(&name.as_bytes()).is_err());
    let names: BTreeSet<_> = missing.map(str::to_owned).collect();
    if names.is_empty() { Ok(()) } else { Err(S3AuthError::HeadersNotSigned(names)) }
}

/// A signed header that is there twice. `a,b` in one header is signed as `a` and `b` in two are: who reads the first alone
/// would read something else than what was signed.
fn repeated<'a>(headers: &'a HeaderMap, signed: &[&[u8]]) -> Option<&'a str> {
    if headers.len() == headers.keys_len() {
        return None;
    }
    let mut names = headers.keys().filter(|name| signed.binary_search(&name.as_str().as_bytes()).is_ok());
    names.find(|name| headers.get_all(*name).iter().nth(1).is_some()).map(http::HeaderName::as_str)
}

fn malformed_header(error: AuthError) -> S3AuthError {
    let flaw = if let AuthError::NotAPair { .. } = error { Flaw::Parts } else { Flaw::Common(error) };
    S3AuthError::Malformed { presigned: false, flaw }
}

fn malformed_query(error: AuthError) -> S3AuthError {
    S3AuthError::Malformed { presigned: true, flaw: Flaw::Common(error) }
}

/// How much is shown of a payload hash that is none.
const SHOWN_BYTES_MAX: usize = 128;
