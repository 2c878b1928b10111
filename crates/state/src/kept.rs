//! Records and the batches that make, replace and remove them.

use std::sync::Arc;

use bytes::Bytes;
use minicbor::Encode;
use store::{Batch, Key, Precondition, Revision};

/// Something that stands in the store under a key of its own.
pub trait Kept: Sized {
    /// Where its record stands.
    fn key(&self) -> Key;
    /// Its stored form.
    fn encode(&self) -> Bytes;
    /// Where the record was last changed.
    fn revision(&self) -> Revision;
}

impl<T: Kept> Kept for Arc<T> {
    fn key(&self) -> Key {
        T::key(self)
    }

    fn encode(&self) -> Bytes {
        T::encode(self)
    }

    fn revision(&self) -> Revision {
        T::revision(self)
    }
}

/// Holds in a batch as long as the record is the one that was seen.
#[must_use]
pub fn unchanged(seen: &impl Kept) -> Precondition {
    Precondition::At(seen.key(), seen.revision())
}

/// The change that makes something new. It fails if something stands there already.
#[must_use]
pub fn created(new: &impl Kept) -> Batch {
    Batch {
        preconditions: vec![Precondition::Absent(new.key())],
        puts: vec![(new.key(), new.encode())],
        deletes: Vec::new(),
    }
}

/// The change that puts `new` in the place of what was seen.
#[must_use]
pub fn replaced<T: Kept>(seen: &T, new: &T) -> Batch {
    Batch {
        preconditions: vec![unchanged(seen)],
        puts: vec![(seen.key(), new.encode())],
        deletes: Vec::new(),
    }
}

/// The change that stores once more what was seen: another change that depends on the record then fails.
#[must_use]
pub fn touched<T: Kept>(seen: &T) -> Batch {
    replaced(seen, seen)
}

/// The change that removes what was seen.
#[must_use]
pub fn removed(seen: &impl Kept) -> Batch {
    Batch { preconditions: vec![unchanged(seen)], puts: Vec::new(), deletes: vec![seen.key()] }
}

/// Encodes a stored form. Encoding into memory cannot fail for derived forms.
#[must_use]
pub fn encode<T: Encode<()>>(record: &T) -> Bytes {
    minicbor::to_vec(record).map(Into::into).unwrap_or_default()
}
