//! Keys that are there from the start.

use std::fmt::Write;

use dev::DevConfig;
use serde_json::{Value, json};

use crate::server::{Server, anybody, config, file};

const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

fn seeded(text: &str) -> Result<Server, String> {
    let (_folder, path) = file(text);
    Server::try_with(&DevConfig { seed: Some(path), ..config() })
}

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

#[test]
fn a_key_is_as_its_seed_says() {
    let server = seeded(&format!(
        "keys:
  - id: {ID}
    account: \"111122223333\"
    region: us-east-1
    description: of the seed
    enabled: false
    aliases: [alias/app, alias/other]
    tags: {{team: pay}}
    policy:
      Version: \"2012-10-17\"
      Statement:
        - {{Effect: Allow, Principal: {{AWS: \"*\"}}, Action: \"kms:*\", Resource: \"*\"}}
"
    ))
    .unwrap();
    let call = |operation: &str, input: Value| server.call(&anybody("111122223333"), operation, &input).ok();
    let metadata = call("DescribeKey", json!({ "KeyId": "alias/app" }))["KeyMetadata"].clone();
    assert_eq!(metadata["Arn"], format!("arn:aws:kms:us-east-1:111122223333:key/{ID}"));
    assert_eq!(
        (&metadata["Description"], &metadata["KeyState"]),
        (&json!("of the seed"), &json!("Disabled"))
    );
    let aliases = call("ListAliases", json!({ "KeyId": ID }));
    assert_eq!(aliases["Aliases"].as_array().unwrap().len(), 2);
    let tags = call("ListResourceTags", json!({ "KeyId": ID }));
    assert_eq!(tags["Tags"], json!([{ "TagKey": "team", "TagValue": "pay" }]));
    let policy = call("GetKeyPolicy", json!({ "KeyId": ID }))["Policy"].clone();
    assert!(policy.as_str().unwrap().contains("\"AWS\":\"*\""), "{policy}");
}

#[test]
fn what_one_server_encrypts_another_with_the_same_seed_decrypts() {
    let text = format!("keys:\n  - id: {ID}\n    material: {}\n", base64(&[7; 32]));
    let (one, other) = (seeded(&text).unwrap(), seeded(&text).unwrap());
    let blob = one.kms("Encrypt", json!({ "KeyId": ID, "Plaintext": "QQ==" })).ok()["CiphertextBlob"].clone();
    assert_eq!(other.kms("Decrypt", json!({ "CiphertextBlob": blob })).ok()["Plaintext"], "QQ==");
    let random = seeded(&format!("keys:\n  - id: {ID}\n")).unwrap();
    assert_eq!(
        random.kms("Decrypt", json!({ "CiphertextBlob": blob })).fault(),
        "InvalidCiphertextException"
    );
}

#[test]
fn hmac_material() {
    // RFC 4231, test case 1, whose key of 20 bytes is too short for AWS: test case 6 has 131 bytes of 0xaa.
    let text = format!("keys:\n  - id: {ID}\n    spec: HMAC_256\n    material: {}\n", base64(&[0xAA; 64]));
    let (one, other) = (seeded(&text).unwrap(), seeded(&text).unwrap());
    let input = json!({ "KeyId": ID, "Message": "aGk=", "MacAlgorithm": "HMAC_SHA_256" });
    let mac = one.kms("GenerateMac", input.clone()).ok()["Mac"].clone();
    let mut input = input;
    input["Mac"] = mac;
    other.kms("VerifyMac", input).ok();
}

#[test]
fn private_keys_of_every_kind_that_is_handed_out() {
    let maker = Server::new();
    let wrapping = maker.kms("CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
    let specs = [
        "RSA_2048",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_SECG_P256K1",
        "ECC_NIST_EDWARDS25519",
    ];
    let (mut text, mut public) = ("keys:\n".to_owned(), Vec::new());
    for (index, spec) in specs.into_iter().enumerate() {
        let pair = maker.kms("GenerateDataKeyPair", json!({ "KeyId": wrapping, "KeyPairSpec": spec })).ok();
        let id = format!("{index:08}-0000-4000-8000-000000000000");
        let _ = writeln!(text, "  - id: {id}\n    spec: {spec}\n    usage: SIGN_VERIFY\n    material: |");
        text.push_str("      -----BEGIN PRIVATE KEY-----\n");
        let key = pair["PrivateKeyPlaintext"].as_str().unwrap();
        for start in (0..key.len()).step_by(64) {
            let _ = writeln!(text, "      {}", &key[start..key.len().min(start + 64)]);
        }
        text.push_str("      -----END PRIVATE KEY-----\n");
        public.push((id, pair["PublicKey"].clone()));
    }
    let server = seeded(&text).unwrap();
    for (id, key) in public {
        assert_eq!(server.kms("GetPublicKey", json!({ "KeyId": id })).ok()["PublicKey"], key, "{id}");
    }
}

#[test]
fn post_quantum_material() {
    let text = format!("keys:\n  - id: {ID}\n    spec: ML_DSA_44\n    material: {}\n", base64(&[3; 32]));
    let key = |server: &Server| server.kms("GetPublicKey", json!({ "KeyId": ID })).ok()["PublicKey"].clone();
    let public = key(&seeded(&text).unwrap());
    assert_eq!(public, key(&seeded(&text).unwrap()));
    assert_ne!(public, key(&seeded(&text.replace("AwMD", "BAQE")).unwrap()));
}

#[test]
fn every_kind_of_key_without_material() {
    let offered: Vec<_> = model::kms::KeySpec::ALL
        .iter()
        .filter(|spec| !spec.as_str().starts_with("RSA_3") && !spec.as_str().starts_with("RSA_4"))
        .collect();
    let mut text = "keys:\n".to_owned();
    for (index, spec) in offered.iter().enumerate() {
        let usage = spec.usages()[0];
        let _ = writeln!(
            text,
            "  - {{id: {index:08}-0000-4000-8000-000000000000, spec: {spec}, usage: {usage}}}"
        );
    }
    let server = seeded(&text).unwrap();
    let listed = server.kms("ListKeys", json!({})).ok();
    assert_eq!(listed["Keys"].as_array().unwrap().len(), offered.len());
}

#[test]
fn a_seed_is_sown_once() {
    let folder = tempfile::tempdir().unwrap();
    let (_folder, seed) = file(&format!("keys:\n  - id: {ID}\n    description: first\n"));
    let config = DevConfig { data_dir: Some(folder.path().join("d")), seed: Some(seed), ..config() };
    let server = Server::with(&config);
    server.kms("UpdateKeyDescription", json!({ "KeyId": ID, "Description": "changed" })).ok();
    drop(server);
    let kept = Server::with(&config).kms("DescribeKey", json!({ "KeyId": ID })).ok();
    assert_eq!(kept["KeyMetadata"]["Description"], "changed");
}

#[test]
fn seeds_that_no_service_takes() {
    for (lines, expected) in [
        ("spec: RSA_2048", "usage"),
        ("spec: ECC_NIST_P256\n    usage: ENCRYPT_DECRYPT", "not compatible"),
        ("material: QUJD", "material"),
        ("spec: RSA_2048\n    usage: SIGN_VERIFY\n    material: QUJD", "material"),
        ("spec: ML_KEM_512\n    material: QUJD", "material"),
        ("policy: \"{}\"", "MalformedPolicyDocumentException"),
        ("aliases: [alias/aws/s3]", "NotAuthorizedException"),
        ("tags: {\"aws:a\": b}", "reserved"),
    ] {
        let error = seeded(&format!("keys:\n  - id: {ID}\n    {lines}\n")).err().unwrap_or_default();
        assert!(error.contains(expected) && error.contains(ID), "{lines}: {error}");
    }
}
