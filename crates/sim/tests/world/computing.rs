//! Every kind of key × every algorithm: what is computed, and in which words the rest is refused. The table is AWS's, not
//! the code's. <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>

#![expect(clippy::indexing_slicing, reason = "tests")]

use model::arn::Partition;
use serde_json::{Value, json};
use sim::Stage;

/// A kind of key: spec, usage, and its algorithms in AWS's order.
type Kind = (&'static str, &'static str, &'static [&'static str]);

const OAEP: &[&str] = &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"];
const RSASSA: &[&str] = &[
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
];

const KINDS: &[Kind] = &[
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", &["SYMMETRIC_DEFAULT"]),
    ("RSA_2048", "ENCRYPT_DECRYPT", OAEP),
    ("RSA_3072", "ENCRYPT_DECRYPT", OAEP),
    ("RSA_4096", "ENCRYPT_DECRYPT", OAEP),
    ("RSA_2048", "SIGN_VERIFY", RSASSA),
    ("RSA_3072", "SIGN_VERIFY", RSASSA),
    ("RSA_4096", "SIGN_VERIFY", RSASSA),
    ("ECC_NIST_P256", "SIGN_VERIFY", &["ECDSA_SHA_256"]),
    ("ECC_NIST_P384", "SIGN_VERIFY", &["ECDSA_SHA_384"]),
    ("ECC_NIST_P521", "SIGN_VERIFY", &["ECDSA_SHA_512"]),
    ("ECC_SECG_P256K1", "SIGN_VERIFY", &["ECDSA_SHA_256"]),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", &["ED25519_SHA_512", "ED25519_PH_SHA_512"]),
    ("ECC_NIST_P256", "KEY_AGREEMENT", &["ECDH"]),
    ("ECC_NIST_P384", "KEY_AGREEMENT", &["ECDH"]),
    ("ECC_NIST_P521", "KEY_AGREEMENT", &["ECDH"]),
    ("HMAC_224", "GENERATE_VERIFY_MAC", &["HMAC_SHA_224"]),
    ("HMAC_256", "GENERATE_VERIFY_MAC", &["HMAC_SHA_256"]),
    ("HMAC_384", "GENERATE_VERIFY_MAC", &["HMAC_SHA_384"]),
    ("HMAC_512", "GENERATE_VERIFY_MAC", &["HMAC_SHA_512"]),
    ("ML_DSA_44", "SIGN_VERIFY", &["ML_DSA_SHAKE_256"]),
    ("ML_DSA_65", "SIGN_VERIFY", &["ML_DSA_SHAKE_256"]),
    ("ML_DSA_87", "SIGN_VERIFY", &["ML_DSA_SHAKE_256"]),
    ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE", &["ML_KEM"]),
    ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", &["ML_KEM"]),
    ("ML_KEM_1024", "ENCAPSULATE_DECAPSULATE", &["ML_KEM"]),
    ("SM2", "ENCRYPT_DECRYPT", &["SM2PKE"]),
    ("SM2", "SIGN_VERIFY", &["SM2DSA"]),
    ("SM2", "KEY_AGREEMENT", &["ECDH"]),
];

/// Usages: the list in the metadata, the operation that computes, its parameter, and all algorithms it can be asked for.
const USAGES: &[(&str, &str, &str, &str, &[&str])] = &[
    (
        "ENCRYPT_DECRYPT",
        "EncryptionAlgorithms",
        "Encrypt",
        "EncryptionAlgorithm",
        &["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"],
    ),
    (
        "SIGN_VERIFY",
        "SigningAlgorithms",
        "Sign",
        "SigningAlgorithm",
        &[
            "RSASSA_PSS_SHA_256",
            "RSASSA_PSS_SHA_384",
            "RSASSA_PSS_SHA_512",
            "RSASSA_PKCS1_V1_5_SHA_256",
            "RSASSA_PKCS1_V1_5_SHA_384",
            "RSASSA_PKCS1_V1_5_SHA_512",
            "ECDSA_SHA_256",
            "ECDSA_SHA_384",
            "ECDSA_SHA_512",
            "SM2DSA",
            "ML_DSA_SHAKE_256",
            "ED25519_SHA_512",
            "ED25519_PH_SHA_512",
        ],
    ),
    (
        "GENERATE_VERIFY_MAC",
        "MacAlgorithms",
        "GenerateMac",
        "MacAlgorithm",
        &["HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512"],
    ),
    ("KEY_AGREEMENT", "KeyAgreementAlgorithms", "DeriveSharedSecret", "KeyAgreementAlgorithm", &["ECDH"]),
    (
        "ENCAPSULATE_DECAPSULATE",
        "EncapsulationAlgorithms",
        "Encapsulate",
        "EncapsulationAlgorithm",
        &["ML_KEM"],
    ),
];

/// 64 bytes: a message, and a digest of SHA-512.
const MESSAGE: &str =
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==";
const OTHER: &str =
    "ADEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==";

/// The usual world, and one in China: SM2 is for China alone.
struct Stages {
    usual: Stage,
    china: Stage,
}

impl Stages {
    fn new() -> Self {
        Self { usual: Stage::new(), china: Stage::in_partition(Partition::Cn) }
    }

    /// The one with keys of this spec.
    fn of(&self, spec: &str) -> &Stage {
        if spec == "SM2" { &self.china } else { &self.usual }
    }
}

fn make(stage: &Stage, spec: &str, usage: &str) -> Value {
    let input = json!({ "KeySpec": spec, "KeyUsage": usage });
    stage.kms("CreateKey", input).ok()["KeyMetadata"].clone()
}

/// The input of the operation that computes, for a key.
fn input(operation: &str, key: &str, parameter: &str, algorithm: &str, peer: &str) -> Value {
    let mut input = json!({ "KeyId": key });
    input[parameter] = algorithm.into();
    match operation {
        "Encrypt" => input["Plaintext"] = MESSAGE.into(),
        "DeriveSharedSecret" => input["PublicKey"] = peer.into(),
        "Sign" | "GenerateMac" => input["Message"] = MESSAGE.into(),
        _ => {}
    }
    if algorithm == "ED25519_PH_SHA_512" {
        input["MessageType"] = "DIGEST".into();
    }
    input
}

#[test]
fn every_pair_of_spec_and_usage_is_made_or_refused_in_words() {
    let stages = Stages::new();
    let specs: std::collections::BTreeSet<_> = KINDS.iter().map(|(spec, ..)| *spec).collect();
    for spec in specs {
        for (usage, ..) in USAGES {
            if KINDS.iter().any(|kind| (kind.0, kind.1) == (spec, *usage)) {
                continue;
            }
            let refused = stages.of(spec).kms("CreateKey", json!({ "KeySpec": spec, "KeyUsage": usage }));
            let text = format!("KeyUsage {usage} is not compatible with KeySpec {spec}");
            assert_eq!(refused.refusal(), ("ValidationException", text.as_str()));
        }
    }
    for (spec, usage, elsewhere) in
        [("SM2", "SIGN_VERIFY", &stages.usual), ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", &stages.china)]
    {
        let refused = elsewhere.kms("CreateKey", json!({ "KeySpec": spec, "KeyUsage": usage }));
        assert_eq!(refused.fault(), "ValidationException", "{spec}");
    }
}

#[test]
fn every_kind_of_key_computes_its_algorithms_and_no_others() {
    let stages = Stages::new();
    let peer = make(&stages.usual, "ECC_NIST_P256", "KEY_AGREEMENT")["Arn"].clone();
    let peer = stages.usual.kms("GetPublicKey", json!({ "KeyId": peer })).ok()["PublicKey"].clone();
    for (spec, usage, own) in KINDS {
        let stage = stages.of(spec);
        let metadata = make(stage, spec, usage);
        let arn = metadata["Arn"].as_str().unwrap();
        for (other_usage, list, operation, parameter, algorithms) in USAGES {
            let listed = if usage == other_usage { json!(own) } else { Value::Null };
            assert_eq!(metadata[*list], listed, "{spec} {usage} {list}");
            assert_eq!(metadata["CustomerMasterKeySpec"], json!(spec));
            for algorithm in *algorithms {
                if own.contains(algorithm) {
                    continue;
                }
                let input = input(operation, arn, parameter, algorithm, peer.as_str().unwrap());
                let text = if usage == other_usage {
                    format!("Algorithm {algorithm} is incompatible with key spec {spec}.")
                } else {
                    format!("{arn} key usage is {usage} which is not valid for {operation}.")
                };
                let refused = stage.kms(operation, input);
                assert_eq!(refused.refusal(), ("InvalidKeyUsageException", text.as_str()));
            }
        }
        for algorithm in *own {
            computes(stage, spec, usage, arn, algorithm);
        }
        public_key(stage, spec, usage, arn);
    }
}

/// What a key computes, its counterpart takes, and takes nothing else.
fn computes(stage: &Stage, spec: &str, usage: &str, key: &str, algorithm: &str) {
    let (_, _, operation, parameter, _) = *USAGES.iter().find(|row| row.0 == usage).unwrap();
    let peer = match usage {
        "KEY_AGREEMENT" => make(stage, spec, usage)["Arn"].as_str().unwrap().to_owned(),
        _ => String::new(),
    };
    let public = |key: &str| match usage {
        "KEY_AGREEMENT" => stage.kms("GetPublicKey", json!({ "KeyId": key })).ok()["PublicKey"].clone(),
        _ => Value::Null,
    };
    let theirs = public(&peer);
    let sent = input(operation, key, parameter, algorithm, theirs.as_str().unwrap_or_default());
    let mut dry = sent.clone();
    dry["DryRun"] = true.into();
    assert_eq!(stage.kms(operation, dry).fault(), "DryRunOperationException", "{spec} {operation}");
    let made = stage.kms(operation, sent.clone()).ok();
    assert_eq!((&made["KeyId"], &made[parameter]), (&json!(key), &json!(algorithm)));
    let counterpart = |operation: &str, from: &Value, member: &str, value: &Value| {
        let mut input = from.clone();
        input[member] = value.clone();
        stage.kms(operation, input)
    };
    match operation {
        "Encrypt" => {
            let mut plain = sent;
            plain.as_object_mut().unwrap().remove("Plaintext");
            let opened = counterpart("Decrypt", &plain, "CiphertextBlob", &made["CiphertextBlob"]).ok();
            assert_eq!(opened["Plaintext"], json!(MESSAGE), "{spec} {algorithm}");
            assert_eq!(opened["KeyMaterialId"].is_null(), spec != "SYMMETRIC_DEFAULT");
            let foreign = counterpart("Decrypt", &plain, "CiphertextBlob", &json!(MESSAGE));
            assert_eq!(foreign.refusal(), ("InvalidCiphertextException", ""), "{spec} {algorithm}");
        }
        "Sign" => {
            let verified = counterpart("Verify", &sent, "Signature", &made["Signature"]).ok();
            assert_eq!(verified["SignatureValid"], json!(true));
            let mut other = sent;
            other["Message"] = OTHER.into();
            let refused = counterpart("Verify", &other, "Signature", &made["Signature"]);
            assert_eq!(refused.refusal(), ("KMSInvalidSignatureException", ""), "{spec} {algorithm}");
        }
        "GenerateMac" => {
            assert_eq!(counterpart("VerifyMac", &sent, "Mac", &made["Mac"]).ok()["MacValid"], json!(true));
            let mut other = sent;
            other["Message"] = OTHER.into();
            let refused = counterpart("VerifyMac", &other, "Mac", &made["Mac"]);
            assert_eq!(refused.refusal(), ("KMSInvalidMacException", ""));
        }
        "DeriveSharedSecret" => {
            let back = input(operation, &peer, parameter, algorithm, public(key).as_str().unwrap());
            let theirs = stage.kms(operation, back).ok();
            assert_eq!(theirs["SharedSecret"], made["SharedSecret"], "{spec}");
            assert_eq!(made["KeyOrigin"], json!("AWS_KMS"));
            let junk = input(operation, key, parameter, algorithm, MESSAGE);
            assert_eq!(stage.kms(operation, junk).refusal(), ("ValidationException", ""));
        }
        _ => {
            let blob = &made["SharedSecretCiphertextBlob"];
            let opened = counterpart("Decapsulate", &sent, "SharedSecretCiphertextBlob", blob).ok();
            assert_eq!(opened["SharedSecret"], made["SharedSecret"], "{spec}");
            let short = counterpart("Decapsulate", &sent, "SharedSecretCiphertextBlob", &json!(MESSAGE));
            assert_eq!(short.refusal(), ("InvalidCiphertextException", ""));
        }
    }
}

/// Pairs have a public key; other keys say so without words, unless they are disabled.
fn public_key(stage: &Stage, spec: &str, usage: &str, key: &str) {
    let answer = stage.kms("GetPublicKey", json!({ "KeyId": key }));
    if spec == "SYMMETRIC_DEFAULT" || usage == "GENERATE_VERIFY_MAC" {
        assert_eq!(answer.refusal(), ("UnsupportedOperationException", ""), "{spec}");
    } else {
        let shown = answer.ok();
        assert_eq!((&shown["KeySpec"], &shown["KeyUsage"]), (&json!(spec), &json!(usage)));
        assert!(shown["PublicKey"].is_string(), "{spec}");
    }
    stage.kms("DisableKey", json!({ "KeyId": key })).ok();
    let text = format!("{key} is disabled.");
    let disabled = stage.kms("GetPublicKey", json!({ "KeyId": key }));
    assert_eq!(disabled.refusal(), ("DisabledException", text.as_str()));
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html> does not say which comes first. What other
/// servers measured on AWS does.
#[test]
fn what_a_key_is_for_is_looked_at_before_its_state() {
    let stage = Stage::new();
    let key = stage.value("mac-key");
    stage.kms("DisableKey", json!({ "KeyId": key })).ok();
    let encrypt = stage.kms("Encrypt", json!({ "KeyId": key, "Plaintext": "QQ==" }));
    assert_eq!(encrypt.fault(), "InvalidKeyUsageException");
    let mac = json!({ "KeyId": key, "Message": "QQ==", "MacAlgorithm": "HMAC_SHA_512" });
    assert_eq!(stage.kms("GenerateMac", mac).fault(), "DisabledException");
}

#[test]
fn asymmetric_ciphertexts_name_no_key_and_have_no_context() {
    let stage = Stage::new();
    let key = make(&stage, "RSA_2048", "ENCRYPT_DECRYPT")["Arn"].clone();
    let algorithm = "RSAES_OAEP_SHA_256";
    let encrypt = |plaintext: &str, context: Value| {
        let mut input = json!({ "KeyId": key, "Plaintext": plaintext, "EncryptionAlgorithm": algorithm });
        input["EncryptionContext"] = context;
        stage.kms("Encrypt", input)
    };
    assert_eq!(encrypt(MESSAGE, json!({ "a": "b" })).fault(), "ValidationException");
    let too_long = "AAAA".repeat(64);
    let text =
        "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.";
    assert_eq!(encrypt(&too_long, Value::Null).refusal(), ("ValidationException", text));
    let blob = encrypt(MESSAGE, Value::Null).ok()["CiphertextBlob"].clone();
    let unnamed = json!({ "CiphertextBlob": blob, "EncryptionAlgorithm": algorithm });
    assert_eq!(stage.kms("Decrypt", unnamed).fault(), "ValidationException");
    let by_sha_1 = json!({ "KeyId": key, "CiphertextBlob": blob, "EncryptionAlgorithm": "RSAES_OAEP_SHA_1" });
    assert_eq!(stage.kms("Decrypt", by_sha_1).refusal(), ("InvalidCiphertextException", ""));
    let mac = stage.value("mac-key");
    let by_mac_key = json!({ "KeyId": mac, "CiphertextBlob": blob, "EncryptionAlgorithm": algorithm });
    assert_eq!(stage.kms("Decrypt", by_mac_key).fault(), "IncorrectKeyException");

    let input = json!({
        "CiphertextBlob": blob, "SourceKeyId": key, "SourceEncryptionAlgorithm": algorithm,
        "DestinationKeyId": stage.value("key"),
    });
    let moved = stage.kms("ReEncrypt", input).ok();
    assert!(moved["SourceKeyMaterialId"].is_null() && moved["DestinationKeyMaterialId"].is_string());
    let opened = stage.kms("Decrypt", json!({ "CiphertextBlob": moved["CiphertextBlob"] })).ok();
    assert_eq!(opened["Plaintext"], json!(MESSAGE));
}

#[test]
fn data_key_pairs_come_with_a_blob_of_their_private_key() {
    let stage = Stage::new();
    let key = stage.value("key");
    for spec in [
        "RSA_2048",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_SECG_P256K1",
        "ECC_NIST_EDWARDS25519",
    ] {
        let input = json!({ "KeyId": key, "KeyPairSpec": spec, "EncryptionContext": { "a": "b" } });
        let pair = stage.kms("GenerateDataKeyPair", input.clone()).ok();
        let blob = &pair["PrivateKeyCiphertextBlob"];
        let opened = json!({ "CiphertextBlob": blob, "EncryptionContext": { "a": "b" } });
        assert_eq!(stage.kms("Decrypt", opened).ok()["Plaintext"], pair["PrivateKeyPlaintext"], "{spec}");
        assert!(pair["PublicKey"].is_string() && pair["KeyMaterialId"].is_string(), "{spec}");
        let without = stage.kms("GenerateDataKeyPairWithoutPlaintext", input).ok();
        assert!(without["PrivateKeyPlaintext"].is_null() && without["PublicKey"] != pair["PublicKey"]);
    }
    let rsa = make(&stage, "RSA_2048", "ENCRYPT_DECRYPT")["Arn"].clone();
    let refused = stage.kms("GenerateDataKeyPair", json!({ "KeyId": rsa, "KeyPairSpec": "RSA_2048" }));
    let text = "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.";
    assert_eq!(refused.refusal(), ("InvalidKeyUsageException", text));
    let refused = stage.kms("GenerateDataKeyPair", json!({ "KeyId": key, "KeyPairSpec": "SM2" }));
    assert_eq!(refused.fault(), "ValidationException");
}
