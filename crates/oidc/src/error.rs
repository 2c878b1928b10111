//! Why a token is not believed, or a set of keys is of no use. The texts are for the operator. Of the token they
//! quote only names of claims.

use std::fmt;

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// It is no signed token in the compact form of RFC 7515.
    Form(&'static str),
    /// It is signed by an algorithm that is not accepted, or not signed at all.
    Algorithm,
    /// A required claim is missing, or a claim has the wrong type.
    Claim(&'static str),
    /// The token names a key that is not in the set, or it names none and the set has several.
    Key,
    /// The key did not make the signature.
    Signature,
}

/// Why a token does not hold at this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untimely {
    /// Its time has been over since this second.
    Expired(i64),
    /// By this claim, it holds only later.
    Early(&'static str),
}

/// Why a set of keys is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySetError {
    /// It is no JSON Web Key Set (RFC 7517 section 5).
    Form,
    /// It holds a private key. Nobody should have given that away.
    Private,
    /// None of its keys verifies RS256 or ES256.
    Empty,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(what) => write!(f, "the token is malformed: {what}"),
            Self::Algorithm => f.write_str("the token is not signed by RS256 or ES256"),
            Self::Claim(name) => write!(f, "the claim `{name}` is missing or has the wrong type"),
            Self::Key => f.write_str("no key of the issuer fits the token"),
            Self::Signature => f.write_str("the token's signature is wrong"),
        }
    }
}

impl fmt::Display for Untimely {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(at) => write!(f, "the token ended at {at}"),
            Self::Early(claim) => write!(f, "the token does not hold yet, by its claim `{claim}`"),
        }
    }
}

impl fmt::Display for KeySetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "this is no JSON Web Key Set",
            Self::Private => "the key set holds a private key; only public keys belong there",
            Self::Empty => "the key set holds no public key for RS256 or ES256",
        })
    }
}

impl std::error::Error for TokenError {}
impl std::error::Error for Untimely {}
impl std::error::Error for KeySetError {}
