//! Calls that a service makes as itself.

use serde_json::{Value, json};
use sim::{Answer, stage::ACCOUNT};

use crate::gateway::{FOR, Gateway, SOURCE_ACCOUNT, SOURCE_ARN};

const BUCKET: &str = "arn:aws:s3:::bucket";
/// ARNs in constraints of grants have an account.
const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:queue";

fn named(condition: Value) -> Value {
    json!({
        "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" }, "Resource": "*",
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"], "Condition": condition,
    })
}

fn encrypt(gateway: &Gateway, more: &[(&'static str, &str)]) -> Answer {
    let headers: Vec<_> = [(FOR, "service")].iter().chain(more).copied().collect();
    gateway.call(&gateway.credentials, &headers, "Encrypt", &gateway.secret())
}

#[test]
fn a_key_policy_that_names_the_service_allows_it() {
    let gateway = Gateway::new();
    assert_eq!(encrypt(&gateway, &[]).fault(), "AccessDeniedException");
    gateway.put_key_policy(&[named(json!({}))]);
    let answer = encrypt(&gateway, &[]);
    answer.ok();
    let plain = gateway.stage.kms_as(&gateway.credentials, "Encrypt", gateway.secret());
    assert_eq!(plain.fault(), "AccessDeniedException", "without the statement it is a user like any other");

    let record = gateway.stage.record_of(&answer);
    let caller = record.caller.unwrap();
    assert_eq!((&*caller.kind, &*caller.arn), ("AWSService", "s3.amazonaws.com"));
    let by = record.invoked_by.unwrap();
    assert_eq!(by.arn, "arn:aws:iam::111122223333:user/gateway");
}

#[test]
fn policies_see_on_whose_behalf_a_service_calls() {
    let gateway = Gateway::new();
    let sources = [(SOURCE_ARN, BUCKET), (SOURCE_ACCOUNT, ACCOUNT)];
    gateway.put_key_policy(&[named(json!({
        "StringEquals": { "aws:SourceAccount": ACCOUNT, "aws:PrincipalServiceName": "s3.amazonaws.com" },
        "ArnLike": { "aws:SourceArn": "arn:aws:s3:::buck*" },
        "Bool": { "aws:PrincipalIsAWSService": "true", "aws:ViaAWSService": "false" },
        "Null": {
            "kms:ViaService": "true", "kms:CallerAccount": "true", "aws:PrincipalAccount": "true",
            "aws:PrincipalArn": "true", "aws:CalledVia": "true",
        },
    }))]);
    encrypt(&gateway, &sources).ok();
    for lacking in &sources {
        let one: Vec<_> = sources.iter().filter(|source| *source != lacking).copied().collect();
        assert_eq!(encrypt(&gateway, &one).fault(), "AccessDeniedException");
    }
    let other = [(SOURCE_ARN, "arn:aws:s3:::other"), (SOURCE_ACCOUNT, ACCOUNT)];
    let refused = encrypt(&gateway, &other);
    assert_eq!(refused.fault(), "AccessDeniedException");
    let by = gateway.stage.record_of(&refused).invoked_by.unwrap();
    assert_eq!(by.source_arn.as_deref(), Some("arn:aws:s3:::other"));
    assert_eq!(by.source_account.as_deref(), Some(ACCOUNT));
}

#[test]
fn everybody_in_an_account_is_no_service() {
    let gateway = Gateway::new();
    gateway.put_key_policy(&[json!({
        "Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*",
        "Condition": { "StringEquals": { "kms:CallerAccount": ACCOUNT } },
    })]);
    assert_eq!(encrypt(&gateway, &[]).fault(), "AccessDeniedException");
}

#[test]
fn a_grant_to_a_service_holds_for_the_resource_that_it_names() {
    let gateway = Gateway::new();
    let input = json!({
        "KeyId": gateway.key, "GranteeServicePrincipal": "s3.amazonaws.com", "Operations": ["Encrypt"],
        "RetiringServicePrincipal": "s3.amazonaws.com", "Constraints": { "SourceArn": QUEUE },
    });
    let grant = gateway.stage.kms("CreateGrant", input).ok()["GrantId"].clone();
    encrypt(&gateway, &[(SOURCE_ARN, QUEUE)]).ok();
    for (headers, why) in
        [(&[][..], "no source"), (&[(SOURCE_ARN, "arn:aws:sqs:us-east-1:111122223333:other")], "another")]
    {
        assert_eq!(encrypt(&gateway, headers).fault(), "AccessDeniedException", "{why}");
    }
    let retire = json!({ "KeyId": gateway.key, "GrantId": grant });
    let service = [(FOR, "service")];
    let denied = gateway.stage.kms_as(&gateway.credentials, "RetireGrant", retire.clone());
    assert_eq!(denied.fault(), "AccessDeniedException");
    gateway.call(&gateway.credentials, &service, "RetireGrant", &retire).ok();
    assert_eq!(encrypt(&gateway, &[(SOURCE_ARN, QUEUE)]).fault(), "AccessDeniedException");
}

#[test]
fn the_name_of_a_service_opens_no_keys_of_accounts_that_its_identity_does_not_serve() {
    let gateway = Gateway::new();
    let stranger = gateway.stage.world.stranger();
    let policy = json!({ "Version": "2012-10-17", "Statement": [named(json!({})), {
        "Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Principal": { "AWS": "arn:aws:iam::444455556666:root" },
    }] });
    let made = gateway.stage.kms_as(&stranger, "CreateKey", json!({ "Policy": policy.to_string() })).ok();
    let key = &made["KeyMetadata"]["Arn"];
    let grant = json!({
        "KeyId": key, "GranteePrincipal": "arn:aws:iam::444455556666:root", "Operations": ["Encrypt"],
        "RetiringServicePrincipal": "s3.amazonaws.com",
    });
    let grant = gateway.stage.kms_as(&stranger, "CreateGrant", grant).ok()["GrantId"].clone();
    let input = json!({ "KeyId": key, "Plaintext": "c2VjcmV0" });
    let retire = json!({ "KeyId": key, "GrantId": grant });
    let service = [(FOR, "service")];
    for (operation, input) in [("Encrypt", &input), ("RetireGrant", &retire)] {
        let refused = gateway.call(&gateway.credentials, &service, operation, input);
        assert_eq!(refused.fault(), "AccessDeniedException", "{operation}");
    }
    let provider = gateway.stage.user_of(&stranger, "provider");
    for (operation, input) in [("Encrypt", &input), ("RetireGrant", &retire)] {
        let answer = gateway.call(&provider, &service, operation, input);
        assert_eq!(answer.code, None, "{operation}: {answer:?}");
    }
}
