//! The order of the checks.

use serde_json::json;

findings! {
    40 r40_a_named_key_that_did_not_make_the_blob(stage) {
        let blob = stage.value("ciphertext");
        let other = stage.kms("CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
        let text = "The key ID in the request does not identify a CMK that can perform this operation.";
        let answer = stage.kms("Decrypt", json!({ "CiphertextBlob": blob, "KeyId": other }));
        assert_eq!(answer.refusal(), ("IncorrectKeyException", text));
        // The source is looked at before the destination.
        let input = json!({ "CiphertextBlob": blob, "SourceKeyId": other, "DestinationKeyId": "fake" });
        assert_eq!(stage.kms("ReEncrypt", input).refusal(), ("IncorrectKeyException", text));
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
