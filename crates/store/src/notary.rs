//! Stamps: what a stored value begins with, so that it can be told who wrote it, where, and when.
//!
//! ```text
//! stored value = "KWR" 01 ‖ version u64 ‖ tag 36 ‖ value
//! tag          = of: length of the key u16 ‖ key ‖ version u64 ‖ value
//! ```
//!
//! Numbers are big-endian. The tags are the business of a [`Notary`]: this crate does no cryptography.

use bytes::{Buf, Bytes};

use crate::{Key, StoreError};

/// Length of a tag.
pub const TAG_BYTES: usize = 36;
/// Length of a term.
pub const TERM_BYTES: usize = 32;
/// Length of what stands before a value.
pub const STAMP_BYTES: usize = MAGIC.len() + size_of::<u64>() + TAG_BYTES;

/// No record without a stamp begins so: records are CBOR, and this would be a byte string.
const MAGIC: [u8; 4] = *b"KWR\x01";

/// Knows what this deployment wrote. All methods fail with [`StoreError::Unavailable`] while it has no keys.
pub trait Notary: Send + Sync {
    /// The tag of a message.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn tag(&self, message: &[u8]) -> Result<[u8; TAG_BYTES], StoreError>;

    /// Whether the tag is of this message.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn knows(&self, message: &[u8], tag: &[u8; TAG_BYTES]) -> Result<bool, StoreError>;

    /// What a record with this genuine tag adds to a sum of records. To others it must look random.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn term(&self, tag: &[u8; TAG_BYTES]) -> Result<[u8; TERM_BYTES], StoreError>;

    /// Seals bytes that nobody else may know, under a name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn seal(&self, name: &[u8], bytes: Vec<u8>) -> Result<Vec<u8>, StoreError>;

    /// Opens what was sealed under this name; `None` for anything else.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn open(&self, name: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
}

/// A genuine record.
pub(crate) struct Genuine {
    pub(crate) version: u64,
    pub(crate) term: [u8; TERM_BYTES],
    pub(crate) value: Bytes,
}

/// The stored form of a value, and its term.
pub(crate) fn stamp(
    notary: &dyn Notary,
    key: &Key,
    version: u64,
    value: &[u8],
) -> Result<(Bytes, [u8; TERM_BYTES]), StoreError> {
    let tag = notary.tag(&message(key, version, value))?;
    let stored = [&MAGIC[..], &version.to_be_bytes(), &tag, value].concat();
    Ok((stored.into(), notary.term(&tag)?))
}

/// Takes the stamp off a stored value.
///
/// # Errors
/// [`StoreError::Forged`] if there is none, or it is not of this record.
pub(crate) fn unstamp(notary: &dyn Notary, key: &Key, stored: &Bytes) -> Result<Genuine, StoreError> {
    let forged = || StoreError::Forged(key.escape_ascii().to_string());
    let (version, tag, value) = parts(stored).ok_or_else(forged)?;
    if !notary.knows(&message(key, version, &value), &tag)? {
        return Err(forged());
    }
    Ok(Genuine { version, term: notary.term(&tag)?, value })
}

/// Whether a stored value begins as a stamped one.
pub(crate) fn is_stamped(stored: &Bytes) -> bool {
    stored.starts_with(&MAGIC)
}

fn parts(stored: &Bytes) -> Option<(u64, [u8; TAG_BYTES], Bytes)> {
    let mut rest = stored.clone();
    if rest.len() < STAMP_BYTES || !is_stamped(stored) {
        return None;
    }
    rest.advance(MAGIC.len());
    let version = rest.get_u64();
    let mut tag = [0; TAG_BYTES];
    rest.copy_to_slice(&mut tag);
    Some((version, tag, rest))
}

fn message(key: &Key, version: u64, value: &[u8]) -> Vec<u8> {
    // Keys have at most 1024 bytes; the length keeps key and value apart.
    let length = u16::try_from(key.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], key, &version.to_be_bytes(), value].concat()
}
