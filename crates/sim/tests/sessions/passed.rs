//! What is passed to a session limits it, and goes along with it.

use serde_json::json;

use crate::cast::{ACCOUNT, Cast, allow, trusting};

#[test]
fn a_session_policy_narrows_and_never_widens() {
    let cast = Cast::new();
    let role = cast.role_who_may("worker", &["kms:Encrypt", "kms:DescribeKey"]);
    let policy = allow(&["kms:DescribeKey", "kms:GetKeyPolicy"]).to_string();
    let session = cast.session(&cast.root, &role, json!({ "Policy": policy }));
    assert_eq!(cast.kms(&session, "DescribeKey").code, None);
    let refused = cast.kms(&session, "Encrypt");
    assert_eq!(refused.fault(), "AccessDeniedException");
    assert!(refused.message.unwrap().ends_with("because no session policy allows the kms:Encrypt action"));
    assert_eq!(cast.kms(&session, "GetKeyPolicy").fault(), "AccessDeniedException");
}

#[test]
fn managed_policies_narrow_as_they_are_now() {
    let cast = Cast::new();
    let role = cast.role_who_may("worker", &["kms:*"]);
    let input = json!({ "PolicyName": "narrow", "PolicyDocument": allow(&["kms:DescribeKey"]).to_string() });
    let arn = cast.iam("CreatePolicy", input).xml("Arn").unwrap();
    let session = cast.session(&cast.root, &role, json!({ "PolicyArns": [{ "arn": arn }] }));
    assert_eq!(cast.kms(&session, "DescribeKey").code, None);
    assert_eq!(cast.kms(&session, "Encrypt").fault(), "AccessDeniedException");
    let version = json!({
        "PolicyArn": arn, "PolicyDocument": allow(&["kms:Encrypt"]).to_string(), "SetAsDefault": true,
    });
    cast.iam("CreatePolicyVersion", version);
    assert_eq!(cast.kms(&session, "Encrypt").code, None);
    assert_eq!(cast.kms(&session, "DescribeKey").fault(), "AccessDeniedException");
    cast.iam("DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v1" }));
    cast.iam("DeletePolicy", json!({ "PolicyArn": arn }));
    assert_eq!(
        cast.kms(&session, "Encrypt").fault(),
        "AccessDeniedException",
        "without it nothing is allowed"
    );
}

#[test]
fn a_boundary_bounds_sessions() {
    let cast = Cast::new();
    let role = cast.role_who_may("worker", &["kms:*"]);
    let input = json!({ "PolicyName": "bound", "PolicyDocument": allow(&["kms:DescribeKey"]).to_string() });
    let arn = cast.iam("CreatePolicy", input).xml("Arn").unwrap();
    let session = cast.session(&cast.root, &role, json!({}));
    assert_eq!(cast.kms(&session, "Encrypt").code, None);
    cast.iam("PutRolePermissionsBoundary", json!({ "RoleName": "worker", "PermissionsBoundary": arn }));
    let refused = cast.kms(&session, "Encrypt");
    assert_eq!(refused.fault(), "AccessDeniedException");
    assert!(refused.message.unwrap().contains("no permissions boundary allows"));
    assert_eq!(cast.kms(&session, "DescribeKey").code, None);
}

#[test]
fn tags_of_a_session_stand_over_those_of_its_role() {
    let cast = Cast::new();
    let role = cast.role("worker", &trusting(&format!("arn:aws:iam::{ACCOUNT}:root")));
    cast.iam("TagRole", json!({ "RoleName": "worker", "Tags": [{ "Key": "Team", "Value": "blue" }] }));
    let mut policy = allow(&["kms:Encrypt"]);
    policy["Statement"][0]["Condition"] = json!({ "StringEquals": { "aws:PrincipalTag/team": "red" } });
    cast.put_role_policy("worker", &policy);
    let plain = cast.session(&cast.root, &role, json!({}));
    assert_eq!(cast.kms(&plain, "Encrypt").fault(), "AccessDeniedException");
    let red = json!({ "Tags": [{ "Key": "team", "Value": "red" }] });
    let red = cast.session(&cast.root, &role, red);
    assert_eq!(cast.kms(&red, "Encrypt").code, None);
}

#[test]
fn a_chain_hands_on_transitive_tags_and_the_source_identity() {
    let cast = Cast::new();
    let first = cast.role_who_may("first", &["sts:*"]);
    let second = cast.role("second", &trusting(&first));
    let mut policy = allow(&["kms:Encrypt"]);
    policy["Statement"][0]["Condition"] = json!({
        "StringEquals": { "aws:PrincipalTag/team": "red", "aws:SourceIdentity": "carol" },
        "Null": { "aws:PrincipalTag/place": "true" },
    });
    cast.put_role_policy("second", &policy);
    let more = json!({
        "Tags": [{ "Key": "team", "Value": "red" }, { "Key": "place", "Value": "here" }],
        "TransitiveTagKeys": ["team"], "SourceIdentity": "carol",
    });
    let session = cast.session(&cast.root, &first, more);
    let answer = cast.assume(&session, &second, json!({}));
    assert_eq!(answer.xml("SourceIdentity").as_deref(), Some("carol"));
    let chained = answer.credentials(ACCOUNT);
    assert_eq!(cast.kms(&chained, "Encrypt").code, None);
    let changed = cast.assume(&session, &second, json!({ "SourceIdentity": "dave" }));
    assert_eq!(changed.fault(), "AccessDenied");
    let changed = cast.assume(&session, &second, json!({ "Tags": [{ "Key": "Team", "Value": "blue" }] }));
    assert_eq!(changed.fault(), "InvalidParameterValue");
}
