//! What material is bound to.

use crate::blob;
use crate::spec::Spec;

/// The key that a piece of material belongs to. Material sealed under one binding opens under no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// The owning account, as a number.
    pub account: u64,
    /// The key's id: the 16 bytes of its UUID, or of the hexadecimal part of an `mrk-` id.
    pub key_id: [u8; 16],
    /// Whether the id is an `mrk-` id.
    pub multi_region: bool,
    /// What kind of material it is.
    pub spec: Spec,
}

impl Binding {
    /// The binding as associated data. The spec's name is last, because it alone varies in length.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = self.named_key().to_vec();
        bytes.extend_from_slice(&self.account.to_be_bytes());
        bytes.extend_from_slice(self.spec.name().as_bytes());
        bytes
    }

    /// Flags and id. An `mrk-` id and a UUID of the same bits are different keys.
    pub(crate) fn named_key(self) -> [u8; 20] {
        let mut named = [0; 20];
        let (flags, id) = named.split_at_mut(size_of::<u32>());
        flags.copy_from_slice(&blob::flags(self.multi_region).to_be_bytes());
        id.copy_from_slice(&self.key_id);
        named
    }
}
