//! Policies that many tests write.

use serde_json::{Value, json};

/// A policy that allows these actions on everything.
#[must_use]
pub fn allow(actions: &[&str]) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }],
    })
}

/// A trust policy that names a principal, for everything that goes with assuming a role.
#[must_use]
pub fn trusting(principal: &str) -> Value {
    let actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": actions }],
    })
}

/// The same under a condition.
///
/// # Panics
/// Never: a trust policy has a statement.
#[must_use]
pub fn trusting_if(principal: &str, condition: Value) -> Value {
    let mut trust = trusting(principal);
    let statement = trust.pointer_mut("/Statement/0").and_then(Value::as_object_mut).expect("a statement");
    statement.insert("Condition".to_owned(), condition);
    trust
}
