//! What requests say beyond the key: contexts, tags, policies. What is empty is absent, what is too much is refused,
//! and the record has the rest.

use std::collections::BTreeMap;

use audit::{Hexadecimal, Value as Recorded};
use serde_json::{Value, json};

use sim::stage::{AWAY, Stage, text};

fn root(stage: &Stage) -> String {
    format!("arn:aws:iam::{}:root", stage.world.root().account)
}

/// A key policy that lets the account do everything that this statement does not deny.
fn denying(stage: &Stage, statement: &Value) -> String {
    let root =
        json!({ "Effect": "Allow", "Principal": { "AWS": root(stage) }, "Action": "kms:*", "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [root, statement] }).to_string()
}

#[test]
fn what_is_empty_is_absent() {
    let stage = Stage::new();
    let key = stage.key(json!({ "Tags": [] }));
    let rsa = stage.key(json!({ "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT" }));
    let (blob, grantee) = (stage.encrypt(&key), root(&stage));
    for (operation, input) in [
        (
            "Encrypt",
            json!({ "KeyId": rsa, "Plaintext": "YQ==", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256", "EncryptionContext": {}, "GrantTokens": [] }),
        ),
        ("Decrypt", json!({ "CiphertextBlob": blob, "EncryptionContext": {}, "DryRunModifiers": [] })),
        (
            "ReEncrypt",
            json!({ "CiphertextBlob": blob, "DestinationKeyId": rsa, "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "SourceEncryptionContext": {}, "DestinationEncryptionContext": {} }),
        ),
        (
            "CreateGrant",
            json!({ "KeyId": rsa, "GranteePrincipal": grantee, "Operations": ["Encrypt"], "Constraints": {} }),
        ),
        (
            "CreateGrant",
            json!({ "KeyId": rsa, "GranteePrincipal": grantee, "Operations": ["Encrypt"], "Constraints": { "EncryptionContextEquals": {} } }),
        ),
        ("TagResource", json!({ "KeyId": key, "Tags": [] })),
        ("UntagResource", json!({ "KeyId": key, "TagKeys": [] })),
    ] {
        stage.kms(operation, input).ok();
    }
}

#[test]
fn of_two_constraints_an_empty_one_does_not_count() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let kinds = ["EncryptionContextEquals", "EncryptionContextSubset"];
    for (filled, empty) in [(kinds[0], kinds[1]), (kinds[1], kinds[0])] {
        let input = json!({ "KeyId": key, "GranteePrincipal": root(&stage), "Operations": ["Decrypt"],
            "Constraints": { filled: { "app": "web" }, empty: {} } });
        let id = text(&stage.kms("CreateGrant", input).ok(), "/GrantId");
        let listed = stage.kms("ListGrants", json!({ "KeyId": key, "GrantId": id })).ok();
        assert_eq!(listed["Grants"][0]["Constraints"], json!({ filled: { "app": "web" } }));
    }
    let both = json!({ kinds[0]: { "app": "web" }, kinds[1]: { "app": "web" } });
    let input = json!({ "KeyId": key, "GranteePrincipal": root(&stage), "Operations": ["Decrypt"], "Constraints": both });
    assert_eq!(
        stage.kms("CreateGrant", input).refusal(),
        ("ValidationException", "More than one constraint supplied")
    );
}

#[test]
fn a_denial_holds_for_every_name_that_differs_in_case_only() {
    let stage = Stage::new();
    let denied = |action: &str, name: &str| {
        let condition = json!({ "StringEquals": { name: "prod" } });
        let statement = json!({ "Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*", "Condition": condition });
        stage.key(json!({ "Policy": denying(&stage, &statement) }))
    };
    let encrypting = denied("kms:Encrypt", "kms:EncryptionContext:stage");
    let granting = denied("kms:CreateGrant", "kms:EncryptionContext:stage");
    let tagging = denied("kms:TagResource", "aws:RequestTag/stage");
    for (pairs, is_denied) in [
        (json!({ "stage": "test" }), false),
        (json!({ "Stage": "test", "stage": "dev" }), false),
        (json!({ "stage": "prod" }), true),
        (json!({ "STAGE": "prod" }), true),
        (json!({ "Stage": "test", "stage": "prod" }), true),
        (json!({ "Stage": "prod", "stage": "test" }), true),
        (json!({ "STAGE": "a", "Stage": "b", "stage": "prod" }), true),
    ] {
        let tags: Vec<Value> = pairs
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| json!({ "TagKey": key, "TagValue": value }))
            .collect();
        let constraints = json!({ "EncryptionContextSubset": pairs });
        for (operation, input) in [
            ("Encrypt", json!({ "KeyId": encrypting, "Plaintext": "YQ==", "EncryptionContext": pairs })),
            (
                "CreateGrant",
                json!({ "KeyId": granting, "GranteePrincipal": root(&stage), "Operations": ["Encrypt"], "Constraints": constraints }),
            ),
            ("TagResource", json!({ "KeyId": tagging, "Tags": tags })),
        ] {
            let code = stage.kms(operation, input).code;
            assert_eq!(code.as_deref(), is_denied.then_some("AccessDeniedException"), "{operation} {pairs}");
        }
    }
}

#[test]
fn contexts_have_a_limit() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let blob = stage.encrypt(&key);
    // The canonical form has eight bytes, and eight for each key and each value.
    let longest = json!({ "k": "v".repeat(8192 - 8 - 8 - 1 - 8) });
    let too_long = json!({ "k": "v".repeat(8192 - 8 - 8 - 1 - 8 + 1) });
    let many: BTreeMap<String, &str> = (0..1000).map(|number| (number.to_string(), "")).collect();
    stage.kms("Encrypt", json!({ "KeyId": key, "Plaintext": "YQ==", "EncryptionContext": longest })).ok();
    for context in [too_long, json!(many)] {
        for (operation, input) in [
            ("Encrypt", json!({ "KeyId": key, "Plaintext": "YQ==", "EncryptionContext": context })),
            ("Decrypt", json!({ "CiphertextBlob": blob, "EncryptionContext": context })),
            ("GenerateDataKey", json!({ "KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context })),
            (
                "GenerateDataKeyWithoutPlaintext",
                json!({ "KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context }),
            ),
            (
                "GenerateDataKeyPair",
                json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256", "EncryptionContext": context }),
            ),
            (
                "GenerateDataKeyPairWithoutPlaintext",
                json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256", "EncryptionContext": context }),
            ),
            (
                "ReEncrypt",
                json!({ "CiphertextBlob": blob, "DestinationKeyId": key, "SourceEncryptionContext": context }),
            ),
            (
                "ReEncrypt",
                json!({ "CiphertextBlob": blob, "DestinationKeyId": key, "DestinationEncryptionContext": context }),
            ),
        ] {
            let expected = ("ValidationException", "The encryption context exceeds the limit of 8192 bytes.");
            assert_eq!(stage.kms(operation, input).refusal(), expected, "{operation}");
        }
    }
}

#[test]
fn tags_have_the_characters_that_aws_takes() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let tag = |key: &str, value: &str| json!([{ "TagKey": key, "TagValue": value }]);
    let good = tag("Cost Center:team/x", "a+b=c@d.e_f-g \u{e9} \u{65e5}\u{672c} 1");
    stage.kms("TagResource", json!({ "KeyId": key, "Tags": good })).ok();
    for bad in [tag("Owner", "My & My Team"), tag("a&b", "x"), tag("Owner", "<x>"), tag("Owner", "a;b")] {
        for (operation, input) in [
            ("TagResource", json!({ "KeyId": key, "Tags": bad })),
            ("CreateKey", json!({ "Tags": bad })),
            ("ReplicateKey", json!({ "KeyId": key, "ReplicaRegion": AWAY, "Tags": bad })),
        ] {
            assert_eq!(stage.kms(operation, input).fault(), "TagException", "{operation} {bad}");
        }
    }
}

#[test]
fn key_policies_name_nobody_of_another_partition() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let policy = |principal: &str, resource: &str| {
        let statement = json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "kms:*", "Resource": resource });
        denying(&stage, &statement)
    };
    let there = root(&stage).replace("arn:aws:", "arn:aws-cn:");
    for policy in [policy(&there, "*"), policy(&root(&stage), "arn:aws-cn:kms:cn-north-1:111122223333:key/*")]
    {
        for (operation, input) in [
            ("PutKeyPolicy", json!({ "KeyId": key, "Policy": policy })),
            ("CreateKey", json!({ "Policy": policy })),
        ] {
            assert_eq!(stage.kms(operation, input).fault(), "MalformedPolicyDocumentException", "{policy}");
        }
    }
}

/// Makes calls that succeed, and looks into the record of each: the parameters, each once.
fn assert_recorded(stage: &Stage, calls: Vec<(&str, Value, Value)>) {
    for (operation, input, expected) in calls {
        stage.kms(operation, input).ok();
        let records = stage.world.records();
        let record = records.iter().rev().find(|record| record.operation == operation).unwrap();
        let recorded = record.parameters.iter().map(|(name, value)| (name.to_string(), shown(value)));
        assert_eq!(Value::Object(recorded.collect()), expected, "{operation}");
        assert_eq!(record.parameters.len(), expected.as_object().unwrap().len(), "{operation}: each once");
    }
}

#[test]
fn what_is_said_of_an_encryption_is_recorded() {
    let stage = Stage::new();
    let (key, other) = (stage.key(json!({})), stage.key(json!({})));
    let context = json!({ "app": "web" });
    let sealed = json!({ "KeyId": key, "Plaintext": "YQ==", "EncryptionContext": context });
    let blob = text(&stage.kms("Encrypt", sealed).ok(), "/CiphertextBlob");
    let onto = json!({ "CiphertextBlob": blob, "SourceKeyId": key, "DestinationKeyId": other,
        "SourceEncryptionContext": context, "DestinationEncryptionContext": { "app": "db" } });
    let recorded_onto = json!({ "sourceKeyId": key, "destinationKeyId": other, "sourceEncryptionContext": context,
        "destinationEncryptionContext": { "app": "db" }, "sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT" });
    let calls = vec![
        (
            "Decrypt",
            json!({ "CiphertextBlob": blob, "EncryptionContext": context }),
            json!({ "encryptionAlgorithm": "SYMMETRIC_DEFAULT", "encryptionContext": context }),
        ),
        ("ReEncrypt", onto, recorded_onto),
        (
            "GenerateDataKey",
            json!({ "KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context }),
            json!({ "keySpec": "AES_256", "encryptionContext": context, "keyId": key }),
        ),
        (
            "GenerateDataKeyWithoutPlaintext",
            json!({ "KeyId": key, "NumberOfBytes": 24 }),
            json!({ "numberOfBytes": 24, "keyId": key }),
        ),
        (
            "GenerateDataKeyPair",
            json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256", "EncryptionContext": context }),
            json!({ "keyPairSpec": "ECC_NIST_P256", "encryptionContext": context, "keyId": key }),
        ),
    ];
    assert_recorded(&stage, calls);
}

#[test]
fn what_is_said_of_a_key_is_recorded() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let policy = denying(
        &stage,
        &json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:Sign", "Resource": "*" }),
    );
    let tags = json!([{ "TagKey": "team", "TagValue": "pay" }]);
    let recorded_tags = json!([{ "tagKey": "team", "tagValue": "pay" }]);
    let made = json!({ "Description": "pay", "KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256", "MultiRegion": true,
        "Policy": policy, "BypassPolicyLockoutSafetyCheck": false, "Tags": tags });
    let recorded_made = json!({ "description": "pay", "keyUsage": "SIGN_VERIFY", "keySpec": "ECC_NIST_P256",
        "multiRegion": true, "policy": policy, "bypassPolicyLockoutSafetyCheck": false, "tags": recorded_tags });
    let calls = vec![
        ("CreateKey", made, recorded_made),
        (
            "PutKeyPolicy",
            json!({ "KeyId": key, "PolicyName": "default", "Policy": policy, "BypassPolicyLockoutSafetyCheck": true }),
            json!({ "policyName": "default", "policy": policy, "bypassPolicyLockoutSafetyCheck": true, "keyId": key }),
        ),
        (
            "TagResource",
            json!({ "KeyId": key, "Tags": tags }),
            json!({ "tags": recorded_tags, "keyId": key }),
        ),
        (
            "UntagResource",
            json!({ "KeyId": key, "TagKeys": ["team"] }),
            json!({ "tagKeys": ["team"], "keyId": key }),
        ),
        (
            "UpdateKeyDescription",
            json!({ "KeyId": key, "Description": "new" }),
            json!({ "description": "new", "keyId": key }),
        ),
        (
            "EnableKeyRotation",
            json!({ "KeyId": key, "RotationPeriodInDays": 90 }),
            json!({ "rotationPeriodInDays": 90, "keyId": key }),
        ),
        (
            "ScheduleKeyDeletion",
            json!({ "KeyId": key, "PendingWindowInDays": 9 }),
            json!({ "pendingWindowInDays": 9, "keyId": key }),
        ),
    ];
    assert_recorded(&stage, calls);
}

#[test]
fn the_key_of_an_alias_is_recorded_as_what_it_is() {
    let stage = Stage::new();
    let (key, other) = (stage.key(json!({})), stage.key(json!({})));
    let calls = vec![
        (
            "CreateAlias",
            json!({ "AliasName": "alias/a", "TargetKeyId": key }),
            json!({ "aliasName": "alias/a", "targetKeyId": key }),
        ),
        (
            "UpdateAlias",
            json!({ "AliasName": "alias/a", "TargetKeyId": other }),
            json!({ "aliasName": "alias/a", "targetKeyId": other }),
        ),
        ("DeleteAlias", json!({ "AliasName": "alias/a" }), json!({ "aliasName": "alias/a" })),
    ];
    assert_recorded(&stage, calls);
}

#[test]
fn what_a_refused_request_says_is_recorded_too() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let input = json!({ "KeyId": key, "Policy": "{}", "BypassPolicyLockoutSafetyCheck": true });
    assert_eq!(stage.kms("PutKeyPolicy", input).fault(), "MalformedPolicyDocumentException");
    let records = stage.world.records();
    let parameters = &records.last().unwrap().parameters;
    let policy = parameters.iter().find(|(name, _)| name == "policy").map(|(_, value)| shown(value));
    assert_eq!(policy, Some(json!("{}")));
}

fn shown(value: &Recorded<'_>) -> Value {
    match value {
        Recorded::Text(text) => json!(**text),
        Recorded::Integer(integer) => json!(integer),
        Recorded::Flag(flag) => json!(flag),
        Recorded::Bytes(bytes) => json!(Hexadecimal(bytes).to_string()),
        Recorded::List(values) => values.iter().map(shown).collect(),
        Recorded::Members(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.to_string(), shown(value))).collect())
        }
    }
}

#[test]
fn an_id_may_be_written_in_capitals() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let (start, id) = key.rsplit_once('/').unwrap();
    let capitals = id.to_uppercase();
    for sent in [capitals.clone(), format!("{start}/{capitals}")] {
        let described = stage.kms("DescribeKey", json!({ "KeyId": sent })).ok();
        assert_eq!(described["KeyMetadata"]["Arn"], json!(key), "{sent}");
    }
    let family = stage.key(json!({ "MultiRegion": true }));
    let capitals = family.rsplit_once('/').unwrap().1.to_uppercase();
    let text = format!("Invalid keyId '{capitals}'");
    assert_eq!(
        stage.kms("DescribeKey", json!({ "KeyId": capitals })).refusal(),
        ("NotFoundException", text.as_str())
    );
}

#[test]
fn a_ciphertext_is_missed_unless_it_is_to_be_ignored() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let missing = "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must \
                   not be null";
    for input in [
        json!({}),
        json!({ "KeyId": key, "SourceKeyId": key }),
        json!({ "KeyId": key, "SourceKeyId": key, "DryRun": true }),
        json!({ "KeyId": key, "SourceKeyId": key, "DryRun": true, "DryRunModifiers": [] }),
    ] {
        assert_eq!(
            stage.kms("Decrypt", input.clone()).refusal(),
            ("ValidationException", missing),
            "{input}"
        );
        let mut onto = input.clone();
        onto["DestinationKeyId"] = json!(key);
        assert_eq!(stage.kms("ReEncrypt", onto).refusal(), ("ValidationException", missing), "{input}");
    }
    let ignored = json!({ "KeyId": key, "DryRun": true, "DryRunModifiers": ["IGNORE_CIPHERTEXT"] });
    assert_eq!(stage.kms("Decrypt", ignored).fault(), "DryRunOperationException");
}

#[test]
fn what_a_key_pair_does_not_do() {
    let stage = Stage::new();
    let rsa = stage.key(json!({ "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT" }));
    for operation in ["GenerateDataKey", "GenerateDataKeyWithoutPlaintext"] {
        let answer = stage.kms(operation, json!({ "KeyId": rsa, "KeySpec": "AES_256" }));
        let text = "You cannot generate a data key with an asymmetric CMK";
        assert_eq!(answer.refusal(), ("InvalidKeyUsageException", text), "{operation}");
    }
    for (spec, algorithm, kind, what) in [
        ("ML_DSA_44", "ML_DSA_SHAKE_256", "DIGEST", "key spec ML_DSA_44"),
        ("ML_DSA_87", "ML_DSA_SHAKE_256", "DIGEST", "key spec ML_DSA_87"),
        ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "DIGEST", "algorithm ED25519_SHA_512"),
        ("ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512", "RAW", "algorithm ED25519_PH_SHA_512"),
        ("ECC_NIST_P256", "ECDSA_SHA_256", "EXTERNAL_MU", "algorithm ECDSA_SHA_256"),
    ] {
        let key = stage.key(json!({ "KeySpec": spec, "KeyUsage": "SIGN_VERIFY" }));
        let input = json!({ "KeyId": key, "Message": "YQ==", "MessageType": kind, "SigningAlgorithm": algorithm, "Signature": "YQ==" });
        let text = format!("Message type {kind} is incompatible with {what}.");
        for operation in ["Sign", "Verify"] {
            assert_eq!(stage.kms(operation, input.clone()).refusal(), ("ValidationException", text.as_str()));
        }
    }
}

#[test]
fn the_usage_comes_before_the_state_and_the_state_before_the_kind() {
    let stage = Stage::new();
    let mac = stage.key(json!({ "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" }));
    let rsa = stage.key(json!({ "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT" }));
    for key in [&mac, &rsa] {
        stage.kms("DisableKey", json!({ "KeyId": key })).ok();
    }
    assert_eq!(
        stage.kms("Encrypt", json!({ "KeyId": mac, "Plaintext": "YQ==" })).fault(),
        "InvalidKeyUsageException"
    );
    assert_eq!(
        stage.kms("Encrypt", json!({ "KeyId": rsa, "Plaintext": "YQ==" })).fault(),
        "DisabledException"
    );
    let data_key = json!({ "KeyId": rsa, "KeySpec": "AES_256" });
    assert_eq!(stage.kms("GenerateDataKey", data_key).fault(), "DisabledException");
}

#[test]
fn rotations_are_listed_with_the_arn_of_their_key() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    stage.kms("RotateKeyOnDemand", json!({ "KeyId": key })).ok();
    let listed = stage.kms("ListKeyRotations", json!({ "KeyId": key.rsplit('/').next() })).ok();
    assert_eq!(listed["Rotations"][0]["KeyId"], json!(key));
}

/// Decisions about what AWS does not document: docs/divergences.md has the reasons.
#[test]
fn what_is_not_documented_is_decided() {
    let stage = Stage::new();
    let rsa = stage.key(json!({ "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT" }));
    let input = json!({ "KeyId": rsa, "Plaintext": "YQ==", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" });
    let blob = text(&stage.kms("Encrypt", input).ok(), "/CiphertextBlob");
    // Without an algorithm it is the symmetric one, whose ciphertexts are blobs.
    let answer = stage.kms("Decrypt", json!({ "KeyId": rsa, "CiphertextBlob": blob }));
    assert_eq!(answer.fault(), "InvalidCiphertextException");
    let spaced = format!("{}\n{}", &blob[..64], &blob[64..]);
    let input =
        json!({ "KeyId": rsa, "CiphertextBlob": spaced, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" });
    assert_eq!(stage.kms("Decrypt", input).fault(), "SerializationException");
}
