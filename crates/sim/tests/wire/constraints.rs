//! Texts about values that are none, as AWS's own answers have them.

use serde_json::{Value, json};
use sim::World;

const KEY: &str = "00000000-0000-0000-0000-000000000000";

fn said(world: &World, operation: &str, input: Value) -> String {
    let answer = world.call(&world.root(), "kms", operation, input);
    let (code, message) = answer.refusal();
    assert_eq!(code, "ValidationException", "{operation}");
    message.to_owned()
}

#[test]
fn enumerations_are_listed_in_the_recorded_order() {
    let world = World::new();
    let list = |operation: &str, member: &str, value: &str, input: Value| {
        let said = said(&world, operation, input);
        let text = "failed to satisfy constraint: Member must satisfy enum value set: [";
        let start = format!("1 validation error detected: Value '{value}' at '{member}' {text}");
        said.strip_prefix(&start).and_then(|list| list.strip_suffix(']')).unwrap_or(&said).to_owned()
    };
    let input = json!({ "KeyId": KEY, "Message": "QQ==", "MacAlgorithm": "INVALID" });
    assert_eq!(
        list("GenerateMac", "macAlgorithm", "INVALID", input),
        "HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512"
    );
    let input = json!({ "KeyId": KEY, "Plaintext": "QQ==", "EncryptionAlgorithm": "FOO" });
    let algorithms = list("Encrypt", "encryptionAlgorithm", "FOO", input);
    assert!(algorithms.ends_with(", SYMMETRIC_DEFAULT"), "{algorithms}");

    // Every key spec is listed where a spec of a data key is meant, and none of them is taken.
    let specs = list("CreateKey", "keySpec", "FOO", json!({ "KeySpec": "FOO" }));
    for operation in ["GenerateDataKey", "GenerateDataKeyWithoutPlaintext"] {
        for value in ["FOO", "RSA_2048", "SYMMETRIC_DEFAULT"] {
            let input = json!({ "KeyId": KEY, "KeySpec": value });
            assert_eq!(list(operation, "keySpec", value, input), specs, "{operation} {value}");
        }
    }
    assert!(specs.contains("RSA_2048") && !specs.contains("AES"), "{specs}");
}

#[test]
fn bytes_that_are_missing_violate_a_constraint() {
    let world = World::new();
    let missing = |operation: &str, member: &str, input: Value| {
        let constraint = "failed to satisfy constraint: Member must not be null";
        let text = format!("1 validation error detected: Value {member} {constraint}");
        assert_eq!(said(&world, operation, input), text);
    };
    let (rsa, mac) = ("RSASSA_PSS_SHA_256", "HMAC_SHA_256");
    // Of what is secret not even that it is missing is shown as a value.
    missing("Encrypt", "at 'plaintext'", json!({ "KeyId": KEY }));
    missing("Encrypt", "at 'plaintext'", json!({ "KeyId": KEY, "Plaintext": null }));
    missing("Sign", "at 'message'", json!({ "KeyId": KEY, "SigningAlgorithm": rsa }));
    missing("Verify", "at 'message'", json!({ "KeyId": KEY, "SigningAlgorithm": rsa, "Signature": "QQ==" }));
    missing("GenerateMac", "at 'message'", json!({ "KeyId": KEY, "MacAlgorithm": mac }));
    missing("VerifyMac", "at 'message'", json!({ "KeyId": KEY, "MacAlgorithm": mac, "Mac": "QQ==" }));
    missing(
        "Verify",
        "null at 'signature'",
        json!({ "KeyId": KEY, "SigningAlgorithm": rsa, "Message": "QQ==" }),
    );
    missing("VerifyMac", "null at 'mac'", json!({ "KeyId": KEY, "MacAlgorithm": mac, "Message": "QQ==" }));
    let agree = json!({ "KeyId": KEY, "KeyAgreementAlgorithm": "ECDH" });
    missing("DeriveSharedSecret", "null at 'publicKey'", agree);
}
