//! What a question says of itself, as conditions and variables see it.

use crate::{ConditionKey, ConditionKeys, Values, effort::Effort};

/// The condition keys of a question, and what the decision about it has taken so far.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    keys: &'a dyn ConditionKeys,
    pub(crate) effort: &'a Effort,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(keys: &'a dyn ConditionKeys, effort: &'a Effort) -> Self {
        Self { keys, effort }
    }

    /// The values of a key; `None` when it is absent.
    pub(crate) fn lookup(&self, key: &ConditionKey) -> Option<Values<'a>> {
        let found = self.keys.lookup(key);
        self.effort.take(1 + found.as_ref().map_or(0, |values| values.as_slice().len()));
        found
    }
}
