//! What the world's own tools do: crashes, restarts, clocks.

use audit::{Crash, EventKind};
use serde_json::json;
use sim::{Settings, Stage, World};
use store::{FaultEffect, PlannedFault, Store, StoreCall, StoreError};

#[test]
fn everything_is_there_after_a_restart_and_after_a_crash() {
    let mut stage = Stage::new();
    let (key, blob) = (stage.value("key"), stage.value("ciphertext"));
    let records = stage.world.records().len();
    stage.world = stage.world.restart();
    stage.kms("DescribeKey", json!({ "KeyId": key })).ok();
    for crash in [Crash::Process, Crash::Prefix(0), Crash::Prefix(20), Crash::Sectors(1)] {
        stage.world = stage.world.crash(crash);
        let opened = stage.kms("Decrypt", json!({ "CiphertextBlob": blob })).ok();
        assert_eq!(opened["Plaintext"], "c2VjcmV0", "{crash:?}");
    }
    assert_eq!(stage.world.records().len(), records + 5);
}

#[test]
fn a_change_whose_record_was_not_written_yet_is_recorded_by_the_next_start() {
    let mut stage = Stage::new();
    stage.world.settle();
    // The record is in the store with the change; the journal is stuck.
    stage.world.disk().hold_syncs(true);
    let key = stage.kms("CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
    stage.world = stage.world.crash(Crash::Prefix(0));
    stage.kms("DescribeKey", json!({ "KeyId": key })).ok();
    let operations: Vec<_> = stage.world.records().into_iter().map(|record| record.operation).collect();
    assert_eq!(operations, ["CreateKey", "DescribeKey"]);
}

#[test]
fn a_record_that_stayed_in_the_store_is_journalled_once_however_long_the_journal_has_become() {
    let settings = Settings { segment_bytes_max: 2000, ..Settings::default() };
    let mut stage = Stage::on(World::of(settings));
    stage.world.settle();
    // The journal gets the record, and then the store does not answer for as long as the server runs.
    stage.world.store().set_plan(vec![PlannedFault {
        call: StoreCall::Commit,
        after: 1,
        times: u64::MAX,
        effect: FaultEffect::Fail(StoreError::Unavailable("gone".to_owned())),
    }]);
    stage.kms("CreateKey", json!({})).ok();
    for _ in 0..50 {
        stage.kms("ListKeys", json!({})).ok();
    }
    stage.world.settle();
    let outbox = (b"-/-/outbox/", b"-/-/outbox0");
    let waiting = stage.world.run(stage.world.store().inner().scan(outbox.0, outbox.1, 10)).unwrap();
    assert_eq!(waiting.items.len(), 1);
    stage.world.store().set_plan(Vec::new());
    stage.world = stage.world.crash(Crash::Process);
    let records = stage.world.records();
    let segments = audit::verify(stage.world.disk(), &mut |_, _| {}).unwrap().segments;
    assert!(segments > 5, "{segments} segments");
    assert_eq!(records.iter().filter(|record| record.operation == "CreateKey").count(), 1);
}

#[test]
fn a_deletion_that_fell_due_while_the_server_was_down() {
    let mut stage = Stage::new();
    let key = stage.value("pending-key");
    stage.world.clock().advance_days(30);
    stage.world = stage.world.crash(Crash::Process);
    stage.world.tick().unwrap();
    assert_eq!(stage.kms("DescribeKey", json!({ "KeyId": key })).fault(), "NotFoundException");
    let records = stage.world.records();
    let deleted: Vec<_> = records.iter().filter(|record| record.kind == EventKind::ServiceEvent).collect();
    assert_eq!(deleted.len(), 1);
    assert_eq!(deleted[0].operation, "DeleteKey");
    assert!(deleted[0].resources.iter().any(|arn| *arn == key));
}

#[test]
fn a_commit_whose_answer_is_lost_is_not_acknowledged_and_not_half_done() {
    let mut stage = Stage::new();
    let before = stage.world.records().len();
    for effect in [FaultEffect::DropAnswer, FaultEffect::Fail(StoreError::Unavailable("gone".to_owned()))] {
        stage.world.store().set_plan(vec![PlannedFault {
            call: StoreCall::Commit,
            after: 0,
            times: 1,
            effect,
        }]);
        let answer = stage.kms("CreateKey", json!({}));
        assert_eq!((answer.status, answer.fault()), (500, "KMSInternalException"));
    }
    stage.world.store().set_plan(Vec::new());
    let keys = stage.kms("ListKeys", json!({})).ok()["Keys"].as_array().unwrap().len();
    assert_eq!(keys, 1, "the one whose answer was lost is there, whole");
    assert!(stage.world.records().len() > before + 2);

    // The next start finds the record of the change that was made after all, beside those of what callers were told.
    stage.world = stage.world.crash(Crash::Process);
    let records = stage.world.records();
    let made: Vec<_> = records.iter().skip(before).filter(|record| record.operation == "CreateKey").collect();
    assert_eq!(made.iter().map(|record| record.http_status).collect::<Vec<_>>(), [500, 500, 200]);
    let ids: std::collections::BTreeSet<_> = made.iter().map(|record| record.event_id).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn a_caller_that_hangs_up_leaves_a_record_and_no_half_done_change() {
    for turns in 0..12 {
        let world = World::new();
        let request = world.sign(world.request("kms", "CreateKey", &json!({})), &world.root(), "kms");
        let answer = world.send_and_hang_up(request, turns);
        world.settle();
        let keys = world.call(&world.root(), "kms", "ListKeys", json!({})).ok();
        let made = keys["Keys"].as_array().unwrap().len();
        let records = world.records();
        let creations: Vec<_> = records.iter().filter(|record| record.operation == "CreateKey").collect();
        assert!(creations.len() <= 1, "{turns}: {creations:?}");
        let succeeded = creations.iter().filter(|record| record.http_status == 200).count();
        assert_eq!(made, succeeded, "{turns}: a change and its record go together");
        assert!(answer.is_none() || made == 1);
    }
}

#[test]
fn a_seed_decides_everything() {
    let key = |seed| {
        let world = World::seeded(seed);
        world.call(&world.root(), "kms", "CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone()
    };
    assert_eq!(key(1), key(1));
    assert_ne!(key(1), key(2));
}

#[test]
fn the_query_protocol() {
    let world = World::new();
    let answer = world.call(&world.root(), "sts", "GetCallerIdentity", json!({}));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.xml("Account"), Some(world.root().account));
}
