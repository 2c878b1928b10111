//! What each operation answers, and what is recorded.

use audit::{Record, Value as Recorded};
use serde_json::{Value, json};

use crate::{
    enclave::{Enclave, decode},
    hypervisor::{Cbor, MODULE, register, text},
};

/// The members of an answer, in the order of their names.
fn members(answer: &Value) -> Vec<&str> {
    let mut members: Vec<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    members
}

#[test]
fn decrypt() {
    let enclave = Enclave::new();
    let blob = enclave.stage.encrypt(&enclave.stage.key(json!({})));
    let answer = enclave.attested("Decrypt", json!({ "CiphertextBlob": blob })).ok();
    assert_eq!(members(&answer), ["CiphertextForRecipient", "EncryptionAlgorithm", "KeyId"]);
    assert_eq!(enclave.open(&answer), b"secret");
}

#[test]
fn decrypt_with_a_private_key() {
    let enclave = Enclave::new();
    let key = enclave.stage.key(json!({ "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT" }));
    let algorithm = "RSAES_OAEP_SHA_256";
    let input = json!({ "KeyId": key, "Plaintext": "c2VjcmV0", "EncryptionAlgorithm": algorithm });
    let blob = enclave.stage.kms("Encrypt", input).ok()["CiphertextBlob"].clone();
    let input = json!({ "KeyId": key, "CiphertextBlob": blob, "EncryptionAlgorithm": algorithm });
    assert_eq!(enclave.open(&enclave.attested("Decrypt", input).ok()), b"secret");
}

#[test]
fn generate_data_key() {
    let enclave = Enclave::new();
    let key = enclave.stage.key(json!({}));
    for length in [1, 16, 1024] {
        let input = json!({ "KeyId": key, "NumberOfBytes": length });
        let answer = enclave.attested("GenerateDataKey", input).ok();
        assert_eq!(members(&answer), ["CiphertextBlob", "CiphertextForRecipient", "KeyId"]);
        let opened = enclave.open(&answer);
        assert_eq!(opened.len(), length);
        assert_eq!(plaintext(&enclave, &answer["CiphertextBlob"]), opened);
    }
}

#[test]
fn generate_data_key_pair() {
    let enclave = Enclave::new();
    let key = enclave.stage.key(json!({}));
    for spec in ["ECC_NIST_P256", "ECC_NIST_EDWARDS25519", "RSA_4096"] {
        let input = json!({ "KeyId": key, "KeyPairSpec": spec });
        let answer = enclave.attested("GenerateDataKeyPair", input).ok();
        let expected = [
            "CiphertextForRecipient",
            "KeyId",
            "KeyMaterialId",
            "KeyPairSpec",
            "PrivateKeyCiphertextBlob",
            "PublicKey",
        ];
        assert_eq!(members(&answer), expected, "{spec}");
        assert_eq!(plaintext(&enclave, &answer["PrivateKeyCiphertextBlob"]), enclave.open(&answer), "{spec}");
    }
}

#[test]
fn derive_shared_secret() {
    let enclave = Enclave::new();
    let pair = || enclave.stage.key(json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT" }));
    let (key, peer) = (pair(), pair());
    let peer = enclave.stage.kms("GetPublicKey", json!({ "KeyId": peer })).ok()["PublicKey"].clone();
    let input = json!({ "KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer });
    let answer = enclave.attested("DeriveSharedSecret", input.clone()).ok();
    let expected = ["CiphertextForRecipient", "KeyAgreementAlgorithm", "KeyId", "KeyOrigin"];
    assert_eq!(members(&answer), expected);
    let secret = enclave.stage.kms("DeriveSharedSecret", input).ok()["SharedSecret"].clone();
    assert_eq!(enclave.open(&answer), decode(secret.as_str().unwrap()));
}

#[test]
fn generate_random() {
    let enclave = Enclave::new();
    let random = || {
        let answer = enclave.attested("GenerateRandom", json!({ "NumberOfBytes": 24 })).ok();
        assert_eq!(members(&answer), ["CiphertextForRecipient"]);
        enclave.open(&answer)
    };
    let (first, second) = (random(), random());
    assert_eq!(first.len(), 24);
    assert_ne!(first, second);
}

#[test]
fn a_dry_run_goes_as_far_as_the_answer() {
    let enclave = Enclave::new();
    let key = enclave.stage.key(json!({}));
    let input = json!({ "KeyId": key, "KeySpec": "AES_256", "DryRun": true });
    assert_eq!(enclave.attested("GenerateDataKey", input).fault(), "DryRunOperationException");
}

#[test]
fn the_record_says_who_the_recipient_was() {
    let enclave = Enclave::new();
    let key = enclave.stage.key(json!({}));
    let blob = enclave.stage.encrypt(&key);
    enclave.attested("Decrypt", json!({ "CiphertextBlob": blob })).ok();
    let digest = |byte: &str| Recorded::from(byte.repeat(48));
    let recipient = (
        "recipient".into(),
        Recorded::map([
            ("attestationDocumentModuleId", Recorded::from(MODULE)),
            ("attestationDocumentEnclaveImageDigest", digest("00")),
            ("attestationDocumentEnclavePCR1", digest("01")),
            ("attestationDocumentEnclavePCR2", digest("02")),
            ("attestationDocumentEnclavePCR3", digest("03")),
            ("attestationDocumentEnclavePCR4", digest("04")),
            ("attestationDocumentEnclavePCR8", digest("08")),
        ]),
    );
    let records = enclave.stage.world.records();
    let recipients = |record: &Record<'static>| match &record.additional {
        Some(Recorded::Members(members)) => {
            members.iter().filter(|(name, _)| name == "recipient").cloned().collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    assert_eq!(recipients(records.last().unwrap()), [recipient]);
    assert!(records.iter().rev().skip(1).all(|record| recipients(record).is_empty()));
}

#[test]
fn the_record_of_a_tpm_has_other_names() {
    let enclave = Enclave::new();
    let registers = (0..24).map(|number| (Cbor::Unsigned(number), register(number as u8))).collect();
    let members = enclave.hypervisor.members(enclave.now(), Some(&enclave.public_key));
    let members = members
        .with("module_id", Some(text("i-0123456789abcdef0-tpm0000000000000000")))
        .with("pcrs", None)
        .with("nitrotpm_pcrs", Some(Cbor::Map(registers)));
    let document = enclave.hypervisor.sign(&members.payload());
    enclave.with_document("GenerateRandom", json!({ "NumberOfBytes": 1 }), &document).ok();
    let records = enclave.stage.world.records();
    let Some(Recorded::Members(additional)) = &records.last().unwrap().additional else { panic!("nothing") };
    let Recorded::Members(recipient) = &additional[0].1 else { panic!("no recipient") };
    let names: Vec<&str> = recipient.iter().map(|(name, _)| name.as_ref()).collect();
    let expected = [
        "attestationDocumentModuleId",
        "attestationDocumentNitroTPMPCR4",
        "attestationDocumentNitroTPMPCR7",
        "attestationDocumentNitroTPMPCR8",
        "attestationDocumentNitroTPMPCR9",
        "attestationDocumentNitroTPMPCR16",
        "attestationDocumentNitroTPMPCR23",
    ];
    assert_eq!(names, expected);
    assert_eq!(recipient[5].1, Recorded::from("10".repeat(48)));
}

fn plaintext(enclave: &Enclave, blob: &Value) -> Vec<u8> {
    let answer = enclave.stage.kms("Decrypt", json!({ "CiphertextBlob": blob })).ok();
    decode(answer["Plaintext"].as_str().unwrap())
}
