//! What a question says of itself, as far as conditions ask.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{ConditionKey, glob::folded};

/// Values of a condition key in a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values<'a> {
    /// A single-valued key.
    One(Cow<'a, str>),
    /// A multi-valued key.
    Many(Vec<Cow<'a, str>>),
    /// A single-valued key whose value is one of these, and nobody can tell which. Each comparison is made to the
    /// caller's disadvantage: a denial holds if it does for any of them, an allow only if it does for all.
    Either(Vec<Cow<'a, str>>),
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

    /// The value of a single-valued key that stands for a name, such as a tag's, from names and their values; `None` if
    /// none is named so.
    ///
    /// Names of condition keys are compared without regard to case, and those of tags and encryption contexts differ by
    /// it. No such name goes before another: where several fit and have different values, it is either of these.
    pub fn of<N, V>(name: &str, all: impl IntoIterator<Item = (&'a N, &'a V)>) -> Option<Self>
    where
        N: AsRef<str> + ?Sized + 'a,
        V: AsRef<str> + ?Sized + 'a,
    {
        let fitting = all.into_iter().filter(|(other, _)| is_same_name((*other).as_ref(), name));
        let mut values = fitting.map(|(_, value)| value.as_ref());
        let first: &'a str = values.next()?;
        let others: Vec<Cow<'a, str>> = values.filter(|value| *value != first).map(Cow::Borrowed).collect();
        if others.is_empty() {
            return Some(Self::one(first));
        }
        Some(Self::Either([vec![Cow::Borrowed(first)], others].concat()))
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Cow<'a, str>] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) | Self::Either(values) => values,
        }
    }
}

/// Tells the values of condition keys. Asked only when a condition needs one.
pub trait ConditionKeys {
    /// The values; `None` when the key is absent.
    fn lookup(&self, key: &ConditionKey) -> Option<Values<'_>>;
}

/// Keys by their full names, for simulations and tests.
impl ConditionKeys for BTreeMap<String, Vec<String>> {
    fn lookup(&self, key: &ConditionKey) -> Option<Values<'_>> {
        let full = key.full_name();
        let found: Vec<&Vec<String>> =
            self.iter().filter(|(name, _)| is_same_name(name, &full)).map(|(_, values)| values).collect();
        match found.as_slice() {
            [] => None,
            [values] => Some(match values.as_slice() {
                [one] => Values::one(one.as_str()),
                many => Values::many(many.iter().map(String::as_str)),
            }),
            several => {
                let values = several.iter().flat_map(|values| values.iter());
                Some(Values::Either(values.map(|value| Cow::Borrowed(value.as_str())).collect()))
            }
        }
    }
}

fn is_same_name(one: &str, other: &str) -> bool {
    let beyond_ascii = !one.is_ascii() || !other.is_ascii();
    one.eq_ignore_ascii_case(other) || beyond_ascii && one.chars().map(folded).eq(other.chars().map(folded))
}
