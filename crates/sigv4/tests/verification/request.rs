//! A request as the server has it, and the one access key that exists.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use sigv4::{AuthError, Claim, Head, SigningKey};

pub(crate) const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";

/// The secret of AWS's own examples.
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// 2015-08-30T12:36:00Z, when AWS's own examples were signed.
pub(crate) const SIGNED_SECONDS: i64 = 1_440_938_160;

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let parsed = headers.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        });
        let mut headers = HeaderMap::new();
        for (name, value) in parsed {
            headers.append(name, value);
        }
        Self { method: method.parse().unwrap(), uri: uri.parse().unwrap(), headers, body: body.to_vec() }
    }

    pub(crate) fn head(&self) -> Head<'_> {
        Head { method: &self.method, uri: &self.uri, headers: &self.headers }
    }

    /// What a server does: read, look the access key up, verify.
    pub(crate) fn verify(&self, secret: &str, now_seconds: i64) -> Result<(), AuthError> {
        let claim = Claim::parse(self.head())?;
        if claim.access_key_id() != ACCESS_KEY_ID {
            return Err(AuthError::UnrecognizedClient);
        }
        claim.verify(&SigningKey::derive(secret.as_bytes(), claim.scope()), &self.body, now_seconds)
    }
}
