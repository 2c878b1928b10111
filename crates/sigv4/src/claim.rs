//! What a request says about its signature, and whether it is true.

use std::borrow::Cow;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use memchr::memchr;

use crate::canonical::digits;
use crate::fields::{Field, Fields};
use crate::key::TERMINATOR;
use crate::query::params;
use crate::{ALGORITHM, QUERY_PARAMETERS_MAX, SIGNED_HEADERS_MAX, SKEW_SECONDS};
use crate::{AuthError, Head, Scope, SigningKey, Stamp, authorization, canonical, presigned};

/// A signature as the request states it: well-formed, not yet believed.
///
/// It holds on to the head it was read from, so that it cannot be verified against another.
pub struct Claim<'a> {
    head: Head<'a>,
    access_key_id: Cow<'a, str>,
    date: Cow<'a, str>,
    region: Cow<'a, str>,
    service: Cow<'a, str>,
    signed_headers: Cow<'a, str>,
    signature: Cow<'a, str>,
    signed_at: Stamp,
    window_seconds: u32,
    security_token: Option<Cow<'a, str>>,
    content_sha256: Field<'a>,
    presigned: bool,
}

/// The parts of a signature, from the header or from the query.
pub(crate) struct Parts<'a> {
    pub(crate) algorithm: Cow<'a, str>,
    pub(crate) credential: Cow<'a, str>,
    pub(crate) signed_headers: Cow<'a, str>,
    pub(crate) signature: Cow<'a, str>,
    pub(crate) signed_at: Stamp,
    pub(crate) window_seconds: u32,
    pub(crate) security_token: Option<Cow<'a, str>>,
    pub(crate) presigned: bool,
}

impl<'a> Claim<'a> {
    /// Reads the signature of a request, from its Authorization header or from its query.
    ///
    /// # Errors
    /// [`AuthError::MissingToken`] if there is none, [`AuthError::TwoMechanisms`] if there are two; else what
    /// is missing, malformed, repeated, not signed or at odds with itself, in AWS's order.
    pub fn parse(head: Head<'a>) -> Result<Self, AuthError> {
        let query = head.uri.query();
        if query.is_some_and(|query| params(query).nth(QUERY_PARAMETERS_MAX).is_some()) {
            return Err(AuthError::TooManyParameters);
        }
        let query = query.filter(|query| presigned::is_in(query));
        let fields = Fields::of(head.headers);
        let parts = match query {
            Some(_) if !fields.authorization.is_absent() => return Err(AuthError::TwoMechanisms),
            Some(query) => presigned::parse(query, &fields)?,
            None => authorization::parse(&fields)?,
        };
        check_signed_headers(&fields, &parts.signed_headers)?;
        if parts.algorithm != ALGORITHM {
            return Err(AuthError::UnsupportedAlgorithm(parts.algorithm.into_owned()));
        }
        let [access_key_id, date, region, service, terminator] =
            five(parts.credential).ok_or(AuthError::MalformedCredential)?;
        if terminator != TERMINATOR {
            return Err(AuthError::ScopeTerminator(terminator.into_owned()));
        }
        if date != parts.signed_at.date() {
            return Err(AuthError::ScopeDate { scope: date.into_owned(), signed: parts.signed_at });
        }
        let window_seconds = if parts.presigned {
            presigned::window_seconds(&service, parts.window_seconds)
        } else {
            parts.window_seconds
        };
        Ok(Self {
            head,
            access_key_id,
            date,
            region,
            service,
            signed_headers: parts.signed_headers,
            signature: parts.signature,
            signed_at: parts.signed_at,
            window_seconds,
            security_token: parts.security_token,
            content_sha256: fields.amz_content_sha256,
            presigned: parts.presigned,
        })
    }

    /// Verifies the signature with the key for [`Claim::scope`], which the caller has found by
    /// [`Claim::access_key_id`]. `now_seconds` counts from 1970-01-01T00:00:00Z.
    ///
    /// The body's hash is always part of what is verified. If the request states one itself in
    /// `x-amz-content-sha256`, it must be that of the body: `UNSIGNED-PAYLOAD` and streaming are S3's. An empty
    /// value, which some clients sign, states none.
    ///
    /// # Errors
    /// Those of [`Claim::check_time`]; then [`AuthError::Mismatch`], which does not say what differs.
    pub fn verify(&self, key: &SigningKey, body: &[u8], now_seconds: i64) -> Result<(), AuthError> {
        self.check_time(now_seconds)?;
        let body_hash = digits(digest::digest(&digest::SHA256, body).as_ref());
        let is_stated_otherwise = match self.content_sha256 {
            Field::Absent => false,
            Field::Once(value) => !value.is_empty() && value.as_bytes() != body_hash,
            Field::Repeated => true,
        };
        // What is signed has the key's scope in it, whatever scope the request states.
        if is_stated_otherwise || key.scope() != self.scope() {
            return Err(AuthError::Mismatch);
        }
        let request = canonical::request(self.head, &self.signed_headers, &body_hash);
        let request = request.ok_or(AuthError::Mismatch)?;
        let expected = signature(key, &self.signed_at, request);
        verify_slices_are_equal(&expected, self.signature.as_bytes()).map_err(|_| AuthError::Mismatch)
    }

    /// Whether the signature's time is now; [`Claim::verify`] asks the same. Worth asking before the access
    /// key is looked up, since AWS does.
    ///
    /// # Errors
    /// [`AuthError::Expired`] more than [`SKEW_SECONDS`] after signing, or than the seconds that a presigned
    /// request lives; [`AuthError::NotYetCurrent`] more than [`SKEW_SECONDS`] before.
    pub fn check_time(&self, now_seconds: i64) -> Result<(), AuthError> {
        let (signed, window_seconds) = (self.signed_at, self.window_seconds);
        let age_seconds = now_seconds.saturating_sub(signed.seconds());
        if age_seconds > i64::from(window_seconds) {
            return Err(AuthError::Expired { signed, now: Stamp::from_seconds(now_seconds), window_seconds });
        }
        if age_seconds < -i64::from(SKEW_SECONDS) {
            return Err(AuthError::NotYetCurrent { signed, now: Stamp::from_seconds(now_seconds) });
        }
        Ok(())
    }

    /// The access key that the request names. Printable ASCII, not empty.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// What the signature is for. Whether this Region and service are served here is for the caller to check.
    #[must_use]
    pub fn scope(&self) -> Scope<'_> {
        Scope { date: &self.date, region: &self.region, service: &self.service }
    }

    /// The session token that goes with a temporary access key. A secret: never to be logged. The signature need not
    /// cover it, so the caller has to make sure that it is the token of [`Claim::access_key_id`] and of the secret
    /// that the signature is verified with.
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

    /// Whether the signature covers the header `name` (lower case). What is not covered, anyone on the way
    /// may have added or changed.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        covers(&self.signed_headers, name)
    }
}

/// The signature of a canonical request: the HMAC of the string to sign, in hexadecimal.
pub(crate) fn signature(key: &SigningKey, signed_at: &Stamp, request: Vec<u8>) -> [u8; 64] {
    let hash = digest::digest(&digest::SHA256, &request);
    // The string to sign is shorter than the request, and takes its place.
    let mut text = request;
    text.clear();
    text.extend_from_slice(ALGORITHM.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(signed_at.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(key.scope_line());
    text.extend_from_slice(&digits(hash.as_ref()));
    digits(key.sign(&text).as_ref())
}

/// The list must be canonical itself, since it is part of what is signed; and it must cover what chooses
/// the operation, or that could be exchanged under a good signature. A token of another caller cannot be put in place
/// of one that is not covered: it has another access key, which is covered, and another secret.
fn check_signed_headers(fields: &Fields<'_>, list: &str) -> Result<(), AuthError> {
    fields.amz_target.only("X-Amz-Target")?;
    let (mut host, mut date, mut target) = (false, false, false);
    let look = |name: &[u8]| match name {
        b"host" => host = true,
        b"x-amz-date" => date = true,
        b"x-amz-target" => target = true,
        _ => {}
    };
    each_name(list, SIGNED_HEADERS_MAX, look).ok_or(AuthError::MalformedSignedHeaders)?;
    let needed = [
        (host, "'Host' or ':authority'"),
        (date || fields.amz_date.is_absent(), "'X-Amz-Date'"),
        (target || fields.amz_target.is_absent(), "'X-Amz-Target'"),
    ];
    match needed.iter().find(|(is_covered, _)| !is_covered) {
        Some((_, shown)) => Err(AuthError::HeaderNotSigned(shown)),
        None => Ok(()),
    }
}

/// Looks at each name of a list of signed headers; nothing if the list is not canonical or has more than `max` names.
pub(crate) fn each_name<'a>(list: &'a str, max: usize, mut look: impl FnMut(&'a [u8])) -> Option<()> {
    let mut previous = &b""[..];
    for (count, name) in list.as_bytes().split(|byte| *byte == b';').enumerate() {
        // Names go up, so that none comes twice; the first is more than nothing.
        if count >= max || name <= previous || !is_name(name) {
            return None;
        }
        previous = name;
        look(name);
    }
    Some(())
}

/// Whether this can be a field's name in lower case (RFC 9110 section 5.1): letters, digits, and the marks that
/// section 5.6.2 allows in a token.
fn is_name(name: &[u8]) -> bool {
    const fn is_in_name(byte: u8) -> bool {
        matches!(byte,
            b'a'..=b'z' | b'0'..=b'9'
            | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
    }
    // Without a branch for each byte, many are looked at in one step.
    name.iter().fold(true, |is_name, byte| is_name & is_in_name(*byte))
}

pub(crate) fn covers(list: &str, name: &str) -> bool {
    list.split(';').any(|signed| signed == name)
}

/// The five parts of a credential, none of them empty.
pub(crate) fn five(credential: Cow<'_, str>) -> Option<[Cow<'_, str>; 5]> {
    fn split(text: &str) -> Option<[&str; 5]> {
        let mut rest = Some(text);
        let mut next = || {
            let (part, after) = match memchr(b'/', rest?.as_bytes()) {
                Some(at) => (rest?.get(..at)?, rest?.get(at + 1..)),
                None => (rest?, None),
            };
            rest = after;
            Some(part).filter(|part| !part.is_empty())
        };
        let five = [next()?, next()?, next()?, next()?, next()?];
        rest.is_none().then_some(five)
    }
    match credential {
        Cow::Borrowed(text) => Some(split(text)?.map(Cow::Borrowed)),
        Cow::Owned(text) => Some(split(&text)?.map(|part| Cow::Owned(part.to_owned()))),
    }
}
