//! The condition keys that a policy asks about, as it writes them.

use std::collections::BTreeSet;

use crate::{Policy, Statement};

impl Policy {
    /// The condition keys in its conditions and variables, as they are written; each once.
    #[must_use]
    pub fn condition_keys(&self) -> BTreeSet<&str> {
        self.statements().iter().flat_map(|statement| self.condition_keys_of(statement)).collect()
    }

    /// The same of one of its statements; a key may come more than once.
    pub fn condition_keys_of<'a>(&self, statement: &'a Statement) -> impl Iterator<Item = &'a str> {
        let conditions = || statement.conditions.iter().map(|condition| condition.written());
        let values = conditions().flat_map(|written| written.values.iter().map(AsRef::as_ref));
        let resources = statement.resources.iter().flat_map(|named| named.list.iter());
        let texts = values.chain(resources.map(|pattern| pattern.as_str()));
        let variables = texts.filter(|_| self.has_variables()).flat_map(variables);
        conditions().map(|written| &*written.key).chain(variables)
    }
}

/// The keys of `${key}` and `${key, 'default'}`. What is escaped, as `${*}`, is no key.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| {
        let (inner, _) = rest.split_once('}')?;
        let key = inner.split(',').next()?.trim();
        (!matches!(key, "*" | "?" | "$")).then_some(key)
    })
}

#[cfg(test)]
mod tests {
    use crate::PolicyKind;

    use super::*;

    fn keys(version: &str) -> Vec<String> {
        let text = format!(
            r#"{{"Version":"{version}","Statement":[
                {{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${{aws:username}}/${{*}}${{aws:PrincipalTag/a b, 'x'}}",
                  "Condition":{{"StringLike":{{"KMS:RequestAlias":"alias/${{aws:userid}}"}}}}}},
                {{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"Null":{{"KMS:RequestAlias":"true"}}}}}}]}}"#
        );
        let policy = Policy::parse(&text, PolicyKind::IdentityPolicy).unwrap();
        policy.condition_keys().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn keys_stand_in_conditions_and_in_variables() {
        let all = ["KMS:RequestAlias", "aws:PrincipalTag/a b", "aws:userid", "aws:username"];
        assert_eq!(keys("2012-10-17"), all);
        assert_eq!(keys("2008-10-17"), ["KMS:RequestAlias"]);
    }
}
