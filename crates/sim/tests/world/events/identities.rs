//! Events of IAM and STS.

use serde_json::{Value as Json, json};
use sim::{
    Stage,
    stage::{ACCOUNT, trusting},
};

use super::event;

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
#[test]
fn credentials_are_shown_without_what_proves_them() {
    let stage = Stage::new();
    let expires = |seconds: i64| {
        model::Timestamp::from_millis(stage.world.now().as_millis() + seconds * 1000).to_english()
    };
    let answered = |operation: &str, input: Json| {
        let answer = stage.sts_as(&stage.root, operation, input);
        assert_eq!(answer.code, None, "{operation}: {answer:?}");
        (answer.xml("AccessKeyId").unwrap(), event(&stage, &answer))
    };
    let input = json!({ "RoleName": "worker", "AssumeRolePolicyDocument": trusting(ACCOUNT).to_string() });
    let role_id = stage.iam("CreateRole", input).xml("RoleId").unwrap();
    let (key, event) = answered(
        "AssumeRole",
        json!({
            "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/worker"), "RoleSessionName": "me", "DurationSeconds": 900,
            "Tags": [{ "Key": "a", "Value": "b" }], "TransitiveTagKeys": ["a"],
        }),
    );
    let request = json!({
        "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/worker"), "roleSessionName": "me", "durationSeconds": 900,
        "tags": [{ "key": "a", "value": "b" }], "transitiveTagKeys": ["a"],
    });
    assert_eq!(event["requestParameters"], request);
    let response = json!({
        "credentials": { "accessKeyId": key, "expiration": expires(900) },
        "assumedRoleUser": {
            "assumedRoleId": format!("{role_id}:me"), "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/worker/me"),
        },
        "packedPolicySize": 1,
    });
    assert_eq!(event["responseElements"], response);

    let (key, event) = answered("GetFederationToken", json!({ "Name": "bob", "DurationSeconds": 900 }));
    let response = json!({
        "credentials": { "accessKeyId": key, "expiration": expires(900) },
        "federatedUser": {
            "federatedUserId": format!("{ACCOUNT}:bob"), "arn": format!("arn:aws:sts::{ACCOUNT}:federated-user/bob"),
        },
        "packedPolicySize": 0,
    });
    assert_eq!(event["responseElements"], response);

    let (key, event) = answered("GetSessionToken", json!({ "DurationSeconds": 900 }));
    assert_eq!(event["requestParameters"], json!({ "durationSeconds": 900 }));
    let response = json!({ "credentials": { "accessKeyId": key, "expiration": expires(900) } });
    assert_eq!(event["responseElements"], response);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
#[test]
fn what_is_made_in_iam_is_shown() {
    let stage = Stage::new();
    let now = stage.world.now().to_english();
    let response = |operation: &str, input: Json| {
        let answer = stage.iam(operation, input);
        (event(&stage, &answer)["responseElements"].clone(), move |element: &str| {
            answer.xml(element).unwrap()
        })
    };
    let (shown, text) = response("CreateUser", json!({ "UserName": "alice", "Path": "/staff/" }));
    let expected = json!({ "user": {
        "path": "/staff/", "userName": "alice", "userId": text("UserId"),
        "arn": format!("arn:aws:iam::{ACCOUNT}:user/staff/alice"), "createDate": now,
    } });
    assert_eq!(shown, expected);
    let (shown, text) = response("CreateAccessKey", json!({ "UserName": "alice" }));
    let expected = json!({ "accessKey": {
        "userName": "alice", "accessKeyId": text("AccessKeyId"), "status": "Active", "createDate": now,
    } });
    assert_eq!(shown, expected);
    let (shown, text) = response("CreateGroup", json!({ "GroupName": "staff" }));
    let expected = json!({ "group": {
        "path": "/", "groupName": "staff", "groupId": text("GroupId"),
        "arn": format!("arn:aws:iam::{ACCOUNT}:group/staff"), "createDate": now,
    } });
    assert_eq!(shown, expected);
    let trust = trusting(ACCOUNT).to_string();
    let input = json!({ "RoleName": "worker", "AssumeRolePolicyDocument": trust, "Description": "d" });
    let (shown, text) = response("CreateRole", input);
    let expected = json!({ "role": {
        "path": "/", "roleName": "worker", "roleId": text("RoleId"),
        "arn": format!("arn:aws:iam::{ACCOUNT}:role/worker"), "createDate": now,
        "assumeRolePolicyDocument": text("AssumeRolePolicyDocument"), "description": "d",
    } });
    assert_eq!(shown, expected);
}
