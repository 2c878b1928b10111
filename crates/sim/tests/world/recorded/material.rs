//! Import, rotation, replicas.

#![expect(clippy::indexing_slicing, reason = "tests")]

use base64_simd::STANDARD;
use serde_json::{Value, json};
use sim::{Answer, Stage, wrap};

/// A key that waits for material.
fn external(stage: &Stage) -> String {
    let made = stage.kms("CreateKey", json!({ "Origin": "EXTERNAL" })).ok();
    made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
}

/// Imports material; `more` has the members that are not always there.
#[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
fn import(stage: &Stage, key: &str, material: &[u8], more: Value) -> Answer {
    const WRAPPING: &str = "RSAES_OAEP_SHA_256";
    let input = json!({ "KeyId": key, "WrappingAlgorithm": WRAPPING, "WrappingKeySpec": "RSA_2048" });
    let parameters = stage.kms("GetParametersForImport", input).ok();
    let public_key = STANDARD.decode_to_vec(parameters["PublicKey"].as_str().unwrap()).unwrap();
    let wrapped = STANDARD.encode_to_string(wrap(WRAPPING, &public_key, material));
    let mut input =
        json!({ "KeyId": key, "ImportToken": parameters["ImportToken"], "EncryptedKeyMaterial": wrapped });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stage.kms("ImportKeyMaterial", input)
}

fn for_ever() -> Value {
    json!({ "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE" })
}

fn new_material() -> Value {
    json!({ "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE", "ImportType": "NEW_KEY_MATERIAL" })
}

fn metadata(stage: &Stage, key: &str) -> Value {
    stage.kms("DescribeKey", json!({ "KeyId": key })).ok()["KeyMetadata"].clone()
}

findings! {
    23 r23_a_key_that_waits_for_import(stage) {
        let key = external(&stage);
        let waiting = metadata(&stage, &key);
        assert_eq!(
            (&waiting["Enabled"], &waiting["KeyState"], &waiting["Origin"]),
            (&json!(false), &json!("PendingImport"), &json!("EXTERNAL"))
        );
        for absent in ["ExpirationModel", "ValidTo", "CurrentKeyMaterialId"] {
            assert_eq!(waiting.get(absent), None, "{absent}");
        }
        import(&stage, &key, &[1; 32], for_ever()).ok();
        let imported = metadata(&stage, &key);
        assert_eq!(imported["ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE");
        assert_eq!(imported.get("ValidTo"), None);
        assert_eq!(imported["CurrentKeyMaterialId"].as_str().map(str::len), Some(64));
    }

    24 r24_deleted_material_keeps_its_name(stage) {
        let key = external(&stage);
        import(&stage, &key, &[1; 32], for_ever()).ok();
        let before = metadata(&stage, &key)["CurrentKeyMaterialId"].clone();
        stage.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key })).ok();
        let after = metadata(&stage, &key);
        assert_eq!(after["KeyState"], "PendingImport");
        assert_eq!(after.get("ExpirationModel"), None);
        assert_eq!(after["CurrentKeyMaterialId"], before);
    }

    44 r44_pending_import_for_use_and_rotation_alike(stage) {
        let key = external(&stage);
        let text = format!("{key} is pending import.");
        for (operation, input) in [
            ("Encrypt", json!({ "KeyId": key, "Plaintext": "QQ==" })),
            ("RotateKeyOnDemand", json!({ "KeyId": key })),
        ] {
            let answer = stage.kms(operation, input);
            assert_eq!(answer.refusal(), ("KMSInvalidStateException", text.as_str()), "{operation}");
        }
    }

    58 r58_imported_material_expires_unless_it_is_said_not_to(stage) {
        let answer = import(&stage, &external(&stage), &[1; 32], json!({}));
        let text = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES";
        assert_eq!(answer.refusal(), ("ValidationException", text));
    }

    59 r59_nothing_is_imported_into_an_own_key(stage) {
        let key = stage.value("key");
        let input =
            json!({ "KeyId": key, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" });
        let text = format!("{key} origin is AWS_KMS which is not valid for this operation.");
        let answer = stage.kms("GetParametersForImport", input);
        assert_eq!(answer.refusal(), ("UnsupportedOperationException", text.as_str()));
    }

    60 r60_new_material_waits_for_rotation_and_lets_no_third_in(stage) {
        let key = external(&stage);
        import(&stage, &key, &[1; 32], for_ever()).ok();
        let first = metadata(&stage, &key)["CurrentKeyMaterialId"].clone();
        let second = import(&stage, &key, &[2; 32], new_material()).ok()["KeyMaterialId"].clone();
        assert_ne!(first, second);
        assert_eq!(metadata(&stage, &key)["CurrentKeyMaterialId"], first);
        let refused = import(&stage, &key, &[3; 32], new_material());
        let (code, message) = refused.refusal();
        assert_eq!(code, "KMSInvalidStateException");
        assert!(message.starts_with("New key material (id: "), "{message}");
        let pending = second.as_str().unwrap();
        let end = format!(
            ") cannot be imported into KMS key {key}, because another key material (id: {pending}) is pending rotation."
        );
        assert!(message.ends_with(&end), "{message}");
        stage.kms("RotateKeyOnDemand", json!({ "KeyId": key })).ok();
        stage.world.tick().unwrap();
        assert_eq!(metadata(&stage, &key)["CurrentKeyMaterialId"], second);
    }

    61 r61_nothing_pending_to_rotate_to(stage) {
        let key = external(&stage);
        import(&stage, &key, &[1; 32], for_ever()).ok();
        let answer = stage.kms("RotateKeyOnDemand", json!({ "KeyId": key }));
        let text = format!("No available key material pending rotation for the key: {key}.");
        assert_eq!(answer.refusal(), ("KMSInvalidStateException", text.as_str()));
    }

    62 r62_rotations_on_demand_have_a_quota(stage) {
        let key = stage.value("key");
        let rotate = || stage.kms("RotateKeyOnDemand", json!({ "KeyId": key }));
        // Recorded at 10, documented as 25 today.
        for _ in 0..25 {
            rotate().ok();
            stage.world.tick().unwrap();
        }
        let text = format!(
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be \
             performed for this key: {key}"
        );
        assert_eq!(rotate().refusal(), ("LimitExceededException", text.as_str()));
    }

    63 r63_the_status_of_rotation(stage) {
        let key = stage.value("key");
        let status = || stage.kms("GetKeyRotationStatus", json!({ "KeyId": key })).ok();
        let off = status();
        assert_eq!((&off["KeyId"], &off["KeyRotationEnabled"]), (&json!(key), &json!(false)));
        assert_eq!(off.as_object().unwrap().len(), 2, "{off}");
        stage.kms("EnableKeyRotation", json!({ "KeyId": key })).ok();
        let on = status();
        assert_eq!(on["RotationPeriodInDays"], 365);
        let next = on["NextRotationDate"].as_f64().unwrap();
        let due = stage.world.now().as_millis() as f64 / 1000.0 + 365.0 * 86_400.0;
        assert!((next - due).abs() < 1.0, "{on}");
        stage.kms("RotateKeyOnDemand", json!({ "KeyId": key })).ok();
        stage.world.tick().unwrap();
        assert_eq!(status()["NextRotationDate"], on["NextRotationDate"], "it is not moved");
        assert_eq!(status().get("OnDemandRotationStartDate"), None, "none runs any more");
    }

    64 r64_keys_that_do_not_rotate(stage) {
        let key = stage.value("sign-key");
        let answer = stage.kms("EnableKeyRotation", json!({ "KeyId": key }));
        assert_eq!(answer.body, r#"{"__type":"UnsupportedOperationException"}"#);
        stage.kms("DisableKeyRotation", json!({ "KeyId": key })).ok();
        let status = stage.kms("GetKeyRotationStatus", json!({ "KeyId": key })).ok();
        assert_eq!(status["KeyRotationEnabled"], json!(false));
    }

    65 r65_a_replica_at_birth(stage) {
        let made = stage.kms("CreateKey", json!({ "MultiRegion": true, "Description": "of the primary" })).ok();
        let primary = made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
        let input = json!({ "KeyId": primary, "ReplicaRegion": "eu-west-1" });
        let answer = stage.kms("ReplicateKey", input).ok();
        let replica = &answer["ReplicaKeyMetadata"];
        assert_eq!(
            (&replica["KeyState"], &replica["Enabled"], &replica["Description"]),
            (&json!("Creating"), &json!(false), &json!(""))
        );
        assert!(answer["ReplicaPolicy"].as_str().unwrap().contains("Enable IAM User Permissions"), "{answer}");
        stage.world.tick().unwrap();
        let id = json!({ "KeyId": replica["KeyId"] });
        let theirs = stage.world.call_in("eu-west-1", &stage.root, "kms", "DescribeKey", id).ok();
        let (theirs, ours) = (theirs["KeyMetadata"].clone(), metadata(&stage, &primary));
        for member in ["PrimaryKey", "ReplicaKeys"] {
            let told = |metadata: &Value| metadata["MultiRegionConfiguration"][member].clone();
            assert_eq!(told(&theirs), told(&ours), "both sides tell the same of {member}");
        }
    }

    66 r66_a_replica_is_not_replicated(stage) {
        let primary = stage.value("replicated-key");
        stage.world.tick().unwrap();
        let replica = primary.replace("us-east-1", "eu-west-1");
        let input = json!({ "KeyId": replica, "ReplicaRegion": "eu-central-1" });
        let answer = stage.world.call_in("eu-west-1", &stage.root, "kms", "ReplicateKey", input);
        let text = format!("{replica} is not a multi-region primary key.");
        assert_eq!(answer.refusal(), ("UnsupportedOperationException", text.as_str()));
    }
}
