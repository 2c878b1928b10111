//! Calls that a service makes for its users.

use serde_json::{Value, json};

use crate::stage::{ACCOUNT, ALICE, FOR, Stage};

fn allow_if(condition: Value) -> Value {
    json!([{ "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition }])
}

#[test]
fn the_decision_is_about_the_user_and_the_service_counts_for_nothing() {
    let stage = Stage::new();
    stage.put_policy("gateway", allow_if(json!({})));
    assert_eq!(stage.encrypt_for(ALICE).fault(), "AccessDeniedException");
    stage.put_policy("alice", allow_if(json!({})));
    stage.put_policy("gateway", json!([{ "Effect": "Deny", "Action": "*", "Resource": "*" }]));
    stage.encrypt_for(ALICE).ok();
}

#[test]
fn policies_see_the_service_through_which_a_user_calls_and_only_then() {
    let stage = Stage::new();
    let conditions = [
        json!({ "StringEquals": { "kms:ViaService": "s3.us-east-1.amazonaws.com" } }),
        json!({ "Bool": { "aws:ViaAWSService": "true" } }),
        json!({ "ForAnyValue:StringEquals": { "aws:CalledVia": "s3.amazonaws.com" } }),
        json!({ "StringEquals": { "aws:CalledViaFirst": "s3.amazonaws.com" } }),
        json!({ "StringEquals": { "aws:CalledViaLast": "s3.amazonaws.com" } }),
        json!({ "Null": { "aws:SourceIp": "true" } }),
    ];
    for condition in conditions {
        stage.put_policy("alice", allow_if(condition.clone()));
        stage.encrypt_for(ALICE).ok();
        let direct = stage.world.call(&stage.alice, "kms", "Encrypt", stage.secret());
        assert_eq!(direct.fault(), "AccessDeniedException", "{condition}");
    }
    let both = json!({
        "StringEquals": {
            "kms:CallerAccount": ACCOUNT, "aws:PrincipalArn": ALICE, "aws:username": "alice",
            "aws:PrincipalType": "User",
        },
        "Bool": { "aws:PrincipalIsAWSService": "false" },
    });
    stage.put_policy("alice", allow_if(both));
    stage.encrypt_for(ALICE).ok();
    stage.world.call(&stage.alice, "kms", "Encrypt", stage.secret()).ok();
}

#[test]
fn a_user_can_be_kept_to_a_service_by_the_key_policy() {
    let stage = Stage::new();
    let condition = json!({ "StringEquals": {
        "kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:CallerAccount": ACCOUNT,
    } });
    stage.put_key_policy(&[json!({
        "Effect": "Allow", "Principal": "*", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": "*",
        "Condition": condition,
    })]);
    let blob = stage.encrypt_for(ALICE).ok()["CiphertextBlob"].clone();
    let decrypt = json!({ "CiphertextBlob": blob });
    let opened = stage.call(&stage.gateway, &[(FOR, ALICE)], "Decrypt", &decrypt).ok();
    assert_eq!(opened["Plaintext"], "c2VjcmV0");
    for by in [&stage.alice, &stage.gateway] {
        assert_eq!(stage.world.call(by, "kms", "Decrypt", decrypt.clone()).fault(), "AccessDeniedException");
    }
    stage.encrypt_for(&format!("arn:aws:iam::{ACCOUNT}:root")).ok();
}

#[test]
fn a_session_is_forwarded_with_all_that_limits_it() {
    let stage = Stage::new();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
    }] });
    let role = json!({ "RoleName": "worker", "AssumeRolePolicyDocument": trust.to_string() });
    stage.iam(&stage.root, "CreateRole", role);
    let policy = json!({ "Version": "2012-10-17", "Statement": allow_if(json!({})) }).to_string();
    let put = json!({ "RoleName": "worker", "PolicyName": "p", "PolicyDocument": policy });
    stage.iam(&stage.root, "PutRolePolicy", put);
    let assume = |more: Option<Value>| {
        let mut input =
            json!({ "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/worker"), "RoleSessionName": "nightly" });
        if let Some(policy) = more {
            input["Policy"] = policy.to_string().into();
        }
        let session = stage.world.call(&stage.root, "sts", "AssumeRole", input).credentials(ACCOUNT);
        format!("{}:{}", session.access_key_id, session.session_token.unwrap())
    };
    let whole = assume(None);
    stage.encrypt_for(&whole).ok();
    let narrow = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*",
    }] });
    let narrow = assume(Some(narrow));
    let refused = stage.encrypt_for(&narrow);
    assert!(refused.message.unwrap().contains("because no session policy allows the kms:Encrypt action"));
    let described =
        stage.call(&stage.gateway, &[(FOR, &narrow)], "DescribeKey", &json!({ "KeyId": stage.key }));
    described.ok();

    let described = stage.record_of(&described);
    let caller = described.caller.as_ref().unwrap();
    assert_eq!(
        (&*caller.kind, &*caller.arn),
        ("AssumedRole", "arn:aws:sts::111122223333:assumed-role/worker/nightly",)
    );
    assert!(caller.access_key_id.as_deref().unwrap().starts_with("ASIA"));
    let token = narrow.split_once(':').unwrap().1;
    assert!(
        stage.world.records().iter().all(|record| !format!("{record:?}").contains(token)),
        "no token in a record"
    );

    stage.world.clock().advance(std::time::Duration::from_secs(2 * 60 * 60));
    let over = stage.encrypt_for(&whole);
    assert_eq!(over.fault(), "AccessDeniedException", "the session is over");
    assert!(stage.record_of(&over).detail.unwrap().contains("expired"));
}

#[test]
fn the_record_shows_the_user_and_the_service() {
    let stage = Stage::new();
    stage.put_policy("alice", allow_if(json!({})));
    let record = stage.record_of(&stage.encrypt_for(ALICE));
    let caller = record.caller.unwrap();
    assert_eq!((&*caller.kind, &*caller.arn, caller.access_key_id), ("IAMUser", ALICE, None));
    assert_eq!(record.account.as_deref(), Some(ACCOUNT));
    let by = record.invoked_by.unwrap();
    assert_eq!((&*by.service, &*by.arn), ("s3.amazonaws.com", "arn:aws:iam::111122223333:user/gateway"));
    assert_eq!(by.access_key_id, stage.gateway.access_key_id);
    assert_eq!(record.source.as_deref(), Some("127.0.0.1"), "where the gateway is");
}

#[test]
fn grants_that_a_service_makes_for_its_user_are_told_from_others() {
    let stage = Stage::new();
    let condition = json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } });
    stage.put_policy("alice", json!([{
        "Effect": "Allow", "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"], "Resource": "*",
        "Condition": condition,
    }]));
    let input = json!({ "KeyId": stage.key, "GranteePrincipal": ALICE, "Operations": ["Encrypt"] });
    let direct = stage.world.call(&stage.alice, "kms", "CreateGrant", input.clone());
    assert_eq!(direct.fault(), "AccessDeniedException");
    let made = stage.call(&stage.gateway, &[(FOR, ALICE)], "CreateGrant", &input).ok();
    stage.encrypt_for(ALICE).ok();
    stage.world.call(&stage.alice, "kms", "Encrypt", stage.secret()).ok();
    let revoke = json!({ "KeyId": stage.key, "GrantId": made["GrantId"] });
    let direct = stage.world.call(&stage.alice, "kms", "RevokeGrant", revoke.clone());
    assert_eq!(direct.fault(), "AccessDeniedException");
    stage.call(&stage.gateway, &[(FOR, ALICE)], "RevokeGrant", &revoke).ok();
}

#[test]
fn a_role_can_be_the_service() {
    let stage = Stage::new();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
    }] });
    let role = json!({ "RoleName": "volumes", "AssumeRolePolicyDocument": trust.to_string() });
    stage.iam(&stage.root, "CreateRole", role);
    let condition = json!({ "StringEquals": { "kms:ViaService": "ec2.us-east-1.amazonaws.com" } });
    stage.put_policy("alice", allow_if(condition));
    let assume = |policy: Option<&str>| {
        let mut input =
            json!({ "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/volumes"), "RoleSessionName": "host-1" });
        if let Some(policy) = policy {
            input["Policy"] = policy.into();
        }
        stage.world.call(&stage.root, "sts", "AssumeRole", input).credentials(ACCOUNT)
    };
    let encrypt = |by: &sim::Credentials| stage.call(by, &[(FOR, ALICE)], "Encrypt", &stage.secret());
    encrypt(&assume(None)).ok();
    let everything = json!({ "Version": "2012-10-17", "Statement": allow_if(json!({})) }).to_string();
    assert_eq!(encrypt(&assume(Some(&everything))).fault(), "AccessDeniedException", "a limited session");
}
