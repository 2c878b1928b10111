//! Ciphertexts that do not open, and why nothing is learned from that.

use serde_json::json;
use sim::{Answer, Stage};

use crate::bodies::base64_of;

const SILENT: &str = r#"{"__type":"InvalidCiphertextException"}"#;

fn blob(stage: &Stage) -> Vec<u8> {
    base64_simd::STANDARD.decode_to_vec(stage.value("ciphertext")).unwrap()
}

fn decrypt(stage: &Stage, blob: &[u8]) -> Answer {
    stage.kms("Decrypt", json!({ "CiphertextBlob": base64_of(blob) }))
}

#[test]
fn a_bit_flipped_anywhere() {
    let stage = Stage::new();
    let blob = blob(&stage);
    assert_eq!(decrypt(&stage, &blob).ok()["Plaintext"], "c2VjcmV0");
    let header = header_bytes(&blob, &stage);
    for at in 0..blob.len() {
        let mut flipped = blob.clone();
        flipped[at] ^= 1 << (at % 8);
        let answer = decrypt(&stage, &flipped);
        // A blob that names another key or account is refused for that; what else is wrong with it is not said.
        let expected: &[&str] = if header.contains(&at) {
            &["InvalidCiphertextException", "AccessDeniedException"]
        } else {
            &["InvalidCiphertextException"]
        };
        assert!(expected.contains(&answer.fault()), "bit of byte {at}: {answer:?}");
        let named = json!({ "CiphertextBlob": base64_of(&flipped), "KeyId": stage.value("key") });
        let named = stage.kms("Decrypt", named);
        assert!(
            ["InvalidCiphertextException", "IncorrectKeyException"].contains(&named.fault()),
            "byte {at}"
        );
    }
}

/// The bytes of a blob that say whose it is: those that differ from a blob of another key of another account.
fn header_bytes(blob: &[u8], stage: &Stage) -> std::ops::Range<usize> {
    let id = stage.value("key");
    let id: Vec<u8> = hex(&id.rsplit('/').next().unwrap().replace('-', ""));
    let at = blob.windows(16).position(|window| window == id).expect("a blob names its key");
    0..at + 16 + 8
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn cut_or_extended() {
    let stage = Stage::new();
    let blob = blob(&stage);
    for length in 1..blob.len() {
        assert_eq!(decrypt(&stage, &blob[..length]).body, SILENT, "cut to {length}");
    }
    assert_eq!(decrypt(&stage, &[&blob[..], &[0]].concat()).body, SILENT);
    assert_eq!(decrypt(&stage, &[&[0], &blob[..]].concat()).body, SILENT);
    assert_eq!(decrypt(&stage, &[&blob[..], &blob[..]].concat()).body, SILENT);
    assert_eq!(decrypt(&stage, b"hello").body, SILENT);
}

#[test]
fn another_encryption_context() {
    let stage = Stage::new();
    let key = stage.value("key");
    let context = json!({ "tenant": "7", "Stage": "test" });
    let input = json!({ "KeyId": key, "Plaintext": "QQ==", "EncryptionContext": context });
    let blob = stage.kms("Encrypt", input).ok()["CiphertextBlob"].clone();
    let with = |context: serde_json::Value| {
        stage.kms("Decrypt", json!({ "CiphertextBlob": blob, "EncryptionContext": context }))
    };
    with(json!({ "Stage": "test", "tenant": "7" })).ok();
    for other in [
        json!(null),
        json!({}),
        json!({ "tenant": "7" }),
        json!({ "tenant": "7", "Stage": "test", "more": "" }),
        json!({ "tenant": "8", "Stage": "test" }),
        json!({ "Tenant": "7", "Stage": "test" }),
        json!({ "tenant": "test", "Stage": "7" }),
        json!({ "tenan": "t7", "Stage": "test" }),
    ] {
        assert_eq!(with(other.clone()).body, SILENT, "{other}");
    }
    let bare = stage.value("ciphertext");
    let answer = stage.kms("Decrypt", json!({ "CiphertextBlob": bare, "EncryptionContext": { "a": "b" } }));
    assert_eq!(answer.body, SILENT);
}

#[test]
fn another_key_account_or_region() {
    let stage = Stage::new();
    let (key, blob) = (stage.value("key"), stage.value("ciphertext"));
    let other = stage.kms("CreateKey", json!({})).ok()["KeyMetadata"]["Arn"].clone();
    let answer = stage.kms("Decrypt", json!({ "CiphertextBlob": blob, "KeyId": other }));
    assert_eq!(answer.fault(), "IncorrectKeyException");
    let not_allowed = "The ciphertext refers to a customer master key that does not exist, does not exist in this \
                       region, or you are not allowed to access.";
    let input = json!({ "CiphertextBlob": blob });
    let stranger = stage.world.stranger();
    for answer in [
        stage.world.call(&stranger, "kms", "Decrypt", input.clone()),
        stage.world.call_in("eu-west-1", &stage.root, "kms", "Decrypt", input),
    ] {
        assert_eq!(answer.refusal(), ("AccessDeniedException", not_allowed));
    }
    let named = json!({ "CiphertextBlob": blob, "KeyId": key });
    assert_eq!(stage.world.call(&stranger, "kms", "Decrypt", named).fault(), "AccessDeniedException");
    let onto = json!({ "CiphertextBlob": blob, "DestinationKeyId": key });
    assert_eq!(stage.world.call(&stranger, "kms", "ReEncrypt", onto).fault(), "AccessDeniedException");
}

#[test]
fn a_key_that_is_gone() {
    let stage = Stage::new();
    let blob = stage.value("ciphertext");
    let input = json!({ "KeyId": stage.value("key"), "PendingWindowInDays": 7 });
    stage.kms("ScheduleKeyDeletion", input).ok();
    let answer = stage.kms("Decrypt", json!({ "CiphertextBlob": blob }));
    assert_eq!(answer.fault(), "KMSInvalidStateException");
    stage.world.clock().advance_days(7);
    stage.world.tick().unwrap();
    let answer = stage.kms("Decrypt", json!({ "CiphertextBlob": blob }));
    assert_eq!(answer.fault(), "AccessDeniedException");
}
