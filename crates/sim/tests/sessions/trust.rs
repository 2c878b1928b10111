//! Who may assume a role, and what the session then may.

use audit::RecordedDecision;
use serde_json::json;

use sim::stage::{ACCOUNT, Stage, allow, trusting, trusting_if};

#[test]
fn a_session_may_do_what_its_role_may() {
    let stage = Stage::new();
    let user = stage.user("alice");
    let role = stage.role("worker", &trusting(&format!("arn:aws:iam::{ACCOUNT}:user/alice")));
    stage.put_role_policy("worker", &allow(&["kms:Encrypt"]));
    let answer = stage.assume(&user, &role, json!({ "RoleSessionName": "job-1" }));
    let session = answer.credentials(ACCOUNT);
    assert!(session.access_key_id.starts_with("ASIA"), "{session:?}");
    let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/worker/job-1");
    let id = answer.xml("AssumedRoleId").unwrap();
    assert!(id.starts_with("AROA") && id.ends_with(":job-1"), "{id}");
    assert_eq!(answer.xml("Arn").as_deref(), Some(arn.as_str()));

    assert_eq!(stage.try_key(&session, "Encrypt").code, None);
    let (code, message) =
        (stage.try_key(&session, "DescribeKey").code, stage.try_key(&session, "DescribeKey").message);
    assert_eq!(code.as_deref(), Some("AccessDeniedException"));
    assert!(
        message.unwrap().starts_with(&format!("User: {arn} is not authorized to perform: kms:DescribeKey"))
    );

    let identity = stage.identity(&session);
    assert_eq!(identity.xml("UserId"), Some(id));
    assert_eq!(identity.xml("Arn").as_deref(), Some(arn.as_str()));
    let info = json!({ "AccessKeyId": session.access_key_id });
    let info = stage.world.call(&stage.root, "sts", "GetAccessKeyInfo", info);
    assert_eq!(info.xml("Account").as_deref(), Some(ACCOUNT));

    let records = stage.world.records();
    let by_session = records.iter().find(|record| record.operation == "Encrypt").unwrap();
    let caller = by_session.caller.as_ref().unwrap();
    assert_eq!((caller.kind.as_ref(), caller.arn.as_ref()), ("AssumedRole", arn.as_str()));
    assert_eq!(caller.access_key_id.as_deref(), Some(session.access_key_id.as_str()));
    // The record of the assumption says which access key came of it, and nothing that is secret.
    let assumed = records.iter().find(|record| record.operation == "AssumeRole").unwrap();
    assert!(matches!(&assumed.decision, RecordedDecision::Allowed { layer, .. } if layer == "trust-policy"));
    let shown = format!("{assumed:?}");
    assert!(shown.contains(&session.access_key_id) && shown.contains(&role), "{shown}");
    assert!(!shown.contains(&session.secret_access_key));
    assert!(!shown.contains(session.session_token.as_deref().unwrap()));
}

#[test]
fn who_is_trusted_by_account_needs_a_policy_as_well() {
    let stage = Stage::new();
    let role = stage.role_who_may("worker", &["kms:*"]);
    let (without, with) = (stage.user("alice"), stage.user_who_may("bob", &["sts:AssumeRole"]));
    assert_eq!(stage.assume(&without, &role, json!({})).fault(), "AccessDenied");
    assert_eq!(stage.assume(&with, &role, json!({})).code, None);
}

#[test]
fn who_is_not_trusted_learns_nothing() {
    let stage = Stage::new();
    let user = stage.user_who_may("alice", &["sts:*"]);
    let role = stage.role("worker", &trusting(&format!("arn:aws:iam::{ACCOUNT}:user/alice")));
    let other = stage.user_who_may("bob", &["sts:*"]);
    let message = |answer: sim::Answer| {
        assert_eq!((answer.status, answer.fault()), (403, "AccessDenied"));
        answer.message.unwrap()
    };
    let refused = message(stage.assume(&other, &role, json!({})));
    let user_arn = format!("arn:aws:iam::{ACCOUNT}:user/bob");
    assert_eq!(
        refused,
        format!("User: {user_arn} is not authorized to perform: sts:AssumeRole on resource: {role}")
    );
    // The operator learns why.
    let records = stage.world.records();
    let refusal = records.iter().rfind(|record| record.operation == "AssumeRole");
    let why = refusal.and_then(|record| record.trace.as_deref()).unwrap();
    assert!(why.starts_with(&format!("sts:AssumeRole on {role}\n")), "{why}");
    assert!(
        why.contains("\ntrust-policy does not allow\n") && why.contains("Principal does not fit"),
        "{why}"
    );
    let missing = format!("arn:aws:iam::{ACCOUNT}:role/nobody");
    assert_eq!(message(stage.assume(&other, &missing, json!({}))), refused.replace(&role, &missing));
    // A path that the role does not have makes another ARN.
    let pathed = format!("arn:aws:iam::{ACCOUNT}:role/a/worker");
    message(stage.assume(&user, &pathed, json!({})));
    // An account that cannot be is one that is not there.
    let short = "arn:aws:iam::1234:role/worker";
    assert_eq!(message(stage.assume(&other, short, json!({}))), refused.replace(&role, short));
    let bad = stage.assume(&user, "nothing-valid-in-here", json!({}));
    assert_eq!(bad.refusal(), ("ValidationError", "nothing-valid-in-here is invalid"));
}

#[test]
fn another_account_is_let_in_by_both_sides_only() {
    let stage = Stage::new();
    let stranger = stage.world.stranger();
    let own = stage.role_who_may("own", &["kms:Encrypt"]);
    assert_eq!(stage.assume(&stranger, &own, json!({})).fault(), "AccessDenied");
    let shared = stage.role(
        "shared",
        &trusting_if(
            &format!("arn:aws:iam::{}:root", stranger.account),
            json!({ "StringEquals": { "sts:ExternalId": "customer-7" } }),
        ),
    );
    stage.put_role_policy("shared", &allow(&["kms:Encrypt"]));
    for more in [json!({}), json!({ "ExternalId": "customer-8" })] {
        assert_eq!(stage.assume(&stranger, &shared, more).fault(), "AccessDenied");
    }
    let session = stage.session(&stranger, &shared, json!({ "ExternalId": "customer-7" }));
    assert_eq!(stage.try_key(&session, "Encrypt").code, None, "it is one of the role's account now");
    assert_eq!(stage.identity(&session).xml("Account").as_deref(), Some(ACCOUNT));
}

#[test]
fn a_namesake_of_who_was_trusted_is_not_trusted() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    let role = stage.role("worker", &trusting(&format!("arn:aws:iam::{ACCOUNT}:user/alice")));
    stage.iam("DeleteUser", json!({ "UserName": "alice" }));
    let namesake = stage.user("alice");
    assert_eq!(stage.assume(&namesake, &role, json!({})).fault(), "AccessDenied");
}

#[test]
fn conditions_see_what_is_asked_for() {
    let stage = Stage::new();
    let user = stage.user("alice");
    let alice = format!("arn:aws:iam::{ACCOUNT}:user/alice");
    let tag = json!([{ "Key": "team", "Value": "red" }]);
    for (name, condition, good, bad) in [
        (
            "named",
            json!({ "StringLike": { "sts:RoleSessionName": "job-*" } }),
            json!({ "RoleSessionName": "job-1" }),
            json!({ "RoleSessionName": "other" }),
        ),
        (
            "sourced",
            json!({ "StringEquals": { "sts:SourceIdentity": "carol" } }),
            json!({ "SourceIdentity": "carol" }),
            json!({ "SourceIdentity": "dave" }),
        ),
        (
            "tagged",
            json!({ "StringEquals": { "aws:RequestTag/Team": "red" } }),
            json!({ "Tags": tag }),
            json!({ "Tags": [{ "Key": "team", "Value": "blue" }] }),
        ),
        (
            "keyed",
            json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } }),
            json!({ "Tags": tag }),
            json!({ "Tags": [{ "Key": "other", "Value": "red" }] }),
        ),
        (
            "transitive",
            json!({ "ForAnyValue:StringEquals": { "sts:TransitiveTagKeys": ["team"] } }),
            json!({ "Tags": tag, "TransitiveTagKeys": ["team"] }),
            json!({ "Tags": tag }),
        ),
    ] {
        let role = stage.role(name, &trusting_if(&alice, condition));
        assert_eq!(stage.assume(&user, &role, good).code, None, "{name}");
        assert_eq!(stage.assume(&user, &role, bad).fault(), "AccessDenied", "{name}");
    }
}

#[test]
fn tags_and_a_source_identity_need_permissions_of_their_own() {
    let stage = Stage::new();
    let user = stage.user("alice");
    let mut trust = trusting(&format!("arn:aws:iam::{ACCOUNT}:user/alice"));
    trust["Statement"][0]["Action"] = "sts:AssumeRole".into();
    let role = stage.role("worker", &trust);
    assert_eq!(stage.assume(&user, &role, json!({})).code, None);
    for (more, action) in [
        (json!({ "Tags": [{ "Key": "a", "Value": "b" }] }), "sts:TagSession"),
        (json!({ "SourceIdentity": "carol" }), "sts:SetSourceIdentity"),
    ] {
        let refused = stage.assume(&user, &role, more);
        assert_eq!(refused.fault(), "AccessDenied");
        assert!(refused.message.unwrap().contains(&format!("perform: {action} on")), "{action}");
    }
}
