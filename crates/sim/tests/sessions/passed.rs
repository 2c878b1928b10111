//! What is passed to a session limits it, and goes along with it.

use serde_json::json;

use sim::stage::{ACCOUNT, Stage, allow, trusting};

#[test]
fn a_session_policy_narrows_and_never_widens() {
    let stage = Stage::new();
    let role = stage.role_who_may("worker", &["kms:Encrypt", "kms:DescribeKey"]);
    let policy = allow(&["kms:DescribeKey", "kms:GetKeyPolicy"]).to_string();
    let session = stage.session(&stage.root, &role, json!({ "Policy": policy }));
    assert_eq!(stage.try_key(&session, "DescribeKey").code, None);
    let refused = stage.try_key(&session, "Encrypt");
    assert_eq!(refused.fault(), "AccessDeniedException");
    assert!(refused.message.unwrap().ends_with("because no session policy allows the kms:Encrypt action"));
    assert_eq!(stage.try_key(&session, "GetKeyPolicy").fault(), "AccessDeniedException");
}

#[test]
fn managed_policies_narrow_as_they_are_now() {
    let stage = Stage::new();
    let role = stage.role_who_may("worker", &["kms:*"]);
    let input = json!({ "PolicyName": "narrow", "PolicyDocument": allow(&["kms:DescribeKey"]).to_string() });
    let arn = stage.iam("CreatePolicy", input).xml("Arn").unwrap();
    let session = stage.session(&stage.root, &role, json!({ "PolicyArns": [{ "arn": arn }] }));
    assert_eq!(stage.try_key(&session, "DescribeKey").code, None);
    assert_eq!(stage.try_key(&session, "Encrypt").fault(), "AccessDeniedException");
    let version = json!({
        "PolicyArn": arn, "PolicyDocument": allow(&["kms:Encrypt"]).to_string(), "SetAsDefault": true,
    });
    stage.iam("CreatePolicyVersion", version);
    assert_eq!(stage.try_key(&session, "Encrypt").code, None);
    assert_eq!(stage.try_key(&session, "DescribeKey").fault(), "AccessDeniedException");
    stage.iam("DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v1" }));
    stage.iam("DeletePolicy", json!({ "PolicyArn": arn }));
    assert_eq!(
        stage.try_key(&session, "Encrypt").fault(),
        "AccessDeniedException",
        "without it nothing is allowed"
    );
}

#[test]
fn a_boundary_bounds_sessions() {
    let stage = Stage::new();
    let role = stage.role_who_may("worker", &["kms:*"]);
    let input = json!({ "PolicyName": "bound", "PolicyDocument": allow(&["kms:DescribeKey"]).to_string() });
    let arn = stage.iam("CreatePolicy", input).xml("Arn").unwrap();
    let session = stage.session(&stage.root, &role, json!({}));
    assert_eq!(stage.try_key(&session, "Encrypt").code, None);
    stage.iam("PutRolePermissionsBoundary", json!({ "RoleName": "worker", "PermissionsBoundary": arn }));
    let refused = stage.try_key(&session, "Encrypt");
    assert_eq!(refused.fault(), "AccessDeniedException");
    assert!(refused.message.unwrap().contains("no permissions boundary allows"));
    assert_eq!(stage.try_key(&session, "DescribeKey").code, None);
}

#[test]
fn tags_of_a_session_stand_over_those_of_its_role() {
    let stage = Stage::new();
    let role = stage.role("worker", &trusting(&format!("arn:aws:iam::{ACCOUNT}:root")));
    stage.iam("TagRole", json!({ "RoleName": "worker", "Tags": [{ "Key": "Team", "Value": "blue" }] }));
    let mut policy = allow(&["kms:Encrypt"]);
    policy["Statement"][0]["Condition"] = json!({ "StringEquals": { "aws:PrincipalTag/team": "red" } });
    stage.put_role_policy("worker", &policy);
    let plain = stage.session(&stage.root, &role, json!({}));
    assert_eq!(stage.try_key(&plain, "Encrypt").fault(), "AccessDeniedException");
    let red = json!({ "Tags": [{ "Key": "team", "Value": "red" }] });
    let red = stage.session(&stage.root, &role, red);
    assert_eq!(stage.try_key(&red, "Encrypt").code, None);
}

#[test]
fn a_chain_hands_on_transitive_tags_and_the_source_identity() {
    let stage = Stage::new();
    let first = stage.role_who_may("first", &["sts:*"]);
    let second = stage.role("second", &trusting(&first));
    let mut policy = allow(&["kms:Encrypt"]);
    policy["Statement"][0]["Condition"] = json!({
        "StringEquals": { "aws:PrincipalTag/team": "red", "aws:SourceIdentity": "carol" },
        "Null": { "aws:PrincipalTag/place": "true" },
    });
    stage.put_role_policy("second", &policy);
    let more = json!({
        "Tags": [{ "Key": "team", "Value": "red" }, { "Key": "place", "Value": "here" }],
        "TransitiveTagKeys": ["team"], "SourceIdentity": "carol",
    });
    let session = stage.session(&stage.root, &first, more);
    let answer = stage.assume(&session, &second, json!({}));
    assert_eq!(answer.xml("SourceIdentity").as_deref(), Some("carol"));
    let chained = answer.credentials(ACCOUNT);
    assert_eq!(stage.try_key(&chained, "Encrypt").code, None);
    let changed = stage.assume(&session, &second, json!({ "SourceIdentity": "dave" }));
    assert_eq!(changed.fault(), "AccessDenied");
    let changed = stage.assume(&session, &second, json!({ "Tags": [{ "Key": "Team", "Value": "blue" }] }));
    assert_eq!(changed.fault(), "InvalidParameterValue");
}
