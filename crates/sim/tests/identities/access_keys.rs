//! Access keys: shown once, refused at once, and when they were last used.

use std::time::Duration;

use serde_json::json;

use sim::Stage;

use crate::documents::all;

#[test]
fn the_secret_is_shown_once() {
    let stage = Stage::new();
    let made = stage.user("alice");
    assert!(made.access_key_id.starts_with("AKIA"));
    assert_eq!((made.access_key_id.len(), made.secret_access_key.len()), (20, 40));
    let listed = stage.iam("ListAccessKeys", json!({ "UserName": "alice" }));
    assert_eq!(listed.xml("AccessKeyId"), Some(made.access_key_id));
    assert_eq!(listed.xml("Status").as_deref(), Some("Active"));
    let body = String::from_utf8(listed.body.to_vec()).unwrap();
    assert!(!body.contains(&made.secret_access_key));
    let secret = made.secret_access_key.as_bytes();
    let stored = stage.world.state();
    assert!(!stored.values().any(|value| value.windows(secret.len()).any(|bytes| bytes == secret)));
    let recorded = format!("{:?}", stage.world.records());
    assert!(!recorded.contains(&made.secret_access_key));
}

#[test]
fn a_key_that_is_switched_off_or_deleted_is_refused_at_once() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let who = || stage.world.call(&alice, "sts", "GetCallerIdentity", json!({}));
    assert_eq!(who().xml("Arn").as_deref(), Some("arn:aws:iam::111122223333:user/alice"));
    let status =
        |status: &str| json!({ "UserName": "alice", "AccessKeyId": alice.access_key_id, "Status": status });
    stage.iam("UpdateAccessKey", status("Inactive"));
    assert_eq!(
        who().refusal(),
        ("InvalidClientTokenId", "The security token included in the request is invalid.")
    );
    assert_eq!(stage.kms_as(&alice, "ListKeys", json!({})).fault(), "UnrecognizedClientException");
    stage.iam("UpdateAccessKey", status("Active"));
    assert_eq!(who().code, None);
    stage.iam("DeleteAccessKey", json!({ "UserName": "alice", "AccessKeyId": alice.access_key_id }));
    assert_eq!(who().fault(), "InvalidClientTokenId");
    let gone = stage.iam_refusal("UpdateAccessKey", status("Active"));
    let message = format!("The Access Key with id {} cannot be found.", alice.access_key_id);
    assert_eq!(gone, ("NoSuchEntity".to_owned(), message));
}

#[test]
fn nobody_has_more_than_two() {
    let stage = Stage::new();
    stage.user("alice");
    stage.access_key("alice");
    let third = stage.iam_refusal("CreateAccessKey", json!({ "UserName": "alice" }));
    assert_eq!(
        third,
        ("LimitExceeded".to_owned(), "Cannot exceed quota for AccessKeysPerUser: 2".to_owned())
    );
}

#[test]
fn the_root_user_has_keys_of_its_own() {
    let stage = Stage::new();
    let made = stage.iam("CreateAccessKey", json!({}));
    let keys = stage.iam("ListAccessKeys", json!({}));
    assert_eq!(all(&keys, "AccessKeyId").len(), 2);
    let id = made.xml("AccessKeyId").unwrap();
    let second = sim::Credentials {
        access_key_id: id.clone(),
        secret_access_key: made.xml("SecretAccessKey").unwrap(),
        ..stage.root.clone()
    };
    assert_eq!(stage.iam_as(&second, "ListUsers", json!({})).code, None);
    stage.iam("DeleteAccessKey", json!({ "AccessKeyId": id }));
    assert_eq!(stage.iam_as(&second, "ListUsers", json!({})).fault(), "InvalidClientTokenId");
}

#[test]
fn the_last_use_is_known_and_written_behind() {
    let mut stage = Stage::new();
    let alice = stage.user("alice");
    let asked = json!({ "AccessKeyId": alice.access_key_id });
    let never = stage.iam("GetAccessKeyLastUsed", asked.clone());
    assert_eq!((never.xml("ServiceName"), never.xml("LastUsedDate")), (Some("N/A".to_owned()), None));

    let before = stage.world.state();
    for _ in 0..3 {
        stage.world.clock().advance(Duration::from_secs(1));
        let _ = stage.world.call_in("eu-west-1", &alice, "kms", "ListKeys", json!({}));
    }
    assert_eq!(stage.world.state(), before, "a use writes nothing");
    let used = stage.iam("GetAccessKeyLastUsed", asked.clone());
    assert_eq!(used.xml("ServiceName").as_deref(), Some("kms"));
    assert_eq!(used.xml("Region").as_deref(), Some("eu-west-1"));
    assert_eq!(used.xml("UserName").as_deref(), Some("alice"));
    assert_eq!(used.xml("LastUsedDate"), Some(stage.world.now().to_iso8601()));

    stage.world.tick().unwrap();
    stage.world = stage.world.restart();
    let after = stage.iam("GetAccessKeyLastUsed", asked);
    assert_eq!(after.xml("LastUsedDate"), used.xml("LastUsedDate"), "it outlives a restart");
    stage.iam("DeleteAccessKey", json!({ "UserName": "alice", "AccessKeyId": alice.access_key_id }));
    let left = stage.world.state().into_keys().filter(|key| key.ends_with(alice.access_key_id.as_bytes()));
    assert_eq!(left.count(), 0, "nothing of a deleted key is left");
}
