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
            Self::Unavailable(what) => write!(f, "the store does not answer: {what}"),
        }
    }
}

impl std::error::Error for StoreError {}
