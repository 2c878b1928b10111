//! Slots: the places of parts in their object. A part does not know its own; a voucher beside the part does.

use aws_lc_rs::hmac;

use crate::error::EnvelopeError;
use crate::keys::{NO_SALT, ObjectKey};
use crate::part::PartHeader;
use crate::size::PartSize;

/// Bytes of a voucher.
pub const VOUCHER_BYTES: usize = 32;

/// The place of a part in its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The part's number from 0, without the gaps that part numbers of an upload may have.
    pub part: u32,
    /// How many parts the object has.
    pub parts: u32,
    /// Plaintext bytes of all parts before this one.
    pub offset: u64,
    /// The size of the part.
    pub size: PartSize,
}

impl ObjectKey {
    /// Vouches that the part with this header has this place. Done when all parts are known.
    ///
    /// # Errors
    /// [`EnvelopeError::ImpossibleSize`] if the object has no such part.
    pub fn vouch(&self, header: &PartHeader, slot: &Slot) -> Result<[u8; VOUCHER_BYTES], EnvelopeError> {
        let tag = hmac::sign(&self.slot_key()?, &message(header, slot)?);
        tag.as_ref().try_into().map_err(|_| EnvelopeError::Broken)
    }

    /// Compares a voucher, in constant time.
    ///
    /// # Errors
    /// [`EnvelopeError::WouldNotOpen`] if it vouches for another part, place or size, or for a part of another object;
    /// [`EnvelopeError::ImpossibleSize`] if the object has no such part.
    pub fn check_voucher(
        &self,
        header: &PartHeader,
        slot: &Slot,
        voucher: &[u8],
    ) -> Result<(), EnvelopeError> {
        hmac::verify(&self.slot_key()?, &message(header, slot)?, voucher)
            .map_err(|_| EnvelopeError::WouldNotOpen)
    }

    fn slot_key(&self) -> Result<hmac::Key, EnvelopeError> {
        Ok(hmac::Key::new(hmac::HMAC_SHA256, self.derive(NO_SALT, &[INFO])?.as_ref()))
    }
}

const INFO: &[u8] = b"keywright s3 slot v1";

fn message(header: &PartHeader, slot: &Slot) -> Result<Vec<u8>, EnvelopeError> {
    if slot.part >= slot.parts {
        return Err(EnvelopeError::ImpossibleSize);
    }
    let (part, parts) = (slot.part.to_be_bytes(), slot.parts.to_be_bytes());
    let (offset, size) = (slot.offset.to_be_bytes(), slot.size.plain().to_be_bytes());
    Ok([header.as_bytes().as_slice(), &part, &parts, &offset, &size].concat())
}
