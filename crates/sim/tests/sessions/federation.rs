//! Credentials that users ask for themselves, and for others.

use serde_json::{Value, json};
use sim::{Answer, Credentials};

use crate::cast::{ACCOUNT, Cast, allow};

impl Cast {
    fn sts(&self, by: &Credentials, operation: &str, input: Value) -> Answer {
        self.world.call(by, "sts", operation, input)
    }
}

#[test]
fn a_session_of_a_user_is_the_user_for_some_time() {
    let cast = Cast::new();
    let user = cast.user_who_may("alice", &["kms:Encrypt"]);
    let session = cast.sts(&user, "GetSessionToken", json!({})).credentials(ACCOUNT);
    assert!(session.session_token.is_some());
    assert_eq!(cast.identity(&session).xml("Arn"), cast.identity(&user).xml("Arn"));
    assert_eq!(cast.identity(&session).xml("UserId"), cast.identity(&user).xml("UserId"));
    assert_eq!(cast.kms(&session, "Encrypt").code, None);
    assert_eq!(cast.kms(&session, "DescribeKey").fault(), "AccessDeniedException");
    for operation in ["GetSessionToken", "GetFederationToken"] {
        assert_eq!(cast.sts(&session, operation, json!({ "Name": "bob" })).fault(), "AccessDenied");
    }
    let present = json!({ "Bool": { "aws:MultiFactorAuthPresent": "false" } });
    let mut policy = allow(&["kms:DescribeKey"]);
    policy["Statement"][0]["Condition"] = present;
    let input = json!({ "UserName": "alice", "PolicyName": "q", "PolicyDocument": policy.to_string() });
    cast.iam("PutUserPolicy", input);
    assert_eq!(
        cast.kms(&session, "DescribeKey").code,
        None,
        "a session knows that there was no second factor"
    );
    assert_eq!(cast.kms(&user, "DescribeKey").fault(), "AccessDeniedException", "a long-term key does not");
}

#[test]
fn a_session_of_the_root_user_is_short() {
    let cast = Cast::new();
    let session = cast.sts(&cast.root, "GetSessionToken", json!({})).credentials(ACCOUNT);
    assert_eq!(cast.kms(&session, "Encrypt").code, None);
    let long = cast.sts(&cast.root, "GetSessionToken", json!({ "DurationSeconds": 3601 }));
    assert_eq!(long.fault(), "ValidationError");
    cast.world.clock().advance(std::time::Duration::from_secs(3600));
    assert_eq!(cast.kms(&session, "Encrypt").fault(), "ExpiredTokenException");
}

#[test]
fn a_federated_user_may_what_is_passed_and_the_user_may() {
    let cast = Cast::new();
    let user = cast.user_who_may("alice", &["kms:Encrypt", "sts:GetFederationToken"]);
    let ask = |policy: Value| {
        let mut input = json!({ "Name": "bob" });
        if !policy.is_null() {
            input["Policy"] = policy.to_string().into();
        }
        cast.sts(&user, "GetFederationToken", input)
    };
    let answer = ask(allow(&["kms:Encrypt", "kms:DescribeKey"]));
    assert_eq!(answer.xml("FederatedUserId"), Some(format!("{ACCOUNT}:bob")));
    let federated = answer.credentials(ACCOUNT);
    let arn = format!("arn:aws:sts::{ACCOUNT}:federated-user/bob");
    assert_eq!(cast.identity(&federated).xml("Arn"), Some(arn.clone()));
    assert_eq!(cast.kms(&federated, "Encrypt").code, None);
    let refused = cast.kms(&federated, "DescribeKey");
    assert!(refused.message.unwrap().contains(&arn), "not beyond what the user may");
    let answer = ask(Value::Null);
    assert_eq!(answer.xml("PackedPolicySize").as_deref(), Some("0"));
    let without = answer.credentials(ACCOUNT);
    assert_eq!(cast.kms(&without, "Encrypt").fault(), "AccessDeniedException", "nothing without a policy");

    let other = cast.user("carol");
    assert_eq!(cast.sts(&other, "GetFederationToken", json!({ "Name": "bob" })).fault(), "AccessDenied");
    let role = cast.role_who_may("worker", &["kms:*"]);
    assert_eq!(cast.assume(&federated, &role, json!({})).fault(), "AccessDenied");
}

#[test]
fn it_ends_with_the_user() {
    let cast = Cast::new();
    let user = cast.user("alice");
    let session = cast.sts(&user, "GetSessionToken", json!({})).credentials(ACCOUNT);
    assert_eq!(cast.identity(&session).code, None);
    cast.iam("DeleteAccessKey", json!({ "UserName": "alice", "AccessKeyId": user.access_key_id }));
    assert_eq!(cast.identity(&session).code, None, "it does not hang on the access key");
    cast.iam("DeleteUser", json!({ "UserName": "alice" }));
    assert_eq!(cast.identity(&session).fault(), "InvalidClientTokenId");
}

/// A user has no way around what denies it: not by its name, its id or its tags.
#[test]
fn a_federated_user_is_denied_what_its_user_is_denied() {
    let cast = Cast::new();
    let user = cast.user_who_may("alice", &["kms:*", "sts:GetFederationToken"]);
    cast.iam("TagUser", json!({ "UserName": "alice", "Tags": [{ "Key": "kind", "Value": "contractor" }] }));
    let input = json!({ "Name": "bob", "Policy": allow(&["kms:*"]).to_string() });
    let federated = cast.sts(&user, "GetFederationToken", input).credentials(ACCOUNT);
    let alice = json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:user/alice") });
    let tagged = json!({ "StringEquals": { "aws:PrincipalTag/kind": "contractor" } });
    for (principal, condition) in [(alice.clone(), json!({})), (json!("*"), tagged)] {
        let deny = json!({
            "Effect": "Deny", "Principal": principal, "Action": "kms:Encrypt", "Resource": "*", "Condition": condition,
        });
        cast.put_key_policy(&[deny]);
        assert_eq!(cast.kms(&federated, "DescribeKey").code, None);
        for who in [&user, &federated] {
            assert_eq!(cast.kms(who, "Encrypt").fault(), "AccessDeniedException", "{principal}");
        }
    }
    cast.iam("DeleteUserPolicy", json!({ "UserName": "alice", "PolicyName": "p" }));
    cast.put_key_policy(&[]);
    assert_eq!(cast.kms(&federated, "Encrypt").fault(), "AccessDeniedException");
    cast.put_key_policy(&[
        json!({ "Effect": "Allow", "Principal": alice, "Action": "kms:Encrypt", "Resource": "*" }),
    ]);
    assert_eq!(cast.kms(&federated, "Encrypt").code, None, "what lets its user in lets it in");
}

#[test]
fn tags_of_a_federated_user_stand_over_those_of_its_user() {
    let cast = Cast::new();
    let user = cast.user_who_may("alice", &["kms:*", "sts:GetFederationToken", "sts:TagSession"]);
    let tags = json!([{ "Key": "Team", "Value": "blue" }, { "Key": "place", "Value": "here" }]);
    cast.iam("TagUser", json!({ "UserName": "alice", "Tags": tags }));
    let mut policy = allow(&["kms:Encrypt"]);
    policy["Statement"][0]["Condition"] =
        json!({ "StringEquals": { "aws:PrincipalTag/team": "red", "aws:PrincipalTag/place": "here" } });
    let mut input = json!({ "Name": "bob", "Policy": policy.to_string() });
    let plain = cast.sts(&user, "GetFederationToken", input.clone()).credentials(ACCOUNT);
    assert_eq!(cast.kms(&plain, "Encrypt").fault(), "AccessDeniedException");
    input["Tags"] = json!([{ "Key": "team", "Value": "red" }]);
    let red = cast.sts(&user, "GetFederationToken", input).credentials(ACCOUNT);
    assert_eq!(cast.kms(&red, "Encrypt").code, None);
}

/// Grants give to whom they name, and a federated user is another principal than its user.
#[test]
fn a_grant_to_its_user_is_none_to_a_federated_user() {
    let cast = Cast::new();
    let user = cast.user_who_may("alice", &["sts:GetFederationToken"]);
    let input = json!({ "Name": "bob", "Policy": allow(&["kms:*"]).to_string() });
    let federated = cast.sts(&user, "GetFederationToken", input).credentials(ACCOUNT);
    let grant = |arn: &str| {
        let input = json!({ "KeyId": cast.key, "GranteePrincipal": arn, "Operations": ["Encrypt"] });
        assert_eq!(cast.world.call(&cast.root, "kms", "CreateGrant", input).code, None);
    };
    grant(&format!("arn:aws:iam::{ACCOUNT}:user/alice"));
    assert_eq!(cast.kms(&user, "Encrypt").code, None);
    assert_eq!(cast.kms(&federated, "Encrypt").fault(), "AccessDeniedException");
    grant(&format!("arn:aws:sts::{ACCOUNT}:federated-user/bob"));
    assert_eq!(cast.kms(&federated, "Encrypt").code, None);
}
