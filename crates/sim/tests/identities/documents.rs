//! Policies that tests of identities write, and how answers of IAM are read.

use percent_encoding::percent_decode_str;
use serde_json::json;
use sim::Answer;

/// A policy of one statement.
pub(crate) fn policy(effect: &str, actions: &[&str], resource: &str) -> String {
    let statement = json!({ "Effect": effect, "Action": actions, "Resource": resource });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

/// A trust policy for a principal in the form of AWS.
pub(crate) fn trust(principal: &str) -> String {
    let statement =
        json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole" });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

/// A policy as an answer carries it, decoded.
#[track_caller]
pub(crate) fn decoded(answer: &Answer, element: &str) -> String {
    let text = answer.xml(element).unwrap();
    percent_decode_str(&text).decode_utf8().unwrap().into_owned()
}

/// The texts of all elements of a name.
pub(crate) fn all(answer: &Answer, element: &str) -> Vec<String> {
    let body = std::str::from_utf8(&answer.body).unwrap();
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let rest = body.split(&open).skip(1);
    rest.filter_map(|rest| rest.split_once(&close)).map(|(text, _)| text.to_owned()).collect()
}
