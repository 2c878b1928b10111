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
    /// The material that encrypts; absent before the first was imported.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub(crate) current_material: Option<[u8; 32]>,
    /// Automatic rotation; absent when it is off. Stands at the primary for all of its replicas.
    #[n(9)]
    pub(crate) rotation: Option<RotationRecord>,
    /// How often it was rotated on demand.
    #[cbor(n(10), default)]
    pub(crate) on_demand_rotations: u16,
    /// Whether it is a replica of the key with the same id in another Region.
    #[cbor(n(11), default)]
    pub(crate) replica: bool,
    /// Imported material that becomes current at the next rotation on demand.
    #[cbor(n(12), with = "minicbor::bytes")]
    pub(crate) pending_material: Option<[u8; 32]>,
    /// The service that manages the key; absent for those that customers manage.
    #[b(15)]
    pub(crate) managed_by: Option<&'a str>,
    /// The users and roles that the policy names, and their unique ids when it was put.
    #[b(18)]
    pub(crate) principals: Option<Vec<PrincipalRecord<'a>>>,
}

/// Automatic rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct RotationRecord {
    /// Days between two rotations.
    #[n(0)]
    pub(crate) period_days: u16,
    /// When the next is due, in milliseconds since the epoch.
    #[n(1)]
    pub(crate) next: i64,
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
    /// Material is missing.
    #[n(3)]
    PendingImport,
    /// To be deleted so many days after its last replica.
    #[n(4)]
    PendingReplicaDeletion(#[n(0)] u16),
    /// Some of its records may be gone already. Its time was over at this one, in milliseconds since the epoch.
    #[n(5)]
    BeingDeleted(#[n(0)] i64),
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

/// A principal that a key policy names, and who it was when the policy was put.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct PrincipalRecord<'a> {
    /// The ARN as the policy has it.
    #[b(0)]
    pub(crate) arn: Cow<'a, str>,
    /// The unique id behind it.
    #[b(1)]
    pub(crate) id: Cow<'a, str>,
}

/// One material of a key, sealed by the strongroom.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct MaterialRecord<'a> {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) created: i64,
    /// The strongroom's token; empty when the material was deleted or has expired, or is not imported here.
    #[cbor(b(1), with = "minicbor::bytes")]
    pub(crate) token: Cow<'a, [u8]>,
    /// The public key of a pair: `SubjectPublicKeyInfo` in DER.
    #[cbor(b(2), with = "minicbor::bytes")]
    pub(crate) public_key: Option<Cow<'a, [u8]>>,
    /// Its place in the key's history, from 0.
    #[cbor(n(3), default)]
    pub(crate) order: u32,
    /// When it became current; absent for the first, and for one that waits for that.
    #[n(4)]
    pub(crate) rotated: Option<RotatedRecord<'a>>,
    /// What came with it when it was imported; absent for material that was made here.
    #[b(5)]
    pub(crate) imported: Option<ImportedRecord<'a>>,
}

/// How material became current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct RotatedRecord<'a> {
    /// In milliseconds since the epoch.
    #[n(0)]
    pub(crate) at: i64,
    /// `RotationType` as on the wire.
    #[b(1)]
    pub(crate) kind: &'a str,
}

/// What a caller said of material that it imported.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct ImportedRecord<'a> {
    /// When it expires, in milliseconds since the epoch; absent if never.
    #[n(0)]
    pub(crate) valid_to: Option<i64>,
    /// Free text.
    #[b(1)]
    pub(crate) description: Option<Cow<'a, str>>,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A key as the first version stored it: fields 0 to 8.
    #[test]
    fn keys_of_earlier_versions_are_read() {
        let mut old = Vec::new();
        let mut encoder = minicbor::Encoder::new(&mut old);
        encoder.map(9).unwrap().u8(0).unwrap().i64(5).unwrap();
        for (field, text) in [(1, "old"), (2, "ENCRYPT_DECRYPT"), (3, "SYMMETRIC_DEFAULT"), (4, "AWS_KMS")] {
            encoder.u8(field).unwrap().str(text).unwrap();
        }
        encoder.u8(5).unwrap().array(2).unwrap().u8(2).unwrap().array(1).unwrap().i64(7).unwrap();
        encoder.u8(6).unwrap().str("{}").unwrap().u8(7).unwrap().array(0).unwrap();
        encoder.u8(8).unwrap().bytes(&[9; 32]).unwrap();
        let read: KeyRecord<'_> = minicbor::decode(&old).unwrap();
        assert_eq!(
            (read.created, &*read.description, read.state),
            (5, "old", StateRecord::PendingDeletion(7))
        );
        assert_eq!((read.current_material, read.pending_material), (Some([9; 32]), None));
        assert_eq!((read.rotation, read.on_demand_rotations, read.replica), (None, 0, false));
        assert_eq!(read.managed_by, None);
    }
}
