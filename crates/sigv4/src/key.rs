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
        let mut seed = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        seed.extend_from_slice(b"AWS4");
        seed.extend_from_slice(secret);
        let dated = link(&seed, scope.date);
        let regional = link(dated.as_slice(), scope.region);
        let serving = link(regional.as_slice(), scope.service);
        let signing = link(serving.as_slice(), TERMINATOR);
        Self {
            date: scope.date.into(),
            region: scope.region.into(),
            service: scope.service.into(),
            scope_line: format!("{}/{}/{}/{TERMINATOR}\n", scope.date, scope.region, scope.service)
                .into_bytes()
                .into(),
            prepared: hmac::Key::new(hmac::HMAC_SHA256, signing.as_slice()),
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
        let dated = link(&[b"AWS4".as_slice(), secret].concat(), "20150830");
        let serving = link(link(dated.as_slice(), "us-east-1").as_slice(), "iam");
        let signing = link(serving.as_slice(), TERMINATOR);
        let digits = crate::canonical::digits(signing.as_slice());
        assert_eq!(&digits, b"c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");

        let scope = Scope { date: "20150830", region: "us-east-1", service: "iam" };
        let key = SigningKey::derive(secret, scope);
        assert_eq!(key.scope(), scope);
        let direct = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, signing.as_slice()), b"text");
        assert_eq!(hmac::sign(&key.prepared, b"text").as_ref(), direct.as_ref());
    }
}
