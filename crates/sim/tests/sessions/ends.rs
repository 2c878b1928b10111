//! When a session ends, and what is no session.

use serde_json::json;
use sim::{
    Answer, Credentials, Stage, World,
    stage::{ACCOUNT, allow, trusting},
};

#[track_caller]
fn is_unknown(answers: [Answer; 2]) {
    for answer in answers {
        let (code, message) = answer.refusal();
        assert!(["UnrecognizedClientException", "InvalidClientTokenId"].contains(&code), "{answer:?}");
        assert_eq!(message, "The security token included in the request is invalid.");
    }
}

fn both(stage: &Stage, session: &Credentials) -> [Answer; 2] {
    [stage.try_key(session, "Encrypt"), stage.identity(session)]
}

#[test]
fn its_time_ends_it() {
    let stage = Stage::new();
    let role = stage.role_who_may("worker", &["kms:*"]);
    let session = stage.session(&stage.root, &role, json!({ "DurationSeconds": 900 }));
    let unused = stage.session(&stage.root, &role, json!({ "DurationSeconds": 900 }));
    stage.world.clock().advance(std::time::Duration::from_secs(890));
    assert_eq!(stage.try_key(&session, "Encrypt").code, None);
    stage.world.clock().advance(std::time::Duration::from_secs(11));
    for session in [session, unused] {
        let [kms, sts] = both(&stage, &session);
        let message = "The security token included in the request is expired";
        assert_eq!((kms.status, kms.refusal()), (400, ("ExpiredTokenException", message)));
        assert_eq!((sts.status, sts.refusal()), (403, ("ExpiredToken", message)));
    }
}

#[test]
fn any_start_and_any_node_knows_it() {
    let mut stage = Stage::new();
    let role = stage.role_who_may("worker", &["kms:*"]);
    let session = stage.session(&stage.root, &role, json!({}));
    stage.world = stage.world.restart();
    assert_eq!(stage.try_key(&session, "Encrypt").code, None);
}

#[test]
fn a_token_is_good_as_it_is_and_with_its_key_only() {
    let stage = Stage::new();
    let role = stage.role_who_may("worker", &["kms:*"]);
    let session = stage.session(&stage.root, &role, json!({}));
    let other = stage.session(&stage.root, &role, json!({}));
    assert_eq!(stage.try_key(&session, "Encrypt").code, None);
    let token = session.session_token.clone().unwrap();
    let with = |token: Option<String>| Credentials { session_token: token, ..session.clone() };
    for at in [0, 10, token.len() / 2, token.len() - 5] {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        is_unknown(both(&stage, &with(Some(String::from_utf8(bytes).unwrap()))));
    }
    let half: String = token.chars().take(token.len() / 2).collect();
    for wrong in [None, other.session_token.clone(), Some(half), Some("x".repeat(20_000)), Some("-".into())] {
        is_unknown(both(&stage, &with(wrong)));
    }
    // Neither does a token lend itself to a long-term key.
    is_unknown(both(&stage, &Credentials { session_token: Some(token), ..stage.root.clone() }));
    let wrong = Credentials { secret_access_key: other.secret_access_key, ..session };
    assert_eq!(stage.try_key(&wrong, "Encrypt").fault(), "InvalidSignatureException");
}

#[test]
fn another_deployment_does_not_know_it() {
    let stage = Stage::new();
    let role = stage.role_who_may("worker", &["kms:*"]);
    let session = stage.session(&stage.root, &role, json!({}));
    let elsewhere = Stage::on(World::seeded(2));
    is_unknown(both(&elsewhere, &session));
}

#[test]
fn it_ends_with_its_role_whoever_bears_the_name_next() {
    let stage = Stage::new();
    let role = stage.role("worker", &trusting(&format!("arn:aws:iam::{ACCOUNT}:root")));
    let session = stage.session(&stage.root, &role, json!({}));
    assert_eq!(stage.identity(&session).code, None);
    stage.iam("DeleteRole", json!({ "RoleName": "worker" }));
    is_unknown(both(&stage, &session));
    stage.role_who_may("worker", &["kms:*"]);
    is_unknown(both(&stage, &session));
}

#[test]
fn policies_hold_from_the_next_request() {
    let stage = Stage::new();
    let role = stage.role("worker", &trusting(&format!("arn:aws:iam::{ACCOUNT}:root")));
    let session = stage.session(&stage.root, &role, json!({}));
    assert_eq!(stage.try_key(&session, "Encrypt").fault(), "AccessDeniedException");
    let input = json!({ "PolicyName": "work", "PolicyDocument": allow(&["kms:Encrypt"]).to_string() });
    let arn = stage.iam("CreatePolicy", input).xml("Arn").unwrap();
    stage.iam("AttachRolePolicy", json!({ "RoleName": "worker", "PolicyArn": arn }));
    assert_eq!(stage.try_key(&session, "Encrypt").code, None);
    stage.iam("DetachRolePolicy", json!({ "RoleName": "worker", "PolicyArn": arn }));
    assert_eq!(stage.try_key(&session, "Encrypt").fault(), "AccessDeniedException");
}

#[test]
fn sessions_are_revoked_by_the_time_they_were_issued() {
    let stage = Stage::new();
    let role = stage.role_who_may("worker", &["kms:*"]);
    let old = stage.session(&stage.root, &role, json!({}));
    stage.world.clock().advance(std::time::Duration::from_secs(60));
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": { "DateLessThan": { "aws:TokenIssueTime": stage.world.now().to_iso8601() } },
        }],
    });
    let input = json!({
        "RoleName": "worker", "PolicyName": "AWSRevokeOlderSessions", "PolicyDocument": policy.to_string(),
    });
    stage.iam("PutRolePolicy", input);
    let refused = stage.try_key(&old, "Encrypt");
    assert!(refused.message.unwrap().contains("explicit deny in an identity-based policy"));
    let new = stage.session(&stage.root, &role, json!({}));
    assert_eq!(stage.try_key(&new, "Encrypt").code, None);
}
