//! Conditions: an operator, a key, and the values that the policy gives.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html>

use crate::{
    ConditionKey, ConditionKeys,
    operator::{Operator, Value},
};

/// One key under one operator.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    operator: Operator,
    set: Option<SetOperator>,
    if_exists: bool,
    key: ConditionKey,
    values: Vec<Value>,
}

/// How the values of a multi-valued key are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SetOperator {
    ForAnyValue,
    ForAllValues,
}

/// Why there is no such condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConditionError {
    Operator,
    Variable,
    OverlyPermissive,
}

impl Condition {
    /// Reads a condition.
    pub(crate) fn parse(
        operator: &str,
        key: &str,
        values: &[String],
        variables: bool,
    ) -> Result<Self, ConditionError> {
        let (set, name) = match operator.split_once(':') {
            Some(("ForAnyValue", name)) => (Some(SetOperator::ForAnyValue), name),
            Some(("ForAllValues", name)) => (Some(SetOperator::ForAllValues), name),
            Some(_) => return Err(ConditionError::Operator),
            None => (None, operator),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let operator = Operator::parse(name).ok_or(ConditionError::Operator)?;
        if operator == Operator::Null && (if_exists || set.is_some()) {
            return Err(ConditionError::Operator);
        }
        let key = ConditionKey::parse(key);
        let single = key.name() == "kms:encryptioncontext" && key.variable().is_some();
        if set == Some(SetOperator::ForAllValues) && single {
            return Err(ConditionError::OverlyPermissive);
        }
        let values =
            values.iter().map(|text| operator.value(text, variables).ok_or(ConditionError::Variable));
        Ok(Self { operator, set, if_exists, key, values: values.collect::<Result<_, _>>()? })
    }

    /// Whether it holds.
    pub(crate) fn holds(&self, keys: &dyn ConditionKeys) -> bool {
        let asked = keys.lookup(&self.key);
        if self.operator == Operator::Null {
            let absent = asked.is_none_or(|asked| asked.as_slice().is_empty());
            return self.values.contains(&Value::Bool(absent));
        }
        let Some(asked) = asked else { return self.holds_when_absent() };
        let asked = asked.as_slice();
        match self.set {
            Some(SetOperator::ForAllValues) => asked.iter().all(|asked| self.holds_for(asked, keys)),
            Some(SetOperator::ForAnyValue) => asked.iter().any(|asked| self.holds_for(asked, keys)),
            None if self.operator.is_negated() => asked.iter().all(|asked| self.holds_for(asked, keys)),
            None => asked.iter().any(|asked| self.holds_for(asked, keys)),
        }
    }

    fn holds_when_absent(&self) -> bool {
        self.if_exists
            || match self.set {
                Some(SetOperator::ForAllValues) => true,
                Some(SetOperator::ForAnyValue) => false,
                None => self.operator.is_negated(),
            }
    }

    /// For one value of the question: it is among those of the policy, or, negated, among none of them.
    fn holds_for(&self, asked: &str, keys: &dyn ConditionKeys) -> bool {
        if !self.operator.fits(asked) {
            return false;
        }
        let found = self.values.iter().any(|value| self.operator.matches(asked, value, keys));
        found != self.operator.is_negated()
    }
}
