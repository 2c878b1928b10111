//! How much work a decision may be.
//!
//! Texts to compare with come from whoever writes policies, and texts to compare come from whoever calls. Neither may
//! hold up the calls of others, so that what a decision takes is counted, and has a limit.

use std::cell::Cell;

/// The steps that one decision may take: some 20 milliseconds. Policies and requests of ordinary sizes take some hundreds.
const LIMIT: usize = 4_000_000;
const BYTES_A_STEP: usize = 4;

/// What one decision has taken, in steps: a letter that is compared by itself is a step, and so are four bytes of a
/// text that is compared as a whole, and 64 places that are looked at as one word.
#[derive(Debug)]
pub(crate) struct Effort {
    taken: Cell<usize>,
}

impl Effort {
    /// Nothing yet.
    pub(crate) fn none() -> Self {
        Self { taken: Cell::new(0) }
    }

    /// Counts steps. Returns whether the decision may go on; if not, nothing that it finds is of any meaning.
    pub(crate) fn take(&self, steps: usize) -> bool {
        self.taken.set(self.taken.get().saturating_add(steps));
        !self.is_spent()
    }

    /// Counts the steps for bytes that are looked at one after the other without a pause.
    pub(crate) fn take_bytes(&self, bytes: usize) -> bool {
        self.take(1 + bytes / BYTES_A_STEP)
    }

    /// Whether more was taken than any decision may take.
    pub(crate) fn is_spent(&self) -> bool {
        self.taken.get() > LIMIT
    }

    /// The steps that were taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.get()
    }
}
