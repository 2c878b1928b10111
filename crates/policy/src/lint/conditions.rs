//! Conditions: words that do not exist, and what can never hold or always does.

use super::{
    Found, Vocabulary,
    keys::{KEYS, Key, Kind},
    vocabulary::nearest,
};
use crate::{
    Effect,
    condition::{Condition, SetOperator},
    operator::{Operator, Value},
    partition::{PARTITIONS, partition_of},
};

const CONDITION: &str = "Condition";

pub(super) fn check(found: &mut Found<'_>, variables: bool, vocabulary: &Vocabulary) {
    let conditions = &found.statement.conditions;
    for condition in conditions {
        match Vocabulary::key(condition.key()) {
            Some(key) => {
                types(found, condition, key);
                sets(found, condition, key);
                partitions(found, condition, key, vocabulary);
            }
            None => unknown(found, condition),
        }
        if !variables && condition.written().values.iter().any(|value| value.contains("${")) {
            found.warning(
                CONDITION,
                "`${` is text here; variables need the policy's Version to be 2012-10-17",
            );
        }
        if condition.operator() == Operator::Null {
            nulls(found, condition, conditions);
        }
        if condition.operator().is_negated() {
            contradicts(found, condition, conditions);
        }
    }
}

fn unknown(found: &mut Found<'_>, condition: &Condition) {
    let written = &*condition.written().key;
    let Some((prefix, _)) = written.split_once(':') else { return };
    if !Vocabulary::knows_keys_of(prefix) {
        // Identity providers and other services have keys of their own.
        return;
    }
    let family = KEYS.iter().find(|key| {
        key.family().is_some_and(|(stem, _)| stem.eq_ignore_ascii_case(written.trim_end_matches([':', '/'])))
    });
    let meant = family.map(|key| key.name).or_else(|| nearest(written, KEYS.iter().map(|key| key.name)));
    let meant = meant.map_or_else(String::new, |meant| format!("; is `{meant}` meant?"));
    found.error(CONDITION, format!("`{written}` is no condition key{meant}"));
}

/// Operators that cannot compare what the key has, and values that it never has.
fn types(found: &mut Found<'_>, condition: &Condition, key: &Key) {
    let fits = matches!(
        (condition.operator(), key.kind),
        (Operator::Null | Operator::String { .. }, _)
            | (Operator::Numeric(_), Kind::Number | Kind::Date)
            | (Operator::Date(_), Kind::Date)
            | (Operator::Bool, Kind::Flag)
            | (Operator::Ip { .. }, Kind::Address)
            | (Operator::Arn { .. }, Kind::Arn)
    );
    let written = condition.written();
    if !fits {
        let kind = key.kind;
        found.warning(
            CONDITION,
            format!("{} does not compare {}, which is {kind}", written.operator, written.key),
        );
        return;
    }
    if !matches!(condition.operator(), Operator::String { .. }) {
        return;
    }
    for value in written.values.iter().filter(|value| !value.contains(['*', '?', '$'])) {
        let possible = match key.kind {
            Kind::Flag => matches!(&**value, "true" | "false"),
            Kind::Account => value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit()),
            Kind::Arn => partition_of(value).is_some_and(|partition| PARTITIONS.contains(&partition)),
            Kind::Number => value.parse::<f64>().is_ok(),
            Kind::Text | Kind::Date | Kind::Address => true,
        };
        if !possible {
            found.warning(
                CONDITION,
                format!("{} is {} and never `{}`", written.key, key.kind, value.escape_debug()),
            );
        }
    }
}

/// ARNs of another partition than the deployment's. AWS takes them, and a denial under such a condition denies nothing.
fn partitions(found: &mut Found<'_>, condition: &Condition, key: &Key, vocabulary: &Vocabulary) {
    let Some(own) = vocabulary.partition() else { return };
    if !matches!(key.kind, Kind::Arn) || condition.operator() == Operator::Null {
        return;
    }
    let is_other = |value: &str| {
        partition_of(value).is_some_and(|partition| PARTITIONS.contains(&partition) && partition != own)
    };
    let written = condition.written();
    for value in written.values.iter().filter(|value| is_other(value)) {
        let value = value.escape_debug();
        found.warning(
            CONDITION,
            format!("{} is asked for `{value}`, and everything here is of the partition {own}", written.key),
        );
    }
}

/// `ForAnyValue` and `ForAllValues` are for keys with several values, and those need them.
fn sets(found: &mut Found<'_>, condition: &Condition, key: &Key) {
    let written = condition.written();
    match (condition.set(), key.many) {
        (Some(SetOperator::ForAllValues), false) => {
            let message = format!(
                "{} on {}, which has one value, holds for every request without it; remove ForAllValues",
                written.operator, written.key
            );
            match found.statement.effect {
                Effect::Allow => found.error(CONDITION, message),
                Effect::Deny => found.warning(CONDITION, message),
            }
        }
        (Some(SetOperator::ForAnyValue), false) => {
            found.warning(CONDITION, format!("{} has one value; remove ForAnyValue", written.key));
        }
        (Some(SetOperator::ForAllValues), true)
            if found.statement.effect == Effect::Allow && !is_required(found, condition) =>
        {
            found.warning(
                CONDITION,
                format!(
                    "{} also holds for requests without {}; add a Null condition of false if it has to be there",
                    written.operator, written.key
                ),
            );
        }
        (None, true) if condition.operator() != Operator::Null => found.warning(
            CONDITION,
            format!("{} has several values; say ForAnyValue or ForAllValues", written.key),
        ),
        _ => {}
    }
}

/// Whether another condition wants the key to be there.
fn is_required(found: &Found<'_>, condition: &Condition) -> bool {
    found.statement.conditions.iter().any(|other| {
        other.key() == condition.key()
            && (other.operator() == Operator::Null && other.values() == [Value::Bool(false)]
                || other.narrows())
    })
}

/// A key that has to be absent cannot have a value as well.
fn nulls(found: &mut Found<'_>, null: &Condition, conditions: &[Condition]) {
    let written = null.written();
    let (absent, present) =
        (null.values().contains(&Value::Bool(true)), null.values().contains(&Value::Bool(false)));
    if absent && present {
        found.warning(CONDITION, format!("Null {} of true and false always holds", written.key));
    }
    if !absent || present {
        return;
    }
    let contradicting = conditions.iter().filter(|other| other.key() == null.key());
    for other in contradicting.filter(|other| other.needs_presence()) {
        found.error(
            CONDITION,
            format!(
                "{} wants {} to be absent, and {} wants it to be there: this never holds",
                written.operator,
                written.key,
                other.written().operator
            ),
        );
    }
}

/// One of these values, and none of them.
fn contradicts(found: &mut Found<'_>, negated: &Condition, conditions: &[Condition]) {
    let equal = |other: &&Condition| {
        other.key() == negated.key()
            && other.operator().negates(negated.operator())
            && other.set().is_none()
            && negated.set().is_none()
            && !other.written().values.is_empty()
            && other.written().values.iter().all(|value| negated.written().values.contains(value))
    };
    if let Some(other) = conditions.iter().find(equal) {
        let (written, other) = (negated.written(), other.written());
        found.error(
            CONDITION,
            format!(
                "{} and {} of {} exclude each other: this never holds",
                other.operator, written.operator, written.key
            ),
        );
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Account => "the twelve digits of an account",
            Self::Arn => "an ARN",
            Self::Flag => "true or false",
            Self::Number => "a number",
            Self::Date => "a date",
            Self::Address => "an address",
        })
    }
}
