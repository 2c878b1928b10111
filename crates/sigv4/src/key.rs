//! The key that a secret becomes for one date, Region and service.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// What a signature is good for: one day, in one Region, at one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// `YYYYMMDD`, in UTC.
    pub date: &'a str,
    /// The Region, such as `eu-west-1`.
    pub region: &'a str,
    /// The service's signing name, such as `kms`.
    pub service: &'a str,
}

/// A derived signing key with its HMAC state prepared. It shows nothing and is wiped when dropped.
pub struct SigningKey {
    date: Box<str>,
    region: Box<str>,
    service: Box<str>,
    scope_line: Box<[u8]>,
    prepared: hmac::Key,
}

impl SigningKey {
    /// Derives the key for `scope` from a secret access key.
    ///
    /// `HMAC(HMAC(HMAC(HMAC("AWS4" + secret, date), region), service), "aws4_request")`, as "Create a signed
    /// AWS API request", step 4, has it.
    #[must_use]
    pub fn derive(secret: &[u8], scope: Scope<'_>) -> Self {
        Self::from_bytes(&Self::derive_bytes(secret, scope), scope)
    }

    /// The bytes of the key that [`SigningKey::derive`] makes, for somebody who verifies signatures without the
    /// secret. They sign anything in `scope`, and nothing outside of it.
    #[must_use]
    pub fn derive_bytes(secret: &[u8], scope: Scope<'_>) -> Zeroizing<[u8; 32]> {
        let mut seed = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        seed.extend_from_slice(b"AWS4");
        seed.extend_from_slice(secret);
        let dated = link(&seed, scope.date);
        let regional = link(dated.as_slice(), scope.region);
        let serving = link(regional.as_slice(), scope.service);
        link(serving.as_slice(), TERMINATOR)
    }

    /// The key of which these are the bytes, by [`SigningKey::derive_bytes`]. Nothing in the bytes tells their scope:
    /// with another `scope` than theirs, no signature verifies.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32], scope: Scope<'_>) -> Self {
        Self {
            date: scope.date.into(),
            region: scope.region.into(),
            service: scope.service.into(),
            scope_line: format!("{}/{}/{}/{TERMINATOR}\n", scope.date, scope.region, scope.service)
                .into_bytes()
                .into(),
            prepared: hmac::Key::new(hmac::HMAC_SHA256, bytes),
        }
    }

    /// What the key is for.
    #[must_use]
    pub fn scope(&self) -> Scope<'_> {
        Scope { date: &self.date, region: &self.region, service: &self.service }
    }

    /// The scope as a string to sign has it, with the end of the line.
    pub(crate) fn scope_line(&self) -> &[u8] {
        &self.scope_line
    }

    /// The HMAC of a string to sign.
    pub(crate) fn sign(&self, text: &[u8]) -> hmac::Tag {
        hmac::sign(&self.prepared, text)
    }
}

/// The last part of every scope.
pub(crate) const TERMINATOR: &str = "aws4_request";

/// One link of the chain: the HMAC of `data`, in memory that is wiped.
#[expect(clippy::expect_used, reason = "the buffer is as long as the tag, and nothing else can fail")]
fn link(key: &[u8], data: &str) -> Zeroizing<[u8; 32]> {
    let mut tag = Zeroizing::new([0; 32]);
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign_to_buffer(&key, data.as_bytes(), tag.as_mut_slice()).expect("a SHA-256 tag has 32 bytes");
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of "Deriving the signing key" in AWS's documentation of Signature Version 4.
    #[test]
    fn the_chain_gives_the_published_key() {
        let secret = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let scope = Scope { date: "20150830", region: "us-east-1", service: "iam" };
        let bytes = SigningKey::derive_bytes(secret, scope);
        let digits = crate::canonical::digits(bytes.as_slice());
        assert_eq!(&digits, b"c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");

        let direct = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice()), b"text");
        for key in [SigningKey::derive(secret, scope), SigningKey::from_bytes(&bytes, scope)] {
            assert_eq!(key.scope(), scope);
            assert_eq!(key.scope_line(), b"20150830/us-east-1/iam/aws4_request\n");
            assert_eq!(key.sign(b"text").as_ref(), direct.as_ref());
        }
    }
}
