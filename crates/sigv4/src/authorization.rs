//! The signature in the Authorization header:
//! `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`, with its date and token in other headers.

use std::borrow::Cow;

use aws_lc_rs::digest;
use http::header::HeaderValue;
use memchr::{memchr, memchr2};

use crate::claim::Parts;
use crate::fields::{Field, Fields};
use crate::{AUTHORIZATION_BYTES_MAX, AuthError, HeaderPart, SKEW_SECONDS, Stamp};

/// Reads the parts of a signature in the header. Nothing of it is checked beyond its form.
pub(crate) fn parse<'a>(fields: &Fields<'a>) -> Result<Parts<'a>, AuthError> {
    let authorization = fields.authorization.only("Authorization")?.ok_or(AuthError::MissingToken)?;
    let bytes = authorization.as_bytes().trim_ascii();
    // Schemes of others, and AWS's older ones, are no signature at all.
    if !bytes.starts_with(b"AWS4-") {
        return Err(AuthError::MissingToken);
    }
    if bytes.len() > AUTHORIZATION_BYTES_MAX {
        return Err(AuthError::TooLong("Authorization"));
    }
    let text = plain(bytes).ok_or_else(|| not_a_pair(bytes))?;
    let (algorithm, pairs) = memchr(b' ', bytes).and_then(|at| cut(text, at)).unwrap_or((text, ""));
    let [credential, signature, signed_headers] = read_pairs(pairs, bytes)?;
    let date = date(fields)?;

    let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
        (credential, signature, signed_headers, date)
    else {
        let parts = [
            (HeaderPart::Credential, credential.is_none()),
            (HeaderPart::Signature, signature.is_none()),
            (HeaderPart::SignedHeaders, signed_headers.is_none()),
            (HeaderPart::Date, date.is_none()),
        ];
        let missing = parts.iter().filter(|(_, missing)| *missing).map(|(part, _)| *part).collect();
        return Err(AuthError::IncompleteHeader { missing, authorization_hash: fingerprint(bytes) });
    };
    Ok(Parts {
        algorithm: Cow::Borrowed(algorithm),
        credential: Cow::Borrowed(credential),
        signed_headers: Cow::Borrowed(signed_headers),
        signature: Cow::Borrowed(signature),
        signed_at: date.stamp()?,
        window_seconds: SKEW_SECONDS,
        security_token: token(fields.amz_security_token)?,
        presigned: false,
    })
}

/// Values of the three parameters; one without a value is as good as missing. Others are no concern.
pub(crate) fn read_pairs<'a>(pairs: &'a str, whole: &[u8]) -> Result<[Option<&'a str>; 3], AuthError> {
    const NAMES: [&str; 3] = ["Credential", "Signature", "SignedHeaders"];
    let mut values = [None; 3];
    let mut rest = Some(pairs);
    while let Some(pieces) = rest {
        let end = memchr2(b',', b' ', pieces.as_bytes());
        let (pair, after) =
            end.and_then(|end| cut(pieces, end)).map_or((pieces, None), |(a, b)| (a, Some(b)));
        rest = after;
        if pair.is_empty() {
            continue;
        }
        let at = memchr(b'=', pair.as_bytes()).ok_or_else(|| not_a_pair(whole))?;
        let (name, value) = cut(pair, at).ok_or_else(|| not_a_pair(whole))?;
        let Some((slot, name)) = values.iter_mut().zip(NAMES).find(|(_, known)| *known == name) else {
            continue;
        };
        if slot.replace(value).is_some() {
            return Err(AuthError::Repeated(name));
        }
    }
    Ok(values.map(|value| value.filter(|value| !value.is_empty())))
}

/// What stands before and behind the byte at an index.
fn cut(text: &str, at: usize) -> Option<(&str, &str)> {
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The header that dates the signature.
#[derive(Clone, Copy)]
enum Dated<'a> {
    /// `X-Amz-Date`, in ISO 8601 basic format.
    Amz(&'a HeaderValue),
    /// `Date`, also in HTTP's own format.
    Http(&'a HeaderValue),
}

impl Dated<'_> {
    fn stamp(self) -> Result<Stamp, AuthError> {
        let (value, stamp) = match self {
            Self::Amz(value) => (value, Stamp::from_basic(value.as_bytes())),
            Self::Http(value) => {
                let bytes = value.as_bytes();
                (value, Stamp::from_basic(bytes).or_else(|| Stamp::from_http_date(bytes)))
            }
        };
        stamp.ok_or_else(|| AuthError::MalformedDate(value.to_str().unwrap_or_default().to_owned()))
    }
}

fn date<'a>(fields: &Fields<'a>) -> Result<Option<Dated<'a>>, AuthError> {
    match fields.amz_date.only("X-Amz-Date")? {
        Some(value) => Ok(Some(Dated::Amz(value))),
        None => Ok(fields.date.only("Date")?.map(Dated::Http)),
    }
}

/// When the request was signed, by the header that dates it; nothing if there is none.
pub(crate) fn signed_at(fields: &Fields<'_>) -> Result<Option<Stamp>, AuthError> {
    date(fields)?.map(Dated::stamp).transpose()
}

/// The session token in a header.
pub(crate) fn token(field: Field<'_>) -> Result<Option<Cow<'_, str>>, AuthError> {
    const NAME: &str = "X-Amz-Security-Token";
    let Some(value) = field.only(NAME)? else { return Ok(None) };
    let text = value.to_str().map_err(|_| AuthError::MalformedParameter(NAME))?;
    Ok(Some(Cow::Borrowed(text)))
}

/// The text of printable ASCII and spaces; its parts later stand in records and error texts.
pub(crate) fn plain(bytes: &[u8]) -> Option<&str> {
    // Without a branch for each byte, many are looked at in one step.
    let plain = bytes.iter().fold(true, |plain, byte| plain & (b' '..=b'~').contains(byte));
    std::str::from_utf8(bytes).ok().filter(|_| plain)
}

fn not_a_pair(authorization: &[u8]) -> AuthError {
    AuthError::NotAPair { authorization_hash: fingerprint(authorization) }
}

/// What AWS shows of an Authorization header: enough to recognise it, too little to use it.
fn fingerprint(authorization: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(digest::digest(&digest::SHA256, authorization))
}
