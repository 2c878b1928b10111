//! Policies that ask what the recipient is.

use serde_json::{Value, json};
use sim::{Answer, Credentials};

use crate::{
    enclave::{Enclave, for_recipient},
    hypervisor::{Cbor, register},
};

/// A document with these registers, of an enclave or of a TPM.
fn document(enclave: &Enclave, member: &str, registers: &[(u64, u8)]) -> Vec<u8> {
    let registers =
        registers.iter().map(|(number, byte)| (Cbor::Unsigned(*number), register(*byte))).collect();
    let members = enclave.hypervisor.members(enclave.now(), Some(&enclave.public_key));
    let members = members.with("pcrs", None).with(member, Some(Cbor::Map(registers)));
    enclave.hypervisor.sign(&members.payload())
}

/// A key that the root user may do everything with but decrypt, and that under a condition.
fn guarded(enclave: &Enclave, condition: &Value) -> String {
    let key = enclave.stage.key(json!({}));
    let blob = enclave.stage.encrypt(&key);
    let root = json!({ "AWS": "arn:aws:iam::111122223333:root" });
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Principal": root, "NotAction": "kms:Decrypt", "Resource": "*" },
            { "Effect": "Allow", "Principal": root, "Action": "kms:Decrypt", "Resource": "*", "Condition": condition },
        ],
    });
    enclave.stage.kms("PutKeyPolicy", json!({ "KeyId": key, "Policy": policy.to_string() })).ok();
    blob
}

fn is_allowed(answer: &Answer) -> bool {
    if answer.code.is_some() {
        assert_eq!(answer.fault(), "AccessDeniedException", "{answer:?}");
    }
    answer.code.is_none()
}

#[test]
fn an_image_is_asked_for() {
    let enclave = Enclave::new();
    let image = "AB".repeat(48);
    for (condition, fits) in [
        (json!({ "StringEqualsIgnoreCase": { "kms:RecipientAttestation:ImageSha384": image } }), true),
        (json!({ "StringEquals": { "kms:RecipientAttestation:ImageSha384": image.to_lowercase() } }), true),
        (json!({ "StringEquals": { "kms:RecipientAttestation:ImageSha384": image } }), false),
        (json!({ "StringEquals": { "kms:RecipientAttestation:PCR0": image.to_lowercase() } }), true),
        (json!({ "StringEquals": { "KMS:recipientattestation:pcr4": "04".repeat(48) } }), true),
        (json!({ "StringEquals": { "kms:RecipientAttestation:PCR4": "05".repeat(48) } }), false),
        (json!({ "StringEquals": { "kms:RecipientAttestation:PCR8": "08".repeat(48) } }), false),
        (json!({ "StringEquals": { "kms:RecipientAttestation:PCR04": "04".repeat(48) } }), false),
        (json!({ "StringEquals": { "kms:RecipientAttestation:PCR+4": "04".repeat(48) } }), false),
        (json!({ "StringLike": { "kms:RecipientAttestation:PCR": "*" } }), false),
        (json!({ "StringLike": { "kms:RecipientAttestation:PCR256": "*" } }), false),
        (json!({ "StringLike": { "kms:RecipientAttestation:NitroTPMPCR4": "*" } }), false),
        (json!({ "StringNotEquals": { "kms:RecipientAttestation:PCR4": "04".repeat(48) } }), false),
        (json!({ "Null": { "kms:RecipientAttestation:ImageSha384": "false" } }), true),
    ] {
        let blob = guarded(&enclave, &condition);
        let document = document(&enclave, "pcrs", &[(0, 0xab), (4, 4)]);
        let input = json!({ "CiphertextBlob": blob });
        let answer = enclave.with_document("Decrypt", input.clone(), &document);
        assert_eq!(is_allowed(&answer), fits, "{condition}");
        if fits {
            assert_eq!(enclave.open(&answer.ok()), b"secret");
            assert!(!is_allowed(&enclave.stage.kms("Decrypt", input)), "{condition} without a recipient");
        }
    }
}

#[test]
fn an_instance_is_asked_for() {
    let enclave = Enclave::new();
    let condition = json!({ "StringEquals": {
        "kms:RecipientAttestation:NitroTPMPCR4": "04".repeat(48),
        "kms:RecipientAttestation:NitroTPMPCR12": "00".repeat(48),
    } });
    let input = json!({ "CiphertextBlob": guarded(&enclave, &condition) });
    let with = |member: &str, registers: &[(u64, u8)]| {
        let document = document(&enclave, member, registers);
        is_allowed(&enclave.with_document("Decrypt", input.clone(), &document))
    };
    assert!(with("nitrotpm_pcrs", &[(4, 4), (12, 0)]));
    assert!(!with("nitrotpm_pcrs", &[(4, 4), (12, 1)]));
    assert!(!with("nitrotpm_pcrs", &[(4, 4)]));
    assert!(!with("pcrs", &[(4, 4), (12, 0)]), "registers of an enclave are others");
    assert!(!is_allowed(&enclave.stage.kms("Decrypt", input)));
}

/// What would fit does not count unless it is signed.
#[test]
fn a_document_that_is_not_believed_opens_nothing() {
    let enclave = Enclave::new();
    let condition = json!({ "StringEquals": { "kms:RecipientAttestation:PCR4": "04".repeat(48) } });
    let input = json!({ "CiphertextBlob": guarded(&enclave, &condition) });
    let mut document = document(&enclave, "pcrs", &[(4, 4)]);
    assert!(is_allowed(&enclave.with_document("Decrypt", input.clone(), &document)));
    *document.last_mut().unwrap() ^= 1;
    let answer = enclave.with_document("Decrypt", input, &document);
    let expected = ("ValidationException", "The signature of the attestation document is not valid.");
    assert_eq!(answer.refusal(), expected);
}

/// `GenerateRandom` concerns no key, so that the caller's own policy asks.
#[test]
fn an_identity_policy_asks() {
    let enclave = Enclave::new();
    let user = user_who_may(
        &enclave,
        &json!({
            "Effect": "Allow",
            "Action": "kms:GenerateRandom",
            "Resource": "*",
            "Condition": { "StringEquals": { "kms:RecipientAttestation:PCR1": "01".repeat(48) } },
        }),
    );
    let random = |input: Value| is_allowed(&enclave.stage.kms_as(&user, "GenerateRandom", input));
    let input = json!({ "NumberOfBytes": 8 });
    assert!(!random(input.clone()));
    assert!(random(for_recipient(input.clone(), &document(&enclave, "pcrs", &[(1, 1)]))));
    assert!(!random(for_recipient(input, &document(&enclave, "pcrs", &[(1, 2)]))));
}

fn user_who_may(enclave: &Enclave, statement: &Value) -> Credentials {
    let worker = enclave.stage.user("worker");
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    enclave.stage.put_user_policy("worker", &policy);
    worker
}
