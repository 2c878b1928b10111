//! The keys with which a service verifies the requests of its users.

use aws_lc_rs::hmac;
use base64_simd::STANDARD;
use serde_json::{Value, json};
use sim::{Answer, Credentials, stage::allow};

use crate::gateway::{ALICE, FOR, Gateway};

fn today(gateway: &Gateway) -> String {
    gateway.stage.value("date")
}

/// A session of a role, limited by a policy.
fn worker(gateway: &Gateway) -> Credentials {
    let role = gateway.stage.role_who_may("worker", &["s3:*"]);
    let policy = allow(&["s3:GetObject"]).to_string();
    gateway.stage.session(&gateway.stage.root, &role, json!({ "Policy": policy }))
}

/// Asks for the key of an access key.
fn ask(gateway: &Gateway, by: &Credentials, headers: &[(&'static str, &str)], input: &Value) -> Answer {
    gateway.stage.call_with(headers, by, "keywright", "GetSigningKey", input)
}

fn of(gateway: &Gateway, whose: &Credentials) -> Answer {
    let mut input = json!({ "AccessKeyId": whose.access_key_id, "Date": today(gateway) });
    if let Some(token) = &whose.session_token {
        input["SessionToken"] = json!(token);
    }
    ask(gateway, &gateway.credentials, &[(FOR, "service")], &input)
}

/// Signature Version 4's chain, once more.
fn derived(secret: &str, scope: [&str; 4]) -> String {
    let first = format!("AWS4{secret}").into_bytes();
    let link = |key: Vec<u8>, part: &&str| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec()
    };
    STANDARD.encode_to_string(scope.iter().fold(first, link))
}

/// The value of a condition key in an answer.
fn told<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let keys = answer["ConditionKeys"].as_array().unwrap();
    keys.iter().find(|key| key["Name"] == name).map_or(&Value::Null, |key| &key["Values"])
}

#[test]
fn a_service_gets_the_key_of_a_user_for_its_own_name_and_what_the_user_may_do() {
    let gateway = Gateway::new();
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }] });
    gateway.stage.put_user_policy("alice", &policy);
    gateway.stage.iam("TagUser", json!({ "UserName": "alice", "Tags": [{ "Key": "team", "Value": "pay" }] }));
    let answer = of(&gateway, &gateway.alice).ok();
    let scope = [&*today(&gateway), "us-east-1", "s3", "aws4_request"];
    assert_eq!(answer["SigningKey"], derived(&gateway.alice.secret_access_key, scope));
    assert_eq!(answer["ValidSeconds"], 60);
    let holder = &answer["KeyHolder"];
    assert_eq!((&holder["Type"], &holder["Arn"]), (&json!("User"), &json!(ALICE)));
    let policies = answer["IdentityPolicies"].as_array().unwrap();
    assert_eq!(policies.len(), 1);
    assert_eq!(serde_json::from_str::<Value>(policies[0].as_str().unwrap()).unwrap(), policy);
    assert_eq!(told(&answer, "aws:username"), &json!(["alice"]));
    assert_eq!(told(&answer, "aws:PrincipalTag/team"), &json!(["pay"]));
    assert_eq!(told(&answer, "aws:PrincipalArn"), &json!([ALICE]));
    let root = of(&gateway, &gateway.stage.root).ok();
    assert_eq!(root["KeyHolder"]["Type"], "Root");
    assert_eq!(root["IdentityPolicies"], Value::Null, "the root user needs none");
}

#[test]
fn a_session_comes_with_all_that_limits_it() {
    let gateway = Gateway::new();
    let session = worker(&gateway);
    let answer = of(&gateway, &session).ok();
    let holder = &answer["KeyHolder"];
    assert_eq!(holder["Type"], "AssumedRole");
    assert_eq!(holder["IssuerArn"], "arn:aws:iam::111122223333:role/worker");
    assert!(holder["Arn"].as_str().unwrap().ends_with(":assumed-role/worker/any"));
    assert_eq!(answer["IdentityPolicies"].as_array().unwrap().len(), 1);
    assert_eq!(answer["SessionPolicies"].as_array().unwrap().len(), 1);
    let scope = [&*today(&gateway), "us-east-1", "s3", "aws4_request"];
    assert_eq!(answer["SigningKey"], derived(&session.secret_access_key, scope));
    let without = Credentials { session_token: None, ..session.clone() };
    assert_eq!(of(&gateway, &without).fault(), "UnrecognizedClientException");
    gateway.stage.world.clock().advance(std::time::Duration::from_secs(3601));
    assert_eq!(of(&gateway, &session).fault(), "ExpiredTokenException");
}

#[test]
fn nobody_else_gets_one() {
    let gateway = Gateway::new();
    let input = json!({ "AccessKeyId": gateway.alice.access_key_id, "Date": today(&gateway) });
    let all = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]);
    gateway.put_policy("alice", all);
    for (by, headers) in [
        (&gateway.stage.root, &[][..]),
        (&gateway.alice, &[]),
        (&gateway.alice, &[(FOR, "service")]),
        (&gateway.credentials, &[]),
        (&gateway.credentials, &[(FOR, ALICE)]),
    ] {
        let answer = ask(&gateway, by, headers, &input);
        assert_eq!(answer.fault(), "AccessDeniedException", "{headers:?}");
        let record = format!("{:?}", gateway.stage.record_of(&answer).decision);
        assert!(record.contains("Denied") && record.contains("service-identity"), "{record}");
    }
    let stranger = gateway.stage.world.stranger();
    assert_eq!(
        of(&gateway, &stranger).fault(),
        "AccessDeniedException",
        "of an account that it does not serve"
    );
}

#[test]
fn the_gateways_own_policies_can_keep_it_from_acting_for_somebody() {
    let gateway = Gateway::new();
    of(&gateway, &gateway.alice).ok();
    gateway.put_policy(
        "gateway",
        json!([{ "Effect": "Deny", "Action": "keywright:ActFor", "Resource": ALICE }]),
    );
    assert_eq!(of(&gateway, &gateway.alice).fault(), "AccessDeniedException");
    of(&gateway, &gateway.stage.root).ok();
}

#[test]
fn days_and_access_keys_that_are_none_are_refused() {
    let gateway = Gateway::new();
    let today: u32 = today(&gateway).parse().unwrap();
    let ask_with = |input: Value| ask(&gateway, &gateway.credentials, &[(FOR, "service")], &input);
    let id = &gateway.alice.access_key_id;
    for date in ["20011231", "20991231", "2026-1-1", "tomorrow", "", "99999999"] {
        let answer = ask_with(json!({ "AccessKeyId": id, "Date": date }));
        assert_eq!(answer.fault(), "ValidationException", "{date}");
    }
    assert_eq!(ask_with(json!({ "AccessKeyId": id })).fault(), "ValidationException");
    let unknown = ask_with(json!({ "AccessKeyId": "AKIANOBODYNOBODYNOBO", "Date": today.to_string() }));
    assert_eq!(unknown.fault(), "UnrecognizedClientException");
    gateway
        .stage
        .iam("UpdateAccessKey", json!({ "UserName": "alice", "AccessKeyId": id, "Status": "Inactive" }));
    assert_eq!(of(&gateway, &gateway.alice).fault(), "UnrecognizedClientException");
}

#[test]
fn the_record_tells_whose_key_it_was_and_shows_neither_key_nor_token() {
    let gateway = Gateway::new();
    let session = worker(&gateway);
    let answer = of(&gateway, &session);
    let told = format!("{:?}", gateway.stage.record_of(&answer));
    let body = answer.ok();
    assert!(told.contains(&session.access_key_id) && told.contains("assumed-role/worker/any"), "{told}");
    assert!(told.contains("s3.amazonaws.com"), "{told}");
    for secret in [session.session_token.as_deref().unwrap(), body["SigningKey"].as_str().unwrap()] {
        assert!(!told.contains(secret));
    }
}

#[test]
fn a_day_is_good_for_seven_days() {
    let gateway = Gateway::new();
    let input = json!({ "AccessKeyId": gateway.alice.access_key_id, "Date": today(&gateway) });
    let asked = || ask(&gateway, &gateway.credentials, &[(FOR, "service")], &input);
    let day = std::time::Duration::from_secs(86_400);
    gateway.stage.world.clock().advance(day * 7);
    asked().ok();
    gateway.stage.world.clock().advance(day);
    assert_eq!(asked().fault(), "ValidationException");
}
