//! What the journal has of what calls say.

use std::collections::BTreeMap;

use audit::{Hexadecimal, Record, Value};
use dispatch::Facts;
use model::arn::KeyId;
use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};
use sim::{Credentials, Stage, World, stage::ACCOUNT};

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

/// Walks the table: whoever adds a changing operation, or a member to its input, has to send the member in the example and
/// to note it.
#[test]
fn whatever_a_change_says_is_recorded_be_it_made_or_refused() {
    let changing = World::new().operations().into_iter().filter(|(service, facts)| {
        // No user has a password, so that its deletion changes nothing.
        *service == "iam" && !facts.read_only && facts.name != "DeleteLoginProfile"
    });
    let model: Json = serde_json::from_str(include_str!("../../../../models/iam.json")).unwrap();
    let broken: Vec<String> = changing
        .flat_map(|(_, facts)| not_recorded(&model, facts).map(|what| format!("{} {what}", facts.name)))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Members of an operation's input that its example leaves out, or that are not recorded as they were sent.
fn not_recorded(model: &Json, facts: &Facts) -> impl Iterator<Item = String> {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "nobody" }));
    let sent = sent(&stage.fill(facts.example));
    let recorded_of = |by: &Credentials| {
        let answer = stage.world.send(stage.example_by(by, "iam", facts));
        let id = answer.headers.get("x-amzn-requestid").unwrap().to_str().unwrap();
        let is_of = |request: [u8; 16]| KeyId::from_bytes(request, false).to_string() == id;
        let record =
            stage.world.records().into_iter().find(|record| record.request_id.is_some_and(is_of)).unwrap();
        let named: Vec<_> =
            record.parameters.iter().map(|(name, value)| (name.to_string(), shown(value))).collect();
        named.into_iter().collect::<BTreeMap<_, _>>()
    };
    let refused = recorded_of(&stage.access_key("nobody"));
    let made = recorded_of(&stage.root);
    let input = model.pointer(&format!("/operations/{}/input/shape", facts.name)).and_then(Json::as_str);
    let members = input.and_then(|shape| model.pointer(&format!("/shapes/{shape}/members"))?.as_object());
    let members = members.into_iter().flatten();
    let members: Vec<String> = members.map(|(member, _)| member.clone()).collect();
    members.into_iter().filter(move |member| {
        let (first, rest) = member.split_at(1);
        let name = first.to_lowercase() + rest;
        let expected = sent.get(member);
        expected.is_none() || made.get(&name) != expected || refused.get(&name) != expected
    })
}

/// The members of a form. Lists are the texts of their items, one after the other.
fn sent(form: &str) -> BTreeMap<String, Vec<String>> {
    let mut members = BTreeMap::<_, Vec<String>>::new();
    for (name, value) in form.split('&').filter_map(|pair| pair.split_once('=')) {
        let member = name.split_once('.').map_or(name, |(member, _)| member);
        let text = percent_decode_str(value).decode_utf8().unwrap().into_owned();
        members.entry(member.to_owned()).or_default().push(text);
    }
    members
}

/// A recorded value in the same form.
fn shown(value: &Value<'_>) -> Vec<String> {
    match value {
        Value::Text(text) => vec![text.to_string()],
        Value::Integer(integer) => vec![integer.to_string()],
        Value::Flag(flag) => vec![flag.to_string()],
        Value::Bytes(bytes) => vec![Hexadecimal(bytes).to_string()],
        Value::List(values) => values.iter().flat_map(shown).collect(),
        Value::Members(members) => members.iter().flat_map(|(_, value)| shown(value)).collect(),
    }
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
        assert_eq!(arns, Some(Value::List(vec![Value::map([("arn", managed)])])), "{operation}");
        let tags = Value::List(vec![Value::map([("key", "a"), ("value", "b")])]);
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
