//! Creating keys, tags, aliases.

use serde_json::{Value, json};

fn tag(key: &str, value: &str) -> Value {
    json!({ "TagKey": key, "TagValue": value })
}

findings! {
    29 r29_only_the_symmetric_key_has_a_default_usage(stage) {
        for spec in ["RSA_2048", "ECC_NIST_P256", "HMAC_256", "ML_DSA_44"] {
            let answer = stage.kms("CreateKey", json!({ "KeySpec": spec }));
            let text = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
            assert_eq!(answer.refusal(), ("ValidationException", text));
        }
    }

    30 r30_a_usage_that_the_spec_has_not(stage) {
        let answer = stage.kms("CreateKey", json!({ "KeySpec": "RSA_2048", "KeyUsage": "KEY_AGREEMENT" }));
        let text = "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048";
        assert_eq!(answer.refusal(), ("ValidationException", text));
    }

    31 r31_a_spec_under_both_its_names(stage) {
        let different = json!({ "KeySpec": "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec": "RSA_2048" });
        let equal = json!({ "KeySpec": "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT" });
        let text = "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec \
                    is deprecated.";
        for input in [different, equal] {
            assert_eq!(stage.kms("CreateKey", input).refusal(), ("ValidationException", text));
        }
    }

    32 r32_tags_that_may_not_be(stage) {
        let key = stage.value("key");
        let many: Vec<_> = (0..51).map(|number| tag(&number.to_string(), "")).collect();
        for (tags, text) in [
            (json!([tag("a", "1"), tag("a", "2")]), "Duplicate tag keys"),
            (json!(many), "Too many tags"),
            (json!([tag("aws:a", "1")]), "Tags beginning with aws: are reserved"),
            (json!([tag("AwS:a", "1")]), "Tags beginning with aws: are reserved"),
        ] {
            let answer = stage.kms("TagResource", json!({ "KeyId": key, "Tags": tags }));
            assert_eq!(answer.refusal(), ("TagException", text));
            let answer = stage.kms("CreateKey", json!({ "Tags": tags }));
            assert_eq!(answer.refusal(), ("TagException", text));
        }
        let long = json!({ "KeyId": key, "Tags": [tag(&"k".repeat(129), "")] });
        assert_eq!(stage.kms("TagResource", long).fault(), "ValidationException");
    }

    33 r33_tags_are_overwritten_and_listed_in_order(stage) {
        let key = stage.value("key");
        for names in [["tag1", "tag3"], ["tag4", "tag2"], ["tag5", "tag3"]] {
            let tags = names.map(|name| tag(name, names[0]));
            stage.kms("TagResource", json!({ "KeyId": key, "Tags": tags })).ok();
        }
        let listed = stage.kms("ListResourceTags", json!({ "KeyId": key })).ok();
        let expected = json!([
            tag("tag1", "tag1"), tag("tag2", "tag4"), tag("tag3", "tag5"), tag("tag4", "tag4"), tag("tag5", "tag5")
        ]);
        assert_eq!(listed["Tags"], expected);
    }

    34 r34_an_alias_without_its_prefix(stage) {
        let input = json!({ "AliasName": "mine", "TargetKeyId": stage.value("key") });
        let text = "Alias must start with the prefix \"alias/\". Please see \
                    https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
        assert_eq!(stage.kms("CreateAlias", input).refusal(), ("ValidationException", text));
    }

    35 r35_an_alias_with_characters_that_it_may_not_have(stage) {
        let create = |name: &str, target: &str| {
            stage.kms("CreateAlias", json!({ "AliasName": name, "TargetKeyId": target }))
        };
        let (key, alias) = (stage.value("key"), stage.value("alias"));
        let answer = create("alias/my key", &key);
        let pattern = "Value 'alias/my key' at 'aliasName' failed to satisfy constraint: Member must satisfy regular \
                       expression pattern: ^[a-zA-Z0-9:/_-]+$";
        assert!(answer.refusal().1.ends_with(pattern), "{answer:?}");
        let text = "alias/my:alias contains invalid characters for an alias";
        assert_eq!(create("alias/my:alias", &key).refusal(), ("ValidationException", text));
        let text = "Aliases must refer to keys. Not aliases";
        assert_eq!(create("alias/b", &alias).refusal(), ("ValidationException", text));
    }

    36 r36_aliases_of_aws_cannot_be_made(stage) {
        let input = json!({ "AliasName": "alias/aws/mine", "TargetKeyId": stage.value("key") });
        let answer = stage.kms("CreateAlias", input);
        assert_eq!(answer.body, r#"{"__type":"NotAuthorizedException"}"#);
    }

    37 r37_an_alias_stays_with_a_usage(stage) {
        let (signing, alias) = (stage.value("sign-key"), "alias/x");
        stage.kms("CreateAlias", json!({ "AliasName": alias, "TargetKeyId": signing })).ok();
        let answer = stage.kms("UpdateAlias", json!({ "AliasName": alias, "TargetKeyId": stage.value("key") }));
        let text = "Alias alias/x cannot be changed from a CMK with key usage SIGN_VERIFY to a CMK with key usage \
                    ENCRYPT_DECRYPT. The key usage of the current CMK and the new CMK must be the same.";
        assert_eq!(answer.refusal(), ("ValidationException", text));
    }

    38 r38_a_policy_has_one_name(stage) {
        let input =
            json!({ "KeyId": stage.value("key"), "PolicyName": "invalid-name", "Policy": stage.value("policy") });
        let answer = stage.kms("PutKeyPolicy", input);
        let (code, message) = answer.refusal();
        assert_eq!(code, "ValidationException");
        assert!(message.contains("'policyName'") && message.ends_with(r"pattern: [\w]+"), "{message}");
    }
}
