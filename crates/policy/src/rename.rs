//! Showing a policy with other names for its principals, and nothing else changed.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::value::RawValue;

/// The text of a policy with other names where `rename` has one for the value of `"Principal": {"AWS": …}` or of
/// its `NotPrincipal`. White space, order and everything else stay as they were written; a text that is no policy
/// stays as it is.
#[must_use]
pub fn rename_principals(text: &str, rename: &dyn Fn(&str) -> Option<String>) -> String {
    let mut named = Vec::new();
    let _ = principals(text, &mut named);
    // The members of an object come in the order of their names, not of their places.
    named.sort_by_key(|value| value.as_ptr());
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    for value in named {
        let name: Option<Cow<'_, str>> = serde_json::from_str(value).ok();
        let renamed = name.and_then(|name| rename(&name)).and_then(|name| serde_json::to_string(&name).ok());
        let at = (value.as_ptr() as usize).checked_sub(rest.as_ptr() as usize);
        let (Some(renamed), Some((before, after))) = (renamed, at.and_then(|at| rest.split_at_checked(at)))
        else {
            continue;
        };
        shown.push_str(before);
        shown.push_str(&renamed);
        rest = after.strip_prefix(value).unwrap_or(after);
    }
    shown.push_str(rest);
    shown
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    #[serde(borrow)]
    statement: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    #[serde(borrow)]
    principal: Option<&'a RawValue>,
    #[serde(borrow)]
    not_principal: Option<&'a RawValue>,
}

/// The places of all principals that are named in the form of AWS, each a JSON string.
fn principals<'a>(text: &'a str, named: &mut Vec<&'a str>) -> serde_json::Result<()> {
    let document: Document<'a> = serde_json::from_str(text)?;
    for statement in members(document.statement)? {
        let statement: Statement<'a> = serde_json::from_str(statement)?;
        for kinds in [statement.principal, statement.not_principal].into_iter().flatten() {
            if !kinds.get().starts_with('{') {
                continue;
            }
            let kinds: BTreeMap<String, &'a RawValue> = serde_json::from_str(kinds.get())?;
            if let Some(values) = kinds.get("AWS") {
                named.extend(members(values)?);
            }
        }
    }
    Ok(())
}

/// A value, or the values of an array.
fn members(value: &RawValue) -> serde_json::Result<Vec<&str>> {
    if !value.get().starts_with('[') {
        return Ok(vec![value.get()]);
    }
    let values: Vec<&RawValue> = serde_json::from_str(value.get())?;
    Ok(values.into_iter().map(RawValue::get).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(text: &str) -> String {
        rename_principals(text, &|name| (name == "arn:aws:iam::1:user/b").then(|| "AIDA".to_owned()))
    }

    #[test]
    fn principals_are_renamed_and_nothing_else() {
        let text = r#"{ "Statement" : [
  {"Principal":{"AWS":["arn:aws:iam::1:user/a", "arn:aws:iam::1:user\/b"]},
   "Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::1:user/b"}}},
  {"NotPrincipal" : {"Service":"arn:aws:iam::1:user/b","AWS" : "arn:aws:iam::1:user/b"}}, {"Principal":"*"} ] }"#;
        let shown = r#"{ "Statement" : [
  {"Principal":{"AWS":["arn:aws:iam::1:user/a", "AIDA"]},
   "Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::1:user/b"}}},
  {"NotPrincipal" : {"Service":"arn:aws:iam::1:user/b","AWS" : "AIDA"}}, {"Principal":"*"} ] }"#;
        assert_eq!(renamed(text), shown);
    }

    #[test]
    fn one_statement_without_an_array() {
        let text = r#"{"Statement":{"Principal":{"AWS":"arn:aws:iam::1:user/b"}}}"#;
        assert_eq!(renamed(text), r#"{"Statement":{"Principal":{"AWS":"AIDA"}}}"#);
        for other in ["", "[]", "{}", r#"{"Statement":1}"#, r#"{"Statement":{}}"#] {
            assert_eq!(renamed(other), other);
        }
    }
}
