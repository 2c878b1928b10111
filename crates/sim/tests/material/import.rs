//! Imported material.

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
    },
};
use base64_simd::STANDARD;
use serde_json::{Value, json};
use sim::{
    Answer, Stage,
    stage::{AWAY, HOME, region, text},
    wrap,
};

/// A wrapping key for a KMS key, and calls that use it.
pub(crate) struct Import<'s> {
    stage: &'s Stage,
    pub(crate) key: String,
    pub(crate) token: String,
    algorithm: &'static str,
    public_key: Vec<u8>,
}

impl<'s> Import<'s> {
    pub(crate) fn new(stage: &'s Stage, key: &str) -> Self {
        Self::by(stage, key, "RSAES_OAEP_SHA_256")
    }

    pub(crate) fn by(stage: &'s Stage, key: &str, algorithm: &'static str) -> Self {
        let input = json!({ "KeyId": key, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048" });
        let parameters = stage.kms_in(region(key), "GetParametersForImport", input).ok();
        assert_eq!(parameters["KeyId"], json!(key));
        let ends = stage.world.now().as_seconds() + 86_400;
        assert_eq!(parameters["ParametersValidTo"].as_f64(), Some(ends as f64));
        Self {
            stage,
            key: key.to_owned(),
            token: text(&parameters, "/ImportToken"),
            algorithm,
            public_key: STANDARD.decode_to_vec(text(&parameters, "/PublicKey")).unwrap(),
        }
    }

    /// Imports for good.
    pub(crate) fn material(&self, material: impl AsRef<[u8]>) -> Answer {
        self.with(material, json!({ "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE" }))
    }

    /// Imports as the first, or as one that waits.
    pub(crate) fn new_material(&self, material: impl AsRef<[u8]>) -> Answer {
        let model = "KEY_MATERIAL_DOES_NOT_EXPIRE";
        self.with(material, json!({ "ExpirationModel": model, "ImportType": "NEW_KEY_MATERIAL" }))
    }

    /// Imports with other members beside.
    pub(crate) fn with(&self, material: impl AsRef<[u8]>, mut input: Value) -> Answer {
        input["KeyId"] = json!(self.key);
        input["ImportToken"] = json!(self.token);
        input["EncryptedKeyMaterial"] =
            json!(STANDARD.encode_to_string(wrap(self.algorithm, &self.public_key, material.as_ref())));
        self.stage.kms_in(region(&self.key), "ImportKeyMaterial", input)
    }
}

fn delete(stage: &Stage, key: &str, material: Option<&str>) -> Answer {
    let input = json!({ "KeyId": key, "KeyMaterialId": material });
    stage.kms_in(region(key), "DeleteImportedKeyMaterial", input)
}

#[test]
fn material_comes_goes_and_comes_back() {
    let stage = Stage::new();
    let key = stage.key(json!({ "Origin": "EXTERNAL" }));
    let waiting = stage.metadata(&key);
    assert_eq!(
        (&waiting["KeyState"], &waiting["Enabled"], &waiting["Origin"]),
        (&json!("PendingImport"), &json!(false), &json!("EXTERNAL"))
    );
    assert_eq!((&waiting["ExpirationModel"], &waiting["CurrentKeyMaterialId"]), (&Value::Null, &Value::Null));
    assert_eq!(delete(&stage, &key, None).ok(), json!({ "KeyId": key }));

    let import = Import::new(&stage, &key);
    let imported = import.material([1; 32]).ok();
    let id = text(&imported, "/KeyMaterialId");
    assert_eq!(imported, json!({ "KeyId": key, "KeyMaterialId": id }));
    let there = stage.metadata(&key);
    assert_eq!(
        (&there["KeyState"], &there["ExpirationModel"], &there["ValidTo"], &there["CurrentKeyMaterialId"]),
        (&json!("Enabled"), &json!("KEY_MATERIAL_DOES_NOT_EXPIRE"), &Value::Null, &json!(id))
    );
    let blob = stage.encrypt(&key);

    assert_eq!(delete(&stage, &key, None).ok(), json!({ "KeyId": key, "KeyMaterialId": id }));
    let gone = stage.metadata(&key);
    assert_eq!(
        (&gone["KeyState"], &gone["ExpirationModel"], &gone["CurrentKeyMaterialId"]),
        (&json!("PendingImport"), &Value::Null, &json!(id))
    );
    let refused = stage.kms("Decrypt", json!({ "CiphertextBlob": blob }));
    let message = format!("{key} is pending import.");
    assert_eq!(refused.refusal(), ("KMSInvalidStateException", message.as_str()));
    assert_eq!(delete(&stage, &key, None).ok()["KeyMaterialId"], json!(id));

    assert_eq!(import.material([2; 32]).fault(), "IncorrectKeyMaterialException");
    assert_eq!(import.material([1; 32]).ok()["KeyMaterialId"], json!(id));
    assert_eq!(stage.state(&key), "Enabled");
    assert_eq!(stage.decrypt(&key, &blob), id);
}

#[test]
fn what_is_missing_counts_after_a_cancelled_deletion_too() {
    let stage = Stage::new();
    let key = stage.key(json!({ "Origin": "EXTERNAL" }));
    let import = Import::new(&stage, &key);
    import.material([1; 32]).ok();
    stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key })).ok();
    delete(&stage, &key, None).ok();
    assert_eq!(stage.state(&key), "PendingDeletion");
    stage.kms("CancelKeyDeletion", json!({ "KeyId": key })).ok();
    assert_eq!(stage.state(&key), "PendingImport");
    import.material([1; 32]).ok();
    assert_eq!(stage.state(&key), "Enabled");
}

#[test]
fn new_material_waits_for_a_rotation() {
    let stage = Stage::new();
    let key = stage.key(json!({ "Origin": "EXTERNAL" }));
    let rotate = || stage.kms("RotateKeyOnDemand", json!({ "KeyId": key }));
    let message = format!("{key} is pending import.");
    assert_eq!(rotate().refusal(), ("KMSInvalidStateException", message.as_str()));
    let import = Import::new(&stage, &key);
    let first = text(&import.material([1; 32]).ok(), "/KeyMaterialId");
    let message = format!("No available key material pending rotation for the key: {key}.");
    assert_eq!(rotate().refusal(), ("KMSInvalidStateException", message.as_str()));
    let old = stage.encrypt(&key);

    assert_eq!(import.new_material([1; 32]).fault(), "IncorrectKeyMaterialException");
    let described = json!({
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        "ImportType": "NEW_KEY_MATERIAL",
        "KeyMaterialDescription": "second",
    });
    let second = text(&import.with([2; 32], described).ok(), "/KeyMaterialId");
    assert_ne!(first, second);
    assert_eq!(stage.metadata(&key)["CurrentKeyMaterialId"], json!(first));
    let refused = import.new_material([3; 32]);
    let third = refused.message.as_deref().unwrap().split_once("(id: ").unwrap().1[..64].to_owned();
    let message = format!(
        "New key material (id: {third}) cannot be imported into KMS key {key}, because another key material (id: \
         {second}) is pending rotation."
    );
    assert_eq!(refused.refusal(), ("KMSInvalidStateException", message.as_str()));

    let states = || {
        let materials = stage.materials(&key);
        materials.iter().map(|material| text(material, "/KeyMaterialState")).collect::<Vec<_>>()
    };
    assert_eq!(states(), ["CURRENT", "PENDING_ROTATION"]);
    rotate().ok();
    assert_eq!(states(), ["NON_CURRENT", "CURRENT"]);
    let rotated = &stage.materials(&key)[1];
    assert_eq!(
        (&rotated["RotationType"], &rotated["ImportState"], &rotated["KeyMaterialDescription"]),
        (&json!("ON_DEMAND"), &json!("IMPORTED"), &json!("second"))
    );
    assert_eq!(stage.decrypt(&key, &old), first);
    assert_eq!(stage.decrypt(&key, &stage.encrypt(&key)), second);

    // A key is whole only with every material that it may have to decrypt with.
    delete(&stage, &key, Some(&first)).ok();
    assert_eq!(stage.state(&key), "PendingImport");
    assert_eq!(stage.materials(&key)[0]["ImportState"], "PENDING_IMPORT");
    let named = |id: &str| json!({ "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE", "KeyMaterialId": id });
    assert_eq!(import.with([1; 32], named(&second)).fault(), "IncorrectKeyMaterialException");
    import.with([1; 32], named(&first)).ok();
    assert_eq!(stage.state(&key), "Enabled");
}

#[test]
fn material_that_waits_can_be_taken_back() {
    let stage = Stage::new();
    let key = stage.key(json!({ "Origin": "EXTERNAL" }));
    let import = Import::new(&stage, &key);
    import.material([1; 32]).ok();
    let second = text(&import.new_material([2; 32]).ok(), "/KeyMaterialId");
    delete(&stage, &key, Some(&second)).ok();
    assert_eq!((stage.state(&key), stage.materials(&key).len()), ("Enabled".to_owned(), 1));
    assert_eq!(delete(&stage, &key, Some(&second)).fault(), "NotFoundException");
    import.new_material([3; 32]).ok();
}

#[test]
fn material_expires_by_the_clock() {
    let stage = Stage::new();
    let key = stage.key(json!({ "Origin": "EXTERNAL" }));
    let import = Import::new(&stage, &key);
    let until = |days: i64| stage.world.now().as_seconds() + days * 86_400;
    for (model, valid_to) in [
        (json!("KEY_MATERIAL_EXPIRES"), Value::Null),
        (Value::Null, Value::Null),
        (Value::Null, json!(until(0))),
        (Value::Null, json!(until(366))),
        (json!("KEY_MATERIAL_DOES_NOT_EXPIRE"), json!(until(1))),
    ] {
        let refused = import.with([1; 32], json!({ "ExpirationModel": model, "ValidTo": valid_to }));
        assert_eq!(refused.fault(), "ValidationException", "{model} {valid_to}");
    }
    let refused = import.with([1; 32], json!({}));
    let message = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES";
    assert_eq!(refused.refusal(), ("ValidationException", message));

    let first = text(&import.with([1; 32], json!({ "ValidTo": until(20) })).ok(), "/KeyMaterialId");
    let second = json!({ "ValidTo": until(10), "ImportType": "NEW_KEY_MATERIAL" });
    let second = text(&import.with([2; 32], second).ok(), "/KeyMaterialId");
    stage.kms("RotateKeyOnDemand", json!({ "KeyId": key })).ok();
    let metadata = stage.metadata(&key);
    assert_eq!(metadata["ExpirationModel"], "KEY_MATERIAL_EXPIRES");
    assert_eq!(metadata["ValidTo"].as_f64(), Some(until(10) as f64));

    stage.pass_days(9);
    assert_eq!(stage.state(&key), "Enabled");
    stage.pass_days(1);
    assert_eq!(stage.state(&key), "PendingImport");
    let import = Import::new(&stage, &key);
    import.material([2; 32]).ok();
    assert_eq!(stage.state(&key), "Enabled");
    stage.pass_days(10);
    assert_eq!(stage.state(&key), "PendingImport");
    stage.pass_days(1000);
    let expired: Vec<String> = stage
        .events("DeleteExpiredKeyMaterial")
        .into_iter()
        .map(|(_, details)| details.into_iter().find(|(name, _)| name == "keyMaterialId").unwrap().1)
        .collect();
    assert_eq!(expired, [second, first]);
}

#[test]
fn tokens_are_for_one_key_and_a_day() {
    let stage = Stage::new();
    let (key, other) =
        (stage.key(json!({ "Origin": "EXTERNAL" })), stage.key(json!({ "Origin": "EXTERNAL" })));
    let mut import = Import::new(&stage, &key);
    import.key = other;
    assert_eq!(import.material([1; 32]).fault(), "InvalidImportTokenException");
    import.key = key.clone();
    assert_eq!(import.material([1; 31]).fault(), "IncorrectKeyMaterialException");
    let input = json!({
        "KeyId": key,
        "ImportToken": import.token,
        "EncryptedKeyMaterial": STANDARD.encode_to_string([5; 256]),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    });
    assert_eq!(stage.kms("ImportKeyMaterial", input.clone()).fault(), "InvalidCiphertextException");
    let genuine = STANDARD.decode_to_vec(&import.token).unwrap();
    for at in [0, 1, 3, 12, 20, 60, genuine.len() - 1] {
        let mut altered = genuine.clone();
        altered[at] ^= 1;
        let mut input = input.clone();
        input["ImportToken"] = json!(STANDARD.encode_to_string(altered));
        let code = stage.kms("ImportKeyMaterial", input).fault().to_owned();
        let refused = ["InvalidImportTokenException", "ExpiredImportTokenException"];
        assert!(refused.contains(&code.as_str()), "{at}: {code}");
    }
    stage.pass_days(1);
    import.material([1; 32]).ok();
    delete(&stage, &key, None).ok();
    stage.world.clock().advance(std::time::Duration::from_millis(1));
    assert_eq!(import.material([1; 32]).fault(), "ExpiredImportTokenException");
}

#[test]
fn keys_with_material_of_their_own_take_none() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let message = format!("{key} origin is AWS_KMS which is not valid for this operation.");
    let parameters = json!({ "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" });
    let material = json!({
        "ImportToken": "YQ==", "EncryptedKeyMaterial": "YQ==", "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    });
    for (operation, mut input) in [
        ("GetParametersForImport", parameters),
        ("ImportKeyMaterial", material),
        ("DeleteImportedKeyMaterial", json!({})),
    ] {
        input["KeyId"] = json!(key);
        let refused = stage.kms(operation, input);
        assert_eq!(refused.refusal(), ("UnsupportedOperationException", message.as_str()), "{operation}");
    }
}

#[test]
fn replicas_import_what_their_primary_has() {
    let stage = Stage::new();
    let primary = stage.key(json!({ "Origin": "EXTERNAL", "MultiRegion": true }));
    let here = Import::new(&stage, &primary);
    here.material([1; 32]).ok();
    stage.kms("ReplicateKey", json!({ "KeyId": primary, "ReplicaRegion": AWAY })).ok();
    let replica = primary.replace(HOME, AWAY);
    assert_eq!(
        (stage.state(&primary).as_str(), stage.state(&replica).as_str()),
        ("Enabled", "PendingImport")
    );
    let there = Import::new(&stage, &replica);
    assert_eq!(there.material([2; 32]).fault(), "IncorrectKeyMaterialException");
    assert_eq!(there.new_material([2; 32]).fault(), "UnsupportedOperationException");
    there.material([1; 32]).ok();
    let old = stage.encrypt(&primary);
    stage.decrypt(&replica, &old);

    here.new_material([2; 32]).ok();
    let state = |key: &str| text(stage.materials(key).last().unwrap(), "/KeyMaterialState");
    assert_eq!(state(&primary), "PENDING_MULTI_REGION_IMPORT_AND_ROTATION");
    let rotate = || stage.kms("RotateKeyOnDemand", json!({ "KeyId": primary }));
    assert_eq!(rotate().fault(), "KMSInvalidStateException");
    there.material([2; 32]).ok();
    assert_eq!(state(&primary), "PENDING_ROTATION");
    rotate().ok();
    assert_eq!((state(&primary), state(&replica)), ("CURRENT".to_owned(), "CURRENT".to_owned()));
    stage.decrypt(&replica, &stage.encrypt(&primary));
    stage.decrypt(&primary, &stage.encrypt(&replica));
    stage.decrypt(&replica, &old);

    // What waits at the primary is taken back everywhere; what is gone at a replica is gone there only.
    let third = text(&here.new_material([3; 32]).ok(), "/KeyMaterialId");
    there.material([3; 32]).ok();
    delete(&stage, &primary, Some(&third)).ok();
    assert_eq!((stage.materials(&primary).len(), stage.materials(&replica).len()), (2, 2));
    delete(&stage, &replica, None).ok();
    assert_eq!(
        (stage.state(&primary).as_str(), stage.state(&replica).as_str()),
        ("Enabled", "PendingImport")
    );
}
#[test]
fn other_kinds_have_one_material_for_life() {
    let stage = Stage::new();
    let key =
        stage.key(json!({ "Origin": "EXTERNAL", "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" }));
    let import = Import::by(&stage, &key, "RSA_AES_KEY_WRAP_SHA_256");
    assert_eq!(import.material([1; 31]).fault(), "IncorrectKeyMaterialException");
    assert_eq!(import.material([1; 40]).ok(), json!({ "KeyId": key }));
    let metadata = stage.metadata(&key);
    assert_eq!((&metadata["KeyState"], &metadata["CurrentKeyMaterialId"]), (&json!("Enabled"), &Value::Null));
    assert_eq!(delete(&stage, &key, None).ok(), json!({ "KeyId": key }));
    assert_eq!(stage.state(&key), "PendingImport");
    assert_eq!(import.material([2; 40]).fault(), "IncorrectKeyMaterialException");
    assert_eq!(import.new_material([1; 40]).fault(), "ValidationException");
    import.material([1; 40]).ok();
    assert_eq!(stage.state(&key), "Enabled");
}

#[test]
fn a_pair_from_elsewhere_is_the_pair_that_it_was() {
    let stage = Stage::new();
    let key =
        stage.key(json!({ "Origin": "EXTERNAL", "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY" }));
    let public_key = || stage.kms("GetPublicKey", json!({ "KeyId": key }));
    let message = format!("{key} is pending import.");
    assert_eq!(public_key().refusal(), ("KMSInvalidStateException", message.as_str()));
    let [pair, other] = [(); 2].map(|()| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap());
    let pkcs8 = |pair: &EcdsaKeyPair| pair.to_pkcs8v1().unwrap().as_ref().to_vec();
    let import = Import::by(&stage, &key, "RSA_AES_KEY_WRAP_SHA_1");
    import.material(pkcs8(&pair)).ok();
    let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    assert_eq!(public_key().ok()["PublicKey"], json!(STANDARD.encode_to_string(&*spki)));
    delete(&stage, &key, None).ok();
    assert_eq!(import.material(pkcs8(&other)).fault(), "IncorrectKeyMaterialException");
    assert_eq!(import.material([1; 32]).fault(), "IncorrectKeyMaterialException");
    import.material(pkcs8(&pair)).ok();
    let sign = json!({ "KeyId": key, "Message": "YQ==", "SigningAlgorithm": "ECDSA_SHA_256" });
    let signature = STANDARD.decode_to_vec(text(&stage.kms("Sign", sign).ok(), "/Signature")).unwrap();
    let known = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().as_ref());
    known.verify(b"a", &signature).unwrap();
}

/// Material can be imported again, and its use after its time cannot be taken back.
#[test]
fn expired_material_does_not_wait_for_a_clock_that_leapt() {
    let stage = Stage::new();
    let key = stage.key(json!({ "Origin": "EXTERNAL" }));
    let ends = stage.world.now().as_seconds() + 30 * 86_400;
    Import::new(&stage, &key)
        .with([1; 32], json!({ "ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": ends }))
        .ok();
    stage.world.clock().leap_years(1);
    stage.world.tick().unwrap();
    assert_eq!(stage.state(&key), "PendingImport");
}
