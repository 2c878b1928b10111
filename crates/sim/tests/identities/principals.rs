//! Whom policies on keys and roles name: whoever bore the name when the policy was put.

use serde_json::{Value, json};

use crate::people::{ACCOUNT, People, decoded, trust};

fn key_policy(principal: &str) -> String {
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" },
            { "Effect": "Allow", "Principal": { "AWS": [principal] }, "Action": "kms:DescribeKey", "Resource": "*" },
        ],
    })
    .to_string()
}

fn shown(people: &People, key: &str) -> String {
    let policy = people.kms_as(&people.root, "GetKeyPolicy", json!({ "KeyId": key })).ok();
    policy.get("Policy").and_then(Value::as_str).unwrap().to_owned()
}

#[test]
fn a_namesake_is_somebody_else() {
    let mut people = People::new();
    let alice = people.user("alice");
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/alice");
    let id = people.iam("GetUser", json!({ "UserName": "alice" })).xml("UserId").unwrap();
    let policy = key_policy(&arn);
    let key = people.key(json!({ "Policy": policy }));
    let describe = |people: &People, who| people.kms_as(who, "DescribeKey", json!({ "KeyId": key })).code;
    assert_eq!(describe(&people, &alice), None);
    assert_eq!(shown(&people, &key), policy);

    people.iam("DeleteAccessKey", json!({ "UserName": "alice", "AccessKeyId": alice.access_key_id }));
    people.iam("DeleteUser", json!({ "UserName": "alice" }));
    assert_eq!(shown(&people, &key), policy.replace(&arn, &id));
    let namesake = people.user("alice");
    assert_eq!(describe(&people, &namesake).as_deref(), Some("AccessDeniedException"));
    people.world = people.world.restart();
    assert_eq!(describe(&people, &namesake).as_deref(), Some("AccessDeniedException"));
    assert_eq!(shown(&people, &key), policy.replace(&arn, &id));

    // What is shown cannot be put again; the name can, and means the new one.
    let put = |policy: &str| {
        let input = json!({ "KeyId": key, "Policy": policy });
        people.kms_as(&people.root, "PutKeyPolicy", input)
    };
    assert_eq!(put(&policy.replace(&arn, &id)).fault(), "MalformedPolicyDocumentException");
    put(&policy).ok();
    assert_eq!(describe(&people, &namesake), None);
}

#[test]
fn a_renamed_user_keeps_what_it_had() {
    let people = People::new();
    let alice = people.user("alice");
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/alice");
    let key = people.key(json!({ "Policy": key_policy(&arn) }));
    people.iam("UpdateUser", json!({ "UserName": "ALICE", "NewUserName": "carol", "NewPath": "/p/" }));
    assert_eq!(people.kms_as(&alice, "DescribeKey", json!({ "KeyId": key })).code, None);
    assert!(shown(&people, &key).contains("user/p/carol"), "the policy shows the new name");
    let unknown = people.refusal("GetUser", json!({ "UserName": "alice" }));
    assert_eq!(unknown.0, "NoSuchEntity");
}

#[test]
fn principals_must_exist() {
    let people = People::new();
    people.iam("CreateUser", json!({ "UserName": "alice", "Path": "/p/" }));
    for (principal, accepted) in [
        (format!("arn:aws:iam::{ACCOUNT}:user/p/alice"), true),
        (format!("arn:aws:iam::{ACCOUNT}:user/alice"), false),
        (format!("arn:aws:iam::{ACCOUNT}:user/nobody"), false),
        (format!("arn:aws:iam::{ACCOUNT}:role/p/alice"), false),
        ("arn:aws:iam::999999999999:root".to_owned(), false),
    ] {
        let made = people.kms_as(&people.root, "CreateKey", json!({ "Policy": key_policy(&principal) }));
        let code = (!accepted).then_some("MalformedPolicyDocumentException");
        assert_eq!(made.code.as_deref(), code, "{principal}");

        let role: Value = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust(&principal) });
        if accepted {
            people.iam("CreateRole", role);
            people.iam("DeleteRole", json!({ "RoleName": "r" }));
        } else {
            let (code, message) = people.refusal("CreateRole", role);
            assert_eq!(code, "MalformedPolicyDocument");
            assert!(message.starts_with("Invalid principal in policy: \"AWS\":\""), "{message}");
        }
    }
}

#[test]
fn trust_policies_show_who_is_gone() {
    let people = People::new();
    let made = people.iam("CreateUser", json!({ "UserName": "alice" }));
    let id = made.xml("UserId").unwrap();
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/alice");
    people.iam("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust(&arn) }));
    let shown = || decoded(&people.iam("GetRole", json!({ "RoleName": "r" })), "AssumeRolePolicyDocument");
    assert_eq!(shown(), trust(&arn));
    people.iam("DeleteUser", json!({ "UserName": "alice" }));
    people.iam("CreateUser", json!({ "UserName": "alice" }));
    assert_eq!(shown(), trust(&id));
}
