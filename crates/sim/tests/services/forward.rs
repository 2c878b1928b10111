//! Calls that a service makes for its users.

use serde_json::{Value, json};

use model::arn::Partition;
use sim::{Stage, stage::ACCOUNT};

use crate::gateway::{ALICE, FOR, Gateway};

fn allow_if(condition: Value) -> Value {
    json!([{ "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition }])
}

#[test]
fn the_decision_is_about_the_user_and_the_service_counts_for_nothing() {
    let gateway = Gateway::new();
    gateway.put_policy("gateway", allow_if(json!({})));
    assert_eq!(gateway.encrypt_for(ALICE).fault(), "AccessDeniedException");
    gateway.put_policy("alice", allow_if(json!({})));
    gateway.put_policy("gateway", json!([{ "Effect": "Deny", "Action": "kms:*", "Resource": "*" }]));
    gateway.encrypt_for(ALICE).ok();
}

#[test]
fn policies_see_the_service_through_which_a_user_calls_and_only_then() {
    let gateway = Gateway::new();
    let conditions = [
        json!({ "StringEquals": { "kms:ViaService": "s3.us-east-1.amazonaws.com" } }),
        json!({ "Bool": { "aws:ViaAWSService": "true" } }),
        json!({ "ForAnyValue:StringEquals": { "aws:CalledVia": "s3.amazonaws.com" } }),
        json!({ "StringEquals": { "aws:CalledViaFirst": "s3.amazonaws.com" } }),
        json!({ "StringEquals": { "aws:CalledViaLast": "s3.amazonaws.com" } }),
        json!({ "Null": { "aws:SourceIp": "true" } }),
    ];
    for condition in conditions {
        gateway.put_policy("alice", allow_if(condition.clone()));
        gateway.encrypt_for(ALICE).ok();
        let direct = gateway.stage.kms_as(&gateway.alice, "Encrypt", gateway.secret());
        assert_eq!(direct.fault(), "AccessDeniedException", "{condition}");
    }
    let both = json!({
        "StringEquals": {
            "kms:CallerAccount": ACCOUNT, "aws:PrincipalArn": ALICE, "aws:username": "alice",
            "aws:PrincipalType": "User",
        },
        "Bool": { "aws:PrincipalIsAWSService": "false" },
    });
    gateway.put_policy("alice", allow_if(both));
    gateway.encrypt_for(ALICE).ok();
    gateway.stage.kms_as(&gateway.alice, "Encrypt", gateway.secret()).ok();
}

#[test]
fn users_are_stated_in_the_partition_of_the_region() {
    let gateway = Gateway::on(Stage::in_partition(Partition::Cn));
    gateway.put_policy("alice", allow_if(json!({})));
    gateway.encrypt_for(&ALICE.replace("arn:aws:", "arn:aws-cn:")).ok();
    gateway.encrypt_for("arn:aws-cn:iam::111122223333:root").ok();
    for other in [ALICE, "arn:aws:iam::111122223333:root"] {
        assert_eq!(gateway.encrypt_for(other).fault(), "AccessDeniedException", "{other}");
    }
}

#[test]
fn a_user_can_be_kept_to_a_service_by_the_key_policy() {
    let gateway = Gateway::new();
    let condition = json!({ "StringEquals": {
        "kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:CallerAccount": ACCOUNT,
    } });
    gateway.put_key_policy(&[json!({
        "Effect": "Allow", "Principal": "*", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": "*",
        "Condition": condition,
    })]);
    let blob = gateway.encrypt_for(ALICE).ok()["CiphertextBlob"].clone();
    let decrypt = json!({ "CiphertextBlob": blob });
    let opened = gateway.call(&gateway.credentials, &[(FOR, ALICE)], "Decrypt", &decrypt).ok();
    assert_eq!(opened["Plaintext"], "c2VjcmV0");
    for by in [&gateway.alice, &gateway.credentials] {
        assert_eq!(gateway.stage.kms_as(by, "Decrypt", decrypt.clone()).fault(), "AccessDeniedException");
    }
    gateway.encrypt_for(&format!("arn:aws:iam::{ACCOUNT}:root")).ok();
}

#[test]
fn a_session_is_forwarded_with_all_that_limits_it() {
    let gateway = Gateway::new();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
    }] });
    let role = json!({ "RoleName": "worker", "AssumeRolePolicyDocument": trust.to_string() });
    gateway.stage.iam("CreateRole", role);
    let policy = json!({ "Version": "2012-10-17", "Statement": allow_if(json!({})) }).to_string();
    let put = json!({ "RoleName": "worker", "PolicyName": "p", "PolicyDocument": policy });
    gateway.stage.iam("PutRolePolicy", put);
    let assume = |more: Option<Value>| {
        let mut input =
            json!({ "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/worker"), "RoleSessionName": "nightly" });
        if let Some(policy) = more {
            input["Policy"] = policy.to_string().into();
        }
        let session =
            gateway.stage.world.call(&gateway.stage.root, "sts", "AssumeRole", input).credentials(ACCOUNT);
        format!("{}:{}", session.access_key_id, session.session_token.unwrap())
    };
    let whole = assume(None);
    gateway.encrypt_for(&whole).ok();
    let narrow = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*",
    }] });
    let narrow = assume(Some(narrow));
    let refused = gateway.encrypt_for(&narrow);
    assert!(refused.message.unwrap().contains("because no session policy allows the kms:Encrypt action"));
    let described = gateway.call(
        &gateway.credentials,
        &[(FOR, &narrow)],
        "DescribeKey",
        &json!({ "KeyId": gateway.key }),
    );
    described.ok();

    let described = gateway.stage.record_of(&described);
    let caller = described.caller.as_ref().unwrap();
    assert_eq!(
        (&*caller.kind, &*caller.arn),
        ("AssumedRole", "arn:aws:sts::111122223333:assumed-role/worker/nightly",)
    );
    assert!(caller.access_key_id.as_deref().unwrap().starts_with("ASIA"));
    let token = narrow.split_once(':').unwrap().1;
    assert!(
        gateway.stage.world.records().iter().all(|record| !format!("{record:?}").contains(token)),
        "no token in a record"
    );

    gateway.stage.world.clock().advance(std::time::Duration::from_secs(2 * 60 * 60));
    let over = gateway.encrypt_for(&whole);
    assert_eq!(over.fault(), "AccessDeniedException", "the session is over");
    assert!(gateway.stage.record_of(&over).detail.unwrap().contains("expired"));
}

#[test]
fn the_record_shows_the_user_and_the_service() {
    let gateway = Gateway::new();
    gateway.put_policy("alice", allow_if(json!({})));
    let record = gateway.stage.record_of(&gateway.encrypt_for(ALICE));
    let caller = record.caller.unwrap();
    assert_eq!((&*caller.kind, &*caller.arn, caller.access_key_id), ("IAMUser", ALICE, None));
    assert_eq!(record.account.as_deref(), Some(ACCOUNT));
    let by = record.invoked_by.unwrap();
    assert_eq!((&*by.service, &*by.arn), ("s3.amazonaws.com", "arn:aws:iam::111122223333:user/gateway"));
    assert_eq!(by.access_key_id, gateway.credentials.access_key_id);
    assert_eq!(record.source.as_deref(), Some("127.0.0.1"), "where the gateway is");
}

#[test]
fn grants_that_a_service_makes_for_its_user_are_told_from_others() {
    let gateway = Gateway::new();
    let condition = json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } });
    gateway.put_policy("alice", json!([{
        "Effect": "Allow", "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"], "Resource": "*",
        "Condition": condition,
    }]));
    let input = json!({ "KeyId": gateway.key, "GranteePrincipal": ALICE, "Operations": ["Encrypt"] });
    let direct = gateway.stage.kms_as(&gateway.alice, "CreateGrant", input.clone());
    assert_eq!(direct.fault(), "AccessDeniedException");
    let made = gateway.call(&gateway.credentials, &[(FOR, ALICE)], "CreateGrant", &input).ok();
    gateway.encrypt_for(ALICE).ok();
    gateway.stage.kms_as(&gateway.alice, "Encrypt", gateway.secret()).ok();
    let revoke = json!({ "KeyId": gateway.key, "GrantId": made["GrantId"] });
    let direct = gateway.stage.kms_as(&gateway.alice, "RevokeGrant", revoke.clone());
    assert_eq!(direct.fault(), "AccessDeniedException");
    gateway.call(&gateway.credentials, &[(FOR, ALICE)], "RevokeGrant", &revoke).ok();
}

#[test]
fn a_role_can_be_the_service() {
    let gateway = Gateway::new();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
    }] });
    let role = json!({ "RoleName": "volumes", "AssumeRolePolicyDocument": trust.to_string() });
    gateway.stage.iam("CreateRole", role);
    let condition = json!({ "StringEquals": { "kms:ViaService": "ec2.us-east-1.amazonaws.com" } });
    gateway.put_policy("alice", allow_if(condition));
    let assume = |policy: Option<&str>| {
        let mut input =
            json!({ "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/volumes"), "RoleSessionName": "host-1" });
        if let Some(policy) = policy {
            input["Policy"] = policy.into();
        }
        gateway.stage.world.call(&gateway.stage.root, "sts", "AssumeRole", input).credentials(ACCOUNT)
    };
    let encrypt = |by: &sim::Credentials| gateway.call(by, &[(FOR, ALICE)], "Encrypt", &gateway.secret());
    encrypt(&assume(None)).ok();
    let everything = json!({ "Version": "2012-10-17", "Statement": allow_if(json!({})) }).to_string();
    assert_eq!(encrypt(&assume(Some(&everything))).fault(), "AccessDeniedException", "a limited session");
}

#[test]
fn a_service_grants_itself_nothing_by_another_name_and_no_more_than_services_need() {
    let gateway = Gateway::new();
    gateway.put_policy("alice", json!([{ "Effect": "Allow", "Action": "kms:CreateGrant", "Resource": "*" }]));
    let own = format!("arn:aws:iam::{ACCOUNT}:user/gateway");
    let make = |grantee: &str, key: &Value, operation: &str| {
        let input = json!({ "KeyId": key, "GranteePrincipal": grantee, "Operations": [operation] });
        gateway.call(&gateway.credentials, &[(FOR, ALICE)], "CreateGrant", &input)
    };
    let key = json!(gateway.key);
    let refused = make(&own, &key, "Encrypt");
    assert_eq!(refused.fault(), "AccessDeniedException");
    assert!(refused.message.unwrap().ends_with("name the service by GranteeServicePrincipal."));
    make(ALICE, &key, "Encrypt").ok();
    let made = json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY" });
    let made = gateway.stage.kms("CreateKey", made).ok();
    let refused = make(ALICE, &made["KeyMetadata"]["Arn"], "Sign");
    assert_eq!(refused.refusal(), ("AccessDeniedException", "Services do not grant Sign for their users."));

    let itself = json!({
        "KeyId": key, "GranteeServicePrincipal": "s3.amazonaws.com", "RetiringServicePrincipal": "s3.amazonaws.com",
        "Operations": ["Encrypt"], "Constraints": { "SourceArn": "arn:aws:sqs:us-east-1:111122223333:queue" },
    });
    gateway.call(&gateway.credentials, &[(FOR, ALICE)], "CreateGrant", &itself).ok();
    // Who calls for itself grants what it likes.
    let input = json!({ "KeyId": key, "GranteePrincipal": own, "Operations": ["Encrypt"] });
    gateway.stage.kms_as(&gateway.alice, "CreateGrant", input).ok();
}

#[test]
fn a_role_that_is_a_service_grants_nothing_to_its_sessions() {
    let gateway = Gateway::new();
    gateway.put_policy("alice", json!([{ "Effect": "Allow", "Action": "kms:CreateGrant", "Resource": "*" }]));
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
    }] });
    for name in ["volumes", "other"] {
        let role = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string() });
        gateway.stage.iam("CreateRole", role);
    }
    let role = format!("arn:aws:iam::{ACCOUNT}:role/volumes");
    let input = json!({ "RoleArn": role, "RoleSessionName": "host-1" });
    let volumes = gateway.stage.sts_as(&gateway.stage.root, "AssumeRole", input).credentials(ACCOUNT);
    let make = |grantee: &str| {
        let input = json!({ "KeyId": gateway.key, "GranteePrincipal": grantee, "Operations": ["Encrypt"] });
        gateway.call(&volumes, &[(FOR, ALICE)], "CreateGrant", &input).code
    };
    for own in [role, format!("arn:aws:sts::{ACCOUNT}:assumed-role/volumes/host-2")] {
        assert_eq!(make(&own).as_deref(), Some("AccessDeniedException"), "{own}");
    }
    assert_eq!(make(&format!("arn:aws:sts::{ACCOUNT}:assumed-role/other/host-1")), None);
}
