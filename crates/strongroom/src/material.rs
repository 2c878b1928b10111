//! Key material: what a KMS key is made of.

use secret::Plaintext;

use crate::blob::{self, Blob};
use crate::context::Context;
use crate::entropy::Entropy;
use crate::envelope::{Broken, Sealer};
use crate::error::Refused;
use crate::kdf::{self, Label};
use crate::mac;

/// The public name of a piece of material (`KeyMaterialId`): a function of the material and its key's id, so
/// that the same material imported again into the same key has the same name.
pub type MaterialId = [u8; 32];

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

/// The kind of a piece of material.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spec {
    /// 32 random bytes that encrypt.
    SymmetricDefault,
}

/// New material: its name, and the sealed token to store.
pub struct Generated {
    /// The material's name.
    pub id: MaterialId,
    /// The material, sealed under the active domain key.
    pub token: Vec<u8>,
}

/// Open material, ready for use. Keep it as long as the key's record is cached, no longer.
pub struct Material {
    id: MaterialId,
    blobs: Sealer,
}

impl Material {
    /// The material's name.
    #[must_use]
    pub fn id(&self) -> &MaterialId {
        &self.id
    }

    /// Encrypts under a key derived for this call alone. The blob is
    /// [`BLOB_OVERHEAD_BYTES`](crate::BLOB_OVERHEAD_BYTES) longer than the plaintext; its length is the caller's to limit.
    ///
    /// # Errors
    /// [`Refused::Broken`] if randomness or a primitive fails.
    pub fn encrypt(
        &self,
        plaintext: &Plaintext,
        context: &Context,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        Ok(self.blobs.seal(context.canonical(), plaintext.reveal(), entropy)?)
    }

    /// Decrypts a blob of this material made with the same context.
    ///
    /// # Errors
    /// [`Refused::WouldNotOpen`] for any other blob or context.
    pub fn decrypt(&self, blob: &Blob<'_>, context: &Context) -> Result<Plaintext, Refused> {
        Ok(self.blobs.open(context.canonical(), blob.as_bytes())?)
    }

    /// Derives what is needed. The material itself is not kept.
    pub(crate) fn new(material: &Plaintext, binding: &Binding) -> Result<Self, Broken> {
        let mut id = [0; mac::MAC_BYTES];
        kdf::derive(material.reveal(), Label::MATERIAL_ID, &binding.named_key(), &mut id)?;
        Ok(Self { id, blobs: Sealer::new(material, Label::BLOB, &blob::prefix(binding, &id))? })
    }
}

impl Binding {
    /// The binding as associated data. The spec's name is last, because it alone varies in length.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = self.named_key().to_vec();
        bytes.extend_from_slice(&self.account.to_be_bytes());
        bytes.extend_from_slice(self.spec.name().as_bytes());
        bytes
    }

    /// Flags and id: `mrk-` ids and UUIDs of the same bits are different keys.
    fn named_key(self) -> [u8; 20] {
        let mut named = [0; 20];
        let (flags, id) = named.split_at_mut(size_of::<u32>());
        flags.copy_from_slice(&blob::flags(self.multi_region).to_be_bytes());
        id.copy_from_slice(&self.key_id);
        named
    }
}

impl Spec {
    /// AWS's name, which is bound into the token.
    fn name(self) -> &'static str {
        match self {
            Self::SymmetricDefault => "SYMMETRIC_DEFAULT",
        }
    }

    /// How long the material is.
    pub(crate) fn material_bytes(self) -> usize {
        match self {
            Self::SymmetricDefault => 32,
        }
    }
}
