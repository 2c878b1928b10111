//! Operations on keys together: what one does, the next one sees.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "tests")]
#![expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]

mod background;
mod grants;
mod last_usage;
mod quotas;
mod regions;

use serde_json::{Value, json};
use sim::{Answer, Credentials, Stage};

/// The name of what went wrong.
fn code(answer: &Answer) -> &str {
    answer.code.as_deref().unwrap_or("ok")
}

/// A policy of these statements.
fn policy(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A statement of an identity policy.
fn statement(effect: &str, action: &str) -> Value {
    json!({ "Effect": effect, "Action": action, "Resource": "*" })
}

/// Lets a user of this root user's account do what the statements say, and nothing else.
#[track_caller]
fn put_policy(stage: &Stage, root: &Credentials, user: &str, statements: &[Value]) {
    let document = policy(statements).to_string();
    let input = json!({ "UserName": user, "PolicyName": "only", "PolicyDocument": document });
    let answer = stage.iam_as(root, "PutUserPolicy", input);
    assert_eq!(answer.code, None, "{answer:?}");
}
