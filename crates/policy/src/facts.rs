//! What a question says of itself, as the conditions and variables of one statement see it.

use crate::{ConditionKey, ConditionKeys, Effect, Values, effort::Effort};

/// The condition keys of a question, and what the decision about it has taken so far.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    keys: &'a dyn ConditionKeys,
    needs: Needs,
    pub(crate) effort: &'a Effort,
}

/// What has to hold of a value that is one or another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// For a denial: something that is true of one of them.
    Any,
    /// For an allow: something that is true of all of them.
    All,
}

impl<'a> Facts<'a> {
    /// As a statement with this effect sees them.
    pub(crate) fn new(keys: &'a dyn ConditionKeys, effect: Effect, effort: &'a Effort) -> Self {
        let needs = match effect {
            Effect::Deny => Needs::Any,
            Effect::Allow => Needs::All,
        };
        Self { keys, needs, effort }
    }

    /// As what is negated sees them: to deny whatever is not like one of them is to deny what is unlike any.
    pub(crate) fn negated(self, negated: bool) -> Self {
        let needs = match (self.needs, negated) {
            (needs, false) => needs,
            (Needs::Any, true) => Needs::All,
            (Needs::All, true) => Needs::Any,
        };
        Self { needs, ..self }
    }

    /// The values of a key; `None` when it is absent.
    pub(crate) fn lookup(&self, key: &ConditionKey) -> Option<Values<'a>> {
        let found = self.keys.lookup(key);
        self.effort.take(1 + found.as_ref().map_or(0, |values| values.as_slice().len()));
        found
    }

    /// Whether something holds, from whether it does for each value that may be the right one.
    pub(crate) fn holds_of(&self, each: impl Iterator<Item = bool>) -> bool {
        let mut each = each.take_while(|_| self.effort.take(1));
        match self.needs {
            Needs::Any => each.any(|holds| holds),
            Needs::All => each.all(|holds| holds),
        }
    }
}
