//! Conditions: an operator, a key, and the values that the policy gives.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html>

use crate::{
    ConditionKey, Rule, Values,
    facts::Facts,
    operator::{Operator, Value, ValueError},
};

/// One key under one operator.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    operator: Operator,
    set: Option<SetOperator>,
    if_exists: bool,
    key: ConditionKey,
    values: Vec<Value>,
    written: Written,
}

/// The condition as the policy has it, for people.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Written {
    pub(crate) operator: Box<str>,
    pub(crate) key: Box<str>,
    pub(crate) values: Box<[Box<str>]>,
}

/// How the values of a multi-valued key are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetOperator {
    ForAnyValue,
    ForAllValues,
}

impl Condition {
    /// Reads a condition.
    pub(crate) fn parse(operator: &str, key: &str, values: &[String], variables: bool) -> Result<Self, Rule> {
        let written = Written {
            operator: operator.into(),
            key: key.into(),
            values: values.iter().map(|value| value.as_str().into()).collect(),
        };
        let (set, name) = match operator.split_once(':') {
            Some(("ForAnyValue", name)) => (Some(SetOperator::ForAnyValue), name),
            Some(("ForAllValues", name)) => (Some(SetOperator::ForAllValues), name),
            Some(_) => return Err(Rule::Operator),
            None => (None, operator),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let operator = Operator::parse(name).ok_or(Rule::Operator)?;
        if operator == Operator::Null && (if_exists || set.is_some()) {
            return Err(Rule::Operator);
        }
        if !key.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty()) {
            return Err(Rule::KeyForm);
        }
        if values.is_empty() {
            return Err(Rule::Empty);
        }
        let values = values.iter().map(|text| {
            operator.value(text, variables).map_err(|error| match error {
                ValueError::Variable => Rule::Variable,
                ValueError::Unfit => Rule::Value,
            })
        });
        let values = values.collect::<Result<_, _>>()?;
        Ok(Self { operator, set, if_exists, key: ConditionKey::parse(key), values, written })
    }

    /// As the policy has it.
    pub(crate) fn written(&self) -> &Written {
        &self.written
    }

    /// What it asks for.
    pub(crate) fn key(&self) -> &ConditionKey {
        &self.key
    }

    pub(crate) fn operator(&self) -> Operator {
        self.operator
    }

    pub(crate) fn set(&self) -> Option<SetOperator> {
        self.set
    }

    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    /// Whether it fails when the key is absent. `Null` is not meant.
    pub(crate) fn needs_presence(&self) -> bool {
        self.operator != Operator::Null && !self.holds_when_absent()
    }

    /// Whether it holds for some values of the key only, and not when there are none.
    pub(crate) fn narrows(&self) -> bool {
        self.needs_presence() && !self.operator.is_negated()
    }

    /// Checks what KMS takes in the policy of a key. `ForAllValues` holds when there is nothing: on a pair of an
    /// encryption context, or on a tag of a request, that is every request without it. What the key is called and tagged
    /// is for identity policies to ask.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>
    pub(crate) fn check_for_key_policy(&self) -> Result<(), Rule> {
        let (family, _) = self.key.name().split_once('/').unwrap_or((self.key.name(), ""));
        let for_all = self.set == Some(SetOperator::ForAllValues) && self.key.variable().is_some();
        match family {
            "aws:resourcetag" | "kms:resourcetag" | "kms:resourcealiases" => Err(Rule::ForIdentitiesOnly),
            "kms:encryptioncontext" if for_all => Err(Rule::OverlyPermissive),
            "aws:requesttag" if for_all => Err(Rule::OverlyPermissiveTag),
            _ => Ok(()),
        }
    }

    /// Whether it holds. A key without values is taken as absent.
    pub(crate) fn holds(&self, facts: &Facts<'_>) -> bool {
        let asked = facts.lookup(&self.key).filter(|asked| !asked.as_slice().is_empty());
        if self.operator == Operator::Null {
            return self.values.contains(&Value::Bool(asked.is_none()));
        }
        let Some(asked) = asked else { return self.holds_when_absent() };
        let alternatives = matches!(asked, Values::Either(_));
        let mut asked = asked.as_slice().iter();
        if alternatives {
            return facts.holds_of(asked.map(|asked| self.holds_for(asked, facts)));
        }
        match self.set {
            Some(SetOperator::ForAllValues) => asked.all(|asked| self.holds_for(asked, facts)),
            Some(SetOperator::ForAnyValue) => asked.any(|asked| self.holds_for(asked, facts)),
            None if self.operator.is_negated() => asked.all(|asked| self.holds_for(asked, facts)),
            None => asked.any(|asked| self.holds_for(asked, facts)),
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
    fn holds_for(&self, asked: &str, facts: &Facts<'_>) -> bool {
        let Some(asked) = self.operator.read(asked, facts.effort) else { return false };
        let negated = self.operator.is_negated();
        let facts = facts.negated(negated);
        self.values.iter().any(|value| self.operator.matches(&asked, value, &facts)) != negated
    }
}
