//! What the journal has of policies that are sent.

use audit::{Record, Value};
use serde_json::{Value as Json, json};
use sim::{Stage, stage::ACCOUNT};

use crate::documents::{policy, trust};

/// A parameter of the last record of an operation.
#[track_caller]
fn parameter(stage: &Stage, operation: &str, name: &str) -> Option<Value<'static>> {
    let records = stage.world.records();
    let record: &Record<'static> = records.iter().rfind(|record| record.operation == operation).unwrap();
    record.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

#[track_caller]
fn assert_noted(stage: &Stage, operation: &str, name: &str, text: &str) {
    assert_eq!(parameter(stage, operation, name), Some(text.to_owned().into()), "{operation}");
}

#[test]
fn policies_are_recorded_as_they_were_sent() {
    let stage = Stage::new();
    let document = policy("Allow", &["kms:Encrypt"], "*");
    let trusted = trust(ACCOUNT);
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    stage.iam("CreateGroup", json!({ "GroupName": "staff" }));
    let input = json!({ "RoleName": "worker", "AssumeRolePolicyDocument": trusted });
    stage.iam("CreateRole", input);
    assert_noted(&stage, "CreateRole", "assumeRolePolicyDocument", &trusted);
    let put = |operation: &str, member: &str, holder: &str| {
        stage.iam(operation, json!({ member: holder, "PolicyName": "p", "PolicyDocument": document }));
        assert_noted(&stage, operation, "policyDocument", &document);
    };
    put("PutUserPolicy", "UserName", "alice");
    put("PutGroupPolicy", "GroupName", "staff");
    put("PutRolePolicy", "RoleName", "worker");
    let made = stage.iam("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document }));
    assert_noted(&stage, "CreatePolicy", "policyDocument", &document);
    let input = json!({ "PolicyArn": made.xml("Arn"), "PolicyDocument": document, "SetAsDefault": true });
    stage.iam("CreatePolicyVersion", input);
    assert_noted(&stage, "CreatePolicyVersion", "policyDocument", &document);
    assert_eq!(parameter(&stage, "CreatePolicyVersion", "setAsDefault"), Some(true.into()));
    stage.iam("UpdateAssumeRolePolicy", json!({ "RoleName": "worker", "PolicyDocument": trusted }));
    assert_noted(&stage, "UpdateAssumeRolePolicy", "policyDocument", &trusted);
}

#[test]
fn what_is_passed_to_a_session_is_recorded() {
    let stage = Stage::new();
    let input = json!({ "RoleName": "worker", "AssumeRolePolicyDocument": trust(ACCOUNT) });
    stage.iam("CreateRole", input);
    let (document, managed) =
        (policy("Allow", &["kms:Encrypt"], "*"), "arn:aws:iam::aws:policy/ReadOnlyAccess");
    let call = |operation: &str, more: Json| {
        let mut input = json!({ "Policy": document, "PolicyArns": [{ "arn": managed }], "Tags": [{ "Key": "a", "Value": "b" }] });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        stage.sts_as(&stage.root, operation, input);
        assert_noted(&stage, operation, "policy", &document);
        let arns = parameter(&stage, operation, "policyArns");
        assert_eq!(arns, Some(Value::List(vec![managed.into()])), "{operation}");
        let tags = Value::Members(vec![("a".into(), "b".into())]);
        assert_eq!(parameter(&stage, operation, "tags"), Some(tags), "{operation}");
    };
    call("GetFederationToken", json!({ "Name": "bob" }));
    let role = format!("arn:aws:iam::{ACCOUNT}:role/worker");
    call("AssumeRole", json!({ "RoleArn": role, "RoleSessionName": "any", "TransitiveTagKeys": ["a"] }));
    let keys = Value::List(vec!["a".into()]);
    assert_eq!(parameter(&stage, "AssumeRole", "transitiveTagKeys"), Some(keys));
}

/// Nobody hides what else a refused request says behind a policy that is too long to be one.
#[test]
fn of_a_long_policy_no_more_is_recorded_than_a_record_has_room_for() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    let alice = stage.access_key("alice");
    let put = |text: &str| {
        let input = json!({ "UserName": "alice", "PolicyName": "p", "PolicyDocument": text });
        assert_eq!(stage.iam_as(&alice, "PutUserPolicy", input).fault(), "AccessDenied");
        assert_noted(&stage, "PutUserPolicy", "userName", "alice");
    };
    let document = policy("Allow", &["kms:Encrypt"], "*");
    put(&format!("{document}{}", " ".repeat(100_000)));
    assert_noted(&stage, "PutUserPolicy", "policyDocument", &document);
    put(&"x".repeat(100_000));
    assert_noted(&stage, "PutUserPolicy", "policyDocument", "100000 bytes");
}
