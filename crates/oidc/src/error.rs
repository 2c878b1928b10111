//! Why a token is not believed, or a set of keys is of no use. The texts are for the operator: they quote nothing of
//! what was sent but names of claims.

use std::fmt;

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// It is no signed token in the compact form of RFC 7515.
    Form(&'static str),
    /// It is signed by an algorithm that is not accepted, or not signed at all.
    Algorithm,
    /// A claim that must be there is not, or a claim is not of its type.
    Claim(&'static str),
    /// No key of the set is the one that it names, or it names none and there is more than one.
    Key,
    /// The signature is not one by that key.
    Signature,
}

/// Why a token does not hold at this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untimely {
    /// Its time is over, since this second.
    Expired(i64),
    /// It holds only later, by this claim.
    Early(&'static str),
}

/// Why a set of keys is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySetError {
    /// It is no JSON Web Key Set (RFC 7517 section 5).
    Form,
    /// It holds a private key, which nobody should have given away.
    Private,
    /// None of its keys verifies RS256 or ES256.
    Empty,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(what) => write!(f, "the token is not in its form: {what}"),
            Self::Algorithm => f.write_str("the token is not signed by RS256 or ES256"),
            Self::Claim(name) => write!(f, "the claim `{name}` is missing or not of its type"),
            Self::Key => f.write_str("no key of the issuer is the token's"),
            Self::Signature => f.write_str("the token's signature is wrong"),
        }
    }
}

impl fmt::Display for Untimely {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(at) => write!(f, "the token ended at {at}"),
            Self::Early(claim) => write!(f, "the token begins later: `{claim}`"),
        }
    }
}

impl fmt::Display for KeySetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "it is no JSON Web Key Set",
            Self::Private => "it holds a private key, where only public ones belong",
            Self::Empty => "it holds no public key for RS256 or ES256",
        })
    }
}

impl std::error::Error for TokenError {}
impl std::error::Error for Untimely {}
impl std::error::Error for KeySetError {}
