//! Credentials that users ask for themselves, and for others.

use serde_json::{Value, json};
use sim::{
    Stage,
    stage::{ACCOUNT, allow},
};

#[test]
fn a_session_of_a_user_is_the_user_for_some_time() {
    let stage = Stage::new();
    let user = stage.user_who_may("alice", &["kms:Encrypt"]);
    let session = stage.sts_as(&user, "GetSessionToken", json!({})).credentials(ACCOUNT);
    assert!(session.session_token.is_some());
    assert_eq!(stage.identity(&session).xml("Arn"), stage.identity(&user).xml("Arn"));
    assert_eq!(stage.identity(&session).xml("UserId"), stage.identity(&user).xml("UserId"));
    assert_eq!(stage.try_key(&session, "Encrypt").code, None);
    assert_eq!(stage.try_key(&session, "DescribeKey").fault(), "AccessDeniedException");
    for operation in ["GetSessionToken", "GetFederationToken"] {
        assert_eq!(stage.sts_as(&session, operation, json!({ "Name": "bob" })).fault(), "AccessDenied");
    }
    let present = json!({ "Bool": { "aws:MultiFactorAuthPresent": "false" } });
    let mut policy = allow(&["kms:DescribeKey"]);
    policy["Statement"][0]["Condition"] = present;
    let input = json!({ "UserName": "alice", "PolicyName": "q", "PolicyDocument": policy.to_string() });
    stage.iam("PutUserPolicy", input);
    assert_eq!(
        stage.try_key(&session, "DescribeKey").code,
        None,
        "a session knows that there was no second factor"
    );
    assert_eq!(
        stage.try_key(&user, "DescribeKey").fault(),
        "AccessDeniedException",
        "a long-term key does not"
    );
}

#[test]
fn a_session_of_the_root_user_is_short() {
    let stage = Stage::new();
    let session = stage.sts_as(&stage.root, "GetSessionToken", json!({})).credentials(ACCOUNT);
    assert_eq!(stage.try_key(&session, "Encrypt").code, None);
    let long = stage.sts_as(&stage.root, "GetSessionToken", json!({ "DurationSeconds": 3601 }));
    assert_eq!(long.fault(), "ValidationError");
    stage.world.clock().advance(std::time::Duration::from_secs(3600));
    assert_eq!(stage.try_key(&session, "Encrypt").fault(), "ExpiredTokenException");
}

#[test]
fn a_federated_user_may_what_is_passed_and_the_user_may() {
    let stage = Stage::new();
    let user = stage.user_who_may("alice", &["kms:Encrypt", "sts:GetFederationToken"]);
    let ask = |policy: Value| {
        let mut input = json!({ "Name": "bob" });
        if !policy.is_null() {
            input["Policy"] = policy.to_string().into();
        }
        stage.sts_as(&user, "GetFederationToken", input)
    };
    let answer = ask(allow(&["kms:Encrypt", "kms:DescribeKey"]));
    assert_eq!(answer.xml("FederatedUserId"), Some(format!("{ACCOUNT}:bob")));
    let federated = answer.credentials(ACCOUNT);
    let arn = format!("arn:aws:sts::{ACCOUNT}:federated-user/bob");
    assert_eq!(stage.identity(&federated).xml("Arn"), Some(arn.clone()));
    assert_eq!(stage.try_key(&federated, "Encrypt").code, None);
    let refused = stage.try_key(&federated, "DescribeKey");
    assert!(refused.message.unwrap().contains(&arn), "not beyond what the user may");
    let answer = ask(Value::Null);
    assert_eq!(answer.xml("PackedPolicySize").as_deref(), Some("0"));
    let without = answer.credentials(ACCOUNT);
    assert_eq!(
        stage.try_key(&without, "Encrypt").fault(),
        "AccessDeniedException",
        "nothing without a policy"
    );

    let other = stage.user("carol");
    assert_eq!(stage.sts_as(&other, "GetFederationToken", json!({ "Name": "bob" })).fault(), "AccessDenied");
    let role = stage.role_who_may("worker", &["kms:*"]);
    assert_eq!(stage.assume(&federated, &role, json!({})).fault(), "AccessDenied");
}

#[test]
fn it_ends_with_the_user() {
    let stage = Stage::new();
    let user = stage.user("alice");
    let session = stage.sts_as(&user, "GetSessionToken", json!({})).credentials(ACCOUNT);
    assert_eq!(stage.identity(&session).code, None);
    stage.iam("DeleteAccessKey", json!({ "UserName": "alice", "AccessKeyId": user.access_key_id }));
    assert_eq!(stage.identity(&session).code, None, "it does not hang on the access key");
    stage.iam("DeleteUser", json!({ "UserName": "alice" }));
    assert_eq!(stage.identity(&session).fault(), "InvalidClientTokenId");
}

/// A user has no way around what denies it: not by its name, its id or its tags.
#[test]
fn a_federated_user_is_denied_what_its_user_is_denied() {
    let stage = Stage::new();
    let user = stage.user_who_may("alice", &["kms:*", "sts:GetFederationToken"]);
    stage.iam("TagUser", json!({ "UserName": "alice", "Tags": [{ "Key": "kind", "Value": "contractor" }] }));
    let input = json!({ "Name": "bob", "Policy": allow(&["kms:*"]).to_string() });
    let federated = stage.sts_as(&user, "GetFederationToken", input).credentials(ACCOUNT);
    let alice = json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:user/alice") });
    let tagged = json!({ "StringEquals": { "aws:PrincipalTag/kind": "contractor" } });
    for (principal, condition) in [(alice.clone(), json!({})), (json!("*"), tagged)] {
        let deny = json!({
            "Effect": "Deny", "Principal": principal, "Action": "kms:Encrypt", "Resource": "*", "Condition": condition,
        });
        stage.put_key_policy(&stage.value("key"), &[deny]);
        assert_eq!(stage.try_key(&federated, "DescribeKey").code, None);
        for who in [&user, &federated] {
            assert_eq!(stage.try_key(who, "Encrypt").fault(), "AccessDeniedException", "{principal}");
        }
    }
    stage.iam("DeleteUserPolicy", json!({ "UserName": "alice", "PolicyName": "inline" }));
    stage.put_key_policy(&stage.value("key"), &[]);
    assert_eq!(stage.try_key(&federated, "Encrypt").fault(), "AccessDeniedException");
    stage.put_key_policy(
        &stage.value("key"),
        &[json!({ "Effect": "Allow", "Principal": alice, "Action": "kms:Encrypt", "Resource": "*" })],
    );
    assert_eq!(stage.try_key(&federated, "Encrypt").code, None, "what lets its user in lets it in");
}

#[test]
fn tags_of_a_federated_user_stand_over_those_of_its_user() {
    let stage = Stage::new();
    let user = stage.user_who_may("alice", &["kms:*", "sts:GetFederationToken", "sts:TagSession"]);
    let tags = json!([{ "Key": "Team", "Value": "blue" }, { "Key": "place", "Value": "here" }]);
    stage.iam("TagUser", json!({ "UserName": "alice", "Tags": tags }));
    let mut policy = allow(&["kms:Encrypt"]);
    policy["Statement"][0]["Condition"] =
        json!({ "StringEquals": { "aws:PrincipalTag/team": "red", "aws:PrincipalTag/place": "here" } });
    let mut input = json!({ "Name": "bob", "Policy": policy.to_string() });
    let plain = stage.sts_as(&user, "GetFederationToken", input.clone()).credentials(ACCOUNT);
    assert_eq!(stage.try_key(&plain, "Encrypt").fault(), "AccessDeniedException");
    input["Tags"] = json!([{ "Key": "team", "Value": "red" }]);
    let red = stage.sts_as(&user, "GetFederationToken", input).credentials(ACCOUNT);
    assert_eq!(stage.try_key(&red, "Encrypt").code, None);
}

/// Grants give to whom they name, and a federated user is another principal than its user.
#[test]
fn a_grant_to_its_user_is_none_to_a_federated_user() {
    let stage = Stage::new();
    let user = stage.user_who_may("alice", &["sts:GetFederationToken"]);
    let input = json!({ "Name": "bob", "Policy": allow(&["kms:*"]).to_string() });
    let federated = stage.sts_as(&user, "GetFederationToken", input).credentials(ACCOUNT);
    let grant = |arn: &str| {
        let input =
            json!({ "KeyId": stage.value("key"), "GranteePrincipal": arn, "Operations": ["Encrypt"] });
        assert_eq!(stage.world.call(&stage.root, "kms", "CreateGrant", input).code, None);
    };
    grant(&format!("arn:aws:iam::{ACCOUNT}:user/alice"));
    assert_eq!(stage.try_key(&user, "Encrypt").code, None);
    assert_eq!(stage.try_key(&federated, "Encrypt").fault(), "AccessDeniedException");
    grant(&format!("arn:aws:sts::{ACCOUNT}:federated-user/bob"));
    assert_eq!(stage.try_key(&federated, "Encrypt").code, None);
}
