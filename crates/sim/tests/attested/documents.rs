//! Documents that are not believed: the caller learns that, the operator why, and nothing else happens.

use std::time::Duration;

use audit::RecordedDecision;
use serde_json::{Value, json};
use sim::World;

use crate::{
    enclave::{Enclave, for_recipient},
    hypervisor::Hypervisor,
};

fn untrusted() -> (&'static str, &'static str) {
    ("ValidationException", "The attestation document is not signed by a trusted certificate.")
}

/// Each operation that takes a recipient, with an input that it would be allowed.
fn operations(enclave: &Enclave) -> [(&'static str, Value); 5] {
    let key = enclave.stage.key(json!({}));
    let agreeing = enclave.stage.key(json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT" }));
    let peer = enclave.stage.kms("GetPublicKey", json!({ "KeyId": agreeing })).ok()["PublicKey"].clone();
    let agreement = json!({ "KeyId": agreeing, "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer });
    [
        ("Decrypt", json!({ "CiphertextBlob": enclave.stage.encrypt(&key) })),
        ("GenerateDataKey", json!({ "KeyId": key, "KeySpec": "AES_256" })),
        ("GenerateDataKeyPair", json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256" })),
        ("GenerateRandom", json!({ "NumberOfBytes": 8 })),
        ("DeriveSharedSecret", agreement),
    ]
}

#[test]
fn of_another_hypervisor() {
    let enclave = Enclave::new();
    let other = Hypervisor::at(enclave.now()).document(enclave.now(), &enclave.public_key);
    for (operation, input) in operations(&enclave) {
        let answer = enclave.with_document(operation, input, &other);
        assert_eq!(answer.refusal(), untrusted(), "{operation}");
        let records = enclave.stage.world.records();
        let record = records.last().unwrap();
        assert_eq!(record.decision, RecordedDecision::None, "{operation}: nobody was asked");
        assert_eq!(record.additional, None, "{operation}: nothing of it is believed");
        let detail = record.detail.as_deref().unwrap();
        assert!(detail.starts_with("the signer of the attestation document: "), "{detail}");
    }
}

#[test]
fn without_any_root() {
    let enclave = Enclave::new();
    let world = World::new();
    let input = for_recipient(json!({ "NumberOfBytes": 8 }), &enclave.document());
    let answer = world.call(&world.root(), "kms", "GenerateRandom", input);
    assert_eq!(answer.refusal(), untrusted());
    let records = world.records();
    let detail = records.last().unwrap().detail.as_deref();
    assert_eq!(detail, Some("no root for attestation documents is configured"));
}

#[test]
fn of_another_time() {
    let enclave = Enclave::new();
    let random = |document: &[u8]| {
        let answer = enclave.with_document("GenerateRandom", json!({ "NumberOfBytes": 8 }), document);
        answer.message.unwrap_or_default()
    };
    let document = enclave.document();
    assert_eq!(random(&document), "");
    enclave.stage.world.clock().advance(Duration::from_secs(300));
    assert_eq!(random(&document), "");
    enclave.stage.world.clock().advance(Duration::from_secs(1));
    assert_eq!(random(&document), "The attestation document has expired.");
    let early = enclave.hypervisor.document(enclave.now() + 60_001, &enclave.public_key);
    assert_eq!(random(&early), "The attestation document is not valid yet.");
}

#[test]
fn without_a_key_that_is_fit() {
    let enclave = Enclave::new();
    let random = |key: Option<&[u8]>| {
        let payload = enclave.hypervisor.members(enclave.now(), key).payload();
        let document = enclave.hypervisor.sign(&payload);
        let answer = enclave.with_document("GenerateRandom", json!({ "NumberOfBytes": 8 }), &document);
        let (code, message) = answer.refusal();
        assert_eq!(code, "ValidationException");
        message.to_owned()
    };
    assert_eq!(random(None), "The attestation document contains no public key.");
    let expected =
        "The public key of the attestation document is not an RSA key of 2048 to 4096 bits in DER.";
    assert_eq!(random(Some(b"key")), expected);
}

#[test]
fn that_are_no_documents() {
    let enclave = Enclave::new();
    let refusal = |recipient: Value| {
        let answer =
            enclave.stage.kms("GenerateRandom", json!({ "NumberOfBytes": 8, "Recipient": recipient }));
        let (code, message) = answer.refusal();
        assert_eq!(code, "ValidationException");
        message.to_owned()
    };
    let form = "The attestation document is not a valid COSE_Sign1 structure: ";
    assert!(refusal(json!({ "AttestationDocument": "AAAA" })).starts_with(form));
    assert_eq!(refusal(json!({})), "AttestationDocument is required for a Recipient.");
    let algorithm = json!({ "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_1", "AttestationDocument": "AAAA" });
    let expected = "1 validation error detected: Value 'RSAES_OAEP_SHA_1' at 'recipient.keyEncryptionAlgorithm' failed \
                    to satisfy constraint: Member must satisfy enum value set: [RSAES_OAEP_SHA_256]";
    assert_eq!(refusal(algorithm), expected);
    assert!(refusal(json!({ "AttestationDocument": "" })).contains("'recipient.attestationDocument'"));
    let long = base64_simd::STANDARD.encode_to_string(vec![0; 262_145]);
    assert!(refusal(json!({ "AttestationDocument": long })).contains("less than or equal to 262144"));
}

/// The one mechanism of encryption need not be named.
#[test]
fn whose_mechanism_is_not_named() {
    let enclave = Enclave::new();
    let mut input = for_recipient(json!({ "NumberOfBytes": 8 }), &enclave.document());
    input["Recipient"].as_object_mut().unwrap().remove("KeyEncryptionAlgorithm");
    assert_eq!(enclave.open(&enclave.stage.kms("GenerateRandom", input).ok()).len(), 8);
}
