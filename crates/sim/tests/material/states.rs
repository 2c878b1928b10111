//! What each operation says to a key in each state.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sim::{
    Stage,
    stage::{AWAY, text},
};

use crate::import::Import;

/// What is expected of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// The state does not stand against it.
    Ok,
    /// `DisabledException`, `<arn> is disabled.`
    Dis,
    /// `KMSInvalidStateException`, `<arn> is pending deletion.`
    Del,
    /// `KMSInvalidStateException`, `<arn> is pending import.`
    Imp,
    /// `KMSInvalidStateException`, `<arn> is not pending deletion.`
    NotDel,
    /// `UnsupportedOperationException`, `<arn> origin is EXTERNAL which is not valid for this operation.`
    Org,
}
use Cell::{Del, Dis, Imp, NotDel, Ok, Org};

/// The states, in the order of the columns. AWS's others are never stored.
const STATES: [&str; 5] =
    ["Enabled", "Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport"];

/// An operation, the key that it is for, its input beside `KeyId`, the code with which it ends where the state does not
/// stand against it ("" for a success), and the cells.
type Row = (&'static str, Kind, fn(&Stage) -> Value, &'static str, [Cell; 5]);

/// Keys that an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Symmetric,
    Signing,
    Agreeing,
    Mac,
    MlKem,
    /// Symmetric, of origin EXTERNAL in every state.
    Imported,
    /// Symmetric, a primary in every state.
    Primary,
}
use Kind::{Agreeing, Imported, Mac, MlKem, Primary, Signing, Symmetric};

const COMPUTING: [Cell; 5] = [Ok, Dis, Del, Del, Imp];
const ANY: [Cell; 5] = [Ok; 5];
const CHANGING: [Cell; 5] = [Ok, Ok, Del, Del, Ok];
const DRY: &str = "DryRunOperationException";

fn nothing(_: &Stage) -> Value {
    json!({})
}

fn dry(_: &Stage) -> Value {
    json!({ "DryRun": true, "Plaintext": "YQ==", "KeySpec": "AES_256" })
}

fn ignoring(_: &Stage) -> Value {
    json!({ "DryRun": true, "DryRunModifiers": ["IGNORE_CIPHERTEXT"] })
}

fn signing(_: &Stage) -> Value {
    json!({ "DryRun": true, "Message": "YQ==", "SigningAlgorithm": "ECDSA_SHA_256", "Signature": "YQ==" })
}

fn mac(_: &Stage) -> Value {
    json!({ "DryRun": true, "Message": "YQ==", "MacAlgorithm": "HMAC_SHA_256", "Mac": "YQ==" })
}

fn tagging(_: &Stage) -> Value {
    json!({ "Tags": [{ "TagKey": "a", "TagValue": "b" }], "TagKeys": ["a"] })
}

fn granting(stage: &Stage) -> Value {
    json!({ "GranteePrincipal": format!("arn:aws:iam::{}:root", stage.world.root().account), "Operations": ["Encrypt"] })
}

/// The cells are AWS's table of key states, written down a second time on purpose: expectations that were read off the
/// purposes in `crates/kms/src/gate/uses.rs` would agree with a wrong purpose.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    // operation, key, input, end,                                        Enabled Disabled Deletion ReplicaD. Import
    ("CancelKeyDeletion", Symmetric, nothing, "",                          [NotDel, NotDel, Ok, Ok, NotDel]),
    ("CreateAlias", Symmetric, |_| json!({ "AliasName": "alias/fresh" }), "", CHANGING),
    ("CreateGrant", Symmetric, granting, "",                               COMPUTING),
    ("Decapsulate", MlKem, |_| json!({ "DryRun": true, "SharedSecretCiphertextBlob": "YQ==", "EncapsulationAlgorithm": "ML_KEM" }), "InvalidCiphertextException", COMPUTING),
    ("Decrypt", Symmetric, ignoring, DRY,                                  COMPUTING),
    ("DeleteImportedKeyMaterial", Imported, nothing, "",                   ANY),
    ("DeriveSharedSecret", Agreeing, |_| json!({ "DryRun": true, "KeyAgreementAlgorithm": "ECDH", "PublicKey": "YQ==" }), "ValidationException", COMPUTING),
    ("DescribeKey", Symmetric, nothing, "",                                ANY),
    ("DisableKey", Symmetric, nothing, "",                                 [Ok, Ok, Del, Del, Imp]),
    ("DisableKeyRotation", Symmetric, nothing, "",                         [Ok, Dis, Del, Del, Org]),
    ("EnableKey", Symmetric, nothing, "",                                  [Ok, Ok, Del, Del, Imp]),
    ("EnableKeyRotation", Symmetric, nothing, "",                          [Ok, Dis, Del, Del, Org]),
    ("Encapsulate", MlKem, |_| json!({ "DryRun": true, "EncapsulationAlgorithm": "ML_KEM" }), DRY, COMPUTING),
    ("Encrypt", Symmetric, |_| json!({ "DryRun": true, "Plaintext": "YQ==" }), DRY, COMPUTING),
    ("GenerateDataKey", Symmetric, dry, DRY,                               COMPUTING),
    ("GenerateDataKeyPair", Symmetric, |_| json!({ "DryRun": true, "KeyPairSpec": "ECC_NIST_P256" }), DRY, COMPUTING),
    ("GenerateDataKeyPairWithoutPlaintext", Symmetric, |_| json!({ "DryRun": true, "KeyPairSpec": "ECC_NIST_P256" }), DRY, COMPUTING),
    ("GenerateDataKeyWithoutPlaintext", Symmetric, dry, DRY,               COMPUTING),
    ("GenerateMac", Mac, mac, DRY,                                         COMPUTING),
    ("GetKeyLastUsage", Symmetric, nothing, "",                            ANY),
    ("GetKeyPolicy", Symmetric, nothing, "",                               ANY),
    ("GetKeyRotationStatus", Symmetric, nothing, "",                       ANY),
    ("GetParametersForImport", Imported, |_| json!({ "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" }), "", CHANGING),
    ("GetPublicKey", Signing, nothing, "",                                 COMPUTING),
    ("ImportKeyMaterial", Imported, |_| json!({ "ImportToken": "YQ==", "EncryptedKeyMaterial": "YQ==", "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE" }), "InvalidImportTokenException", CHANGING),
    ("ListGrants", Symmetric, nothing, "",                                 ANY),
    ("ListKeyPolicies", Symmetric, nothing, "",                            ANY),
    ("ListKeyRotations", Symmetric, nothing, "",                           ANY),
    ("ListResourceTags", Symmetric, nothing, "",                           ANY),
    ("PutKeyPolicy", Symmetric, |stage| json!({ "Policy": policy(stage) }), "", ANY),
    ("ReEncrypt", Symmetric, ignoring, DRY,                                COMPUTING),
    ("ReplicateKey", Primary, |_| json!({ "ReplicaRegion": "us-west-2" }), "", COMPUTING),
    ("RevokeGrant", Symmetric, |_| json!({ "GrantId": "0".repeat(64) }), "NotFoundException", ANY),
    ("RotateKeyOnDemand", Symmetric, nothing, "",                          COMPUTING),
    ("ScheduleKeyDeletion", Symmetric, nothing, "",                        CHANGING),
    ("Sign", Signing, signing, DRY,                                        COMPUTING),
    ("TagResource", Symmetric, tagging, "",                                CHANGING),
    ("UntagResource", Symmetric, tagging, "",                              CHANGING),
    ("UpdateAlias", Symmetric, |_| json!({ "AliasName": "alias/moving" }), "", CHANGING),
    ("UpdateKeyDescription", Symmetric, |_| json!({ "Description": "a" }), "", CHANGING),
    ("UpdatePrimaryRegion", Primary, |_| json!({ "PrimaryRegion": AWAY }), "NotFoundException", COMPUTING),
    ("Verify", Signing, signing, "KMSInvalidSignatureException",           COMPUTING),
    ("VerifyMac", Mac, mac, "KMSInvalidMacException",                      COMPUTING),
];

/// Operations whose answer depends on no key's state.
const STATELESS: [&str; 7] = [
    "CreateKey",
    "DeleteAlias",
    "GenerateRandom",
    "ListAliases",
    "ListKeys",
    "ListRetirableGrants",
    "RetireGrant",
];

#[test]
fn every_operation_in_every_state() {
    let stage = Stage::new();
    let offered: BTreeSet<&str> = offered(&stage);
    for (operation, kind, input, end, cells) in ROWS.iter().filter(|row| offered.contains(row.0)) {
        for (state, cell) in STATES.iter().zip(cells) {
            let Some(key) = key(&stage, *kind, state) else { continue };
            let mut input = input(&stage);
            name_key(&stage, operation, &key, &mut input);
            let answer = stage.kms(operation, input);
            let told =
                answer.code.as_deref().map(|code| (code, answer.message.as_deref().unwrap_or_default()));
            let expected = |code: &'static str, why: &str| Some((code.to_owned(), format!("{key} {why}")));
            let wanted = match cell {
                Ok if end.is_empty() => None,
                Ok => {
                    assert_eq!(told.map(|(code, _)| code), Some(*end), "{operation} in {state}: {answer:?}");
                    continue;
                }
                Dis => expected("DisabledException", "is disabled."),
                Del => expected("KMSInvalidStateException", "is pending deletion."),
                Imp => expected("KMSInvalidStateException", "is pending import."),
                NotDel => expected("KMSInvalidStateException", "is not pending deletion."),
                Org => expected(
                    "UnsupportedOperationException",
                    "origin is EXTERNAL which is not valid for this operation.",
                ),
            };
            let told = told.map(|(code, message)| (code.to_owned(), message.to_owned()));
            assert_eq!(told, wanted, "{operation} in {state}");
        }
    }
}

#[test]
fn no_operation_is_left_out() {
    let rows: BTreeSet<&str> = ROWS.iter().map(|row| row.0).chain(STATELESS).collect();
    let missing: Vec<&str> = offered(&Stage::new()).difference(&rows).copied().collect();
    assert!(missing.is_empty(), "to be added to the table: {missing:?}");
}

fn offered(stage: &Stage) -> BTreeSet<&'static str> {
    let all = stage.world.operations().into_iter();
    all.filter(|(service, _)| *service == "kms").map(|(_, facts)| facts.name).collect()
}

/// A fresh key in a state; `None` where there is no such key.
fn key(stage: &Stage, kind: Kind, state: &str) -> Option<String> {
    let spec = match kind {
        Symmetric | Imported | Primary => json!({}),
        Signing => json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY" }),
        Agreeing => json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT" }),
        Mac => json!({ "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" }),
        MlKem => json!({ "KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE" }),
    };
    let mut input = spec;
    input["MultiRegion"] = json!(kind == Primary || state == "PendingReplicaDeletion");
    if state == "PendingImport" || kind == Imported {
        if kind == MlKem {
            return None;
        }
        input["Origin"] = json!("EXTERNAL");
    }
    let key = stage.key(input);
    if kind == Imported && matches!(state, "Enabled" | "Disabled" | "PendingReplicaDeletion") {
        Import::new(stage, &key).material([7; 32]).ok();
    }
    match state {
        "Disabled" => {
            stage.kms("DisableKey", json!({ "KeyId": key })).ok();
        }
        "PendingDeletion" => {
            stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key })).ok();
        }
        "PendingReplicaDeletion" => {
            stage.kms("ReplicateKey", json!({ "KeyId": key, "ReplicaRegion": AWAY })).ok();
            stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key })).ok();
        }
        _ => {}
    }
    assert_eq!(stage.state(&key), state);
    Some(key)
}

/// Puts the key into the input, where the operation expects it.
fn name_key(stage: &Stage, operation: &str, key: &str, input: &mut Value) {
    match operation {
        "CreateAlias" => {
            let _ = stage.kms("DeleteAlias", json!({ "AliasName": "alias/fresh" }));
            input["TargetKeyId"] = json!(key);
        }
        "UpdateAlias" => {
            let _ = stage.kms("DeleteAlias", json!({ "AliasName": "alias/moving" }));
            let target = stage.key(json!({}));
            stage.kms("CreateAlias", json!({ "AliasName": "alias/moving", "TargetKeyId": target })).ok();
            input["TargetKeyId"] = json!(key);
        }
        "ReEncrypt" => {
            input["SourceKeyId"] = json!(key);
            input["DestinationKeyId"] = json!(stage.key(json!({})));
        }
        _ => input["KeyId"] = json!(key),
    }
}

fn policy(stage: &Stage) -> String {
    let key = stage.key(json!({}));
    text(&stage.kms("GetKeyPolicy", json!({ "KeyId": key })).ok(), "/Policy")
}
