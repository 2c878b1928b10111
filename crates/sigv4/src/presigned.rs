//! The signature in the query: `X-Amz-Algorithm=…&X-Amz-Credential=…&…&X-Amz-Signature=…`.

use std::borrow::Cow;

use crate::authorization;
use crate::claim::Parts;
use crate::fields::Fields;
use crate::query::{SIGNATURE, decode, params};
use crate::{
    AUTHORIZATION_BYTES_MAX, AuthError, EXPIRES_SECONDS_MAX, PRESIGNED_SECONDS_MAX, SKEW_SECONDS, Stamp,
};

const ALGORITHM: &str = "X-Amz-Algorithm";
pub(crate) const CREDENTIAL: &str = "X-Amz-Credential";
pub(crate) const SIGNED_HEADERS: &str = "X-Amz-SignedHeaders";
const DATE: &str = "X-Amz-Date";
const EXPIRES: &str = "X-Amz-Expires";
const SECURITY_TOKEN: &str = "X-Amz-Security-Token";

/// The parameters of a signature: five that must be there, in AWS's order, and two that may.
const NAMES: [&str; 7] = [ALGORITHM, CREDENTIAL, SIGNATURE, SIGNED_HEADERS, DATE, EXPIRES, SECURITY_TOKEN];

/// Whether the query means to carry a signature.
pub(crate) fn is_in(query: &str) -> bool {
    params(query).any(|(name, _)| {
        let name = decode(name);
        [ALGORITHM, CREDENTIAL, SIGNATURE].iter().any(|known| known.as_bytes() == &*name)
    })
}

/// Reads the parts of a signature in the query. Nothing of it is checked beyond its form.
///
/// Without `X-Amz-Expires`, which some signers leave out, it states the life of one in the header. The session token
/// may stand in its header too, but not in both places.
pub(crate) fn parse<'a>(query: &'a str, fields: &Fields<'a>) -> Result<Parts<'a>, AuthError> {
    let values = values(query)?;
    let missing = NAMES.iter().zip(&values).take(5).filter(|(_, value)| value.is_none());
    let missing = missing.map(|(name, _)| *name).collect();

    let [
        Some(algorithm),
        Some(credential),
        Some(signature),
        Some(signed_headers),
        Some(date),
        expires,
        token,
    ] = values
    else {
        return Err(AuthError::IncompleteQuery { missing });
    };
    let signed_at = Stamp::from_basic(date.as_bytes());
    let security_token = one_token(token, fields)?;
    Ok(Parts {
        algorithm,
        credential: bounded(credential, CREDENTIAL)?,
        signed_headers: bounded(signed_headers, SIGNED_HEADERS)?,
        signature: bounded(signature, SIGNATURE)?,
        signed_at: signed_at.ok_or_else(|| AuthError::MalformedDate(date.into_owned()))?,
        window_seconds: expires.map_or(Ok(SKEW_SECONDS), |text| seconds(&text))?,
        security_token,
        presigned: true,
    })
}

/// The values of the parameters of a signature, in the order of [`NAMES`]; an empty one is as good as missing.
pub(crate) fn values(query: &str) -> Result<[Option<Cow<'_, str>>; 7], AuthError> {
    let mut values: [Option<Cow<'_, str>>; 7] = Default::default();
    for (name, value) in params(query) {
        let name = decode(name);
        let known = values.iter_mut().zip(NAMES).find(|(_, known)| known.as_bytes() == &*name);
        let Some((slot, name)) = known else { continue };
        if slot.replace(printable(value, name)?).is_some() {
            return Err(AuthError::Repeated(name));
        }
    }
    Ok(values.map(|value| value.filter(|value| !value.is_empty())))
}

/// The session token, from the query or from its header.
pub(crate) fn one_token<'a>(
    in_query: Option<Cow<'a, str>>,
    fields: &Fields<'a>,
) -> Result<Option<Cow<'a, str>>, AuthError> {
    match (in_query, authorization::token(fields.amz_security_token)?) {
        (Some(_), Some(_)) => Err(AuthError::Repeated(SECURITY_TOKEN)),
        (in_query, in_header) => Ok(in_query.or(in_header)),
    }
}

/// How long a presigned request lives, in seconds, that states so many: not longer than [`PRESIGNED_SECONDS_MAX`].
///
/// AWS's security token service goes by that limit alone. Tokens for Kubernetes, which are presigned calls of
/// `GetCallerIdentity`, state a minute and are used for a quarter of an hour
/// (<https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/token/token.go>, `requestPresignParam`).
pub(crate) fn window_seconds(service: &str, stated: u32) -> u32 {
    if service == "sts" { PRESIGNED_SECONDS_MAX } else { stated.min(PRESIGNED_SECONDS_MAX) }
}

fn seconds(expires: &str) -> Result<u32, AuthError> {
    let digits = expires.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = expires.parse().ok().filter(|seconds| (1..=EXPIRES_SECONDS_MAX).contains(seconds));
    seconds.filter(|_| digits).ok_or(AuthError::MalformedExpires)
}

/// A decoded value, which later stands in records and error texts and so must be plain.
fn printable<'a>(value: &'a str, name: &'static str) -> Result<Cow<'a, str>, AuthError> {
    let malformed = |_| AuthError::MalformedParameter(name);
    let text = match decode(value) {
        Cow::Borrowed(bytes) => Cow::Borrowed(std::str::from_utf8(bytes).map_err(malformed)?),
        Cow::Owned(bytes) => {
            Cow::Owned(String::from_utf8(bytes).map_err(|_| AuthError::MalformedParameter(name))?)
        }
    };
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { Ok(text) } else { Err(AuthError::MalformedParameter(name)) }
}

pub(crate) fn bounded<'a>(value: Cow<'a, str>, name: &'static str) -> Result<Cow<'a, str>, AuthError> {
    if value.len() > AUTHORIZATION_BYTES_MAX { Err(AuthError::TooLong(name)) } else { Ok(value) }
}
