//! Cryptographic operations.

use serde_json::{Value, json};

findings! {
    51 r51_contexts_and_lengths_that_are_wrong_are_one_silent_error(stage) {
        let blob = stage.value("ciphertext");
        let mut bytes = base64_simd::STANDARD.decode_to_vec(&blob).unwrap();
        let cut = crate::bodies::base64_of(&bytes[..bytes.len() - 1]);
        bytes.push(0);
        let extended = crate::bodies::base64_of(&bytes);
        for input in [
            json!({ "CiphertextBlob": blob, "EncryptionContext": { "a": "b" } }),
            json!({ "CiphertextBlob": cut }),
            json!({ "CiphertextBlob": extended }),
        ] {
            let answer = stage.kms("Decrypt", input);
            assert_eq!(answer.body, r#"{"__type":"InvalidCiphertextException"}"#);
        }
    }

    52 r52_a_ciphertext_whose_key_is_gone(stage) {
        let blob = stage.value("ciphertext");
        stage.kms("ScheduleKeyDeletion", json!({ "KeyId": stage.value("key"), "PendingWindowInDays": 7 })).ok();
        stage.world.clock().advance_days(8);
        stage.world.tick().unwrap();
        let answer = stage.kms("Decrypt", json!({ "CiphertextBlob": blob }));
        let text = "The ciphertext refers to a customer master key that does not exist, does not exist in this \
                    region, or you are not allowed to access.";
        assert_eq!(answer.refusal(), ("AccessDeniedException", text));
    }

    53 r53_members_of_the_answers(stage) {
        let key = stage.value("key");
        let names = |answer: Value| {
            let mut names: Vec<_> = answer.as_object().unwrap().keys().cloned().collect();
            names.sort_unstable();
            names
        };
        let encrypted = stage.kms("Encrypt", json!({ "KeyId": key, "Plaintext": "QQ==" })).ok();
        let blob = encrypted["CiphertextBlob"].clone();
        assert_eq!(names(encrypted), ["CiphertextBlob", "EncryptionAlgorithm", "KeyId"]);
        let decrypted = stage.kms("Decrypt", json!({ "CiphertextBlob": blob })).ok();
        assert_eq!(names(decrypted), ["EncryptionAlgorithm", "KeyId", "KeyMaterialId", "Plaintext"]);
        let data_key = stage.kms("GenerateDataKey", json!({ "KeyId": key, "KeySpec": "AES_256" })).ok();
        assert_eq!(names(data_key), ["CiphertextBlob", "KeyId", "KeyMaterialId", "Plaintext"]);
    }

    54 r54_re_encrypting_needs_no_source_key(stage) {
        let target = stage.kms("CreateKey", json!({})).ok()["KeyMetadata"]["Arn"].clone();
        let input = json!({ "CiphertextBlob": stage.value("ciphertext"), "DestinationKeyId": target });
        let blob = stage.kms("ReEncrypt", input).ok()["CiphertextBlob"].clone();
        let opened = stage.kms("Decrypt", json!({ "CiphertextBlob": blob, "KeyId": target })).ok();
        assert_eq!(opened["Plaintext"], "c2VjcmV0");
    }

    57 r57_a_dry_run_that_succeeds_is_an_error(stage) {
        let key = stage.value("key");
        let text = "The request would have succeeded, but the DryRun option is set.";
        for (operation, input) in [
            ("Encrypt", json!({ "KeyId": key, "Plaintext": "QQ==", "DryRun": true })),
            ("Decrypt", json!({ "CiphertextBlob": stage.value("ciphertext"), "DryRun": true })),
            ("GenerateDataKey", json!({ "KeyId": key, "NumberOfBytes": 1, "DryRun": true })),
        ] {
            assert_eq!(stage.kms(operation, input).refusal(), ("DryRunOperationException", text), "{operation}");
        }
    }
}
