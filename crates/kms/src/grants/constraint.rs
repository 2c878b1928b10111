//! What a grant demands of the encryption context, as pure functions.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>

use std::collections::BTreeMap;

/// An encryption context.
pub(crate) type Context = BTreeMap<String, String>;

/// A demand on the encryption context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextConstraint {
    /// It is these pairs and no others.
    Equals(Context),
    /// These pairs are among it.
    Subset(Context),
}

impl ContextConstraint {
    /// The pairs it is about.
    pub(crate) fn pairs(&self) -> &Context {
        match self {
            Self::Equals(pairs) | Self::Subset(pairs) => pairs,
        }
    }

    /// As the condition key `kms:GrantConstraintType` and requests name it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Equals(_) => "EncryptionContextEquals",
            Self::Subset(_) => "EncryptionContextSubset",
        }
    }

    /// Whether a context meets it. Keys and values are compared exactly.
    pub(crate) fn holds(&self, context: &Context) -> bool {
        match self {
            Self::Equals(pairs) => pairs == context,
            Self::Subset(pairs) => includes(context, pairs),
        }
    }
}

/// Whether a child's constraint is at least as strict as its parent's: whatever it lets pass, that one does.
pub(super) fn is_as_strict(child: Option<&ContextConstraint>, parent: Option<&ContextConstraint>) -> bool {
    use ContextConstraint::{Equals, Subset};
    match (child, parent) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(Equals(child)), Some(Equals(parent))) => child == parent,
        (Some(Subset(_)), Some(Equals(_))) => false,
        (Some(Equals(child) | Subset(child)), Some(Subset(parent))) => includes(child, parent),
    }
}

fn includes(context: &Context, pairs: &Context) -> bool {
    pairs.iter().all(|(key, value)| context.get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Few keys and values, so that contexts often agree.
    fn contexts() -> impl Strategy<Value = Context> {
        proptest::collection::btree_map("[ab]", "[xy]", 0..3)
    }

    fn constraints() -> impl Strategy<Value = Option<ContextConstraint>> {
        prop_oneof![
            Just(None),
            contexts().prop_map(|pairs| Some(ContextConstraint::Equals(pairs))),
            contexts().prop_map(|pairs| Some(ContextConstraint::Subset(pairs))),
        ]
    }

    fn strict(child: &Option<ContextConstraint>, parent: &Option<ContextConstraint>) -> bool {
        is_as_strict(child.as_ref(), parent.as_ref())
    }

    proptest! {
        #[test]
        fn strictness_is_a_partial_order(a in constraints(), b in constraints(), c in constraints()) {
            prop_assert!(strict(&a, &a));
            prop_assert!(!(strict(&a, &b) && strict(&b, &a)) || a == b);
            prop_assert!(!(strict(&a, &b) && strict(&b, &c)) || strict(&a, &c));
        }

        #[test]
        fn what_a_stricter_constraint_lets_pass_the_other_does(
            child in constraints(), parent in constraints(), context in contexts(),
        ) {
            let passes = |constraint: &Option<ContextConstraint>| {
                constraint.as_ref().is_none_or(|constraint| constraint.holds(&context))
            };
            prop_assert!(!(strict(&child, &parent) && passes(&child)) || passes(&parent));
        }
    }

    #[test]
    fn keys_and_values_are_compared_exactly() {
        let context = |key: &str, value: &str| Context::from([(key.to_owned(), value.to_owned())]);
        for constraint in [ContextConstraint::Equals, ContextConstraint::Subset] {
            assert!(constraint(context("a", "x")).holds(&context("a", "x")));
            assert!(!constraint(context("a", "x")).holds(&context("A", "x")));
            assert!(!constraint(context("a", "x")).holds(&context("a", "X")));
            assert!(!constraint(context("a", "x")).holds(&Context::new()));
        }
    }
}
