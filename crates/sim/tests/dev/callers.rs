//! Who a caller is taken for, and what that allows.

use dev::DevConfig;
use dispatch::Policies;
use http::Method;
use model::{Timestamp, arn::Partition};
use serde_json::{Value, json};
use server::SystemClock;
use sim::{Credentials, Scope, form, json as aws_json, sign};

use crate::server::{Server, anybody, config};

fn now() -> Timestamp {
    Timestamp::from_millis(SystemClock::start().unix_millis())
}

#[test]
fn twelve_digits_are_an_account_and_anybody_else_is_the_default_one() {
    let server = Server::new();
    for (id, account) in [
        ("test", "000000000000"),
        ("AKIAIOSFODNN7EXAMPLE", "000000000000"),
        ("000000000000", "000000000000"),
        ("111122223333", "111122223333"),
        ("12345678901", "000000000000"),
        ("1234567890123", "000000000000"),
    ] {
        assert_eq!(server.account_of(&anybody(id)), account, "{id}");
    }
    let session = Credentials { session_token: Some("token".to_owned()), ..anybody("111122223333") };
    assert_eq!(server.account_of(&session), "111122223333");
}

#[test]
fn everybody_is_of_the_partition_that_is_asked_for() {
    let server = Server::with(&DevConfig { partition: Partition::Cn, ..config() });
    let ask = |region| {
        let scope = Scope { service: "sts", region, at: Timestamp::from_millis(0) };
        server.send(sign(form("2011-06-15", "GetCallerIdentity", ""), &anybody("111122223333"), &scope))
    };
    assert_eq!(ask("cn-northwest-1").xml("Arn").unwrap(), "arn:aws-cn:iam::111122223333:root");
    assert_eq!(ask("us-east-1").fault(), "SignatureDoesNotMatch");
}

#[test]
fn accounts_do_not_see_each_other() {
    let server = Server::new();
    let key = server.kms("CreateKey", json!({})).ok()["KeyMetadata"]["Arn"].clone();
    let other = server.call(&anybody("111122223333"), "DescribeKey", &json!({ "KeyId": key }));
    assert_eq!(other.fault(), "AccessDeniedException");
    server.kms("DescribeKey", json!({ "KeyId": key })).ok();
}

#[test]
fn who_does_not_sign_at_all_is_refused_as_by_aws() {
    let answer = Server::new().send(aws_json("TrentService", "ListKeys", "{}"));
    assert_eq!(answer.fault(), "MissingAuthenticationTokenException");
}

#[test]
fn signatures_are_checked_when_asked() {
    let server = Server::with(&DevConfig { verify: true, ..config() });
    let root = Credentials { secret_access_key: "keywright".to_owned(), ..anybody("111122223333") };
    let list = |at, credentials: &Credentials| server.call_at(at, credentials, "ListKeys", &json!({}));
    list(now(), &root).ok();
    assert_eq!(list(now(), &anybody("111122223333")).fault(), "InvalidSignatureException");
    assert_eq!(list(now(), &anybody("test")).fault(), "UnrecognizedClientException");
    assert_eq!(list(Timestamp::from_millis(0), &root).fault(), "InvalidSignatureException");

    // Clients sign with the machine's time, or with that of the answers.
    server.advance("365d");
    list(now(), &root).ok();
    let (_, moved) = server.control(Method::GET, "clock", &Value::Null);
    let moved = Timestamp::parse_iso8601(moved["now"].as_str().unwrap()).unwrap();
    list(moved, &root).ok();
    assert_eq!(list(Timestamp::from_millis(0), &root).fault(), "InvalidSignatureException");
}

#[test]
fn policies_decide_unless_they_are_ignored() {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::000000000000:root" }, "Action": "kms:*",
              "Resource": "*" },
            { "Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*" },
        ],
    });
    for (policies, code) in [(Policies::Enforced, Some("AccessDeniedException")), (Policies::Ignored, None)] {
        let server = Server::with(&DevConfig { policies, ..config() });
        let key = server.kms("CreateKey", json!({ "Policy": policy.to_string() })).ok();
        let key = &key["KeyMetadata"]["Arn"];
        let input = json!({ "KeyId": key, "Plaintext": "QQ==" });
        assert_eq!(server.kms("Encrypt", input.clone()).code.as_deref(), code, "{policies:?}");
        let other = server.call(&anybody("111122223333"), "Encrypt", &input);
        assert_eq!(other.code.as_deref(), code, "{policies:?}, from another account");
    }
}

#[test]
fn a_user_of_iam_is_its_access_key_with_its_policies() {
    let server = Server::new();
    let iam = |action: &str, fields: &str| {
        let scope = Scope { service: "iam", region: "us-east-1", at: Timestamp::from_millis(0) };
        server.send(sign(form("2010-05-08", action, fields), &anybody("111122223333"), &scope))
    };
    assert_eq!(iam("CreateUser", "UserName=alice").status, 200);
    let made = iam("CreateAccessKey", "UserName=alice");
    let alice = anybody(&made.xml("AccessKeyId").unwrap());
    assert_eq!(server.account_of(&alice), "111122223333");
    assert_eq!(server.call(&alice, "ListKeys", &json!({})).fault(), "AccessDeniedException");
    let policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22\
                  %3A%22kms%3AListKeys%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
    let put = format!("UserName=alice&PolicyName=list&PolicyDocument={policy}");
    assert_eq!(iam("PutUserPolicy", &put).status, 200);
    server.call(&alice, "ListKeys", &json!({})).ok();
}
