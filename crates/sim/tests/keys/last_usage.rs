use std::time::Duration;

use serde_json::{Value, json};
use sim::{Stage, stage::id};
use store::{FaultEffect, PlannedFault, StoreCall, StoreError};

use crate::{code, put_policy, statement};

/// How long a use may stay unwritten, in seconds.
const WRITTEN_AFTER: u64 = 30;
const DAY: u64 = 24 * 60 * 60;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// The last use of a key; an empty object if there was none.
fn last(stage: &Stage, key: &str) -> Value {
    let answer = stage.kms("GetKeyLastUsage", json!({ "KeyId": key })).ok();
    assert_eq!(answer["TrackingStartDate"], answer["KeyCreationDate"]);
    answer["KeyLastUsage"].clone()
}

/// What is stored of the uses of a key.
fn stored(stage: &Stage, key: &str) -> Option<Vec<u8>> {
    let name = format!("/usage/{}", id(key));
    let state = stage.world.state();
    state.into_iter().find(|(at, _)| String::from_utf8_lossy(at).ends_with(&name)).map(|(_, value)| value)
}

fn wait(stage: &Stage, seconds: u64) {
    stage.world.clock().advance(Duration::from_secs(seconds));
}

#[test]
fn successes_count_and_nothing_else_does() {
    let stage = Stage::new();
    let (first, second) = (stage.key(json!({})), stage.key(json!({})));
    let eve = stage.user("eve");
    assert_eq!(last(&stage, &first), json!({}));

    wait(&stage, 1);
    let encrypt = |dry| json!({ "KeyId": first, "Plaintext": "c2VjcmV0", "DryRun": dry });
    assert_eq!(stage.kms("Encrypt", encrypt(true)).fault(), "DryRunOperationException");
    assert_eq!(stage.kms_as(&eve, "Encrypt", encrypt(false)).fault(), "AccessDeniedException");
    stage.kms("DescribeKey", json!({ "KeyId": first })).ok();
    assert_eq!(last(&stage, &first), json!({}));

    let made = stage.kms("Encrypt", encrypt(false));
    let used = last(&stage, &first);
    let now = |stage: &Stage| stage.world.now().as_millis() as f64 / 1000.0;
    assert_eq!((&used["Operation"], used["Timestamp"].as_f64()), (&json!("Encrypt"), Some(now(&stage))));
    assert_eq!(used["KmsRequestId"].as_str(), made.headers["x-amzn-requestid"].to_str().ok());
    assert!(used["CloudTrailEventId"].is_string() && used["CloudTrailEventId"] != used["KmsRequestId"]);

    // Both keys of a re-encryption are used, in one call; a change of the key forgets nothing.
    wait(&stage, 1);
    let input = json!({ "CiphertextBlob": made.ok()["CiphertextBlob"], "DestinationKeyId": second });
    stage.kms("ReEncrypt", input).ok();
    stage.kms("UpdateKeyDescription", json!({ "KeyId": first, "Description": "x" })).ok();
    let used = last(&stage, &first);
    assert_eq!(used, last(&stage, &second));
    assert_eq!((&used["Operation"], used["Timestamp"].as_f64()), (&json!("ReEncrypt"), Some(now(&stage))));
}

#[test]
fn uses_are_written_behind_and_read_again() {
    let mut stage = Stage::new();
    let (used, unused) = (stage.key(json!({})), stage.key(json!({})));
    stage.encrypt(&used);
    assert_eq!(stored(&stage, &used), None);
    stage.world.tick().unwrap();
    let first = stored(&stage, &used);
    assert!(first.is_some());
    assert_eq!(stored(&stage, &unused), None);

    // Not with every use, but in time.
    wait(&stage, 1);
    stage.encrypt(&used);
    stage.world.tick().unwrap();
    assert_eq!(stored(&stage, &used), first);
    wait(&stage, WRITTEN_AFTER - 1);
    stage.world.tick().unwrap();
    assert_ne!(stored(&stage, &used), first);

    let known = last(&stage, &used);
    stage.world = stage.world.restart();
    assert_eq!(last(&stage, &used), known);
    assert_eq!(last(&stage, &unused), json!({}));
}

#[test]
fn a_use_that_could_not_be_written_is_written_later() {
    let mut stage = Stage::new();
    let used = stage.key(json!({}));
    stage.encrypt(&used);
    let effect = FaultEffect::Fail(StoreError::Full);
    stage.world.store().set_plan(vec![PlannedFault { call: StoreCall::Commit, after: 0, times: 1, effect }]);
    assert_eq!(stage.world.tick().unwrap_err(), StoreError::Full);
    assert_eq!(stored(&stage, &used), None);
    wait(&stage, WRITTEN_AFTER);
    stage.world.tick().unwrap();
    let known = last(&stage, &used);
    stage.world = stage.world.restart();
    assert_eq!(last(&stage, &used), known);
}

#[test]
fn policies_can_ask_how_long_a_key_was_not_used() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let admin = stage.user("admin");
    let mut idle = statement("Allow", "kms:DisableKey");
    idle["Condition"] = json!({ "NumericGreaterThanEquals": { "kms:TrailingDaysWithoutKeyUsage": "30" } });
    put_policy(&stage, &stage.root, "admin", &[idle]);
    let disable = || code(&stage.kms_as(&admin, "DisableKey", json!({ "KeyId": key }))).to_owned();
    wait(&stage, 29 * DAY);
    assert_eq!(disable(), "AccessDeniedException");
    stage.encrypt(&key);
    wait(&stage, DAY);
    assert_eq!(disable(), "AccessDeniedException");
    // Days are whole.
    wait(&stage, 29 * DAY - 1);
    assert_eq!(disable(), "AccessDeniedException");
    wait(&stage, 1);
    assert_eq!(disable(), "ok");
}

#[test]
fn days_are_whole_and_never_negative() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let admin = stage.user("admin");
    let idle_days_are = |days: u32| {
        let mut idle = statement("Allow", "kms:DisableKey");
        idle["Condition"] =
            json!({ "NumericEquals": { "kms:TrailingDaysWithoutKeyUsage": days.to_string() } });
        put_policy(&stage, &stage.root, "admin", &[idle]);
        let answer = stage.kms_as(&admin, "DisableKey", json!({ "KeyId": key }));
        stage.kms("EnableKey", json!({ "KeyId": key })).ok();
        answer.code.is_none()
    };
    wait(&stage, DAY - 1);
    assert!(idle_days_are(0) && !idle_days_are(1));
    wait(&stage, 1 + 2 * DAY);
    assert!(idle_days_are(3));
    stage.encrypt(&key);
    wait(&stage, DAY);
    assert!(idle_days_are(1));
    // The clock was set back behind the last use.
    stage.world.clock().set(model::Timestamp::from_millis(stage.world.now().as_millis() - 2 * DAY_MILLIS));
    assert!(idle_days_are(0));
}
