//! Error bodies on the wire.

use serde_json::json;

use crate::bodies::base64_of;

const CONSTRAINT: &str = "1 validation error detected: Value";

findings! {
    1 r01_an_error_without_text_has_one_member(stage) {
        stage.value("key");
        let answer = stage.kms("Decrypt", json!({ "CiphertextBlob": "aGVsbG8=" }));
        assert_eq!(answer.body, r#"{"__type":"InvalidCiphertextException"}"#);
    }

    2 r02_others_have_a_bare_type_and_a_small_message(stage) {
        let answer = stage.kms("DescribeKey", json!({ "KeyId": "fake" }));
        assert_eq!(answer.body, r#"{"__type":"NotFoundException","message":"Invalid keyId 'fake'"}"#);
    }

    3 r03_access_denied_has_a_capital_message(stage) {
        let input = json!({ "KeyId": stage.value("key") });
        let answer = stage.world.call(&stage.world.stranger(), "kms", "DescribeKey", input).json();
        assert_eq!(answer["__type"], "AccessDeniedException");
        assert!(answer["Message"].is_string() && answer.get("message").is_none(), "{answer}");
    }

    4 r04_all_of_them_are_http_400(stage) {
        stage.kms("CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": stage.value("key") })).ok();
        for (operation, input, code) in [
            ("DescribeKey", json!({ "KeyId": "fake" }), "NotFoundException"),
            (
                "PutKeyPolicy",
                json!({ "KeyId": stage.value("key"), "Policy": " ".repeat(32 * 1024 + 1) }),
                "LimitExceededException",
            ),
            (
                "CreateAlias",
                json!({ "AliasName": "alias/a", "TargetKeyId": stage.value("key") }),
                "AlreadyExistsException",
            ),
        ] {
            let answer = stage.kms(operation, input);
            assert_eq!((answer.status, answer.fault()), (400, code));
        }
    }

    5 r05_a_blob_that_is_not_base64(stage) {
        let answer = stage.kms("Decrypt", json!({ "CiphertextBlob": "not base64" }));
        assert_eq!((answer.status, &answer.body[..]), (400, &br#"{"__type":"SerializationException"}"#[..]));
    }

    6 r06_members_are_named_in_lower_camel_case(stage) {
        let answer = stage.kms("CreateKey", json!({ "KeySpec": "ROT13" }));
        let start = format!("{CONSTRAINT} 'ROT13' at 'keySpec' failed to satisfy constraint: ");
        assert!(answer.refusal().1.starts_with(&start), "{answer:?}");
        let answer = stage.kms("GenerateRandom", json!({ "NumberOfBytes": 1025 }));
        let start = format!("{CONSTRAINT} '1025' at 'numberOfBytes' failed to satisfy constraint: ");
        assert!(answer.refusal().1.starts_with(&start), "{answer:?}");
    }

    7 r07_sensitive_blobs_are_not_echoed(stage) {
        let key = stage.value("key");
        let encrypt = |length| {
            let plaintext = base64_of(&vec![0; length]);
            stage.kms("Encrypt", json!({ "KeyId": key, "Plaintext": plaintext }))
        };
        let text = |member: &str, than: &str| {
            format!(
                "{CONSTRAINT} at '{member}' failed to satisfy constraint: Member must have length {than}"
            )
        };
        assert_eq!(encrypt(4097).refusal().1, text("plaintext", "less than or equal to 4096"));
        assert_eq!(encrypt(0).refusal().1, text("plaintext", "greater than or equal to 1"));
        let answer = stage.kms("Decrypt", json!({ "CiphertextBlob": "" }));
        assert_eq!(answer.refusal().1, text("ciphertextBlob", "greater than or equal to 1"));
    }

    8 r08_a_required_member_that_is_missing(stage) {
        let missing = |member: &str| {
            format!("{CONSTRAINT} null at '{member}' failed to satisfy constraint: Member must not be null")
        };
        let key = stage.value("key");
        for (operation, member) in [("TagResource", "tags"), ("PutKeyPolicy", "policy")] {
            let answer = stage.kms(operation, json!({ "KeyId": key }));
            assert_eq!(answer.refusal(), ("ValidationException", missing(member).as_str()));
        }
    }

    9 r09_list_members_count_from_one(stage) {
        let value = "v".repeat(257);
        let long = json!({ "KeyId": stage.value("key"), "Tags": [{ "TagKey": "a", "TagValue": value }] });
        let answer = stage.kms("TagResource", long);
        let start = format!("{CONSTRAINT} '{value}' at 'tags.1.member.tagValue' failed to satisfy constraint: ");
        assert!(answer.refusal().1.starts_with(&start), "{answer:?}");
        let tags = json!([{ "TagKey": "a", "TagValue": "" }, { "TagKey": "k".repeat(129), "TagValue": "" }]);
        let answer = stage.kms("TagResource", json!({ "KeyId": stage.value("key"), "Tags": tags }));
        assert!(answer.refusal().1.contains("'tags.2.member.tagKey'"), "{answer:?}");
    }

    10 r10_enumerations_are_listed_without_quotes(stage) {
        let answer = stage.kms("CreateKey", json!({ "KeyUsage": "NOTHING" }));
        let (code, message) = answer.refusal();
        assert_eq!(code, "ValidationException");
        // The order of AWS's list is arbitrary, and grows.
        let (_, values) = message.split_once("Member must satisfy enum value set: [").unwrap();
        let values: Vec<_> = values.strip_suffix(']').unwrap().split(", ").collect();
        for value in ["ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "SIGN_VERIFY"] {
            assert!(values.contains(&value), "{value} is not in {values:?}");
        }
    }

    11 r11_random_bytes_without_a_size(stage) {
        let answer = stage.kms("GenerateRandom", json!({}));
        assert_eq!(answer.refusal(), ("ValidationException", "NumberOfBytes is required."));
        for (size, constraint) in [(0, "greater than or equal to 1"), (1025, "less than or equal to 1024")] {
            let answer = stage.kms("GenerateRandom", json!({ "NumberOfBytes": size }));
            let text = format!(
                "{CONSTRAINT} '{size}' at 'numberOfBytes' failed to satisfy constraint: Member must have value {constraint}"
            );
            assert_eq!(answer.refusal(), ("ValidationException", text.as_str()));
        }
    }
}
