//! Batches: what is committed together, and what every engine refuses before it begins.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::notary::STAMP_BYTES;
use crate::{BATCH_OPERATIONS_MAX, KEY_BYTES_MAX, Key, Revision, StoreError, VALUE_BYTES_MAX};

/// How much a batch may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most operations: preconditions, puts and deletes together.
    pub operations: usize,
    /// Longest value in bytes.
    pub value_bytes: usize,
}

impl Bounds {
    /// What whoever uses a store may ask for.
    pub const CALLER: Self = Self { operations: BATCH_OPERATIONS_MAX, value_bytes: VALUE_BYTES_MAX };
    /// What an engine carries: there is room for a precondition on each record that the batch writes, for a ledger,
    /// and for the stamp of a value ([`NotarisedStore`](crate::NotarisedStore)).
    pub const ENGINE: Self =
        Self { operations: 2 * BATCH_OPERATIONS_MAX + 2, value_bytes: VALUE_BYTES_MAX + STAMP_BYTES };
}

/// What must hold for a batch to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// The key exists and was last changed at this revision.
    At(Key, Revision),
    /// The key does not exist.
    Absent(Key),
}

impl Precondition {
    /// The key that it is about.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::At(key, _) | Self::Absent(key) => key,
        }
    }

    /// Whether the precondition holds for a key that was last changed at this revision; `None` is an absent key.
    #[must_use]
    pub fn holds(&self, found: Option<Revision>) -> bool {
        match self {
            Self::At(_, revision) => found == Some(*revision),
            Self::Absent(_) => found.is_none(),
        }
    }
}

/// Puts and deletes that are committed together, if every precondition holds, or not at all.
///
/// A key may be written at most once in a batch. Preconditions look at the store as it was before the batch. A
/// batch that writes nothing also takes a revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// What must hold.
    pub preconditions: Vec<Precondition>,
    /// New values. A value equal to the one stored is a change like any other.
    pub puts: Vec<(Key, Bytes)>,
    /// Keys to remove. Removing an absent key is no error.
    pub deletes: Vec<Key>,
}

impl Batch {
    /// The same, if this holds as well.
    #[must_use]
    pub fn only_if(mut self, precondition: Precondition) -> Self {
        self.preconditions.push(precondition);
        self
    }

    /// The same, and this value.
    #[must_use]
    pub fn put(mut self, key: Key, value: Bytes) -> Self {
        self.puts.push((key, value));
        self
    }

    /// The same without this key.
    #[must_use]
    pub fn delete(mut self, key: Key) -> Self {
        self.deletes.push(key);
        self
    }

    /// Both at once.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.preconditions.extend(other.preconditions);
        self.puts.extend(other.puts);
        self.deletes.extend(other.deletes);
        self
    }

    /// Checks these bounds, the lengths of keys, and that each key is written once.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] or [`StoreError::DuplicateKey`].
    pub fn check(&self, bounds: Bounds) -> Result<(), StoreError> {
        let operations = self.preconditions.len() + self.puts.len() + self.deletes.len();
        let keys = self.preconditions.iter().map(Precondition::key).chain(self.written());
        let values_fit = self.puts.iter().all(|(_, value)| value.len() <= bounds.value_bytes);
        if operations > bounds.operations || !values_fit || !keys.into_iter().all(is_key) {
            return Err(StoreError::TooLarge);
        }
        let mut seen = BTreeSet::new();
        if self.written().all(|key| seen.insert(key)) { Ok(()) } else { Err(StoreError::DuplicateKey) }
    }

    pub(crate) fn written(&self) -> impl Iterator<Item = &Key> + Clone {
        self.puts.iter().map(|(key, _)| key).chain(&self.deletes)
    }
}

/// Checks the limits of a get that every engine keeps.
///
/// # Errors
/// [`StoreError::TooLarge`].
pub fn check_keys(keys: &[Key]) -> Result<(), StoreError> {
    if keys.len() <= BATCH_OPERATIONS_MAX && keys.iter().all(is_key) {
        Ok(())
    } else {
        Err(StoreError::TooLarge)
    }
}

/// The batch was not committed: a precondition did not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// Index into [`Batch::preconditions`] of the first that failed.
    pub precondition: usize,
    /// The store's revision at which it failed. Whoever has followed the store to it knows of the change that got in
    /// between.
    pub revision: Revision,
}

fn is_key(key: &Key) -> bool {
    (1..=KEY_BYTES_MAX).contains(&key.len())
}
