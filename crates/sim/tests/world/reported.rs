//! What the journal tells of a key: who used it, and what its deletion would break.

use serde_json::{Value, json};
use sim::{
    Stage,
    stage::{ACCOUNT, id},
};
use trail::{DeletionForecast, DeletionForecaster, DeletionProgress, KeyUsage, UsageCounter, WantedKey};

fn usage(stage: &Stage, key: &str) -> KeyUsage {
    let mut counter = UsageCounter::new(WantedKey::parse(key).unwrap(), None);
    stage.world.records().iter().for_each(|record| counter.add(record));
    counter.finish()
}

fn forecast(stage: &Stage, key: &str) -> DeletionForecast {
    let mut forecaster = DeletionForecaster::new(WantedKey::parse(key).unwrap());
    stage.world.records().iter().for_each(|record| forecaster.add(record));
    forecaster.finish()
}

fn arn(user: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{user}")
}

#[test]
fn a_keys_usage_tells_who_did_what_and_what_was_denied() {
    let stage = Stage::new();
    let (key, other) = (stage.key(json!({})), stage.key(json!({})));
    let alice = stage.user_who_may("alice", &["kms:Encrypt", "kms:ReEncrypt*"]);
    let eve = stage.user("eve");
    stage.kms("CreateAlias", json!({ "AliasName": "alias/used", "TargetKeyId": key })).ok();
    let secret = |named: &str, tenant: &str| json!({ "KeyId": named, "Plaintext": "c2VjcmV0", "EncryptionContext": { "tenant": tenant } });
    let mut blob = Value::Null;
    for tenant in ["1", "2", "3"] {
        blob = stage.kms_as(&alice, "Encrypt", secret("alias/used", tenant)).ok()["CiphertextBlob"].clone();
    }
    let moved = json!({
        "CiphertextBlob": blob, "SourceEncryptionContext": { "tenant": "3" },
        "DestinationKeyId": other, "DestinationEncryptionContext": { "to": "there" },
    });
    stage.kms_as(&alice, "ReEncrypt", moved).ok();
    // By the alias, by the id, and by the ARN: all are denied, and all are told.
    for named in ["alias/used", id(&key), &key] {
        assert_eq!(stage.kms_as(&eve, "Encrypt", secret(named, "4")).fault(), "AccessDeniedException");
    }
    let wrong = json!({ "KeyId": key, "Message": "aGVsbG8=", "SigningAlgorithm": "ECDSA_SHA_256" });
    assert_eq!(stage.kms("Sign", wrong).fault(), "InvalidKeyUsageException");

    let found = usage(&stage, id(&key));
    assert_eq!(found.keys, [key.clone()].into());
    assert_eq!(found, usage(&stage, &key));
    let by_alice = &found.principals[&arn("alice")];
    let counts = |usage: &trail::PrincipalUsage| -> Vec<_> {
        let counts =
            usage.operations.values().map(|o| (o.operation.clone(), o.succeeded, o.denied, o.failed));
        counts.collect()
    };
    assert_eq!(counts(by_alice), [("Encrypt".to_owned(), 3, 0, 0), ("ReEncrypt".to_owned(), 1, 0, 0)]);
    assert_eq!(by_alice.context_keys.keys().collect::<Vec<_>>(), ["tenant"]);
    assert_eq!(by_alice.context_keys["tenant"].get(), (3, false));
    assert_eq!(by_alice.addresses.get(), (1, false));
    assert_eq!(counts(&found.principals[&arn("eve")]), [("Encrypt".to_owned(), 0, 3, 0)]);
    let root = &found.principals[&format!("arn:aws:iam::{ACCOUNT}:root")];
    assert!(counts(root).contains(&("Sign".to_owned(), 0, 0, 1)), "{root:?}");
    assert_eq!(usage(&stage, &other).principals[&arn("alice")].context_keys.keys().next().unwrap(), "to");
}

#[test]
fn what_a_key_does_by_itself_is_told() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    stage.kms("EnableKeyRotation", json!({ "KeyId": key })).ok();
    stage.pass_days(366);
    assert_eq!(usage(&stage, &key).events["RotateKey"].times, 1);
}

#[test]
fn a_deletion_tells_what_it_would_break() {
    let stage = Stage::new();
    let (key, replica) = stage.family();
    let alice = stage.user_who_may("alice", &["kms:Encrypt", "kms:DescribeKey"]);
    stage.user("bob");
    let grant = |name: &str| {
        let input = json!({
            "KeyId": key, "GranteePrincipal": arn("bob"), "Operations": ["Decrypt"], "Name": name,
        });
        stage.kms("CreateGrant", input).ok()["GrantId"].as_str().unwrap().to_owned()
    };
    let (stands, revoked, retired) = (grant("stands"), grant("revoked"), grant("retired"));
    stage.kms("RevokeGrant", json!({ "KeyId": key, "GrantId": revoked })).ok();
    stage.kms("RetireGrant", json!({ "KeyId": key, "GrantId": retired })).ok();
    let other = stage.key(json!({ "MultiRegion": true }));
    for (name, target) in [("stays", &key), ("goes", &key), ("moves", &key), ("comes", &other)] {
        stage.kms("CreateAlias", json!({ "AliasName": format!("alias/{name}"), "TargetKeyId": target })).ok();
    }
    stage.kms("DeleteAlias", json!({ "AliasName": "alias/goes" })).ok();
    stage.kms("UpdateAlias", json!({ "AliasName": "alias/moves", "TargetKeyId": other })).ok();
    stage.kms("UpdateAlias", json!({ "AliasName": "alias/comes", "TargetKeyId": key })).ok();
    stage.kms_as(&alice, "Encrypt", json!({ "KeyId": "alias/stays", "Plaintext": "c2VjcmV0" })).ok();
    stage.kms_as(&alice, "DescribeKey", json!({ "KeyId": key })).ok();

    let found = forecast(&stage, &key);
    assert_eq!(found.grants.keys().collect::<Vec<_>>(), [&stands]);
    assert_eq!((&*found.grants[&stands].grantee, &*found.grants[&stands].key), (&*arn("bob"), &*key));
    let alias = |name: &str| format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/{name}");
    assert_eq!(found.aliases, [alias("comes"), alias("stays")].into());
    assert_eq!(found.replicas, [replica.clone()].into());
    assert_eq!(found.uses.keys().collect::<Vec<_>>(), [&arn("alice")]);
    assert_eq!(found.uses[&arn("alice")].operations.keys().collect::<Vec<_>>(), ["Encrypt"]);
    assert_eq!(found.deletions, [].into());

    stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 })).ok();
    assert_eq!(forecast(&stage, &key).deletions[&key], DeletionProgress::WaitsForReplicas);
    let away = json!({ "KeyId": replica, "PendingWindowInDays": 7 });
    stage.kms_in("eu-west-1", "ScheduleKeyDeletion", away).ok();
    assert!(matches!(forecast(&stage, &replica).deletions[&replica], DeletionProgress::Due(_)));
    stage.pass_days(8);
    let found = forecast(&stage, id(&key));
    assert!(matches!(found.deletions[&replica], DeletionProgress::Done(_)), "{found:?}");
    assert_eq!((found.keys, found.replicas), ([key, replica].into(), [].into()));
}
