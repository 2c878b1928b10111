//! Finding the key.

use serde_json::{Value, json};

const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

findings! {
    12 r12_an_unknown_id_is_answered_with_its_arn(stage) {
        let answer = stage.kms("DescribeKey", json!({ "KeyId": ID }));
        let text = format!("Key 'arn:aws:kms:us-east-1:{}:key/{ID}' does not exist", stage.root.account);
        assert_eq!(answer.refusal(), ("NotFoundException", text.as_str()));
    }

    13 r13_an_id_has_one_form(stage) {
        for sent in ["fake-key-id", "1234abcd12ab34cd56ef1234567890ab", "mrk-fake-key-id"] {
            let answer = stage.kms("DescribeKey", json!({ "KeyId": sent }));
            let text = format!("Invalid keyId '{sent}'");
            assert_eq!(answer.refusal(), ("NotFoundException", text.as_str()));
        }
    }

    14 r14_an_arn_of_another_region_is_answered_with_that_region(stage) {
        let arn = stage.value("key").replace("us-east-1", "us-west-2");
        let answer = stage.kms("DescribeKey", json!({ "KeyId": arn }));
        assert_eq!(answer.refusal(), ("NotFoundException", "Invalid arn us-west-2"));
    }

    15 r15_an_unknown_alias_has_a_full_stop(stage) {
        let answer = stage.kms("DescribeKey", json!({ "KeyId": "alias/x" }));
        let text = format!("Alias arn:aws:kms:us-east-1:{}:alias/x is not found.", stage.root.account);
        assert_eq!(answer.refusal(), ("NotFoundException", text.as_str()));
    }

    16 r16_who_uses_a_key_may_name_its_alias_who_manages_it_may_not(stage) {
        let alias = stage.value("alias");
        let arn = format!("arn:aws:kms:us-east-1:{}:{alias}", stage.root.account);
        let key = stage.value("key");
        let id = key.rsplit('/').next().unwrap();
        let blob = stage.value("ciphertext");
        for name in [id, &key, &alias, &arn] {
            stage.kms("Encrypt", json!({ "KeyId": name, "Plaintext": "QQ==" })).ok();
            stage.kms("Decrypt", json!({ "KeyId": name, "CiphertextBlob": blob })).ok();
            stage.kms("DescribeKey", json!({ "KeyId": name })).ok();
        }
        for name in [&alias, &arn] {
            let input = json!({ "KeyId": name, "Policy": stage.value("policy") });
            assert_eq!(stage.kms("PutKeyPolicy", input).fault(), "NotFoundException");
            assert_eq!(stage.kms("EnableKeyRotation", json!({ "KeyId": name })).fault(), "NotFoundException");
            // Others are reported to say so.
            let refused = ("InvalidArnException", "Key Aliases are not supported for this operation.");
            for operation in ["DisableKey", "GetKeyPolicy", "ListResourceTags", "ScheduleKeyDeletion"] {
                assert_eq!(stage.kms(operation, json!({ "KeyId": name })).refusal(), refused, "{operation}");
            }
            assert_eq!(stage.kms("ListAliases", json!({ "KeyId": name })).refusal(), refused);
        }
    }

    17 r17_answers_carry_the_arn(stage) {
        let (arn, alias) = (stage.value("key"), stage.value("alias"));
        let id = arn.rsplit('/').next().unwrap().to_owned();
        let blob = stage.value("ciphertext");
        let key_id = |operation: &str, input: Value| stage.kms(operation, input).ok()["KeyId"].clone();
        for name in [&id, &alias] {
            let sized = json!({ "KeyId": name, "NumberOfBytes": 32 });
            assert_eq!(key_id("Encrypt", json!({ "KeyId": name, "Plaintext": "QQ==" })), *arn);
            assert_eq!(key_id("Decrypt", json!({ "KeyId": name, "CiphertextBlob": blob })), *arn);
            assert_eq!(key_id("GenerateDataKey", sized.clone()), *arn);
            assert_eq!(key_id("GenerateDataKeyWithoutPlaintext", sized), *arn);
            let onto = stage.kms("ReEncrypt", json!({ "CiphertextBlob": blob, "DestinationKeyId": name })).ok();
            assert_eq!((&onto["KeyId"], &onto["SourceKeyId"]), (&json!(arn), &json!(arn)));
            assert_eq!(stage.kms("DescribeKey", json!({ "KeyId": name })).ok()["KeyMetadata"]["KeyId"], *id);
        }
        assert_eq!(key_id("ScheduleKeyDeletion", json!({ "KeyId": id })), *arn);
        assert_eq!(key_id("CancelKeyDeletion", json!({ "KeyId": id })), *arn);
    }
}
