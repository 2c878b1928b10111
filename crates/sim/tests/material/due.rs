//! What falls due: everything, in order, once.

use serde_json::json;
use store::{FaultEffect, PlannedFault, StoreCall, StoreError};

use sim::stage::{AWAY, Stage, id};

#[test]
fn one_tick_does_everything_and_what_follows_from_it() {
    let stage = Stage::new();
    let (primary, replica) = stage.family();
    stage.kms("ScheduleKeyDeletion", json!({ "KeyId": primary, "PendingWindowInDays": 7 })).ok();
    stage.kms_in(AWAY, "ScheduleKeyDeletion", json!({ "KeyId": replica, "PendingWindowInDays": 7 })).ok();
    let rotating: Vec<String> = (0..5).map(|_| stage.key(json!({}))).collect();
    for key in &rotating {
        stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).ok();
    }
    stage.pass_days(400);
    assert_eq!(stage.kms_in(AWAY, "DescribeKey", json!({ "KeyId": replica })).fault(), "NotFoundException");
    // The waiting period of the primary began when its replica went.
    assert_eq!(stage.state(&primary), "PendingDeletion");
    for key in &rotating {
        assert_eq!(stage.materials(key).len(), 2);
    }
    let count = |name: &str| stage.events(name).len();
    assert_eq!((count("RotateKey"), count("DeleteKey")), (5, 1));
    stage.world.tick().unwrap();
    assert_eq!((count("RotateKey"), count("DeleteKey")), (5, 1));
}

#[test]
fn a_store_that_is_gone_delays_and_loses_nothing() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).ok();
    stage.world.cut_store(true);
    stage.world.clock().advance_days(90);
    // Nobody can say what is due without the store.
    let _ = stage.world.tick();
    stage.world.cut_store(false);
    stage.world.tick().unwrap();
    assert_eq!(stage.materials(&key).len(), 2);
    assert_eq!(stage.events("RotateKey").len(), 1);
}

#[test]
fn a_sealed_strongroom_delays_what_is_due() {
    let mut stage = Stage::new();
    let (key, leaving) = (stage.key(json!({})), stage.key(json!({})));
    stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).ok();
    stage.kms("ScheduleKeyDeletion", json!({ "KeyId": leaving, "PendingWindowInDays": 7 })).ok();
    stage.world.seal().take_away(true);
    stage.world = stage.world.restart();
    stage.world.clock().advance_days(100);
    let stored = |key: &str| {
        let state = stage.world.state();
        state.keys().filter(|name| String::from_utf8_lossy(name).contains(id(key))).count()
    };
    let before = (stored(&key), stored(&leaving));
    assert_eq!(before, (2, 2));
    stage.world.tick().unwrap();
    assert_eq!((stored(&key), stored(&leaving)), (2, 2), "nobody can tell yet which records are genuine");
    stage.world.seal().take_away(false);
    stage.world.tick().unwrap();
    assert_eq!(stored(&leaving), 0);
    assert_eq!(stage.materials(&key).len(), 2);
    assert_eq!((stage.events("RotateKey").len(), stage.events("DeleteKey").len()), (1, 1));
}

/// A key with more records than one commit can remove, its aliases and grants among them.
fn large_key(stage: &Stage) -> String {
    let key = stage.key(json!({}));
    let root = format!("arn:aws:iam::{}:root", stage.world.root().account);
    for number in 0..220 {
        let name = format!("grant-{number}");
        let input =
            json!({ "KeyId": key, "GranteePrincipal": root, "Operations": ["Decrypt"], "Name": name });
        stage.kms("CreateGrant", input).ok();
    }
    for number in 0..50 {
        let input = json!({ "AliasName": format!("alias/large-{number}"), "TargetKeyId": key });
        stage.kms("CreateAlias", input).ok();
    }
    key
}

/// How many records of a key there are, the key's own among them.
fn stored(stage: &Stage, key: &str) -> usize {
    stage.world.state().keys().filter(|name| String::from_utf8_lossy(name).contains(id(key))).count()
}

#[test]
fn a_deletion_that_breaks_off_anywhere_leaves_no_key_that_can_be_kept() {
    let gone = FaultEffect::Fail(StoreError::Unavailable("it was cut off".to_owned()));
    let mut after = 0;
    loop {
        let mut stage = Stage::new();
        let key = large_key(&stage);
        stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 })).ok();
        let before = stored(&stage, &key);
        stage.world.clock().advance_days(7);
        let effect = gone.clone();
        let fault = PlannedFault { call: StoreCall::Commit, after, times: u64::MAX, effect };
        stage.world.store().set_plan(vec![fault]);
        let done = stage.world.tick();
        stage.world.store().set_plan(Vec::new());
        stage.world = stage.world.restart();
        let left = stored(&stage, &key);
        if left == 0 {
            assert_eq!(stage.events("DeleteKey").len(), 1);
            break;
        }
        assert!(done.is_err() && left <= before, "{after}: {left} of {before}");
        assert_eq!(stage.state(&key), "PendingDeletion", "{after}");
        for operation in ["CancelKeyDeletion", "EnableKey", "RotateKeyOnDemand", "ScheduleKeyDeletion"] {
            let answer = stage.kms(operation, json!({ "KeyId": key }));
            assert_eq!(answer.fault(), "KMSInvalidStateException", "{operation} after {after} commits");
        }
        stage.world.tick().unwrap();
        assert_eq!(stored(&stage, &key), 0, "{after}");
        assert_eq!(stage.kms("DescribeKey", json!({ "KeyId": key })).fault(), "NotFoundException");
        assert_eq!(stage.events("DeleteKey").len(), 1, "{after}");
        after += 1;
    }
    assert!(after > 3, "a deletion of several commits, not of {after}");
}

#[test]
fn what_is_due_cannot_be_cancelled_any_more() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 })).ok();
    stage.world.clock().advance_days(7);
    let answer = stage.kms("CancelKeyDeletion", json!({ "KeyId": key }));
    let message = format!("{key} is being deleted.");
    assert_eq!((answer.fault(), answer.message.as_deref()), ("KMSInvalidStateException", Some(&*message)));
    assert_eq!(stage.state(&key), "PendingDeletion");
}
