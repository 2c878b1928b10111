//! Where the keys of identity providers come from. This crate knows no network: the server finds them.

use std::{fmt, pin::Pin, sync::Arc};

use oidc::KeySet;

/// The keys that identity providers sign their tokens with.
pub trait IssuerKeys: Send + Sync {
    /// The keys of an issuer, by the URL that its tokens name it with. `key_id` is the key that is wanted: when it is not
    /// among those that are known, the issuer is asked again, unless that was lately. So what strangers send decides
    /// neither where anything is fetched nor how often.
    fn keys<'a>(&'a self, issuer: &'a str, key_id: Option<&'a str>) -> Sought<'a>;
}

/// Keys that may have to be fetched first.
pub type Sought<'a> = Pin<Box<dyn Future<Output = Result<Arc<KeySet>, NoKeys>> + Send + 'a>>;

/// Why there are no keys. The text is for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoKeys {
    /// The configuration does not say where to find them.
    NotConfigured,
    /// They could not be fetched.
    Unreachable(String),
}

impl fmt::Display for NoKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured => f.write_str("the configuration names no keys of this issuer: see [oidc]"),
            Self::Unreachable(why) => write!(f, "the issuer's keys cannot be fetched: {why}"),
        }
    }
}

impl std::error::Error for NoKeys {}
