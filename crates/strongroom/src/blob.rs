//! The ciphertext that clients hold: `docs/blob-format.md`.

use crate::binding::Binding;
use crate::envelope;
use crate::error::Refused;
use crate::material::MaterialId;

/// How many bytes longer than its plaintext a blob is. Clients depend on the number: some read exactly 184 bytes
/// for a wrapped 32-byte key.
pub const BLOB_OVERHEAD_BYTES: usize = PREFIX_BYTES + envelope::OVERHEAD_BYTES;

/// A ciphertext blob of the right form. Its fields say which key to authorize and which material to ask. Trust
/// nothing in the blob before it has been decrypted.
pub struct Blob<'a> {
    bytes: &'a [u8],
    account: u64,
    key_id: [u8; 16],
    multi_region: bool,
    material_id: MaterialId,
}

impl<'a> Blob<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Refused::WouldNotOpen`] if the bytes are too short, have another format or version, or have flags or
    /// reserved bytes that this version does not know.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refused> {
        Self::read(bytes).ok_or(Refused::WouldNotOpen)
    }

    /// The account that owns the key.
    #[must_use]
    pub fn account(&self) -> u64 {
        self.account
    }

    /// The key's id: the 16 bytes of its UUID, or of the hexadecimal part of an `mrk-` id.
    #[must_use]
    pub fn key_id(&self) -> [u8; 16] {
        self.key_id
    }

    /// Whether the key is a multi-Region key (`mrk-`).
    #[must_use]
    pub fn multi_region(&self) -> bool {
        self.multi_region
    }

    /// The material that made the blob.
    #[must_use]
    pub fn material_id(&self) -> MaterialId {
        self.material_id
    }

    /// The whole blob.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() < BLOB_OVERHEAD_BYTES {
            return None;
        }
        let mut fields = Fields(bytes);
        let magic = fields.take::<4>()?;
        let flags = u32::from_be_bytes(fields.take()?);
        let account = u64::from_be_bytes(fields.take()?);
        let key_id = fields.take()?;
        let material_id = fields.take()?;
        let reserved = fields.take::<RESERVED_BYTES>()?;
        let known = magic == MAGIC && flags & !FLAG_MULTI_REGION == 0 && reserved == [0; RESERVED_BYTES];
        known.then_some(Self {
            bytes,
            account,
            key_id,
            multi_region: flags & FLAG_MULTI_REGION != 0,
            material_id,
        })
    }
}

/// The beginning of every blob of one material.
pub(crate) fn prefix(binding: &Binding, material_id: &MaterialId) -> [u8; PREFIX_BYTES] {
    let parts: [&[u8]; 5] = [
        &MAGIC,
        &flags(binding.multi_region).to_be_bytes(),
        &binding.account.to_be_bytes(),
        &binding.key_id,
        material_id,
    ];
    let mut prefix = [0; PREFIX_BYTES];
    let written = parts.iter().flat_map(|part| part.iter());
    prefix.iter_mut().zip(written).for_each(|(to, from)| *to = *from);
    prefix
}

/// The flags of a key, in blobs and wherever else bytes name a key.
pub(crate) fn flags(multi_region: bool) -> u32 {
    if multi_region { FLAG_MULTI_REGION } else { 0 }
}

/// Bytes not yet read.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }
}

/// Magic, flags, account, key id, material id, reserved.
pub(crate) const PREFIX_BYTES: usize = 4 + 4 + 8 + 16 + 32 + RESERVED_BYTES;
const RESERVED_BYTES: usize = 12;
const MAGIC: [u8; 4] = *b"KWB\x01";
const FLAG_MULTI_REGION: u32 = 1;
