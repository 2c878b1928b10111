//! Whom policies on keys and roles name: whoever bore the name when the policy was put.

use serde_json::{Value, json};

use sim::stage::{ACCOUNT, Stage, allow, text};

use crate::documents::{decoded, trust};

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

fn shown(stage: &Stage, key: &str) -> String {
    let policy = stage.kms_as(&stage.root, "GetKeyPolicy", json!({ "KeyId": key })).ok();
    policy.get("Policy").and_then(Value::as_str).unwrap().to_owned()
}

#[test]
fn a_namesake_is_somebody_else() {
    let mut stage = Stage::new();
    let alice = stage.user("alice");
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/alice");
    let id = stage.iam("GetUser", json!({ "UserName": "alice" })).xml("UserId").unwrap();
    let policy = key_policy(&arn);
    let key = stage.key(json!({ "Policy": policy }));
    let describe = |stage: &Stage, who| stage.kms_as(who, "DescribeKey", json!({ "KeyId": key })).code;
    assert_eq!(describe(&stage, &alice), None);
    assert_eq!(shown(&stage, &key), policy);

    stage.iam("DeleteAccessKey", json!({ "UserName": "alice", "AccessKeyId": alice.access_key_id }));
    stage.iam("DeleteUser", json!({ "UserName": "alice" }));
    assert_eq!(shown(&stage, &key), policy.replace(&arn, &id));
    let namesake = stage.user("alice");
    assert_eq!(describe(&stage, &namesake).as_deref(), Some("AccessDeniedException"));
    stage.world = stage.world.restart();
    assert_eq!(describe(&stage, &namesake).as_deref(), Some("AccessDeniedException"));
    assert_eq!(shown(&stage, &key), policy.replace(&arn, &id));

    // What is shown cannot be put again; the name can, and means the new one.
    let put = |policy: &str| {
        let input = json!({ "KeyId": key, "Policy": policy });
        stage.kms_as(&stage.root, "PutKeyPolicy", input)
    };
    assert_eq!(put(&policy.replace(&arn, &id)).fault(), "MalformedPolicyDocumentException");
    put(&policy).ok();
    assert_eq!(describe(&stage, &namesake), None);
}

#[test]
fn a_renamed_user_keeps_what_it_had() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/alice");
    let key = stage.key(json!({ "Policy": key_policy(&arn) }));
    stage.iam("UpdateUser", json!({ "UserName": "ALICE", "NewUserName": "carol", "NewPath": "/p/" }));
    assert_eq!(stage.kms_as(&alice, "DescribeKey", json!({ "KeyId": key })).code, None);
    assert!(shown(&stage, &key).contains("user/p/carol"), "the policy shows the new name");
    let unknown = stage.iam_refusal("GetUser", json!({ "UserName": "alice" }));
    assert_eq!(unknown.0, "NoSuchEntity");
}

#[test]
fn principals_must_exist() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice", "Path": "/p/" }));
    for (principal, accepted) in [
        (format!("arn:aws:iam::{ACCOUNT}:user/p/alice"), true),
        (format!("arn:aws:iam::{ACCOUNT}:user/alice"), false),
        (format!("arn:aws:iam::{ACCOUNT}:user/nobody"), false),
        (format!("arn:aws:iam::{ACCOUNT}:role/p/alice"), false),
        ("arn:aws:iam::999999999999:root".to_owned(), false),
    ] {
        let made = stage.kms_as(&stage.root, "CreateKey", json!({ "Policy": key_policy(&principal) }));
        let code = (!accepted).then_some("MalformedPolicyDocumentException");
        assert_eq!(made.code.as_deref(), code, "{principal}");

        let role: Value = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust(&principal) });
        if accepted {
            stage.iam("CreateRole", role);
            stage.iam("DeleteRole", json!({ "RoleName": "r" }));
        } else {
            let (code, message) = stage.iam_refusal("CreateRole", role);
            assert_eq!(code, "MalformedPolicyDocument");
            assert!(message.starts_with("Invalid principal in policy: \"AWS\":\""), "{message}");
        }
    }
}

#[test]
fn trust_policies_show_who_is_gone() {
    let stage = Stage::new();
    let made = stage.iam("CreateUser", json!({ "UserName": "alice" }));
    let id = made.xml("UserId").unwrap();
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/alice");
    stage.iam("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust(&arn) }));
    let shown = || decoded(&stage.iam("GetRole", json!({ "RoleName": "r" })), "AssumeRolePolicyDocument");
    assert_eq!(shown(), trust(&arn));
    stage.iam("DeleteUser", json!({ "UserName": "alice" }));
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    assert_eq!(shown(), trust(&id));
}

/// Who holds a key's grants, as a listing shows them, of one grantee if that is asked for.
fn grantees(stage: &Stage, key: &str, of: Option<&str>) -> Vec<String> {
    let listed =
        stage.kms_as(&stage.root, "ListGrants", json!({ "KeyId": key, "GranteePrincipal": of })).ok();
    let grants = listed.get("Grants").and_then(Value::as_array).unwrap();
    grants.iter().map(|grant| text(grant, "/GranteePrincipal")).collect()
}

fn grant(stage: &Stage, key: &str, grantee: &str) {
    let input = json!({ "KeyId": key, "GranteePrincipal": grantee, "RetiringPrincipal": grantee,
        "Operations": ["DescribeKey"] });
    stage.kms_as(&stage.root, "CreateGrant", input).ok();
}

#[test]
fn a_grant_is_its_grantees_whatever_the_grantee_is_called() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let (arn, new_arn) =
        (format!("arn:aws:iam::{ACCOUNT}:user/alice"), format!("arn:aws:iam::{ACCOUNT}:user/p/carol"));
    let key = stage.key(json!({}));
    grant(&stage, &key, &arn);
    let describe = |who| stage.kms_as(who, "DescribeKey", json!({ "KeyId": key })).code;
    assert_eq!(describe(&alice), None);

    stage.iam("UpdateUser", json!({ "UserName": "alice", "NewUserName": "carol", "NewPath": "/p/" }));
    assert_eq!(describe(&alice), None);
    assert_eq!(grantees(&stage, &key, None), [new_arn.as_str()]);
    assert_eq!(grantees(&stage, &key, Some(&new_arn)), [new_arn.as_str()]);
    assert_eq!(grantees(&stage, &key, Some(&arn)), [""; 0]);
    let retirable = |arn: &str| {
        let input = json!({ "RetiringPrincipal": arn });
        let listed = stage.kms_as(&stage.root, "ListRetirableGrants", input).ok();
        listed.get("Grants").and_then(Value::as_array).unwrap().len()
    };
    assert_eq!((retirable(&new_arn), retirable(&arn)), (1, 0));

    let namesake = stage.user("alice");
    assert_eq!(describe(&namesake).as_deref(), Some("AccessDeniedException"));
    assert_eq!(grantees(&stage, &key, Some(&arn)), [""; 0]);
    grant(&stage, &key, &arn);
    assert_eq!(describe(&namesake), None);
    assert_eq!(grantees(&stage, &key, Some(&arn)), [arn]);
}

#[test]
fn sessions_of_a_role_that_is_made_again_inherit_no_grants() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.put_user_policy("alice", &allow(&["sts:AssumeRole"]));
    let account = format!("arn:aws:iam::{ACCOUNT}:root");
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust(&account) });
    let (arn, session_arn) =
        (format!("arn:aws:iam::{ACCOUNT}:role/r"), format!("arn:aws:sts::{ACCOUNT}:assumed-role/r/one"));
    let assume = || {
        let input = json!({ "RoleArn": arn, "RoleSessionName": "one" });
        stage.world.call(&alice, "sts", "AssumeRole", input).credentials(ACCOUNT)
    };
    let id = stage.iam("CreateRole", role.clone()).xml("RoleId").unwrap();
    let keys = [stage.key(json!({})), stage.key(json!({}))];
    for (key, grantee) in keys.iter().zip([&arn, &session_arn]) {
        grant(&stage, key, grantee);
    }
    let describe = |who, key: &str| stage.kms_as(who, "DescribeKey", json!({ "KeyId": key })).code;
    let first = assume();
    for key in &keys {
        assert_eq!(describe(&first, key), None);
    }

    stage.iam("DeleteRole", json!({ "RoleName": "r" }));
    stage.iam("CreateRole", role);
    let second = assume();
    for (key, shown) in keys.iter().zip([id.clone(), format!("{id}:one")]) {
        assert_eq!(describe(&second, key).as_deref(), Some("AccessDeniedException"), "{key}");
        assert_eq!(grantees(&stage, key, None), [shown.as_str()]);
        assert_eq!(grantees(&stage, key, Some(&shown)), [shown]);
        assert_eq!(grantees(&stage, key, Some(&arn)), [""; 0]);
        assert_eq!(grantees(&stage, key, Some(&session_arn)), [""; 0]);
    }
}
