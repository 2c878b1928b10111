//! The journal is compressed behind the calls, kept as long as the operator wishes, and no longer than its limit.

use std::time::Duration;

use audit::{Disk, Milestone, Record, Value, milestone, segments, verify};
use serde_json::json;
use server::Retention;
use sim::{BUCKET, Settings, Stage, World};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A journal of small segments that is kept for so many days.
fn kept(days: u32) -> Settings {
    Settings {
        retention: Retention { keep: Some(DAY * days), ..Retention::default() },
        segment_bytes_max: 5000,
        ..Settings::default()
    }
}

fn staged(settings: Settings) -> Stage {
    Stage::on(World::of(settings))
}

/// Fills some segments.
fn calls(stage: &Stage, key: &str) {
    for _ in 0..30 {
        stage.encrypt(key);
    }
}

/// The sequence number of the first record, and the last one.
fn reach(stage: &Stage) -> (u64, u64) {
    stage.world.settle();
    let verdict = verify(stage.world.disk(), &mut |_, _| {}).unwrap();
    (verdict.first_sequence, verdict.next_sequence - 1)
}

/// Where removed records ended, as the records of their removals say.
fn removals(stage: &Stage) -> Vec<Milestone> {
    let records = stage.world.records();
    let removals = records.iter().filter(|record| record.operation == "RemoveSegments");
    let end = |record: &Record<'_>| match record.parameters.iter().find(|(name, _)| name == "end") {
        Some((_, Value::Text(end))) => end.parse().unwrap(),
        other => panic!("{other:?}"),
    };
    removals.map(end).collect()
}

#[test]
fn full_segments_are_compressed_and_nothing_is_lost() {
    let stage = staged(Settings { segment_bytes_max: 5000, ..Settings::default() });
    let key = stage.key(json!({}));
    calls(&stage, &key);
    let before = stage.world.records();
    stage.world.tick().unwrap();
    let names = stage.world.disk().list().unwrap();
    let plain = names.iter().filter(|name| name.ends_with(".journal")).count();
    let compressed = names.iter().filter(|name| name.ends_with(".zst")).count();
    assert!(plain == 1 && compressed >= 3, "{names:?}");
    assert_eq!(stage.world.records()[..before.len()], before);
    calls(&stage, &key);
}

#[test]
fn records_are_kept_as_long_as_the_operator_wishes_and_their_removal_is_recorded() {
    let stage = staged(kept(30));
    let key = stage.key(json!({}));
    calls(&stage, &key);
    stage.pass_days(20);
    calls(&stage, &key);
    let (first, last) = reach(&stage);
    assert_eq!(first, 1);
    let ends: Vec<_> =
        (1..=last).map(|sequence| milestone(stage.world.disk(), sequence).unwrap().unwrap()).collect();
    stage.pass_days(9);
    assert_eq!((reach(&stage).0, removals(&stage)), (1, vec![]));
    stage.pass_days(2);
    let (first, _) = reach(&stage);
    assert!((20..=40).contains(&first), "{first}");
    let told = removals(&stage);
    assert!(told.iter().all(|end| ends.contains(end)));
    assert_eq!(told.last().map(|end| end.sequence), Some(first - 1));
    assert_eq!(verify(stage.world.disk(), &mut |_, _| {}).unwrap().beginning(), told.last().copied());
    // The newest segment stays, however old it is.
    stage.pass_days(400);
    assert!(!segments(stage.world.disk()).unwrap().is_empty());
    calls(&stage, &key);
}

#[test]
fn a_clock_that_leaps_a_year_forwards_removes_no_records_for_seven_days() {
    for restart in [false, true] {
        let mut stage = staged(kept(30));
        let key = stage.key(json!({}));
        calls(&stage, &key);
        stage.world.tick().unwrap();
        stage.world.clock().leap_years(1);
        if restart {
            // Nobody was there to see the clock leap.
            stage.world = stage.world.restart();
        }
        stage.world.tick().unwrap();
        stage.pass_days(6);
        assert_eq!(reach(&stage).0, 1, "restart {restart}");
        stage.pass_days(1);
        assert!(reach(&stage).0 > 20, "restart {restart}");
    }
}

#[test]
fn records_that_a_trail_has_not_delivered_stay_until_it_has() {
    let stage = staged(kept(30));
    let key = stage.key(json!({}));
    let call = |operation: &str, input| stage.world.call(&stage.root, "cloudtrail", operation, input);
    call("CreateTrail", json!({ "Name": "main", "S3BucketName": BUCKET })).ok();
    call("StartLogging", json!({ "Name": "main" })).ok();
    stage.world.tick().unwrap();
    stage.world.bucket().refuse_after(0);
    calls(&stage, &key);
    stage.pass_days(40);
    let (first, _) = reach(&stage);
    assert!(first < 20, "{first}: what was done before the trail began may go");
    stage.world.bucket().accept();
    stage.pass_days(1);
    stage.pass_days(1);
    assert!(reach(&stage).0 > 20);
}

#[test]
fn a_journal_at_its_limit_refuses_calls_says_what_to_do_and_heals() {
    let limit = Settings { journal_bytes_max: Some(150_000), ..kept(30) };
    let stage = staged(Settings { retention: Retention { compress: false, ..limit.retention }, ..limit });
    let key = stage.key(json!({}));
    let refused = (0..500).find_map(|_| {
        let answer = stage.kms("Encrypt", json!({ "KeyId": key, "Plaintext": "aGVsbG8=" }));
        answer.code
    });
    assert_eq!(refused.as_deref(), Some("KMSInternalException"));
    let told = || stage.world.parts().into_iter().find(|part| part.name == "journal").unwrap();
    assert!(!told().ready && told().state.contains("journal.max_bytes"), "{:?}", told());
    let used = |stage: &Stage| -> u64 {
        let disk = stage.world.disk();
        disk.list().unwrap().iter().map(|name| disk.size(name).unwrap()).sum()
    };
    assert!(used(&stage) <= 150_000);
    stage.pass_days(1);
    assert!(!told().ready, "nothing that is younger is removed");
    assert_eq!(reach(&stage).0, 1);
    stage.pass_days(30);
    stage.world.heal();
    calls(&stage, &key);
    assert!(reach(&stage).0 > 1);
    stage.world.tick().unwrap();
    assert!(!removals(&stage).is_empty(), "what was removed to make room is recorded afterwards");
}
