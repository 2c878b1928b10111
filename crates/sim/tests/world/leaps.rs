//! The machine's clock is set a year forwards or back while a server runs. Nothing is deleted early by that, and nothing
//! stops.

use audit::EventKind;
use serde_json::json;
use sim::{Stage, stage::text};

/// A key whose deletion is scheduled with the shortest waiting period.
fn going(stage: &Stage) -> String {
    let key = stage.key(json!({}));
    stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 })).ok();
    key
}

/// Sets the clock, and does what is due then.
fn leap(stage: &Stage, years: i64) {
    stage.world.clock().leap_years(years);
    stage.world.tick().unwrap();
}

#[track_caller]
fn assert_deleted(stage: &Stage, key: &str) {
    assert_eq!(stage.kms("DescribeKey", json!({ "KeyId": key })).fault(), "NotFoundException");
}

#[test]
fn a_clock_that_leaps_a_year_forwards_deletes_nothing_for_seven_days() {
    let stage = Stage::new();
    let (key, rotating) = (going(&stage), stage.key(json!({})));
    stage.kms("EnableKeyRotation", json!({ "KeyId": rotating })).ok();
    stage.pass_days(1);
    leap(&stage, 1);
    stage.pass_days(6);
    assert_eq!(stage.state(&key), "PendingDeletion");
    assert_eq!(stage.materials(&rotating).len(), 1);
    stage.pass_days(1);
    assert_deleted(&stage, &key);
    assert_eq!(stage.materials(&rotating).len(), 2);
}

#[test]
fn a_leap_that_is_taken_back_was_none() {
    let stage = Stage::new();
    let key = going(&stage);
    stage.pass_days(1);
    leap(&stage, 1);
    let in_between = going(&stage);
    leap(&stage, -1);
    stage.pass_days(5);
    assert_eq!(stage.state(&key), "PendingDeletion");
    stage.pass_days(1);
    assert_deleted(&stage, &key);
    assert_eq!(stage.state(&in_between), "PendingDeletion", "it has a year left");
}

#[test]
fn nothing_is_deleted_early_when_the_clock_goes_back_and_is_mended() {
    let stage = Stage::new();
    let before = going(&stage);
    leap(&stage, -1);
    stage.pass_days(6);
    let scheduled_behind = going(&stage);
    stage.pass_days(1);
    assert_eq!(stage.state(&before), "PendingDeletion");
    // Both are due by the right clock, one of them a day after it was scheduled.
    leap(&stage, 1);
    stage.pass_days(6);
    assert_eq!(
        (stage.state(&before), stage.state(&scheduled_behind)),
        ("PendingDeletion".to_owned(), "PendingDeletion".to_owned())
    );
    stage.pass_days(1);
    assert_deleted(&stage, &before);
    assert_deleted(&stage, &scheduled_behind);
}

#[test]
fn a_machine_that_slept_for_a_night_has_no_wrong_clock() {
    let stage = Stage::new();
    let key = going(&stage);
    for _ in 0..14 {
        let night = stage.world.now().as_millis() + 12 * 60 * 60 * 1000;
        stage.world.clock().set(model::Timestamp::from_millis(night));
        stage.world.tick().unwrap();
    }
    assert_deleted(&stage, &key);
}

#[test]
fn keys_rotate_once_and_old_ciphertexts_decrypt_wherever_the_clock_goes() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let mut blobs = vec![stage.encrypt(&key)];
    stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).ok();
    for years in [1, -1, -1, 1] {
        leap(&stage, years);
        stage.pass_days(7);
        blobs.push(stage.encrypt(&key));
        stage.kms("RotateKeyOnDemand", json!({ "KeyId": key })).ok();
        blobs.push(stage.encrypt(&key));
    }
    assert_eq!(stage.events("RotateKey").len(), 5, "on demand, and once by the first leap");
    blobs.iter().for_each(|blob| drop(stage.decrypt(&key, blob)));
}

#[test]
fn sessions_end_when_their_time_is_over_or_has_not_come() {
    let stage = Stage::new();
    let role = stage.role_who_may("worker", &["kms:*"]);
    let session = || stage.session(&stage.root, &role, json!({}));
    let usual = session();
    leap(&stage, 1);
    assert_eq!(stage.try_key(&usual, "Encrypt").fault(), "ExpiredTokenException");
    let of_the_future = session();
    assert_eq!(stage.try_key(&of_the_future, "Encrypt").code, None);
    leap(&stage, -1);
    assert_eq!(stage.try_key(&of_the_future, "Encrypt").fault(), "ExpiredTokenException");
    assert_eq!(stage.try_key(&usual, "Encrypt").code, None, "its hour is not over");
}

#[test]
fn records_stand_in_the_order_of_the_calls_whatever_the_clock_says() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let mut described = Vec::new();
    for years in [0, 1, -1, -1] {
        leap(&stage, years);
        let answer =
            stage.kms("UpdateKeyDescription", json!({ "KeyId": key, "Description": years.to_string() }));
        assert_eq!(answer.code, None);
        described.push(stage.world.now().as_millis());
    }
    let records = stage.world.records();
    let changes = records
        .iter()
        .filter(|record| record.kind == EventKind::ApiCall && record.operation == "UpdateKeyDescription");
    assert_eq!(changes.map(|record| record.time_ms).collect::<Vec<_>>(), described);
    assert_eq!(text(&stage.metadata(&key), "/Description"), "-1");
}
