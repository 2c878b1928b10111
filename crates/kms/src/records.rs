//! Stored forms. Fields are numbered and never renumbered, so that newer versions read older records;
//! `docs/store-format.md` lists them.

use std::borrow::Cow;

use minicbor::{Decode, Encode};

/// A KMS key without its material.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct KeyRecord<'a> {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) created: i64,
    /// Free text.
    #[b(1)]
    pub(crate) description: Cow<'a, str>,
    /// `KeyUsage` as on the wire.
    #[b(2)]
    pub(crate) usage: &'a str,
    /// `KeySpec` as on the wire.
    #[b(3)]
    pub(crate) spec: &'a str,
    /// `Origin` as on the wire.
    #[b(4)]
    pub(crate) origin: &'a str,
    /// Its state.
    #[n(5)]
    pub(crate) state: StateRecord,
    /// The key policy as it was put.
    #[b(6)]
    pub(crate) policy: Cow<'a, str>,
    /// Tags in the order of their keys.
    #[b(7)]
    pub(crate) tags: Vec<TagRecord<'a>>,
    /// The material that encrypts.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub(crate) current_material: [u8; 32],
}

/// The state of a key, as far as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) enum StateRecord {
    /// Usable.
    #[n(0)]
    Enabled,
    /// Switched off.
    #[n(1)]
    Disabled,
    /// To be deleted at this time, in milliseconds since the epoch.
    #[n(2)]
    PendingDeletion(#[n(0)] i64),
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct TagRecord<'a> {
    /// Its key.
    #[b(0)]
    pub(crate) key: Cow<'a, str>,
    /// Its value, which may be empty.
    #[b(1)]
    pub(crate) value: Cow<'a, str>,
}

/// One material of a key, sealed by the strongroom.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct MaterialRecord<'a> {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) created: i64,
    /// The strongroom's token.
    #[cbor(b(1), with = "minicbor::bytes")]
    pub(crate) token: Cow<'a, [u8]>,
}

/// An alias.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct AliasRecord<'a> {
    /// Id of the key that it names.
    #[b(0)]
    pub(crate) target: &'a str,
    /// When it was made, in milliseconds since the epoch.
    #[n(1)]
    pub(crate) created: i64,
    /// When its target was last set, in milliseconds since the epoch.
    #[n(2)]
    pub(crate) updated: i64,
}

/// Encodes a record. Encoding into memory cannot fail for these types.
pub(crate) fn encode<T: Encode<()>>(record: &T) -> bytes::Bytes {
    minicbor::to_vec(record).map(Into::into).unwrap_or_default()
}
