//! Rotation, by the clock and on demand.

use std::collections::BTreeSet;

use serde_json::json;

use sim::stage::{Stage, id, text};

#[test]
fn the_clock_rotates_and_old_blobs_still_decrypt() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let first = text(&stage.metadata(&key), "/CurrentKeyMaterialId");
    let old = stage.encrypt(&key);
    stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).ok();
    let status = stage.rotation(&key);
    assert_eq!(
        (&status["KeyId"], &status["RotationPeriodInDays"], &status["KeyRotationEnabled"]),
        (&json!(key), &json!(90), &json!(true))
    );

    stage.pass_days(89);
    assert_eq!(stage.materials(&key).len(), 1);
    stage.pass_days(1);
    let second = text(&stage.metadata(&key), "/CurrentKeyMaterialId");
    assert_ne!(first, second);
    let new = stage.encrypt(&key);
    assert_eq!((stage.decrypt(&key, &old), stage.decrypt(&key, &new)), (first.clone(), second.clone()));

    let materials = stage.materials(&key);
    assert_eq!(
        materials[0],
        json!({ "KeyId": key, "KeyMaterialId": first, "KeyMaterialState": "NON_CURRENT" })
    );
    assert_eq!(
        (&materials[1]["KeyMaterialId"], &materials[1]["KeyMaterialState"], &materials[1]["RotationType"]),
        (&json!(second), &json!("CURRENT"), &json!("AUTOMATIC"))
    );
    let only = stage.kms("ListKeyRotations", json!({ "KeyId": key })).ok();
    assert_eq!((&only["Rotations"], &only["Truncated"]), (&json!([materials[1]]), &json!(false)));

    let details = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = vec![
        details("keyId", id(&key)),
        details("rotationType", "AUTOMATIC"),
        details("keyOrigin", "AWS_KMS"),
        details("previousKeyMaterialId", &first),
        details("currentKeyMaterialId", &second),
    ];
    assert_eq!(stage.events("RotateKey"), [("us-east-1".to_owned(), expected)]);
}

#[test]
fn the_default_period_is_a_year_and_the_bounds_are_awss() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let off = stage.rotation(&key);
    assert_eq!(off, json!({ "KeyId": key, "KeyRotationEnabled": false }));
    for (days, accepted) in [(89, false), (90, true), (2560, true), (2561, false)] {
        let answer = stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": days }));
        assert_eq!(answer.code.is_none(), accepted, "{days}: {answer:?}");
    }
    stage.kms("EnableKeyRotation", json!({ "KeyId": key })).ok();
    let on = stage.rotation(&key);
    assert_eq!(on["RotationPeriodInDays"], 365);
    let now = stage.world.now().as_seconds();
    assert_eq!(on["NextRotationDate"].as_f64(), Some((now + 365 * 86_400) as f64));
    stage.kms("DisableKeyRotation", json!({ "KeyId": key })).ok();
    assert_eq!(stage.rotation(&key), off);
    stage.pass_days(1000);
    assert_eq!(stage.materials(&key).len(), 1);
}

#[test]
fn missed_periods_are_made_up_for_once() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).ok();
    stage.pass_days(1000);
    assert_eq!(stage.materials(&key).len(), 2);
    stage.pass_days(89);
    assert_eq!(stage.materials(&key).len(), 2);
    stage.pass_days(1);
    assert_eq!(stage.materials(&key).len(), 3);
}

#[test]
fn a_disabled_key_waits_and_is_overdue_when_it_comes_back() {
    let stage = Stage::new();
    let (late, early) = (stage.key(json!({})), stage.key(json!({})));
    for key in [&late, &early] {
        stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).ok();
        stage.kms("DisableKey", json!({ "KeyId": key })).ok();
    }
    stage.pass_days(50);
    stage.kms("EnableKey", json!({ "KeyId": early })).ok();
    stage.pass_days(41);
    assert_eq!((stage.materials(&late).len(), stage.materials(&early).len()), (1, 2));
    stage.kms("EnableKey", json!({ "KeyId": late })).ok();
    stage.world.tick().unwrap();
    assert_eq!(stage.materials(&late).len(), 2);
}

#[test]
fn a_key_on_its_way_out_does_not_rotate_and_comes_back_with_its_setting() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).ok();
    let before = stage.rotation(&key);
    stage.pass_days(80);
    stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 30 })).ok();
    assert_eq!(stage.rotation(&key), json!({ "KeyId": key, "KeyRotationEnabled": false }));
    stage.pass_days(20);
    stage.kms("CancelKeyDeletion", json!({ "KeyId": key })).ok();
    assert_eq!((stage.rotation(&key), stage.materials(&key).len()), (before, 1));
}

#[test]
fn on_demand_keeps_the_schedule_and_ends_at_its_limit() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    stage.kms("EnableKeyRotation", json!({ "KeyId": key })).ok();
    let before = stage.rotation(&key);
    let mut blobs = vec![stage.encrypt(&key)];
    for _ in 0..25 {
        assert_eq!(stage.kms("RotateKeyOnDemand", json!({ "KeyId": key })).ok(), json!({ "KeyId": key }));
        blobs.push(stage.encrypt(&key));
    }
    assert_eq!(stage.rotation(&key), before);
    let message = format!(
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be \
         performed for this key: {key}"
    );
    let refused = stage.kms("RotateKeyOnDemand", json!({ "KeyId": key }));
    assert_eq!(refused.refusal(), ("LimitExceededException", message.as_str()));
    let opened: BTreeSet<String> = blobs.iter().map(|blob| stage.decrypt(&key, blob)).collect();
    assert_eq!(opened.len(), 26);
    assert_eq!(stage.events("RotateKey").len(), 25);

    // The limit is one of rotations on demand.
    stage.pass_days(365);
    assert_eq!(stage.materials(&key).len(), 27);
}

#[test]
fn on_demand_leaves_a_rotation_alone_that_is_about_to_happen() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).ok();
    let clock = stage.world.clock();
    clock.advance_days(90);
    clock.set(::model::Timestamp::from_millis(stage.world.now().as_millis() - 20 * 60 * 1000));
    assert_eq!(stage.kms("RotateKeyOnDemand", json!({ "KeyId": key })).fault(), "ConflictException");
    clock.set(::model::Timestamp::from_millis(stage.world.now().as_millis() - 1));
    stage.kms("RotateKeyOnDemand", json!({ "KeyId": key })).ok();
}

#[test]
fn pages_of_rotations_go_from_old_to_new() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    for _ in 0..5 {
        stage.kms("RotateKeyOnDemand", json!({ "KeyId": key })).ok();
    }
    let all = stage.materials(&key);
    let (mut paged, mut marker) = (Vec::new(), serde_json::Value::Null);
    loop {
        let input =
            json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL", "Limit": 2, "Marker": marker });
        let page = stage.kms("ListKeyRotations", input).ok();
        paged.extend(page["Rotations"].as_array().unwrap().clone());
        marker = page["NextMarker"].clone();
        assert_eq!(page["Truncated"], json!(!marker.is_null()));
        if marker.is_null() {
            break;
        }
        let elsewhere = stage.kms("ListKeyRotations", json!({ "KeyId": key, "Marker": marker }));
        assert_eq!(elsewhere.fault(), "InvalidMarkerException");
    }
    assert_eq!(paged, all);
    assert_eq!(
        stage.kms("ListKeyRotations", json!({ "KeyId": key, "Limit": 101 })).fault(),
        "ValidationException"
    );
}

#[test]
fn what_fell_due_while_the_server_was_down_is_done_when_it_is_back() {
    let mut stage = Stage::new();
    let key = stage.key(json!({}));
    stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 90 })).ok();
    let old = stage.encrypt(&key);
    stage.world.clock().advance_days(91);
    stage.world = stage.world.restart();
    stage.world.tick().unwrap();
    assert_eq!(stage.materials(&key).len(), 2);
    stage.decrypt(&key, &old);
}
