use serde_json::{Value, json};
use sim::{
    Answer, Settings, Stage, World,
    stage::{AWAY, HOME},
};

use crate::{code, put_policy, statement};

fn primary(stage: &Stage, origin: &str) -> String {
    stage.key(json!({ "MultiRegion": true, "Origin": origin }))
}

/// A statement that allows what it allows in one Region only.
fn there(action: &str, region: &str) -> Value {
    let mut statement = statement("Allow", action);
    statement["Condition"] = json!({ "StringEquals": { "aws:RequestedRegion": region } });
    statement
}

#[test]
fn a_replica_needs_permission_in_both_regions() {
    let stage = Stage::new();
    let key = primary(&stage, "AWS_KMS");
    let alice = stage.user("alice");
    let (here, lockout) = (there("kms:ReplicateKey", HOME), statement("Allow", "kms:PutKeyPolicy"));
    for (statements, expected) in [
        (vec![here.clone()], "AccessDeniedException"),
        (vec![there("kms:CreateKey", AWAY)], "AccessDeniedException"),
        (vec![here.clone(), there("kms:CreateKey", HOME)], "AccessDeniedException"),
        (vec![here.clone(), there("kms:CreateKey", AWAY)], "MalformedPolicyDocumentException"),
        (vec![here, there("kms:CreateKey", AWAY), lockout], "ok"),
    ] {
        put_policy(&stage, &stage.root, "alice", &statements);
        let answered = stage.kms_as(&alice, "ReplicateKey", json!({ "KeyId": key, "ReplicaRegion": AWAY }));
        assert_eq!(code(&answered), expected, "{statements:?}");
    }
}

#[test]
fn a_primary_moves_with_permission_on_both_keys() {
    let stage = Stage::new();
    let (key, _) = stage.family();
    let alice = stage.user("alice");
    for (allowing, expected) in [
        (there("kms:UpdatePrimaryRegion", HOME), "AccessDeniedException"),
        (there("kms:UpdatePrimaryRegion", AWAY), "AccessDeniedException"),
        (statement("Allow", "kms:UpdatePrimaryRegion"), "ok"),
    ] {
        put_policy(&stage, &stage.root, "alice", std::slice::from_ref(&allowing));
        let input = json!({ "KeyId": key, "PrimaryRegion": AWAY });
        assert_eq!(code(&stage.kms_as(&alice, "UpdatePrimaryRegion", input)), expected, "{allowing}");
    }
}

/// Sets a key policy that denies an action where a condition key has this value.
fn deny(stage: &Stage, key: &str, action: &str, condition: &str, value: &str) {
    let mut denial = statement("Deny", action);
    denial["Principal"] = json!("*");
    denial["Condition"] = json!({ "StringEquals": { condition: value } });
    stage.put_key_policy(key, &[denial]);
}

/// A call of the root user on a key.
type Ask = fn(&Stage, &str) -> Answer;

#[test]
fn condition_keys_say_what_is_asked() {
    let parameters: Ask = |stage, key| {
        let input = json!({
            "KeyId": key, "WrappingAlgorithm": "RSAES_PKCS1_V1_5", "WrappingKeySpec": "RSA_3072",
        });
        stage.kms("GetParametersForImport", input)
    };
    let import: Ask = |stage, key| {
        let input = json!({
            "KeyId": key, "ImportToken": "AA==", "EncryptedKeyMaterial": "AA==", "ValidTo": tomorrow(stage),
            "ExpirationModel": "KEY_MATERIAL_EXPIRES",
        });
        stage.kms("ImportKeyMaterial", input)
    };
    let rotation: Ask =
        |stage, key| stage.kms("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 100 }));
    let replication: Ask =
        |stage, key| stage.kms("ReplicateKey", json!({ "KeyId": key, "ReplicaRegion": AWAY }));
    let (unsupported, invalid) = ("UnsupportedOperationException", "InvalidImportTokenException");
    let end = tomorrow(&Stage::new()).to_string();
    for (action, condition, value, ask, otherwise) in [
        ("GetParametersForImport", "WrappingAlgorithm", "RSAES_PKCS1_V1_5", parameters, unsupported),
        ("GetParametersForImport", "WrappingKeySpec", "RSA_3072", parameters, unsupported),
        ("ImportKeyMaterial", "ExpirationModel", "KEY_MATERIAL_EXPIRES", import, invalid),
        ("ImportKeyMaterial", "ValidTo", &end, import, invalid),
        ("ImportKeyMaterial", "KeyOrigin", "EXTERNAL", import, invalid),
        ("EnableKeyRotation", "RotationPeriodInDays", "100", rotation, "ok"),
        ("EnableKeyRotation", "MultiRegion", "true", rotation, "ok"),
        ("EnableKeyRotation", "MultiRegionKeyType", "PRIMARY", rotation, "ok"),
        ("ReplicateKey", "ReplicaRegion", AWAY, replication, "ok"),
    ] {
        let stage = Stage::new();
        let key = primary(&stage, if otherwise == "ok" { "AWS_KMS" } else { "EXTERNAL" });
        let (action, condition) = (format!("kms:{action}"), format!("kms:{condition}"));
        deny(&stage, &key, &action, &condition, value);
        assert_eq!(ask(&stage, &key).fault(), "AccessDeniedException", "{condition}");
        deny(&stage, &key, &action, &condition, "something else");
        assert_eq!(code(&ask(&stage, &key)), otherwise, "{condition}");
    }
}

/// The time in a day, in seconds: on the clocks of new stages the same.
fn tomorrow(stage: &Stage) -> i64 {
    stage.world.now().plus_days(1).as_seconds()
}

#[test]
fn a_replica_is_made_where_the_deployment_serves() {
    let served = [HOME, AWAY].map(|name| model::arn::Region::parse(name).unwrap());
    let regions = dispatch::Regions::only(served.into()).unwrap();
    let stage = Stage::on(World::of(Settings { regions, ..Settings::default() }));
    let key = primary(&stage, "AWS_KMS");
    let to = |region| stage.kms("ReplicateKey", json!({ "KeyId": key, "ReplicaRegion": region }));
    assert_eq!((to("us-west-2").fault(), to(AWAY).code), ("ValidationException", None));
}
