//! Stored forms of identities. Fields are numbered and never renumbered; `docs/store-format.md` lists them.

use std::borrow::Cow;

use minicbor::{Decode, Encode};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct AccountRecord {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) created: i64,
}

/// An access key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct AccessKeyRecord<'a> {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) created: i64,
    /// Whose it is.
    #[n(1)]
    pub(crate) owner: Owner,
    /// Whether it may sign.
    #[n(2)]
    pub(crate) active: bool,
    /// The secret, sealed by the strongroom under the access key's id.
    #[cbor(b(3), with = "minicbor::bytes")]
    pub(crate) secret: Cow<'a, [u8]>,
}

/// Whose an access key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum Owner {
    /// The account's root user.
    #[n(0)]
    Root,
}
