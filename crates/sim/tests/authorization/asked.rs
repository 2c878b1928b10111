//! What the policies of a scenario depend on.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::load::Scenario;

/// The condition keys that its policies ask about, in conditions and in variables, in small letters.
pub(crate) fn keys(scenario: &Scenario) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for policy in policies(scenario) {
        for statement in policy["Statement"].as_array().unwrap() {
            for conditions in statement["Condition"].as_object().into_iter().flat_map(|all| all.values()) {
                keys.extend(conditions.as_object().unwrap().keys().map(|key| key.to_lowercase()));
            }
            if policy["Version"] == "2012-10-17" {
                variables(&statement.to_string(), &mut keys);
            }
        }
    }
    keys
}

/// Whether its policies are about every action on everything, so that it does not matter what is asked for.
pub(crate) fn is_about_everything(scenario: &Scenario) -> bool {
    let mut statements = policies(scenario).flat_map(|policy| policy["Statement"].as_array().unwrap());
    statements.all(|statement| {
        ["*", "kms:*"].iter().any(|all| statement["Action"] == *all) && statement["Resource"] == "*"
    })
}

/// Whether its policies name nobody but the account.
pub(crate) fn is_about_anybody(scenario: &Scenario) -> bool {
    let delegates = |policy: &Value| {
        let text = policy.to_string();
        !text.contains(":user/") && !text.contains(":role/") && !text.contains(":sts:")
    };
    scenario.key_policy.iter().all(delegates) && scenario.session.is_none()
}

/// Every text in the policy of the key that names a principal, or may.
pub(crate) fn principals(policy: &Value) -> Vec<String> {
    let statements = policy["Statement"].as_array().unwrap();
    let named = statements.iter().flat_map(|statement| {
        [&statement["Principal"], &statement["NotPrincipal"]].into_iter().flat_map(texts)
    });
    named.collect()
}

/// Whether a key policy names an identity provider.
pub(crate) fn names_a_provider(policy: &Value) -> bool {
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().any(|statement| !statement["Principal"]["Federated"].is_null())
}

fn policies(scenario: &Scenario) -> impl Iterator<Item = &Value> {
    let identity = scenario.identity.iter().flatten();
    let session = scenario.session.iter().flatten();
    scenario.key_policy.iter().chain(identity).chain(&scenario.boundary).chain(session)
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::Object(all) => all.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// `${name}` and `${name, 'default'}`; not the escapes `${*}`, `${?}` and `${$}`.
fn variables(text: &str, keys: &mut BTreeSet<String>) {
    for rest in text.split("${").skip(1) {
        let name = rest.split(['}', ',']).next().unwrap().trim();
        if name.contains(':') {
            keys.insert(name.to_lowercase());
        }
    }
}
