//! Names of keys and aliases that lead nowhere, in every form.

use serde_json::json;

use sim::Stage;

const NOWHERE: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

#[test]
fn keys_that_are_not_there() {
    let stage = Stage::new();
    let account = stage.root.account.as_str();
    let arn = |region: &str, account: &str, id: &str| format!("arn:aws:kms:{region}:{account}:key/{id}");
    let not_found = |text: String| ("NotFoundException", text);
    let unknown = arn("us-east-1", account, NOWHERE);
    for (sent, expected) in [
        (NOWHERE.to_owned(), not_found(format!("Key '{unknown}' does not exist"))),
        (unknown.clone(), not_found(format!("Key '{unknown}' does not exist"))),
        (arn("eu-west-1", account, NOWHERE), not_found("Invalid arn eu-west-1".to_owned())),
        ("fake-key-id".to_owned(), not_found("Invalid keyId 'fake-key-id'".to_owned())),
        (NOWHERE.replace('-', ""), not_found(format!("Invalid keyId '{}'", NOWHERE.replace('-', "")))),
        (NOWHERE.to_uppercase(), not_found(format!("Key '{unknown}' does not exist"))),
        ("mrk-fake".to_owned(), not_found("Invalid keyId 'mrk-fake'".to_owned())),
        (format!(" {NOWHERE}"), not_found(format!("Invalid keyId ' {NOWHERE}'"))),
        ("key/".to_owned() + NOWHERE, not_found(format!("Invalid keyId 'key/{NOWHERE}'"))),
    ] {
        for operation in ["DescribeKey", "EnableKey", "GetKeyPolicy", "ListResourceTags"] {
            let answer = stage.kms(operation, json!({ "KeyId": sent }));
            assert_eq!(answer.refusal(), (expected.0, expected.1.as_str()), "{operation} {sent}");
        }
        let encrypt = stage.kms("Encrypt", json!({ "KeyId": sent, "Plaintext": "QQ==" }));
        assert_eq!(encrypt.refusal(), (expected.0, expected.1.as_str()), "Encrypt {sent}");
    }
}

#[test]
fn arns_that_are_none() {
    let stage = Stage::new();
    let account = stage.root.account.as_str();
    for sent in [
        "arn:".to_owned(),
        "arn:aws:kms".to_owned(),
        "arn:aws:kms:us-east-1".to_owned(),
        format!("arn:aws:kms:us-east-1:{account}"),
        format!("arn:aws:kms:us-east-1:{account}:key/"),
        format!("arn:aws:kms:us-east-1:{account}:key/fake"),
        format!("arn:aws:kms:us-east-1:{account}:{NOWHERE}"),
        format!("arn:aws:s3:us-east-1:{account}:key/{NOWHERE}"),
        format!("arn:aws-cn:kms:us-east-1:{account}:key/{NOWHERE}"),
        format!("arn:aws:kms:us-east-1:1234:key/{NOWHERE}"),
        format!("arn:aws:kms::{account}:key/{NOWHERE}"),
    ] {
        let answer = stage.kms("DescribeKey", json!({ "KeyId": sent }));
        assert!(["InvalidArnException", "NotFoundException"].contains(&answer.fault()), "{sent}: {answer:?}");
    }
}

#[test]
fn keys_of_another_account_are_not_told_of() {
    let stage = Stage::new();
    let (key, stranger) = (stage.value("key"), stage.world.stranger());
    let missing = key.replace(key.rsplit('/').next().unwrap(), NOWHERE);
    let seen = |sent: &str| {
        let answer = stage.world.call(&stranger, "kms", "DescribeKey", json!({ "KeyId": sent }));
        (answer.status, answer.refusal().0.to_owned(), answer.message.unwrap_or_default().replace(sent, ""))
    };
    let there = seen(&key);
    assert_eq!(there.1, "AccessDeniedException");
    assert_eq!(there, seen(&missing), "one cannot tell whether it exists");
}

#[test]
fn aliases_that_are_not_there_or_not_allowed() {
    let stage = Stage::new();
    let account = stage.root.account.clone();
    let unknown = format!("Alias arn:aws:kms:us-east-1:{account}:alias/none is not found.");
    for sent in ["alias/none".to_owned(), format!("arn:aws:kms:us-east-1:{account}:alias/none")] {
        let answer = stage.kms("DescribeKey", json!({ "KeyId": sent }));
        assert_eq!(answer.refusal(), ("NotFoundException", unknown.as_str()), "{sent}");
    }
    let elsewhere = format!("arn:aws:kms:eu-west-1:{account}:alias/none");
    let answer = stage.kms("DescribeKey", json!({ "KeyId": elsewhere }));
    assert_eq!(answer.refusal(), ("NotFoundException", "Invalid arn eu-west-1"));

    let alias = stage.value("alias");
    stage.kms("DescribeKey", json!({ "KeyId": alias })).ok();
    for operation in ["EnableKey", "GetKeyPolicy", "ListResourceTags", "ScheduleKeyDeletion"] {
        let answer = stage.kms(operation, json!({ "KeyId": alias }));
        assert_eq!(answer.fault(), "InvalidArnException", "{operation} takes no alias");
    }
    let case = stage.kms("DescribeKey", json!({ "KeyId": alias.to_uppercase() }));
    assert_eq!(case.fault(), "NotFoundException");
}

#[test]
fn an_alias_of_one_account_is_not_another_s() {
    let stage = Stage::new();
    let alias = stage.value("alias");
    let stranger = stage.world.stranger();
    let answer = stage.world.call(&stranger, "kms", "DescribeKey", json!({ "KeyId": alias }));
    assert_eq!(answer.fault(), "NotFoundException");
    let arn = format!("arn:aws:kms:us-east-1:{}:{alias}", stage.root.account);
    let answer = stage.world.call(&stranger, "kms", "DescribeKey", json!({ "KeyId": arn }));
    assert_eq!(answer.fault(), "AccessDeniedException");
    let answer =
        stage.world.call_in("eu-west-1", &stage.root, "kms", "DescribeKey", json!({ "KeyId": alias }));
    assert_eq!(answer.fault(), "NotFoundException", "nor another Region's");
}
