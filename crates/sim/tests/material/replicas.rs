//! Multi-Region keys.

use serde_json::{Value, json};

use sim::stage::{AWAY, HOME, Stage, id, text};

#[test]
fn one_key_in_two_regions() {
    let stage = Stage::new();
    let primary = stage.key(
        json!({ "MultiRegion": true, "Description": "here", "Tags": [{ "TagKey": "a", "TagValue": "b" }] }),
    );
    assert!(id(&primary).starts_with("mrk-"));
    let alone = stage.metadata(&primary);
    assert_eq!(
        alone["MultiRegionConfiguration"],
        json!({
            "MultiRegionKeyType": "PRIMARY",
            "PrimaryKey": { "Arn": primary, "Region": HOME },
            "ReplicaKeys": [],
        })
    );
    let blob = stage.encrypt(&primary);

    let answer = stage.kms("ReplicateKey", json!({ "KeyId": primary, "ReplicaRegion": AWAY })).ok();
    let made = &answer["ReplicaKeyMetadata"];
    let replica = text(made, "/Arn");
    assert_eq!(replica, primary.replace(HOME, AWAY));
    assert_eq!(
        (&made["KeyState"], &made["Enabled"], &made["Description"], &made["CurrentKeyMaterialId"]),
        (&json!("Creating"), &json!(false), &json!(""), &Value::Null)
    );
    assert!(answer["ReplicaPolicy"].as_str().unwrap().contains("key-default-1"));
    assert_eq!(answer["ReplicaTags"], Value::Null);

    let configuration = |role: &str| {
        json!({
            "MultiRegionKeyType": role,
            "PrimaryKey": { "Arn": primary, "Region": HOME },
            "ReplicaKeys": [{ "Arn": replica, "Region": AWAY }],
        })
    };
    let (here, there) = (stage.metadata(&primary), stage.metadata(&replica));
    assert_eq!(here["MultiRegionConfiguration"], configuration("PRIMARY"));
    assert_eq!(there["MultiRegionConfiguration"], configuration("REPLICA"));
    assert_eq!(there["KeyState"], "Enabled");
    assert_eq!(here["CurrentKeyMaterialId"], there["CurrentKeyMaterialId"]);

    stage.decrypt(&replica, &blob);
    stage.decrypt(&primary, &stage.encrypt(&replica));
    let created = ("eu-west-1".to_owned(), vec![("keyId".to_owned(), id(&primary).to_owned())]);
    assert_eq!(stage.events("CreateKey"), [created]);
}

#[test]
fn a_blob_of_one_region_needs_a_related_key_in_the_other() {
    let stage = Stage::new();
    let single = stage.encrypt(&stage.key(json!({})));
    let multi = stage.encrypt(&stage.key(json!({ "MultiRegion": true })));
    for blob in [single, multi] {
        let refused = stage.kms_in(AWAY, "Decrypt", json!({ "CiphertextBlob": blob }));
        assert_eq!(refused.fault(), "AccessDeniedException");
    }
}

#[test]
fn rotation_is_the_primarys_and_reaches_every_replica() {
    let stage = Stage::new();
    let (primary, replica) = stage.family();
    let not_primary = format!("{replica} is not a multi-region primary key.");
    for operation in ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"] {
        let refused = stage.kms_in(AWAY, operation, json!({ "KeyId": replica }));
        assert_eq!(refused.refusal(), ("UnsupportedOperationException", not_primary.as_str()), "{operation}");
    }
    stage.kms("EnableKeyRotation", json!({ "KeyId": primary, "RotationPeriodInDays": 100 })).ok();
    let status = |key: &str| {
        let status = stage.rotation(key);
        (status["RotationPeriodInDays"].clone(), status["NextRotationDate"].clone())
    };
    assert_eq!(status(&primary), status(&replica));

    let old = stage.encrypt(&replica);
    stage.kms("RotateKeyOnDemand", json!({ "KeyId": primary })).ok();
    stage.pass_days(100);
    assert_eq!(stage.materials(&primary).len(), 3);
    assert_eq!(stage.materials_of_any(&primary), stage.materials_of_any(&replica));
    for (from, to) in [(&primary, &replica), (&replica, &primary)] {
        stage.decrypt(to, &stage.encrypt(from));
        stage.decrypt(to, &old);
    }
}

#[test]
fn the_primary_moves_with_what_stands_there() {
    let stage = Stage::new();
    let (primary, replica) = stage.family();
    stage.kms("EnableKeyRotation", json!({ "KeyId": primary, "RotationPeriodInDays": 100 })).ok();
    let before = stage.rotation(&primary)["NextRotationDate"].clone();
    stage.kms("UpdatePrimaryRegion", json!({ "KeyId": primary, "PrimaryRegion": AWAY })).ok();
    for (key, role) in [(&primary, "REPLICA"), (&replica, "PRIMARY")] {
        let configuration = stage.metadata(key)["MultiRegionConfiguration"].clone();
        assert_eq!(configuration["MultiRegionKeyType"], role);
        assert_eq!(configuration["PrimaryKey"]["Arn"], json!(replica));
        assert_eq!(configuration["ReplicaKeys"], json!([{ "Arn": primary, "Region": HOME }]));
        assert_eq!(stage.rotation(key)["NextRotationDate"], before);
    }
    let refused = stage.kms("UpdatePrimaryRegion", json!({ "KeyId": primary, "PrimaryRegion": AWAY }));
    assert_eq!(refused.fault(), "UnsupportedOperationException");
    stage.pass_days(100);
    assert_eq!((stage.materials(&primary).len(), stage.materials(&replica).len()), (2, 2));
    assert_eq!(stage.events("RotateKey")[0].0, AWAY);
}

#[test]
fn what_cannot_be_replicated() {
    let stage = Stage::new();
    let single = stage.key(json!({}));
    let (primary, replica) = stage.family();
    let refusals = [
        (HOME, &single, AWAY, "UnsupportedOperationException"),
        (AWAY, &replica, "us-west-2", "UnsupportedOperationException"),
        (HOME, &primary, AWAY, "AlreadyExistsException"),
        (HOME, &primary, HOME, "ValidationException"),
        (HOME, &primary, "cn-north-1", "ValidationException"),
        (HOME, &primary, "nowhere", "ValidationException"),
    ];
    for (region, key, to, code) in refusals {
        let refused = stage.kms_in(region, "ReplicateKey", json!({ "KeyId": key, "ReplicaRegion": to }));
        assert_eq!(refused.fault(), code, "{key} to {to}");
    }
    let nothing_there =
        stage.kms("UpdatePrimaryRegion", json!({ "KeyId": primary, "PrimaryRegion": "us-west-2" }));
    assert_eq!(nothing_there.fault(), "NotFoundException");
    for (count, region) in REGIONS.iter().enumerate() {
        let answer = stage.kms("ReplicateKey", json!({ "KeyId": primary, "ReplicaRegion": region }));
        // One replica is there already.
        if count < 19 {
            answer.ok();
        } else {
            assert_eq!(answer.fault(), "LimitExceededException");
        }
    }
    // A family as large as it may be still changes as one.
    stage.kms("RotateKeyOnDemand", json!({ "KeyId": primary })).ok();
    let last = primary.replace(HOME, REGIONS[18]);
    stage.decrypt(&last, &stage.encrypt(&primary));
}

const REGIONS: [&str; 20] = [
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "sa-east-1",
    "eu-central-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "eu-south-1",
    "ap-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "me-south-1",
];

#[test]
fn each_key_has_its_own_policy_tags_aliases_and_switch() {
    let stage = Stage::new();
    let (primary, replica) = stage.family();
    stage.kms_in(AWAY, "DisableKey", json!({ "KeyId": replica })).ok();
    stage
        .kms_in(
            AWAY,
            "TagResource",
            json!({ "KeyId": replica, "Tags": [{ "TagKey": "a", "TagValue": "b" }] }),
        )
        .ok();
    stage.kms_in(AWAY, "UpdateKeyDescription", json!({ "KeyId": replica, "Description": "away" })).ok();
    stage.kms_in(AWAY, "CreateAlias", json!({ "AliasName": "alias/away", "TargetKeyId": replica })).ok();
    let here = stage.metadata(&primary);
    assert_eq!((&here["KeyState"], &here["Description"]), (&json!("Enabled"), &json!("")));
    assert_eq!(stage.kms("ListResourceTags", json!({ "KeyId": primary })).ok()["Tags"], json!([]));
    let aliases = stage.kms("ListAliases", json!({})).ok();
    let mut aliases = aliases["Aliases"].as_array().unwrap().iter();
    assert!(aliases.all(|alias| alias.get("TargetKeyId").is_none()), "none but those of AWS's keys to come");
    // Disabled there, it still gets the material.
    stage.kms("RotateKeyOnDemand", json!({ "KeyId": primary })).ok();
    stage.kms_in(AWAY, "EnableKey", json!({ "KeyId": replica })).ok();
    stage.decrypt(&replica, &stage.encrypt(&primary));
}

#[test]
fn a_primary_goes_after_its_last_replica() {
    let stage = Stage::new();
    let (primary, replica) = stage.family();
    let waiting =
        stage.kms("ScheduleKeyDeletion", json!({ "KeyId": primary, "PendingWindowInDays": 7 })).ok();
    assert_eq!(
        waiting,
        json!({ "KeyId": primary, "KeyState": "PendingReplicaDeletion", "PendingWindowInDays": 7 })
    );
    let metadata = stage.metadata(&primary);
    assert_eq!(
        (&metadata["PendingDeletionWindowInDays"], &metadata["DeletionDate"]),
        (&json!(7), &Value::Null)
    );
    let refused = stage.kms("ReplicateKey", json!({ "KeyId": primary, "ReplicaRegion": "us-west-2" }));
    assert_eq!(refused.fault(), "KMSInvalidStateException");
    stage.pass_days(100);
    assert_eq!(stage.state(&primary), "PendingReplicaDeletion");
    stage.encrypt(&replica);

    stage.kms_in(AWAY, "ScheduleKeyDeletion", json!({ "KeyId": replica, "PendingWindowInDays": 10 })).ok();
    stage.pass_days(10);
    let metadata = stage.metadata(&primary);
    let due = stage.world.now().as_seconds() + 7 * 86_400;
    assert_eq!(metadata["KeyState"], "PendingDeletion");
    assert_eq!(metadata["DeletionDate"].as_f64(), Some(due as f64));
    assert_eq!(metadata["MultiRegionConfiguration"]["ReplicaKeys"], json!([]));
    stage.pass_days(7);
    assert_eq!(stage.kms("DescribeKey", json!({ "KeyId": primary })).fault(), "NotFoundException");
    let regions: Vec<String> = stage.events("DeleteKey").into_iter().map(|(region, _)| region).collect();
    assert_eq!(regions, [AWAY, HOME]);
}

#[test]
fn a_replica_can_be_made_again_after_it_went() {
    let stage = Stage::new();
    let (primary, replica) = stage.family();
    let blob = stage.encrypt(&replica);
    stage.kms_in(AWAY, "ScheduleKeyDeletion", json!({ "KeyId": replica, "PendingWindowInDays": 7 })).ok();
    let refused = stage.kms("ReplicateKey", json!({ "KeyId": primary, "ReplicaRegion": AWAY }));
    assert_eq!(refused.fault(), "AlreadyExistsException");
    stage.pass_days(7);
    stage.kms("ReplicateKey", json!({ "KeyId": primary, "ReplicaRegion": AWAY })).ok();
    stage.decrypt(&replica, &blob);
}
