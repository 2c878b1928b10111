//! What calls leave behind, as the accounts concerned are shown it: the members that CloudTrail's examples have.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/understanding-kms-entries.html>

mod families;
mod identities;

use audit::EventKind;
use serde_json::{Value as Json, json};
use sim::{
    Answer, Stage,
    stage::{ACCOUNT, AWAY, HOME, id, text},
};

/// The event of an answered call, as the caller's account is shown it.
#[track_caller]
fn event(stage: &Stage, answer: &Answer) -> Json {
    let record = stage.record_of(answer);
    let events = trail::events(&record);
    serde_json::from_str(&events.first().unwrap().to_json().unwrap()).unwrap()
}

/// The members of an event that tell operations apart.
fn told(event: &Json) -> Json {
    let mut told = serde_json::Map::new();
    for member in ["requestParameters", "responseElements", "additionalEventData", "readOnly", "resources"] {
        if let Some(value) = event.get(member) {
            told.insert(member.to_owned(), value.clone());
        }
    }
    told.into()
}

/// A call of KMS by the root user, and what its event must tell.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
fn shows(stage: &Stage, operation: &str, input: Json, expected: Json) {
    let answer = stage.kms(operation, input);
    assert_eq!(answer.code, None, "{operation}: {answer:?}");
    assert_eq!(told(&event(stage, &answer)), expected, "{operation}");
}

/// The same for an operation that only reads: request, what is additional, resources.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
fn reads(stage: &Stage, operation: &str, input: Json, request: Json, additional: Json, resources: &[&str]) {
    let mut expected = json!({
        "requestParameters": request, "responseElements": null, "readOnly": true, "resources": keys(resources),
    });
    if !additional.is_null() {
        expected.as_object_mut().unwrap().insert("additionalEventData".to_owned(), additional);
    }
    shows(stage, operation, input, expected);
}

/// The same for a change of a key, whose event shows the request as it was sent, and the key's ARN.
#[track_caller]
fn changes(stage: &Stage, operation: &str, input: &Json, key: &str) {
    let mut request = json!({});
    for (member, value) in input.as_object().unwrap() {
        request.as_object_mut().unwrap().insert(crate::shapes::called(member), small(value));
    }
    let expected = json!({
        "requestParameters": request, "responseElements": { "keyId": key }, "readOnly": false,
        "resources": keys(&[key]),
    });
    shows(stage, operation, input.clone(), expected);
}

/// A value with the names in it as CloudTrail writes them.
fn small(value: &Json) -> Json {
    match value {
        Json::Array(items) => items.iter().map(small).collect(),
        Json::Object(members) => {
            members.iter().map(|(name, value)| (crate::shapes::called(name), small(value))).collect()
        }
        _ => value.clone(),
    }
}

fn keys(arns: &[&str]) -> Json {
    arns.iter().map(|arn| json!({ "accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": arn })).collect()
}

fn material(stage: &Stage, key: &str) -> String {
    text(&stage.metadata(key), "/CurrentKeyMaterialId")
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-encrypt.html>
#[test]
fn an_event_has_cloudtrails_members_and_no_others() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let input = json!({ "KeyId": key, "Plaintext": "aGVsbG8=", "EncryptionContext": { "Department": "Engineering" } });
    let mut event = event(&stage, &stage.kms("Encrypt", input));
    let mut taken = |member: &str| event.as_object_mut().unwrap().remove(member).unwrap();
    let (event_id, request_id) = (taken("eventID"), taken("requestID"));
    assert_ne!(event_id, request_id);
    assert_eq!(taken("eventTime"), json!(stage.world.now().to_iso8601()));
    assert_eq!(taken("userIdentity")["arn"], json!(format!("arn:aws:iam::{ACCOUNT}:root")));
    let expected = json!({
        "eventVersion": "1.11",
        "eventSource": "kms.amazonaws.com",
        "eventName": "Encrypt",
        "awsRegion": HOME,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": null,
        "requestParameters": {
            "keyId": key,
            "encryptionContext": { "Department": "Engineering" },
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
        },
        "responseElements": null,
        "additionalEventData": { "keyMaterialId": material(&stage, &key) },
        "readOnly": true,
        "resources": [{ "accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key }],
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    });
    assert_eq!(event, expected);
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html> and those beside it
#[test]
fn symmetric_operations_name_their_material() {
    let stage = Stage::new();
    let (key, other) = (stage.key(json!({})), stage.key(json!({})));
    let (named, other_named) = (material(&stage, &key), material(&stage, &other));
    let context = json!({ "Project": "Alpha" });
    let of_key = json!({ "keyMaterialId": named });
    let encrypt = json!({ "KeyId": key, "Plaintext": "aGVsbG8=", "EncryptionContext": context });
    let blob = text(&stage.kms("Encrypt", encrypt).ok(), "/CiphertextBlob");
    reads(
        &stage,
        "Decrypt",
        json!({ "CiphertextBlob": blob, "EncryptionContext": context }),
        json!({ "encryptionContext": context, "encryptionAlgorithm": "SYMMETRIC_DEFAULT" }),
        of_key.clone(),
        &[&key],
    );
    reads(
        &stage,
        "ReEncrypt",
        json!({
            "CiphertextBlob": blob, "SourceEncryptionContext": context, "DestinationKeyId": id(&other),
            "DestinationEncryptionContext": { "Level": "3A" },
        }),
        json!({
            "sourceEncryptionContext": context, "sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "destinationEncryptionContext": { "Level": "3A" },
            "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT", "destinationKeyId": id(&other),
        }),
        json!({ "sourceKeyMaterialId": named, "destinationKeyMaterialId": other_named }),
        &[&key, &other],
    );
    for operation in ["GenerateDataKey", "GenerateDataKeyWithoutPlaintext"] {
        let input = json!({ "KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context });
        let request = json!({ "keyId": key, "keySpec": "AES_256", "encryptionContext": context });
        reads(&stage, operation, input, request, of_key.clone(), &[&key]);
    }
    for operation in ["GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"] {
        let input = json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256" });
        let request = json!({ "keyId": key, "keyPairSpec": "ECC_NIST_P256" });
        reads(&stage, operation, input, request, of_key.clone(), &[&key]);
    }
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-sign.html> and those beside it
#[test]
fn other_operations_name_their_algorithms() {
    let stage = Stage::new();
    let (sign, mac, agree) = (stage.value("sign-key"), stage.value("mac-key"), stage.value("agree-key"));
    let nothing = Json::Null;
    let input = json!({
        "KeyId": sign, "Message": "aGVsbG8=", "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256",
    });
    let request = json!({ "keyId": sign, "messageType": "RAW", "signingAlgorithm": "ECDSA_SHA_256" });
    reads(&stage, "Sign", input, request.clone(), nothing.clone(), &[&sign]);
    let input = json!({
        "KeyId": sign, "Message": "aGVsbG8=", "SigningAlgorithm": "ECDSA_SHA_256", "MessageType": "RAW",
        "Signature": stage.value("signature"),
    });
    reads(&stage, "Verify", input, request, nothing.clone(), &[&sign]);
    let request = json!({ "keyId": mac, "macAlgorithm": "HMAC_SHA_256" });
    let input = json!({ "KeyId": mac, "Message": "aGVsbG8=", "MacAlgorithm": "HMAC_SHA_256" });
    reads(&stage, "GenerateMac", input, request.clone(), nothing.clone(), &[&mac]);
    let input = json!({
        "KeyId": mac, "Message": "aGVsbG8=", "MacAlgorithm": "HMAC_SHA_256", "Mac": stage.value("mac"),
    });
    reads(&stage, "VerifyMac", input, request, nothing.clone(), &[&mac]);
    let input = json!({
        "KeyId": agree, "KeyAgreementAlgorithm": "ECDH", "PublicKey": stage.value("peer-public-key"),
    });
    let request = json!({ "keyId": agree, "keyAgreementAlgorithm": "ECDH" });
    reads(&stage, "DeriveSharedSecret", input, request, nothing.clone(), &[&agree]);
    reads(
        &stage,
        "GetPublicKey",
        json!({ "KeyId": sign }),
        json!({ "keyId": sign }),
        nothing.clone(),
        &[&sign],
    );
    reads(&stage, "GenerateRandom", json!({ "NumberOfBytes": 8 }), nothing.clone(), nothing, &[]);
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-createkey.html>
#[test]
fn a_new_key_is_shown_whole() {
    let stage = Stage::new();
    let tags = json!([{ "TagKey": "team", "TagValue": "pay" }]);
    let input =
        json!({ "Description": "d", "KeySpec": "SYMMETRIC_DEFAULT", "Tags": tags, "MultiRegion": false });
    let answer = stage.kms("CreateKey", input);
    let key = text(&answer.ok(), "/KeyMetadata/Arn");
    let expected = json!({
        "requestParameters": {
            "description": "d", "keySpec": "SYMMETRIC_DEFAULT", "multiRegion": false,
            "tags": [{ "tagKey": "team", "tagValue": "pay" }],
        },
        "responseElements": { "keyMetadata": {
            "aWSAccountId": ACCOUNT,
            "keyId": id(&key),
            "arn": key,
            "creationDate": stage.world.now().to_english(),
            "enabled": true,
            "description": "d",
            "keyUsage": "ENCRYPT_DECRYPT",
            "keyState": "Enabled",
            "origin": "AWS_KMS",
            "keyManager": "CUSTOMER",
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "keySpec": "SYMMETRIC_DEFAULT",
            "encryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "multiRegion": false,
            "currentKeyMaterialId": material(&stage, &key),
        } },
        "readOnly": false,
        "resources": keys(&[&key]),
    });
    assert_eq!(told(&event(&stage, &answer)), expected);
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-disablekey.html> and those beside it
#[test]
fn changes_of_keys_show_the_request_and_answer_with_the_key() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let tags = json!([{ "TagKey": "team", "TagValue": "pay" }]);
    let policy = text(&stage.kms("GetKeyPolicy", json!({ "KeyId": key })).ok(), "/Policy");
    for (operation, input) in [
        ("DisableKey", json!({ "KeyId": id(&key) })),
        ("EnableKey", json!({ "KeyId": key })),
        ("EnableKeyRotation", json!({ "KeyId": key, "RotationPeriodInDays": 100 })),
        ("DisableKeyRotation", json!({ "KeyId": key })),
        ("TagResource", json!({ "KeyId": key, "Tags": tags })),
        ("UntagResource", json!({ "KeyId": key, "TagKeys": ["team"] })),
        ("UpdateKeyDescription", json!({ "KeyId": key, "Description": "new" })),
        ("PutKeyPolicy", json!({ "KeyId": key, "PolicyName": "default", "Policy": policy })),
        ("RotateKeyOnDemand", json!({ "KeyId": key })),
    ] {
        changes(&stage, operation, &input, &key);
    }
    let due = stage.world.now().plus_days(7);
    let expected = json!({
        "requestParameters": { "keyId": key, "pendingWindowInDays": 7 },
        "responseElements": {
            "keyId": key, "keyState": "PendingDeletion", "deletionDate": due.to_english(), "pendingWindowInDays": 7,
        },
        "readOnly": false,
        "resources": keys(&[&key]),
    });
    shows(&stage, "ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 }), expected);
    changes(&stage, "CancelKeyDeletion", &json!({ "KeyId": key }), &key);
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-createalias.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-updatealias.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-deletealias.html>
#[test]
fn aliases_are_shown_with_their_keys() {
    let stage = Stage::new();
    let (key, other) = (stage.key(json!({})), stage.key(json!({})));
    let alias = format!("arn:aws:kms:{HOME}:{ACCOUNT}:alias/app");
    let told = |request: Json, key: &str, resources: &[&str]| {
        json!({
            "requestParameters": request, "responseElements": { "keyId": key }, "readOnly": false,
            "resources": keys(resources),
        })
    };
    let input = json!({ "AliasName": "alias/app", "TargetKeyId": key });
    let request = json!({ "aliasName": "alias/app", "targetKeyId": key });
    shows(&stage, "CreateAlias", input, told(request, &key, &[&alias, &key]));
    let input = json!({ "AliasName": "alias/app", "TargetKeyId": other });
    let request = json!({ "aliasName": "alias/app", "targetKeyId": other });
    shows(&stage, "UpdateAlias", input, told(request, &other, &[&alias, &key, &other]));
    let request = json!({ "aliasName": "alias/app" });
    shows(
        &stage,
        "DeleteAlias",
        json!({ "AliasName": "alias/app" }),
        told(request, &other, &[&alias, &other]),
    );
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-creategrant.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-retire-grant.html>
#[test]
fn grants_are_shown_without_their_tokens() {
    let stage = Stage::new();
    let (key, root) = (stage.key(json!({})), stage.value("root"));
    let answer = stage.kms(
        "CreateGrant",
        json!({
            "KeyId": key, "GranteePrincipal": root, "RetiringPrincipal": root, "Operations": ["Decrypt", "Encrypt"],
            "Constraints": { "EncryptionContextSubset": { "Project": "Alpha" } }, "Name": "n",
        }),
    );
    let grant = text(&answer.ok(), "/GrantId");
    let expected = json!({
        "requestParameters": {
            "keyId": key, "granteePrincipal": root, "retiringPrincipal": root, "operations": ["Decrypt", "Encrypt"],
            "constraints": { "encryptionContextSubset": { "Project": "Alpha" } }, "name": "n",
        },
        "responseElements": { "grantId": grant, "keyId": key },
        "readOnly": false,
        "resources": keys(&[&key]),
    });
    assert_eq!(told(&event(&stage, &answer)), expected);
    let listed = json!({ "keyId": key, "limit": 5 });
    reads(&stage, "ListGrants", json!({ "KeyId": key, "Limit": 5 }), listed, Json::Null, &[&key]);
    let (input, listed) = (json!({ "RetiringPrincipal": root }), json!({ "retiringPrincipal": root }));
    reads(&stage, "ListRetirableGrants", input, listed, Json::Null, &[]);
    let expected = json!({
        "requestParameters": null, "responseElements": { "keyId": key }, "readOnly": false,
        "additionalEventData": { "grantId": grant }, "resources": keys(&[&key]),
    });
    shows(&stage, "RetireGrant", json!({ "KeyId": key, "GrantId": grant }), expected);
    let input = json!({ "KeyId": key, "GranteePrincipal": root, "Operations": ["Decrypt"] });
    let grant = text(&stage.kms("CreateGrant", input).ok(), "/GrantId");
    changes(&stage, "RevokeGrant", &json!({ "KeyId": key, "GrantId": grant }), &key);
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-listkeys.html> and those beside it
#[test]
fn listings_show_which_page_is_asked_for() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    for operation in ["ListKeys", "ListAliases"] {
        reads(&stage, operation, json!({ "Limit": 9 }), json!({ "limit": 9 }), Json::Null, &[]);
        reads(&stage, operation, json!({}), Json::Null, Json::Null, &[]);
    }
    for operation in ["ListKeyPolicies", "ListResourceTags", "ListKeyRotations"] {
        let request = json!({ "keyId": key, "limit": 9 });
        reads(&stage, operation, json!({ "KeyId": key, "Limit": 9 }), request, Json::Null, &[&key]);
    }
    for operation in ["DescribeKey", "GetKeyRotationStatus", "GetKeyLastUsage"] {
        reads(&stage, operation, json!({ "KeyId": key }), json!({ "keyId": key }), Json::Null, &[&key]);
    }
    let request = json!({ "keyId": key, "policyName": "default" });
    let input = json!({ "KeyId": key, "PolicyName": "default" });
    reads(&stage, "GetKeyPolicy", input, request, Json::Null, &[&key]);
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-importkeymaterial.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-deleteimportedkeymaterial.html>
#[test]
fn imported_material_is_named() {
    let stage = Stage::new();
    let key = stage.value("external-key");
    let input = json!({
        "KeyId": key, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048",
    });
    let request = json!({
        "keyId": key, "wrappingAlgorithm": "RSAES_OAEP_SHA_256", "wrappingKeySpec": "RSA_2048",
    });
    reads(&stage, "GetParametersForImport", input, request, Json::Null, &[&key]);
    let valid_to = stage.world.now().plus_days(3);
    let answer = stage.kms(
        "ImportKeyMaterial",
        json!({
            "KeyId": key, "ImportToken": stage.value("import-token"),
            "EncryptedKeyMaterial": stage.value("wrapped-material"), "ExpirationModel": "KEY_MATERIAL_EXPIRES",
            "ValidTo": valid_to.as_seconds(), "KeyMaterialDescription": "ours",
        }),
    );
    let named = text(&answer.ok(), "/KeyMaterialId");
    let expected = json!({
        "requestParameters": {
            "keyId": key, "expirationModel": "KEY_MATERIAL_EXPIRES", "keyMaterialDescription": "ours",
            "validTo": model::Timestamp::from_millis(valid_to.as_seconds() * 1000).to_english(),
        },
        "responseElements": { "keyId": key, "keyMaterialId": named },
        "readOnly": false,
        "resources": keys(&[&key]),
    });
    assert_eq!(told(&event(&stage, &answer)), expected);
    let expected = json!({
        "requestParameters": { "keyId": key }, "responseElements": { "keyId": key, "keyMaterialId": named },
        "readOnly": false, "resources": keys(&[&key]),
    });
    shows(&stage, "DeleteImportedKeyMaterial", json!({ "KeyId": key }), expected);
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-replicate-key.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-update-primary-region.html>
#[test]
fn families_are_shown_with_both_keys() {
    let stage = Stage::new();
    let key = stage.key(json!({ "MultiRegion": true }));
    let input = json!({ "KeyId": key, "ReplicaRegion": AWAY, "Description": "there" });
    let answer = stage.kms("ReplicateKey", input);
    let replica = text(&answer.ok(), "/ReplicaKeyMetadata/Arn");
    let event = event(&stage, &answer);
    let request = json!({ "keyId": key, "replicaRegion": AWAY, "description": "there" });
    assert_eq!(event["requestParameters"], request);
    let response = &event["responseElements"];
    assert_eq!(response["replicaPolicy"], answer.ok()["ReplicaPolicy"]);
    assert_eq!(response["replicaKeyMetadata"]["arn"], json!(replica));
    assert_eq!(response["replicaKeyMetadata"]["multiRegionConfiguration"]["primaryKey"]["arn"], json!(key));
    assert_eq!(event["resources"], keys(&[&key, &replica]));
    let expected = json!({
        "requestParameters": { "keyId": key, "primaryRegion": AWAY }, "responseElements": { "keyId": key },
        "readOnly": false, "resources": keys(&[&key, &replica]),
    });
    shows(&stage, "UpdatePrimaryRegion", json!({ "KeyId": key, "PrimaryRegion": AWAY }), expected);
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html>
#[test]
fn a_dry_run_and_a_denial_show_the_request() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let answer = stage.kms("Encrypt", json!({ "KeyId": key, "Plaintext": "aGVsbG8=", "DryRun": true }));
    let event = event(&stage, &answer);
    assert_eq!(event["errorCode"], "DryRunOperationException");
    assert_eq!(event["errorMessage"], "The request would have succeeded, but the DryRun option is set.");
    let request = json!({ "keyId": key, "dryRun": true, "encryptionAlgorithm": "SYMMETRIC_DEFAULT" });
    assert_eq!(event["requestParameters"], request);
    assert_eq!((&event["responseElements"], event.get("additionalEventData")), (&Json::Null, None));

    let alice = stage.user("alice");
    let answer =
        stage.kms_as(&alice, "ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 9 }));
    let event = crate::events::event(&stage, &answer);
    assert_eq!(event["errorCode"], "AccessDenied");
    assert_eq!(event["requestParameters"], json!({ "keyId": key, "pendingWindowInDays": 9 }));
    assert_eq!(event["responseElements"], Json::Null);
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-rotatekey.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-deletekey.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-deleteexpiredkeymaterial.html>
#[test]
fn what_happens_by_itself_has_its_details() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let before = material(&stage, &key);
    stage.kms("RotateKeyOnDemand", json!({ "KeyId": key })).ok();
    let after = material(&stage, &key);
    let expiring = stage.value("external-key");
    let input = json!({
        "KeyId": expiring, "ImportToken": stage.value("import-token"),
        "EncryptedKeyMaterial": stage.value("wrapped-material"), "ExpirationModel": "KEY_MATERIAL_EXPIRES",
        "ValidTo": stage.world.now().plus_days(1).as_seconds(),
    });
    let imported = text(&stage.kms("ImportKeyMaterial", input).ok(), "/KeyMaterialId");
    stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 })).ok();
    stage.world.clock().advance_days(8);
    stage.world.tick().unwrap();
    let records = stage.world.records();
    let details = |name: &str| {
        let is_it =
            |record: &&audit::Record<'_>| record.kind == EventKind::ServiceEvent && record.operation == name;
        let record = records.iter().find(is_it).unwrap();
        let events = trail::events(record);
        let event: Json = serde_json::from_str(&events.first().unwrap().to_json().unwrap()).unwrap();
        assert_eq!(event["eventType"], "AwsServiceEvent");
        assert_eq!((&event["requestParameters"], &event["responseElements"]), (&Json::Null, &Json::Null));
        assert_eq!(event["userIdentity"], json!({ "accountId": ACCOUNT, "invokedBy": "AWS Internal" }));
        event["serviceEventDetails"].clone()
    };
    let expected = json!({
        "keyId": id(&key), "rotationType": "ON_DEMAND", "keyOrigin": "AWS_KMS",
        "previousKeyMaterialId": before, "currentKeyMaterialId": after,
    });
    assert_eq!(details("RotateKey"), expected);
    assert_eq!(details("DeleteKey"), json!({ "keyId": id(&key) }));
    let expected = json!({ "keyId": id(&expiring), "keyMaterialId": imported });
    assert_eq!(details("DeleteExpiredKeyMaterial"), expected);
}
