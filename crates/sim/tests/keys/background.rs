use std::collections::BTreeSet;

use audit::EventKind;
use serde_json::{Value, json};
use sim::{
    Stage,
    stage::{id, text},
};
use store::Batch;

/// The events of the server's own work so far: their names and the keys concerned.
fn events(stage: &Stage) -> Vec<(String, String)> {
    let records = stage.world.records().into_iter();
    let events = records.filter(|record| record.kind == EventKind::ServiceEvent);
    events.map(|record| (record.operation.to_string(), record.resources[0].to_string())).collect()
}

/// What is stored under names with this part.
fn stored(stage: &Stage, part: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let state = stage.world.state().into_iter();
    state.filter(|(name, _)| String::from_utf8_lossy(name).contains(part)).collect()
}

/// A change that puts these records in the place of what is there.
fn put(records: Vec<(Vec<u8>, Vec<u8>)>) -> Batch {
    records.into_iter().fold(Batch::default(), |batch, (name, value)| batch.put(name.into(), value.into()))
}

#[test]
fn two_nodes_do_each_piece_of_work_once() {
    let mut stage = Stage::new();
    stage.world.join();
    let keys: Vec<String> = (0..20).map(|_| stage.key(json!({}))).collect();
    for (index, key) in keys.iter().enumerate() {
        if index % 2 == 0 {
            stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).ok();
        } else {
            stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 })).ok();
        }
    }
    stage.pass_days(100);
    let events = events(&stage);
    assert_eq!(events.len(), 20);
    assert_eq!(events.iter().collect::<BTreeSet<_>>().len(), 20);
    for (index, key) in keys.iter().enumerate() {
        let materials = stored(&stage, &format!("/material/{}/", id(key)));
        assert_eq!(materials.len(), if index % 2 == 0 { 2 } else { 0 }, "{key}");
    }
}

#[test]
fn a_change_in_the_last_moment_wins_over_what_was_due() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let kept = stored(&stage, &format!("/key/{}", id(&key)));
    let schedule =
        || stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 })).ok();
    schedule();
    stage.world.clock().advance_days(7);
    // The server has not heard of this when it begins: it sees the revision that the key had.
    stage.world.tick_after(put(kept)).unwrap();
    assert_eq!((stage.state(&key), events(&stage)), ("Enabled".to_owned(), Vec::new()));

    schedule();
    stage.pass_days(7);
    assert_eq!(events(&stage), [("DeleteKey".to_owned(), key)], "without a change it is done");
}

#[test]
fn an_alias_that_moved_in_the_last_moment_stays_with_its_new_key() {
    let stage = Stage::new();
    let (leaving, other) = (stage.key(json!({})), stage.key(json!({})));
    let call = |operation, target: &str| {
        stage.kms(operation, json!({ "AliasName": "alias/moved", "TargetKeyId": target })).ok();
    };
    call("CreateAlias", &other);
    let moved = stored(&stage, "alias/moved");
    call("UpdateAlias", &leaving);
    stage.kms("ScheduleKeyDeletion", json!({ "KeyId": leaving, "PendingWindowInDays": 7 })).ok();
    stage.world.clock().advance_days(7);
    // The server has not heard of this when it begins.
    stage.world.tick_after(put(moved)).unwrap();
    assert_eq!(stage.state(&leaving), "PendingDeletion");
    stage.world.tick().unwrap();
    assert_eq!(events(&stage), [("DeleteKey".to_owned(), leaving)]);
    let found = stage.kms("DescribeKey", json!({ "KeyId": "alias/moved" })).ok();
    assert_eq!(text(&found, "/KeyMetadata/Arn"), other);
}

#[test]
fn keys_of_aws_services_rotate_every_year_and_nobody_changes_that() {
    let stage = Stage::new();
    let made = stage.kms("DescribeKey", json!({ "KeyId": "alias/aws/ebs" })).ok()["KeyMetadata"].clone();
    assert_eq!(made["KeyManager"], "AWS");
    let key = text(&made, "/Arn");
    let status = stage.rotation(&key);
    assert_eq!((&status["KeyRotationEnabled"], &status["RotationPeriodInDays"]), (&json!(true), &json!(365)));
    let year = f64::from(365 * 24 * 60 * 60);
    let seconds = |time: &Value| time.as_f64().unwrap();
    assert_eq!(seconds(&status["NextRotationDate"]), seconds(&made["CreationDate"]) + year);
    for (operation, input) in [
        ("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })),
        ("DisableKeyRotation", json!({ "KeyId": key })),
        ("RotateKeyOnDemand", json!({ "KeyId": key })),
    ] {
        assert_eq!(stage.kms(operation, input).fault(), "AccessDeniedException", "{operation}");
    }
    for (days, rotations) in [(364, 0), (1, 1), (364, 1), (1, 2)] {
        stage.pass_days(days);
        assert_eq!(stage.events("RotateKey").len(), rotations);
    }
}
