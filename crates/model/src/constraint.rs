//! Constraints of the model, in AWS's words.

use std::{any::TypeId, collections::BTreeMap, fmt::Display, sync::LazyLock};

pub use crate::violations::{Path, Violations};

use regex::Regex;
use secret::Plaintext;

use crate::{
    Blob,
    blob::{Sensitive, SensitiveText},
    entries::Entries,
    listed::listed,
    number::Lenient,
    shape::{Choice, Input},
};

/// A pattern of the model, compiled when it is first needed. It has to match the whole text.
pub(crate) struct Pattern {
    /// As messages show it.
    pub(crate) shown: &'static str,
    /// `None` for a pattern that does not compile; a test makes sure that there is none.
    pub(crate) compiled: LazyLock<Option<Regex>>,
}

/// Compiles a pattern of the model.
pub(crate) fn compile(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).ok()
}

/// A member that must be there.
pub(crate) fn required<R: 'static, T>(
    raw: Option<R>,
    at: Path<'_>,
    violations: &mut Violations,
    check: impl FnOnce(R, Path<'_>, &mut Violations) -> Option<T>,
) -> Option<T> {
    match raw {
        Some(raw) => check(raw, at, violations),
        None => {
            // Of secret bytes not even that there are none is shown as a value.
            if TypeId::of::<R>() == TypeId::of::<Sensitive>() {
                violations.add_silent(at, "Member must not be null");
            } else {
                violations.add_missing(at);
            }
            None
        }
    }
}

/// A member that may be absent: `Some(None)` then.
pub(crate) fn optional<R, T>(
    raw: Option<R>,
    at: Path<'_>,
    violations: &mut Violations,
    check: impl FnOnce(R, Path<'_>, &mut Violations) -> Option<T>,
) -> Option<Option<T>> {
    match raw {
        Some(raw) => check(raw, at, violations).map(Some),
        None => Some(None),
    }
}

/// Text of so many characters, matching a pattern.
pub(crate) fn text(
    min: usize,
    max: usize,
    pattern: Option<&'static Pattern>,
) -> impl Fn(String, Path<'_>, &mut Violations) -> Option<String> {
    move |value, at, violations| {
        let mut good = true;
        if let Some(constraint) = length(value.chars().count(), min, max) {
            violations.add(&value, at, constraint);
            good = false;
        }
        if let Some(pattern) = pattern
            && !pattern.compiled.as_ref().is_some_and(|compiled| compiled.is_match(&value))
        {
            let shown = pattern.shown;
            violations.add(
                &value,
                at,
                format_args!("Member must satisfy regular expression pattern: {shown}"),
            );
            good = false;
        }
        good.then_some(value)
    }
}

/// Text that is one of a set.
pub(crate) fn choice<C: Choice>() -> impl Fn(String, Path<'_>, &mut Violations) -> Option<C> {
    |value, at, violations| {
        let parsed = C::parse(&value);
        if parsed.is_none() {
            let set = listed::<C>().join(", ");
            violations.add(value, at, format_args!("Member must satisfy enum value set: [{set}]"));
        }
        parsed
    }
}

/// A number in a range.
pub(crate) fn number<N: Copy + Into<i64> + Display>(
    min: i64,
    max: i64,
) -> impl Fn(N, Path<'_>, &mut Violations) -> Option<N> {
    move |value, at, violations| {
        let constraint = match value.into() {
            number if number < min => format!("Member must have value greater than or equal to {min}"),
            number if number > max => format!("Member must have value less than or equal to {max}"),
            _ => return Some(value),
        };
        violations.add(value, at, constraint);
        None
    }
}

/// A number or a truth value that is written as text.
pub(crate) fn lenient<N>(
    check: impl Fn(N, Path<'_>, &mut Violations) -> Option<N>,
) -> impl Fn(Lenient<N>, Path<'_>, &mut Violations) -> Option<N> {
    move |Lenient(value), at, violations| check(value, at, violations)
}

/// A truth value or a time: nothing to check.
pub(crate) fn any<T>() -> impl Fn(T, Path<'_>, &mut Violations) -> Option<T> {
    |value, _, _| Some(value)
}

/// Bytes, so many. They are not shown.
pub(crate) fn blob(min: usize, max: usize) -> impl Fn(Blob, Path<'_>, &mut Violations) -> Option<Blob> {
    move |value, at, violations| match length(value.len(), min, max) {
        Some(constraint) => {
            violations.add_silent(at, constraint);
            None
        }
        None => Some(value),
    }
}

/// Secret bytes, so many.
pub(crate) fn sensitive(
    min: usize,
    max: usize,
) -> impl Fn(Sensitive, Path<'_>, &mut Violations) -> Option<Plaintext> {
    move |Sensitive(value), at, violations| secret(value, at, violations, min, max)
}

/// Secret text, so many bytes.
pub(crate) fn sensitive_text(
    min: usize,
    max: usize,
) -> impl Fn(SensitiveText, Path<'_>, &mut Violations) -> Option<Plaintext> {
    move |SensitiveText(value), at, violations| secret(value, at, violations, min, max)
}

fn secret(
    value: Plaintext,
    at: Path<'_>,
    violations: &mut Violations,
    min: usize,
    max: usize,
) -> Option<Plaintext> {
    match length(value.len(), min, max) {
        Some(constraint) => {
            violations.add_silent(at, constraint);
            None
        }
        None => Some(value),
    }
}

/// A list of so many items.
pub(crate) fn list<R, T>(
    min: usize,
    max: usize,
    item: impl Fn(R, Path<'_>, &mut Violations) -> Option<T>,
) -> impl Fn(Vec<R>, Path<'_>, &mut Violations) -> Option<Vec<T>> {
    move |values, at, violations| {
        let fits = length(values.len(), min, max);
        if let Some(constraint) = &fits {
            violations.add_silent(at, constraint);
        }
        let mut checked = Some(Vec::with_capacity(values.len()));
        for (index, value) in values.into_iter().enumerate() {
            let value = item(value, at.item(index), violations);
            match (&mut checked, value) {
                (Some(checked), Some(value)) => checked.push(value),
                _ => checked = None,
            }
        }
        checked.filter(|_| fits.is_none())
    }
}

/// A map of so many entries, from text.
pub(crate) fn map<R, T>(
    min: usize,
    max: usize,
    value: impl Fn(R, Path<'_>, &mut Violations) -> Option<T>,
) -> impl Fn(Entries<R>, Path<'_>, &mut Violations) -> Option<BTreeMap<String, T>> {
    move |Entries(entries), at, violations| {
        let fits = length(entries.len(), min, max);
        if let Some(constraint) = &fits {
            violations.add_silent(at, constraint);
        }
        let mut checked = Some(BTreeMap::new());
        for (key, raw) in entries {
            let value = value(raw, at.value(&key), violations);
            match (&mut checked, value) {
                (Some(checked), Some(value)) => {
                    checked.insert(key, value);
                }
                _ => checked = None,
            }
        }
        checked.filter(|_| fits.is_none())
    }
}

/// A structure.
pub(crate) fn structure<I: Input>() -> impl Fn(I::Raw, Path<'_>, &mut Violations) -> Option<I> {
    I::check
}

fn length(length: usize, min: usize, max: usize) -> Option<String> {
    if length < min {
        return Some(format!("Member must have length greater than or equal to {min}"));
    }
    (length > max).then(|| format!("Member must have length less than or equal to {max}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kms, shape::parse};

    fn said<I: Input>(raw: &str) -> String
    where
        I::Raw: serde::de::DeserializeOwned,
    {
        match parse::<I>(serde_json::from_str(raw).unwrap()) {
            Ok(_) => String::new(),
            Err(violations) => violations.to_string(),
        }
    }

    #[test]
    fn every_pattern_compiles() {
        let services = [
            kms::PATTERNS,
            crate::sts::PATTERNS,
            crate::iam::PATTERNS,
            crate::tagging::PATTERNS,
            crate::cloudtrail::PATTERNS,
            crate::keywright::PATTERNS,
        ];
        for pattern in services.concat() {
            assert!(pattern.compiled.is_some(), "{}", pattern.shown);
        }
    }

    #[test]
    fn messages_are_those_of_aws() {
        assert_eq!(
            said::<kms::EncryptRequest>(r#"{"KeyId":"k","Plaintext":""}"#),
            "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: \
             Member must have length greater than or equal to 1"
        );
        assert_eq!(
            said::<kms::GenerateRandomRequest>(r#"{"NumberOfBytes":1025}"#),
            "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: \
             Member must have value less than or equal to 1024"
        );
        assert_eq!(
            said::<kms::TagResourceRequest>(r#"{"KeyId":"k"}"#),
            "1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not be null"
        );
        assert_eq!(
            said::<kms::TagResourceRequest>(r#"{"KeyId":"","Tags":[{"TagKey":"","TagValue":"v"}]}"#),
            "2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: \
             Member must have length greater than or equal to 1; \
             Value '' at 'tags.1.member.tagKey' failed to satisfy constraint: \
             Member must have length greater than or equal to 1"
        );
        let missing = "failed to satisfy constraint: Member must not be null";
        for (said, member) in [
            (said::<kms::EncryptRequest>(r#"{"KeyId":"k"}"#), "at 'plaintext'"),
            (said::<kms::SignRequest>(r#"{"KeyId":"k","SigningAlgorithm":"SM2DSA"}"#), "at 'message'"),
            (
                said::<kms::VerifyMacRequest>(
                    r#"{"KeyId":"k","MacAlgorithm":"HMAC_SHA_224","Message":"QQ=="}"#,
                ),
                "null at 'mac'",
            ),
        ] {
            assert_eq!(said, format!("1 validation error detected: Value {member} {missing}"));
        }
        assert!(said::<kms::CreateKeyRequest>(r#"{"KeySpec":"X"}"#).starts_with(
            "1 validation error detected: Value 'X' at 'keySpec' failed to satisfy constraint: \
             Member must satisfy enum value set: ["
        ));
        assert_eq!(
            said::<kms::PutKeyPolicyRequest>(r#"{"KeyId":"k","PolicyName":"invalid-name","Policy":"{}"}"#),
            "1 validation error detected: Value 'invalid-name' at 'policyName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [\\w]+"
        );
    }
}
