//! What callers write and IAM refuses.

use serde_json::{Value, json};

use crate::people::People;

#[test]
fn malformed_policies_are_refused_in_the_words_of_aws() {
    let people = People::new();
    people.iam("CreateUser", json!({ "UserName": "alice" }));
    let statement =
        |statement: Value| json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    for (document, message) in [
        ("{".to_owned(), "This policy contains invalid Json"),
        ("no".to_owned(), "This policy contains invalid Json"),
        (json!({ "Version": "2011-01-01", "Statement": [] }).to_string(), "Syntax errors in policy."),
        (
            statement(json!({ "Effect": "Maybe", "Action": "kms:*", "Resource": "*" })),
            "Syntax errors in policy.",
        ),
        (statement(json!({ "Effect": "Allow", "Resource": "*" })), "Policy statement must contain actions."),
        (
            statement(json!({ "Effect": "Allow", "Action": "kms:*" })),
            "Policy statement must contain resources.",
        ),
        (
            statement(json!({ "Effect": "Allow", "Action": "Encrypt", "Resource": "*" })),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (
            statement(json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" })),
            "Policy document should not specify a principal.",
        ),
        (
            statement(json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "key" })),
            "Resource key must be in ARN format or \"*\".",
        ),
    ] {
        for (operation, input) in [
            ("PutUserPolicy", json!({ "UserName": "alice", "PolicyName": "p", "PolicyDocument": document })),
            ("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document })),
        ] {
            let (code, text) = people.refusal(operation, input);
            assert_eq!((code.as_str(), text.as_str()), ("MalformedPolicyDocument", message), "{document}");
        }
    }
    let trust = statement(
        json!({ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*" }),
    );
    let refused = people.refusal("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust }));
    assert_eq!(refused, ("MalformedPolicyDocument".to_owned(), "Has prohibited field Resource".to_owned()));
}

#[test]
fn names_tags_and_arns_have_rules() {
    let people = People::new();
    let (code, message) = people.refusal("CreateUser", json!({ "UserName": "a b" }));
    assert_eq!(code, "ValidationError");
    assert!(
        message.starts_with("1 validation error detected: Value 'a b' at 'userName' failed to satisfy"),
        "{message}"
    );
    let (code, message) = people.refusal("CreateUser", json!({ "UserName": "é" }));
    assert_eq!(code, "ValidationError");
    assert!(message.contains("at 'userName' failed to satisfy constraint"), "{message}");
    let tags = json!([{ "Key": "a", "Value": "1" }, { "Key": "A", "Value": "2" }]);
    let (code, message) = people.refusal("CreateUser", json!({ "UserName": "a", "Tags": tags }));
    assert_eq!(code, "InvalidInput");
    assert_eq!(message, "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    let refused = people.refusal("GetPolicy", json!({ "PolicyArn": "not-an-arn-of-anything" }));
    assert_eq!(refused, ("ValidationError".to_owned(), "Invalid ARN:  Could not be parsed!".to_owned()));
    let role = people.refusal("GetUser", json!({ "UserName": "nobody" }));
    assert_eq!(role, ("NoSuchEntity".to_owned(), "The user with name nobody cannot be found.".to_owned()));
}
