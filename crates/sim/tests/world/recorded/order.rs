//! The order of the checks.

use serde_json::json;

findings! {
    39 r39_the_wrong_usage_comes_before_the_algorithm(stage) {
        let key = stage.value("sign-key");
        let text = format!("{key} key usage is SIGN_VERIFY which is not valid for Encrypt.");
        let answer = stage.kms("Encrypt", json!({ "KeyId": key, "Plaintext": "QQ==" }));
        assert_eq!(answer.refusal(), ("InvalidKeyUsageException", text.as_str()));
        let key = stage.value("key");
        let text = format!("{key} key usage is ENCRYPT_DECRYPT which is not valid for Verify.");
        let input =
            json!({ "KeyId": key, "Message": "QQ==", "Signature": "QQ==", "SigningAlgorithm": "ECDSA_SHA_256" });
        assert_eq!(stage.kms("Verify", input).refusal(), ("InvalidKeyUsageException", text.as_str()));
    }

    40 r40_a_named_key_that_did_not_make_the_blob(stage) {
        let blob = stage.value("ciphertext");
        let other = stage.kms("CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
        let text = "The key ID in the request does not identify a CMK that can perform this operation.";
        let answer = stage.kms("Decrypt", json!({ "CiphertextBlob": blob, "KeyId": other }));
        assert_eq!(answer.refusal(), ("IncorrectKeyException", text));
        let mac_key = stage.value("mac-key");
        let answer = stage.kms("Decrypt", json!({ "CiphertextBlob": blob, "KeyId": mac_key }));
        assert_eq!(answer.refusal(), ("IncorrectKeyException", text));
        // The source is looked at before the destination.
        let input = json!({ "CiphertextBlob": blob, "SourceKeyId": other, "DestinationKeyId": "fake" });
        assert_eq!(stage.kms("ReEncrypt", input).refusal(), ("IncorrectKeyException", text));
    }

    41 r41_the_right_usage_and_the_wrong_algorithm(stage) {
        let made = json!({ "KeySpec": "HMAC_224", "KeyUsage": "GENERATE_VERIFY_MAC" });
        let key = stage.kms("CreateKey", made).ok()["KeyMetadata"]["KeyId"].clone();
        let mac = |algorithm: &str| {
            stage.kms("GenerateMac", json!({ "KeyId": key, "Message": "QQ==", "MacAlgorithm": algorithm }))
        };
        let text = "Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224.";
        assert_eq!(mac("HMAC_SHA_256").refusal(), ("InvalidKeyUsageException", text));
        assert_eq!(mac("HMAC_MD5").fault(), "ValidationException");
    }

    42 r42_disabled_beats_the_kind_of_key(stage) {
        let made = json!({ "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY" });
        let key = stage.kms("CreateKey", made).ok()["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
        let rotate = || stage.kms("RotateKeyOnDemand", json!({ "KeyId": key }));
        assert_eq!(rotate().body, r#"{"__type":"UnsupportedOperationException"}"#);
        stage.kms("DisableKey", json!({ "KeyId": key })).ok();
        let text = format!("{key} is disabled.");
        assert_eq!(rotate().refusal(), ("DisabledException", text.as_str()));
    }

    43 r43_disabled_and_pending_deletion(stage) {
        let key = stage.value("key");
        stage.kms("DisableKey", json!({ "KeyId": key })).ok();
        let use_key = || stage.kms("GenerateDataKey", json!({ "KeyId": key, "NumberOfBytes": 1 }));
        let text = format!("{key} is disabled.");
        assert_eq!(use_key().refusal(), ("DisabledException", text.as_str()));
        stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key })).ok();
        let text = format!("{key} is pending deletion.");
        assert_eq!(use_key().refusal(), ("KMSInvalidStateException", text.as_str()));
        let again = stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key }));
        assert_eq!(again.refusal(), ("KMSInvalidStateException", text.as_str()));
    }

    45 r45_what_a_key_pending_deletion_still_does(stage) {
        let key = stage.value("key");
        let (alias, policy) = (stage.value("alias"), stage.value("policy"));
        stage.kms("ScheduleKeyDeletion", json!({ "KeyId": key })).ok();
        for (operation, input) in [
            ("TagResource", json!({ "KeyId": key, "Tags": [{ "TagKey": "a", "TagValue": "b" }] })),
            ("UntagResource", json!({ "KeyId": key, "TagKeys": ["a"] })),
            ("UpdateKeyDescription", json!({ "KeyId": key, "Description": "d" })),
        ] {
            assert_eq!(stage.kms(operation, input).fault(), "KMSInvalidStateException", "{operation}");
        }
        for (operation, input) in [
            ("ListResourceTags", json!({ "KeyId": key })),
            ("GetKeyPolicy", json!({ "KeyId": key })),
            ("PutKeyPolicy", json!({ "KeyId": key, "Policy": policy })),
            ("DeleteAlias", json!({ "AliasName": alias })),
        ] {
            stage.kms(operation, input).ok();
        }
    }
}
