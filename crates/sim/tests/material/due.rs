//! What falls due: everything, in order, once.

use serde_json::json;

use crate::stage::{AWAY, Stage, id};

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
fn a_sealed_strongroom_delays_rotations_and_nothing_else() {
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
    assert_eq!((stored(&key), stored(&leaving)), (2, 0));
    stage.world.seal().take_away(false);
    stage.world.tick().unwrap();
    stage.world.tick().unwrap();
    assert_eq!(stage.materials(&key).len(), 2);
    assert_eq!((stage.events("RotateKey").len(), stage.events("DeleteKey").len()), (1, 1));
}
