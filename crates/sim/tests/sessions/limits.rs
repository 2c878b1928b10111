//! What is too long, too much or malformed.

use serde_json::{Value, json};

use sim::stage::{Stage, trusting};

#[test]
fn a_session_is_as_long_as_its_role_allows() {
    let stage = Stage::new();
    let first = stage.role_who_may("first", &["sts:*"]);
    let seconds = |seconds: i32| json!({ "DurationSeconds": seconds });
    assert_eq!(stage.assume(&stage.root, &first, seconds(7200)).code, None);
    assert_eq!(
        stage.assume(&stage.root, &first, seconds(7201)).refusal(),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    );
    for outside in [899, 43_201] {
        assert_eq!(stage.assume(&stage.root, &first, seconds(outside)).fault(), "ValidationError");
    }
    let second = stage.role("second", &trusting(&first));
    let session = stage.session(&stage.root, &first, seconds(7200));
    assert_eq!(stage.assume(&session, &second, seconds(3600)).code, None);
    assert_eq!(stage.assume(&session, &second, json!({})).code, None);
    let refused = stage.assume(&session, &second, seconds(3601));
    assert_eq!(refused.fault(), "ValidationError");
    assert!(refused.message.unwrap().contains("1 hour session limit for roles assumed by role chaining"));
}

#[test]
fn what_is_passed_is_checked() {
    let stage = Stage::new();
    let role = stage.role_who_may("worker", &["kms:*"]);
    let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
    let long = format!("{:<2049}", sim::stage::allow(&["kms:*"]).to_string());
    let many: Vec<Value> = (0..50).map(|n| tag(&format!("{n:0>128}"), "v")).collect();
    for (more, code) in [
        (json!({ "Policy": "{" }), "MalformedPolicyDocument"),
        (json!({ "Policy": "{\"Statement\":[]}" }), "MalformedPolicyDocument"),
        (json!({ "Policy": long }), "ValidationError"),
        (json!({ "PolicyArns": [{ "arn": "arn:aws:iam::111122223333:policy/none" }] }), "ValidationError"),
        (json!({ "Tags": [tag("a", "1"), tag("A", "2")] }), "InvalidParameterValue"),
        (json!({ "Tags": [tag("aws:a", "1")] }), "InvalidParameterValue"),
        (json!({ "Tags": [tag("a", "1")], "TransitiveTagKeys": ["b"] }), "InvalidParameterValue"),
        (json!({ "Tags": many }), "PackedPolicyTooLarge"),
        (json!({ "RoleSessionName": "no spaces" }), "ValidationError"),
        (json!({ "ExternalId": "x" }), "ValidationError"),
        (json!({ "SerialNumber": "arn:aws:iam::111122223333:mfa/x", "TokenCode": "123456" }), "AccessDenied"),
        (json!({ "MinimumSessionTokenSize": 10 }), "UnsupportedOperationException"),
    ] {
        assert_eq!(stage.assume(&stage.root, &role, more.clone()).fault(), code, "{more}");
    }
    let passed = stage.assume(&stage.root, &role, json!({ "Tags": [tag("a", "1")] }));
    assert_eq!(passed.xml("PackedPolicySize").as_deref(), Some("1"));
}

#[test]
fn no_message_of_a_denial_is_encoded_so_none_is_decoded() {
    let stage = Stage::new();
    let (may, may_not) =
        (stage.user_who_may("alice", &["sts:DecodeAuthorizationMessage"]), stage.user("bob"));
    let decode = |by: &sim::Credentials| {
        let input = json!({ "EncodedMessage": "a message of somebody else" });
        stage.world.call(by, "sts", "DecodeAuthorizationMessage", input)
    };
    assert_eq!((decode(&may).status, decode(&may).fault()), (400, "InvalidAuthorizationMessageException"));
    assert_eq!(decode(&may_not).fault(), "AccessDenied");
}
