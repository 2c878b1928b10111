//! What can go wrong with a store that works, and with one that does not.

use std::fmt;

/// The store could not do what it was asked. For a commit the outcome is then unknown unless the variant
/// says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The batch or key breaks a limit of this crate; nothing was changed.
    TooLarge,
    /// The same key is written twice in a batch; nothing was changed.
    DuplicateKey,
    /// Changes after the asked revision are no longer known.
    Compacted,
    /// The disk is full; nothing was changed.
    Full,
    /// What is stored is damaged; an operator must act. The text is for the operator.
    Corrupt(String),
    /// The record under this key is not one that this deployment wrote there: it was edited, moved from another key,
    /// or put there by somebody else.
    Forged(String),
    /// Every record is one that this deployment wrote, but they are not those that it wrote last. The text is for the
    /// operator.
    PutBack(String),
    /// No record is authenticated: an older version kept the store, or somebody took the ledgers away.
    NotNotarised,
    /// The engine failed or is gone. The text is for the operator.
    Unavailable(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("batch, key or value outside the store's limits"),
            Self::DuplicateKey => f.write_str("a key is written twice in one batch"),
            Self::Compacted => f.write_str("changes after that revision are no longer kept"),
            Self::Full => f.write_str("no space left for the store"),
            Self::Corrupt(what) => write!(f, "the store is damaged: {what}"),
            Self::Forged(key) => write!(
                f,
                "the record `{key}` is not one that this deployment wrote there: it was edited, moved, or put there \
                 by somebody else"
            ),
            Self::PutBack(what) => write!(f, "the store is not as it was left: {what}"),
            Self::NotNotarised => f.write_str(
                "the store's records are not authenticated: a version before they were kept it, or somebody took the \
                 ledgers away. `keywright store authenticate` takes the records as they are",
            ),
            Self::Unavailable(what) => write!(f, "the store does not answer: {what}"),
        }
    }
}

impl std::error::Error for StoreError {}
