//! What a question says of itself, as far as conditions ask.

use std::{borrow::Cow, collections::BTreeMap};

use crate::ConditionKey;

/// Values of a condition key in a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values<'a> {
    /// A single-valued key.
    One(Cow<'a, str>),
    /// A multi-valued key.
    Many(Vec<Cow<'a, str>>),
}

impl<'a> Values<'a> {
    /// The value of a single-valued key.
    pub fn one(value: impl Into<Cow<'a, str>>) -> Self {
        Self::One(value.into())
    }

    /// The values of a multi-valued key.
    pub fn many<T: Into<Cow<'a, str>>>(values: impl IntoIterator<Item = T>) -> Self {
        Self::Many(values.into_iter().map(Into::into).collect())
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Cow<'a, str>] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// Tells the values of condition keys. Asked only when a condition needs one.
pub trait ConditionKeys {
    /// The values; `None` when the key is absent.
    fn lookup(&self, key: &ConditionKey) -> Option<Values<'_>>;
}

/// Keys by their full names in small letters, for simulations and tests.
impl ConditionKeys for BTreeMap<String, Vec<String>> {
    fn lookup(&self, key: &ConditionKey) -> Option<Values<'_>> {
        let full = key.full_name().to_ascii_lowercase();
        let found = self.iter().find(|(name, _)| name.eq_ignore_ascii_case(&full))?.1;
        match found.as_slice() {
            [one] => Some(Values::one(one.as_str())),
            many => Some(Values::many(many.iter().map(String::as_str))),
        }
    }
}
