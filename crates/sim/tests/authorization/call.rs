//! What each operation is called with here, and what it needs.

use base64_simd::STANDARD;
use serde_json::{Value, json};
use sim::wrap;

use crate::{
    load::HERE,
    plan::Plan,
    realm::{OPEN, Realm},
};

/// `hello`, in base64.
const HELLO: &str = "aGVsbG8=";
const WRAPPING: &str = "RSAES_OAEP_SHA_256";
const THERE: &str = "eu-central-1";
const ALIAS: &str = "alias/app";

/// The input of the key's creation.
pub(crate) fn key(plan: &Plan<'_>) -> Value {
    let of = |spec: &str, usage: &str| json!({ "KeySpec": spec, "KeyUsage": usage });
    if plan.is_on_key() && (plan.spec.is_some() || plan.usage.is_some()) {
        return match (plan.spec.as_deref(), plan.usage.as_deref()) {
            (_, Some("SIGN_VERIFY")) => of("ECC_NIST_P256", "SIGN_VERIFY"),
            (_, Some("GENERATE_VERIFY_MAC")) => of("HMAC_256", "GENERATE_VERIFY_MAC"),
            (spec, _) => of(spec.unwrap_or("SYMMETRIC_DEFAULT"), "ENCRYPT_DECRYPT"),
        };
    }
    match plan.operation.as_str() {
        "Sign" if plan.wanted("kms:signingalgorithm").is_some() => of("RSA_2048", "SIGN_VERIFY"),
        "Sign" | "Verify" | "GetPublicKey" => of("ECC_NIST_P256", "SIGN_VERIFY"),
        "GenerateMac" | "VerifyMac" => of("HMAC_256", "GENERATE_VERIFY_MAC"),
        "DeriveSharedSecret" => of("ECC_NIST_P256", "KEY_AGREEMENT"),
        "Encapsulate" | "Decapsulate" => of("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"),
        "GetParametersForImport" | "ImportKeyMaterial" | "DeleteImportedKeyMaterial" => {
            json!({ "Origin": "EXTERNAL" })
        }
        "ReplicateKey" | "UpdatePrimaryRegion" => json!({ "MultiRegion": true }),
        _ => json!({}),
    }
}

/// What grants can give on the key that an operation is called with.
pub(crate) fn grantable(operation: &str) -> Vec<&'static str> {
    let own: &[&str] = match operation {
        "Sign" | "Verify" | "GetPublicKey" => &["Sign", "Verify", "GetPublicKey"],
        "GenerateMac" | "VerifyMac" => &["GenerateMac", "VerifyMac"],
        "DeriveSharedSecret" => &["DeriveSharedSecret", "GetPublicKey"],
        "Encapsulate" | "Decapsulate" => &["Encapsulate", "Decapsulate", "GetPublicKey"],
        _ => &[
            "Decrypt",
            "Encrypt",
            "GenerateDataKey",
            "GenerateDataKeyPair",
            "GenerateDataKeyPairWithoutPlaintext",
            "GenerateDataKeyWithoutPlaintext",
            "ReEncryptFrom",
            "ReEncryptTo",
        ],
    };
    own.iter().copied().chain(["CreateGrant", "DescribeKey", "RetireGrant"]).collect()
}

/// What a call asks for beside the question of its scenario, allowed.
pub(crate) fn others(plan: &Plan<'_>) -> Vec<Value> {
    let allow = |action: &str, resource: &str| {
        vec![json!({ "Effect": "Allow", "Action": action, "Resource": resource })]
    };
    match (plan.operation.as_str(), plan.is_on_key()) {
        ("CreateAlias" | "DeleteAlias" | "UpdateAlias", true) => {
            allow(&format!("kms:{}", plan.operation), "arn:aws:kms:*:*:alias/*")
        }
        ("ReEncrypt", _) if plan.scenario.action == "kms:ReEncryptFrom" => allow("kms:ReEncryptTo", "*"),
        ("ReEncrypt", _) => allow("kms:ReEncryptFrom", "*"),
        ("ReplicateKey", _) => allow("kms:CreateKey", "*"),
        _ => Vec::new(),
    }
}

/// Whether the last thing that a call asks for is the question of its scenario, so that its record says what allowed it.
pub(crate) fn is_asked_last(plan: &Plan<'_>) -> bool {
    match plan.operation.as_str() {
        "CreateAlias" | "DeleteAlias" | "UpdateAlias" => plan.is_on_key(),
        "ReEncrypt" => plan.scenario.action == "kms:ReEncryptTo",
        "ReplicateKey" | "UpdatePrimaryRegion" => false,
        _ => true,
    }
}

/// The input of the call, made before anything is limited.
pub(crate) fn input(realm: &Realm<'_>) -> Value {
    let (plan, key) = (realm.plan, &realm.key);
    let mut input = match plan.operation.as_str() {
        "CreateKey" | "ListAliases" | "ListKeys" => json!({}),
        "GenerateRandom" => json!({ "NumberOfBytes": 8 }),
        "ListRetirableGrants" => json!({ "RetiringPrincipal": format!("arn:aws:iam::{HERE}:root") }),
        "CreateAlias" => json!({ "AliasName": ALIAS, "TargetKeyId": key }),
        "UpdateAlias" => {
            realm.kms("CreateAlias", json!({ "AliasName": ALIAS, "TargetKeyId": realm.open_key() }));
            json!({ "AliasName": ALIAS, "TargetKeyId": key })
        }
        "DeleteAlias" => {
            realm.kms("CreateAlias", json!({ "AliasName": ALIAS, "TargetKeyId": key }));
            json!({ "AliasName": ALIAS })
        }
        "ReEncrypt" => re_encryption(realm),
        _ => {
            let mut input = on_key(realm);
            input["KeyId"] = plan.alias.as_ref().unwrap_or(key).as_str().into();
            input
        }
    };
    if let ("CreateKey" | "PutKeyPolicy", Some(bypass)) = (plan.operation.as_str(), plan.bypass) {
        input["BypassPolicyLockoutSafetyCheck"] = bypass.into();
    }
    if plan.operation == "CreateKey" {
        if let Some(spec) = &plan.spec {
            input["KeySpec"] = spec.as_str().into();
            input["KeyUsage"] = "ENCRYPT_DECRYPT".into();
        }
        input["Tags"] = tags(plan);
    }
    input
}

/// A re-encryption whose other key is open to everybody, or the same.
fn re_encryption(realm: &Realm<'_>) -> Value {
    let from = realm.plan.scenario.action == "kms:ReEncryptFrom";
    let same = realm.plan.wanted("kms:reencryptonsamekey") == Some("true");
    let other = if same { realm.key.clone() } else { realm.open_key() };
    let (source, target) = if from { (realm.key.clone(), other) } else { (other, realm.key.clone()) };
    let made = realm.kms("Encrypt", json!({ "KeyId": source, "Plaintext": HELLO }));
    json!({ "CiphertextBlob": made["CiphertextBlob"], "SourceKeyId": source, "DestinationKeyId": target })
}

/// The input of an operation on a key, without the key.
fn on_key(realm: &Realm<'_>) -> Value {
    let (plan, key) = (realm.plan, &realm.key);
    match plan.operation.as_str() {
        "Encrypt" => json!({ "Plaintext": HELLO, "EncryptionContext": plan.encryption_context }),
        "Decrypt" => {
            let made = realm.kms("Encrypt", json!({ "KeyId": key, "Plaintext": HELLO }));
            json!({ "CiphertextBlob": made["CiphertextBlob"] })
        }
        "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext" => json!({ "KeySpec": "AES_256" }),
        "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => {
            json!({ "KeyPairSpec": "ECC_NIST_P256" })
        }
        "Sign" => signing(plan),
        "Verify" => {
            let mut input = signing(plan);
            input["KeyId"] = key.as_str().into();
            let made = realm.kms("Sign", input.clone());
            input["Signature"] = made["Signature"].clone();
            input
        }
        "GenerateMac" => json!({ "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256" }),
        "VerifyMac" => {
            let input = json!({ "KeyId": key, "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256" });
            let made = realm.kms("GenerateMac", input);
            json!({ "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256", "Mac": made["Mac"] })
        }
        "DeriveSharedSecret" => {
            let peer = realm.kms("GetPublicKey", json!({ "KeyId": key }));
            json!({ "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer["PublicKey"] })
        }
        "Encapsulate" => json!({ "EncapsulationAlgorithm": "ML_KEM" }),
        "Decapsulate" => {
            let made = realm.kms("Encapsulate", json!({ "KeyId": key, "EncapsulationAlgorithm": "ML_KEM" }));
            json!({ "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": made["SharedSecretCiphertextBlob"] })
        }
        "CreateGrant" => grant(plan),
        "RetireGrant" | "RevokeGrant" => {
            let own = realm.grant.clone().filter(|_| plan.scenario.granted());
            json!({ "GrantId": own.unwrap_or_else(|| some_grant(realm)) })
        }
        _ => change(realm),
    }
}

/// The input of an operation that changes the key or tells of it.
fn change(realm: &Realm<'_>) -> Value {
    let (plan, key) = (realm.plan, &realm.key);
    match plan.operation.as_str() {
        "PutKeyPolicy" => json!({ "Policy": realm.kms("GetKeyPolicy", json!({ "KeyId": key }))["Policy"] }),
        "CancelKeyDeletion" => {
            realm.kms("ScheduleKeyDeletion", json!({ "KeyId": key }));
            json!({})
        }
        "ScheduleKeyDeletion" => {
            json!({ "PendingWindowInDays": number(plan, "kms:schedulekeydeletionpendingwindowindays") })
        }
        "EnableKeyRotation" => json!({ "RotationPeriodInDays": number(plan, "kms:rotationperiodindays") }),
        "TagResource" => json!({ "Tags": tags(plan) }),
        "UntagResource" => json!({ "TagKeys": ["team"] }),
        "UpdateKeyDescription" => json!({ "Description": "payroll" }),
        "ReplicateKey" => json!({ "ReplicaRegion": THERE, "BypassPolicyLockoutSafetyCheck": true }),
        "UpdatePrimaryRegion" => {
            let input = json!({ "KeyId": key, "ReplicaRegion": THERE, "Policy": OPEN, "BypassPolicyLockoutSafetyCheck": true });
            realm.kms("ReplicateKey", input);
            json!({ "PrimaryRegion": THERE })
        }
        "GetParametersForImport" => {
            json!({ "WrappingAlgorithm": WRAPPING, "WrappingKeySpec": "RSA_2048" })
        }
        "ImportKeyMaterial" => {
            let mut input = realm.imported.clone().unwrap();
            if let Some(at) = plan.wanted("kms:validto") {
                input["ExpirationModel"] = "KEY_MATERIAL_EXPIRES".into();
                input["ValidTo"] = at.parse::<i64>().map_or_else(|_| at.into(), Value::from);
            }
            input
        }
        _ => json!({}),
    }
}

fn signing(plan: &Plan<'_>) -> Value {
    let algorithm = plan.wanted("kms:signingalgorithm").unwrap_or("ECDSA_SHA_256");
    let mut input = json!({ "Message": HELLO, "SigningAlgorithm": algorithm });
    if let Some(kind) = plan.wanted("kms:messagetype") {
        input["MessageType"] = kind.into();
    }
    if plan.wanted("kms:messagetype") == Some("DIGEST") {
        let length = if algorithm.ends_with("384") { 48 } else { 32 };
        input["Message"] = STANDARD.encode_to_string(vec![7; length]).into();
    }
    input
}

fn grant(plan: &Plan<'_>) -> Value {
    let root = format!("arn:aws:iam::{HERE}:root");
    let decrypt = ["Decrypt".to_owned()];
    let mut input = json!({
        "GranteePrincipal": plan.wanted("kms:granteeprincipal").unwrap_or(&root),
        "Operations": plan.all_wanted("kms:grantoperations").unwrap_or(&decrypt),
    });
    if let Some(constraint) = plan.wanted("kms:grantconstrainttype") {
        input["Constraints"] = json!({ constraint: { "app": "web" } });
    }
    input
}

fn some_grant(realm: &Realm<'_>) -> String {
    let root = format!("arn:aws:iam::{HERE}:root");
    let input =
        json!({ "KeyId": realm.key, "GranteePrincipal": root, "Operations": ["Decrypt"], "Name": "some" });
    realm.kms("CreateGrant", input)["GrantId"].as_str().unwrap().to_owned()
}

/// Imports material into the key; the input of importing the same again.
pub(crate) fn import(realm: &Realm<'_>) -> Value {
    let key = &realm.key;
    let input = json!({ "KeyId": key, "WrappingAlgorithm": WRAPPING, "WrappingKeySpec": "RSA_2048" });
    let parameters = realm.kms("GetParametersForImport", input);
    let public_key = STANDARD.decode_to_vec(parameters["PublicKey"].as_str().unwrap()).unwrap();
    let material = STANDARD.encode_to_string(wrap(WRAPPING, &public_key, &[7; 32]));
    let mut input = json!({
        "KeyId": key,
        "ImportToken": parameters["ImportToken"],
        "EncryptedKeyMaterial": material,
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    });
    realm.kms("ImportKeyMaterial", input.clone());
    input.as_object_mut().unwrap().remove("KeyId");
    input
}

fn tags(plan: &Plan<'_>) -> Value {
    let tags = plan.tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value }));
    let mut tags: Vec<_> = tags.collect();
    if tags.is_empty() && plan.operation == "TagResource" {
        tags.push(json!({ "TagKey": "team", "TagValue": "pay" }));
    }
    tags.into()
}

/// A number of days, if the scenario wants one.
fn number(plan: &Plan<'_>, key: &str) -> Option<u32> {
    plan.wanted(key).map(|text| text.parse().unwrap())
}
