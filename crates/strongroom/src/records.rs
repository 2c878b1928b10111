//! Stored records: tags that show that this deployment wrote them, and terms by which they are summed up.
//!
//! Both are made for every record that is written or read into memory, so their keys are derived once for each domain
//! key. Otherwise a tag is what [`Strongroom::tag`] makes for [`Purpose::StoredRecord`](crate::Purpose::StoredRecord).

use aws_lc_rs::hmac;

use crate::error::Refused;
use crate::mac::MAC_BYTES;
use crate::room::Strongroom;

/// Length of a tag: the domain key's number, and an HMAC.
pub const TAG_BYTES: usize = NUMBER_BYTES + MAC_BYTES;

const NUMBER_BYTES: usize = size_of::<u32>();

impl Strongroom {
    /// Tags a stored record: its key, its version and its value, as one message.
    ///
    /// # Errors
    /// [`Refused::Sealed`].
    pub fn tag_record(&self, message: &[u8]) -> Result<[u8; TAG_BYTES], Refused> {
        let keys = self.domain_keys().ok_or(Refused::Sealed)?;
        let (number, key) = keys.active().ok_or(Refused::Sealed)?;
        let mac = hmac::sign(&key.records().tag, message);
        let mut tag = [0; TAG_BYTES];
        let (head, tail) = tag.split_at_mut(NUMBER_BYTES);
        head.copy_from_slice(&number.to_be_bytes());
        tail.copy_from_slice(mac.as_ref());
        Ok(tag)
    }

    /// Checks the tag of a stored record.
    ///
    /// # Errors
    /// [`Refused::Sealed`], or [`Refused::WouldNotOpen`] unless [`Strongroom::tag_record`] made it for this message.
    pub fn check_record(&self, message: &[u8], tag: &[u8; TAG_BYTES]) -> Result<(), Refused> {
        let keys = self.domain_keys().ok_or(Refused::Sealed)?;
        let (number, mac) = tag.split_first_chunk().ok_or(Refused::WouldNotOpen)?;
        let key = keys.get(u32::from_be_bytes(*number)).ok_or(Refused::WouldNotOpen)?;
        hmac::verify(&key.records().tag, message, mac).map_err(|_| Refused::WouldNotOpen)
    }

    /// What a record with this tag adds to a sum of records. Nobody can foresee the term, or tell it from random bytes,
    /// without the domain key that the tag names. The tag is not checked.
    ///
    /// # Errors
    /// [`Refused::Sealed`], or [`Refused::WouldNotOpen`] if the tag names no domain key that is open here.
    pub fn term(&self, tag: &[u8; TAG_BYTES]) -> Result<[u8; MAC_BYTES], Refused> {
        let keys = self.domain_keys().ok_or(Refused::Sealed)?;
        let number = tag.first_chunk().ok_or(Refused::WouldNotOpen)?;
        let key = keys.get(u32::from_be_bytes(*number)).ok_or(Refused::WouldNotOpen)?;
        let mac = hmac::sign(&key.records().term, tag);
        mac.as_ref().try_into().map_err(|_| Refused::Broken)
    }
}
