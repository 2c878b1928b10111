//! When a session ends, and what is no session.

use serde_json::json;
use sim::{Answer, Credentials, World};

use crate::cast::{ACCOUNT, Cast, allow, trusting};

#[track_caller]
fn is_unknown(answers: [Answer; 2]) {
    for answer in answers {
        let (code, message) = answer.refusal();
        assert!(["UnrecognizedClientException", "InvalidClientTokenId"].contains(&code), "{answer:?}");
        assert_eq!(message, "The security token included in the request is invalid.");
    }
}

fn both(cast: &Cast, session: &Credentials) -> [Answer; 2] {
    [cast.kms(session, "Encrypt"), cast.identity(session)]
}

#[test]
fn its_time_ends_it() {
    let cast = Cast::new();
    let role = cast.role_who_may("worker", &["kms:*"]);
    let session = cast.session(&cast.root, &role, json!({ "DurationSeconds": 900 }));
    let unused = cast.session(&cast.root, &role, json!({ "DurationSeconds": 900 }));
    cast.world.clock().advance(std::time::Duration::from_secs(890));
    assert_eq!(cast.kms(&session, "Encrypt").code, None);
    cast.world.clock().advance(std::time::Duration::from_secs(11));
    for session in [session, unused] {
        let [kms, sts] = both(&cast, &session);
        let message = "The security token included in the request is expired";
        assert_eq!((kms.status, kms.refusal()), (400, ("ExpiredTokenException", message)));
        assert_eq!((sts.status, sts.refusal()), (403, ("ExpiredToken", message)));
    }
}

#[test]
fn any_start_and_any_node_knows_it() {
    let mut cast = Cast::new();
    let role = cast.role_who_may("worker", &["kms:*"]);
    let session = cast.session(&cast.root, &role, json!({}));
    cast.world = cast.world.restart();
    assert_eq!(cast.kms(&session, "Encrypt").code, None);
}

#[test]
fn a_token_is_good_as_it_is_and_with_its_key_only() {
    let cast = Cast::new();
    let role = cast.role_who_may("worker", &["kms:*"]);
    let session = cast.session(&cast.root, &role, json!({}));
    let other = cast.session(&cast.root, &role, json!({}));
    assert_eq!(cast.kms(&session, "Encrypt").code, None);
    let token = session.session_token.clone().unwrap();
    let with = |token: Option<String>| Credentials { session_token: token, ..session.clone() };
    for at in [0, 10, token.len() / 2, token.len() - 5] {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        is_unknown(both(&cast, &with(Some(String::from_utf8(bytes).unwrap()))));
    }
    let half: String = token.chars().take(token.len() / 2).collect();
    for wrong in [None, other.session_token.clone(), Some(half), Some("x".repeat(20_000)), Some("-".into())] {
        is_unknown(both(&cast, &with(wrong)));
    }
    // Neither does a token lend itself to a long-term key.
    is_unknown(both(&cast, &Credentials { session_token: Some(token), ..cast.root.clone() }));
    let wrong = Credentials { secret_access_key: other.secret_access_key, ..session };
    assert_eq!(cast.kms(&wrong, "Encrypt").fault(), "InvalidSignatureException");
}

#[test]
fn another_deployment_does_not_know_it() {
    let cast = Cast::new();
    let role = cast.role_who_may("worker", &["kms:*"]);
    let session = cast.session(&cast.root, &role, json!({}));
    let elsewhere = Cast { world: World::seeded(2), root: cast.root.clone(), key: cast.key };
    is_unknown(both(&elsewhere, &session));
}

#[test]
fn it_ends_with_its_role_whoever_bears_the_name_next() {
    let cast = Cast::new();
    let role = cast.role("worker", &trusting(&format!("arn:aws:iam::{ACCOUNT}:root")));
    let session = cast.session(&cast.root, &role, json!({}));
    assert_eq!(cast.identity(&session).code, None);
    cast.iam("DeleteRole", json!({ "RoleName": "worker" }));
    is_unknown(both(&cast, &session));
    cast.role_who_may("worker", &["kms:*"]);
    is_unknown(both(&cast, &session));
}

#[test]
fn policies_hold_from_the_next_request() {
    let cast = Cast::new();
    let role = cast.role("worker", &trusting(&format!("arn:aws:iam::{ACCOUNT}:root")));
    let session = cast.session(&cast.root, &role, json!({}));
    assert_eq!(cast.kms(&session, "Encrypt").fault(), "AccessDeniedException");
    let input = json!({ "PolicyName": "work", "PolicyDocument": allow(&["kms:Encrypt"]).to_string() });
    let arn = cast.iam("CreatePolicy", input).xml("Arn").unwrap();
    cast.iam("AttachRolePolicy", json!({ "RoleName": "worker", "PolicyArn": arn }));
    assert_eq!(cast.kms(&session, "Encrypt").code, None);
    cast.iam("DetachRolePolicy", json!({ "RoleName": "worker", "PolicyArn": arn }));
    assert_eq!(cast.kms(&session, "Encrypt").fault(), "AccessDeniedException");
}

#[test]
fn sessions_are_revoked_by_the_time_they_were_issued() {
    let cast = Cast::new();
    let role = cast.role_who_may("worker", &["kms:*"]);
    let old = cast.session(&cast.root, &role, json!({}));
    cast.world.clock().advance(std::time::Duration::from_secs(60));
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": { "DateLessThan": { "aws:TokenIssueTime": cast.world.now().to_iso8601() } },
        }],
    });
    let input = json!({
        "RoleName": "worker", "PolicyName": "AWSRevokeOlderSessions", "PolicyDocument": policy.to_string(),
    });
    cast.iam("PutRolePolicy", input);
    let refused = cast.kms(&old, "Encrypt");
    assert!(refused.message.unwrap().contains("explicit deny in an identity-based policy"));
    let new = cast.session(&cast.root, &role, json!({}));
    assert_eq!(cast.kms(&new, "Encrypt").code, None);
}
