use serde_json::{Value, json};
use sim::{
    Answer, Credentials, Stage, World,
    stage::{ACCOUNT, text},
};

use crate::{code, put_policy, statement};

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

/// A request for a grant to somebody.
fn wanted(key: &str, grantee: &str, operations: &[&str]) -> Value {
    json!({ "KeyId": key, "GranteePrincipal": grantee, "Operations": operations })
}

/// The same with these members beside, or without those that are null.
fn with(mut input: Value, more: Value) -> Value {
    for (member, value) in more.as_object().unwrap() {
        input[member] = value.clone();
    }
    input.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    input
}

fn subset(of: Value) -> Value {
    json!({ "Constraints": { "EncryptionContextSubset": of } })
}

fn try_encrypt(stage: &Stage, who: &Credentials, key: &str, context: Value) -> String {
    encrypt_with(stage, who, key, context, None)
}

fn encrypt_with(stage: &Stage, who: &Credentials, key: &str, context: Value, token: Option<&str>) -> String {
    let mut input = json!({ "KeyId": key, "Plaintext": "c2VjcmV0", "EncryptionContext": context });
    if let Some(token) = token {
        input["GrantTokens"] = json!([token]);
    }
    code(&stage.kms_as(who, "Encrypt", input)).to_owned()
}

fn retire(stage: &Stage, who: &Credentials, key: &str, id: &str) -> Answer {
    stage.kms_as(who, "RetireGrant", json!({ "KeyId": key, "GrantId": id }))
}

/// Makes a grant as the root user; its id.
#[track_caller]
fn grant(stage: &Stage, input: Value) -> String {
    text(&stage.kms("CreateGrant", input).ok(), "/GrantId")
}

/// The grants of a page.
fn ids(page: &Value) -> Vec<&str> {
    page["Grants"].as_array().unwrap().iter().map(|grant| grant["GrantId"].as_str().unwrap()).collect()
}

#[test]
fn a_grant_allows_its_grantee_its_operations_in_its_context() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    let encrypt = |who, context| try_encrypt(&stage, who, &key, context);
    assert_eq!(encrypt(&alice, json!({ "a": "x" })), "AccessDeniedException");

    grant(&stage, with(wanted(&key, ALICE, &["Encrypt"]), subset(json!({ "a": "x" }))));
    assert_eq!(encrypt(&alice, json!({ "a": "x" })), "ok");
    assert_eq!(encrypt(&alice, json!({ "a": "x", "b": "y" })), "ok");
    assert_eq!(encrypt(&alice, json!({ "a": "y" })), "AccessDeniedException");
    assert_eq!(encrypt(&alice, json!({})), "AccessDeniedException");
    assert_eq!(encrypt(&bob, json!({ "a": "x" })), "AccessDeniedException");
    let described = stage.kms_as(&alice, "DescribeKey", json!({ "KeyId": key }));
    assert_eq!(described.fault(), "AccessDeniedException");
}

#[test]
fn a_grant_to_a_role_is_one_to_its_sessions_and_not_to_a_later_role() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let session = || {
        let role = stage.role("app", &sim::stage::trusting(ACCOUNT));
        (stage.session(&stage.root, &role, json!({})), role)
    };
    let (first, role) = session();
    grant(&stage, wanted(&key, &role, &["Encrypt"]));
    assert_eq!(try_encrypt(&stage, &first, &key, json!({})), "ok");
    stage.iam("DeleteRole", json!({ "RoleName": "app" }));
    let (later, _) = session();
    assert_eq!(try_encrypt(&stage, &later, &key, json!({})), "AccessDeniedException");
}

#[test]
fn explicit_denials_stand_against_grants() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let alice = stage.user("alice");
    grant(&stage, wanted(&key, ALICE, &["Encrypt"]));
    put_policy(&stage, &stage.root, "alice", &[statement("Deny", "kms:Encrypt")]);
    assert_eq!(try_encrypt(&stage, &alice, &key, json!({})), "AccessDeniedException");

    stage.iam("DeleteUserPolicy", json!({ "UserName": "alice", "PolicyName": "only" }));
    assert_eq!(try_encrypt(&stage, &alice, &key, json!({})), "ok");
    let denial = with(statement("Deny", "kms:Encrypt"), json!({ "Principal": { "AWS": ALICE } }));
    stage.put_key_policy(&key, &[denial]);
    assert_eq!(try_encrypt(&stage, &alice, &key, json!({})), "AccessDeniedException");
}

#[test]
fn a_grant_to_an_account_is_its_policies_to_hand_on() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let other = stage.world.stranger();
    let eve = stage.user_of(&other, "eve");
    grant(&stage, wanted(&key, &format!("arn:aws:iam::{}:root", other.account), &["Encrypt"]));
    assert_eq!(try_encrypt(&stage, &other, &key, json!({})), "ok");
    assert_eq!(try_encrypt(&stage, &eve, &key, json!({})), "AccessDeniedException");
    put_policy(&stage, &other, "eve", &[statement("Allow", "kms:Encrypt")]);
    assert_eq!(try_encrypt(&stage, &eve, &key, json!({})), "ok");
}

#[test]
fn a_principal_of_another_account_needs_the_grant_alone() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let eve = stage.user_of(&stage.world.stranger(), "eve");
    assert_eq!(try_encrypt(&stage, &eve, &key, json!({})), "AccessDeniedException");
    grant(&stage, wanted(&key, "arn:aws:iam::444455556666:user/eve", &["Encrypt"]));
    assert_eq!(try_encrypt(&stage, &eve, &key, json!({})), "ok");
}

#[test]
fn children_are_at_most_what_their_parent_is() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let (alice, bob) = (stage.user("alice"), stage.user("bob"));
    let parent = wanted(&key, ALICE, &["Encrypt", "CreateGrant"]);
    grant(&stage, with(parent, subset(json!({ "a": "x" }))));

    let child = |operation, more: Value| {
        let input = with(wanted(&key, "arn:aws:iam::111122223333:user/bob", &[operation]), more);
        code(&stage.kms_as(&alice, "CreateGrant", input)).to_owned()
    };
    assert_eq!(child("Encrypt", json!({})), "AccessDeniedException");
    assert_eq!(child("Encrypt", subset(json!({ "b": "y" }))), "AccessDeniedException");
    assert_eq!(child("Decrypt", subset(json!({ "a": "x" }))), "AccessDeniedException");
    assert_eq!(child("Encrypt", subset(json!({ "a": "x", "b": "y" }))), "ok");
    assert_eq!(try_encrypt(&stage, &bob, &key, json!({ "a": "x" })), "AccessDeniedException");
    assert_eq!(try_encrypt(&stage, &bob, &key, json!({ "a": "x", "b": "y" })), "ok");
    // Whom the policies allow is not bound by the grant.
    put_policy(&stage, &stage.root, "alice", &[statement("Allow", "kms:CreateGrant")]);
    assert_eq!(child("Decrypt", json!({})), "ok");
}

#[test]
fn the_same_name_and_request_is_the_same_grant() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    stage.user("alice");
    let named = |name: Option<&str>, operation| {
        stage.kms("CreateGrant", with(wanted(&key, ALICE, &[operation]), json!({ "Name": name }))).ok()
    };
    let (first, again) = (named(Some("n"), "Encrypt"), named(Some("n"), "Encrypt"));
    assert_eq!(first["GrantId"], again["GrantId"]);
    assert_ne!(first["GrantToken"], again["GrantToken"]);
    let other = named(Some("n"), "Decrypt");
    let unnamed = [None, None].map(|name| named(name, "Encrypt"));
    assert_ne!(first["GrantId"], other["GrantId"]);
    assert_ne!(unnamed[0]["GrantId"], unnamed[1]["GrantId"]);
    let listed = stage.kms("ListGrants", json!({ "KeyId": key })).ok();
    let names: Vec<_> = listed["Grants"].as_array().unwrap().iter().map(|grant| &grant["Name"]).collect();
    assert_eq!(names.len(), 4);
    assert_eq!(names.iter().filter(|name| **name == "").count(), 2);
}

#[test]
fn tokens_are_genuine_or_refused() {
    let stage = Stage::new();
    let made = |stage: &Stage| {
        let (key, alice) = (stage.key(json!({})), stage.user("alice"));
        let made = stage.kms("CreateGrant", wanted(&key, ALICE, &["Encrypt"])).ok();
        (key, alice, text(&made, "/GrantToken"))
    };
    let (key, alice, token) = made(&stage);
    let encrypt = |who, token| encrypt_with(&stage, who, &key, json!({}), Some(token));
    assert_eq!(encrypt(&alice, &token), "ok");
    let (.., foreign) = made(&Stage::on(World::seeded(2)));
    let mut altered = token.clone();
    let last = if altered.pop() == Some('A') { 'B' } else { 'A' };
    altered.push(last);
    for wrong in ["x", "****", &altered, &token[4..], &foreign] {
        assert_eq!(encrypt(&alice, wrong), "InvalidGrantTokenException");
    }

    let retire = |who| code(&stage.kms_as(who, "RetireGrant", json!({ "GrantToken": token }))).to_owned();
    assert_eq!(retire(&alice), "AccessDeniedException");
    assert_eq!(retire(&stage.root), "ok");
    assert_eq!(retire(&stage.root), "NotFoundException");
    // The token of a grant that is gone gives nothing and harms nothing.
    assert_eq!(encrypt(&alice, &token), "AccessDeniedException");
    assert_eq!(encrypt(&stage.root, &token), "ok");
}

#[test]
fn retiring_and_revoking_are_different_rights() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let other = stage.world.stranger();
    let (alice, admin) = (stage.user("alice"), stage.user("admin"));
    let (keeper, eve) = (stage.user_of(&other, "keeper"), stage.user_of(&other, "eve"));
    let retirable = || {
        let retiring = json!({ "RetiringPrincipal": "arn:aws:iam::444455556666:user/keeper" });
        grant(&stage, with(wanted(&key, ALICE, &["Encrypt"]), retiring))
    };
    let revoke = |who, id: &str| {
        code(&stage.kms_as(who, "RevokeGrant", json!({ "KeyId": key, "GrantId": id }))).to_owned()
    };
    let id = retirable();
    assert_eq!(revoke(&keeper, &id), "AccessDeniedException");
    assert_eq!(retire(&stage, &alice, &key, &id).fault(), "AccessDeniedException");
    put_policy(&stage, &other, "eve", &[statement("Allow", "kms:*")]);
    assert_eq!(retire(&stage, &eve, &key, &id).fault(), "AccessDeniedException");
    put_policy(&stage, &other, "keeper", &[statement("Deny", "kms:RetireGrant")]);
    assert_eq!(retire(&stage, &keeper, &key, &id).fault(), "AccessDeniedException");
    put_policy(&stage, &other, "keeper", &[statement("Allow", "kms:ListKeys")]);
    assert_eq!(retire(&stage, &keeper, &key, &id).code, None);
    assert_eq!(try_encrypt(&stage, &alice, &key, json!({})), "AccessDeniedException");

    let id = retirable();
    put_policy(&stage, &stage.root, "admin", &[statement("Allow", "kms:RetireGrant")]);
    assert_eq!(revoke(&admin, &id), "AccessDeniedException");
    put_policy(&stage, &stage.root, "admin", &[statement("Allow", "kms:RevokeGrant")]);
    assert_eq!(revoke(&admin, &id), "ok");
    assert_eq!(revoke(&stage.root, &id), "NotFoundException");
    assert_eq!(revoke(&stage.root, "nonsense"), "InvalidGrantIdException");
    // Of keys of other accounts nothing is said, not even whether they exist.
    let missing = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/00000000-0000-4000-8000-000000000000");
    let (of_none, of_one) = (retire(&stage, &keeper, &missing, &id), retire(&stage, &keeper, &key, &id));
    assert_eq!(of_none.refusal(), of_one.refusal());
}

#[test]
fn listings_page_and_filter() {
    let stage = Stage::new();
    let (key, other) = (stage.key(json!({})), stage.key(json!({})));
    for name in ["alice", "u0", "u1", "none"] {
        stage.user(name);
    }
    for number in 0..5 {
        let grantee = format!("arn:aws:iam::111122223333:user/u{}", number % 2);
        let input = wanted(if number == 4 { &other } else { &key }, &grantee, &["Encrypt"]);
        grant(&stage, with(input, json!({ "RetiringPrincipal": ALICE })));
    }
    let page = |marker: Value| {
        stage.kms("ListGrants", with(json!({ "KeyId": key, "Limit": 3 }), json!({ "Marker": marker })))
    };
    let first = page(Value::Null).ok();
    let second = page(first["NextMarker"].clone()).ok();
    assert_eq!((&first["Truncated"], &second["Truncated"]), (&json!(true), &json!(false)));
    assert_eq!((ids(&first).len(), ids(&second).len()), (3, 1));
    assert!(!ids(&first).contains(&ids(&second)[0]));
    assert_eq!(page(json!("nonsense")).fault(), "InvalidMarkerException");

    let of = |grantee: &str| stage.kms("ListGrants", json!({ "KeyId": key, "GranteePrincipal": grantee }));
    assert_eq!(ids(&of("arn:aws:iam::111122223333:user/u1").ok()).len(), 2);
    assert_eq!(ids(&of("arn:aws:iam::111122223333:user/none").ok()).len(), 0);
    assert_eq!(of("nonsense").fault(), "InvalidArnException");

    let retirable = |by: &str, marker: &Value| {
        let input = json!({ "RetiringPrincipal": by, "Limit": 3 });
        stage.kms("ListRetirableGrants", with(input, json!({ "Marker": marker })))
    };
    let first = retirable(ALICE, &Value::Null).ok();
    let second = retirable(ALICE, &first["NextMarker"]).ok();
    assert_eq!((ids(&first).len(), ids(&second).len()), (3, 2));
    let elsewhere = retirable("arn:aws:iam::444455556666:user/eve", &Value::Null);
    assert_eq!(elsewhere.fault(), "InvalidArnException");
}

#[test]
fn what_is_no_grant() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    stage.user("alice");
    let to = |grantee: &str, more: Value| with(wanted(&key, grantee, &["Encrypt"]), more);
    let nine: Value = (0..9).map(|number| (number.to_string(), json!("v"))).collect();
    let both = json!({ "EncryptionContextEquals": { "a": "x" }, "EncryptionContextSubset": { "a": "x" } });
    let service = json!({ "GranteeServicePrincipal": "logs.us-east-1.amazonaws.com" });
    for (input, expected) in [
        (wanted(&key, ALICE, &[]), "ValidationException"),
        (wanted(&key, ALICE, &["Sign"]), "ValidationException"),
        (wanted(&key, ALICE, &["GetPublicKey"]), "ValidationException"),
        (to(ALICE, json!({ "Constraints": both })), "ValidationException"),
        (to(ALICE, subset(nine)), "ValidationException"),
        (to(ALICE, subset(json!({ "a": "v".repeat(385) }))), "ValidationException"),
        (to(ALICE, json!({ "GranteePrincipal": null })), "ValidationException"),
        (to(ALICE, service.clone()), "ValidationException"),
        (with(to(ALICE, service), json!({ "GranteePrincipal": null })), "ValidationException"),
        (to("arn:aws:iam::111122223333:user/ghost", json!({})), "InvalidArnException"),
        (to("arn:aws:iam::111122223333:group/g", json!({})), "InvalidArnException"),
        (to(ACCOUNT, json!({})), "InvalidArnException"),
        (to("alice", json!({})), "InvalidArnException"),
        (to(ALICE, json!({ "DryRun": true })), "DryRunOperationException"),
    ] {
        assert_eq!(code(&stage.kms("CreateGrant", input.clone())), expected, "{input}");
    }
    assert!(ids(&stage.kms("ListGrants", json!({ "KeyId": key })).ok()).is_empty());

    stage.kms("DisableKey", json!({ "KeyId": key })).ok();
    assert_eq!(stage.kms("CreateGrant", to(ALICE, json!({}))).fault(), "DisabledException");
}

#[test]
fn policies_can_ask_about_a_grant_that_is_to_be_made() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    stage.user("alice");
    let admin = stage.user("admin");
    for (operator, name, value, expected) in [
        ("ForAllValues:StringEquals", "kms:GrantOperations", "Encrypt", "ok"),
        ("ForAllValues:StringEquals", "kms:GrantOperations", "Decrypt", "AccessDeniedException"),
        ("StringEquals", "kms:GranteePrincipal", ALICE, "ok"),
        ("StringEquals", "kms:GrantConstraintType", "EncryptionContextSubset", "ok"),
        ("StringEquals", "kms:GrantConstraintType", "EncryptionContextEquals", "AccessDeniedException"),
        ("StringEquals", "kms:EncryptionContext:a", "x", "ok"),
        ("StringEquals", "kms:RetiringPrincipal", ALICE, "ok"),
        ("Null", "kms:RetiringServicePrincipal", "true", "ok"),
        ("Bool", "kms:GrantIsForAWSResource", "true", "AccessDeniedException"),
    ] {
        let condition = json!({ "Condition": { operator: { name: value } } });
        let allowing = with(statement("Allow", "kms:CreateGrant"), condition);
        put_policy(&stage, &stage.root, "admin", std::slice::from_ref(&allowing));
        let input = with(wanted(&key, ALICE, &["Encrypt"]), json!({ "RetiringPrincipal": ALICE }));
        let input = with(input, subset(json!({ "a": "x" })));
        assert_eq!(code(&stage.kms_as(&admin, "CreateGrant", input)), expected, "{allowing}");
    }
}
