//! Key metadata, and listings.

use serde_json::{Value, json};

/// Names of an object's members, in order.
fn members(object: &Value) -> Vec<&str> {
    let mut names: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

findings! {
    18 r18_a_key_is_described_as_it_was_created(stage) {
        let created = stage.kms("CreateKey", json!({ "Description": "d" })).ok();
        let id = &created["KeyMetadata"]["KeyId"];
        assert_eq!(stage.kms("DescribeKey", json!({ "KeyId": id })).ok(), created);
        let date = created["KeyMetadata"]["CreationDate"].as_f64().unwrap();
        assert!((date * 1000.0 - stage.world.now().as_millis() as f64).abs() < 1.0, "epoch seconds: {date}");
    }

    19 r19_members_that_are_always_there(stage) {
        let metadata = stage.kms("CreateKey", json!({})).ok()["KeyMetadata"].clone();
        let names = members(&metadata);
        for name in [
            "AWSAccountId", "Arn", "CreationDate", "CustomerMasterKeySpec", "Description", "Enabled", "KeyId",
            "KeyManager", "KeySpec", "KeyState", "KeyUsage", "MultiRegion", "Origin",
        ] {
            assert!(names.contains(&name), "{name}");
        }
        assert_eq!(metadata["Description"], "");
        assert_eq!(metadata["CustomerMasterKeySpec"], metadata["KeySpec"]);
    }

    20 r20_one_list_of_algorithms(stage) {
        let metadata = stage.kms("CreateKey", json!({})).ok()["KeyMetadata"].clone();
        let lists: Vec<_> = members(&metadata).into_iter().filter(|name| name.ends_with("Algorithms")).collect();
        assert_eq!(lists, ["EncryptionAlgorithms"]);
    }

    21 r21_a_symmetric_key_names_its_current_material(stage) {
        let metadata = stage.kms("CreateKey", json!({})).ok()["KeyMetadata"].clone();
        let id = metadata["CurrentKeyMaterialId"].as_str().unwrap();
        assert!(id.len() == 64 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
    }

    22 r22_a_fresh_primary_has_no_replicas(stage) {
        let single = stage.kms("CreateKey", json!({})).ok()["KeyMetadata"].clone();
        assert_eq!(single.get("MultiRegionConfiguration"), None);
        let primary = stage.kms("CreateKey", json!({ "MultiRegion": true })).ok()["KeyMetadata"].clone();
        let configuration = &primary["MultiRegionConfiguration"];
        assert_eq!(configuration["MultiRegionKeyType"], "PRIMARY");
        assert_eq!(configuration["PrimaryKey"], json!({ "Arn": primary["Arn"], "Region": "us-east-1" }));
        assert_eq!(configuration["ReplicaKeys"], json!([]));
    }

    25 r25_a_cancelled_deletion_leaves_the_key_disabled(stage) {
        let key = stage.value("pending-key");
        let metadata = || stage.kms("DescribeKey", json!({ "KeyId": key })).ok()["KeyMetadata"].clone();
        assert!(metadata()["DeletionDate"].is_number());
        stage.kms("CancelKeyDeletion", json!({ "KeyId": key })).ok();
        let metadata = metadata();
        assert_eq!(metadata["KeyState"], "Disabled");
        assert_eq!(metadata.get("DeletionDate"), None);
    }

    26 r26_listings_always_say_whether_there_is_more(stage) {
        let key = stage.value("key");
        stage.value("pending-key");
        for (operation, input) in [
            ("ListKeys", json!({})),
            ("ListKeyPolicies", json!({ "KeyId": key })),
            ("ListResourceTags", json!({ "KeyId": key })),
            ("ListAliases", json!({})),
        ] {
            let answer = stage.kms(operation, input).ok();
            assert_eq!(answer["Truncated"], json!(false), "{operation}");
            assert_eq!(answer.get("NextMarker"), None, "{operation}");
        }
        let page = stage.kms("ListKeys", json!({ "Limit": 1 })).ok();
        assert_eq!(page["Truncated"], json!(true));
        let rest = stage.kms("ListKeys", json!({ "Marker": page["NextMarker"] })).ok();
        assert_eq!((&rest["Truncated"], rest["Keys"].as_array().unwrap().len()), (&json!(false), 1));
    }

    27 r27_aliases_carry_their_dates_and_are_filtered_by_key(stage) {
        let (alias, key) = (stage.value("alias"), stage.value("key"));
        let id = key.rsplit('/').next().unwrap();
        for filter in [id, &key] {
            let listed = stage.kms("ListAliases", json!({ "KeyId": filter })).ok();
            let [entry] = &listed["Aliases"].as_array().unwrap()[..] else { panic!("one alias: {listed}") };
            assert_eq!(
                members(entry),
                ["AliasArn", "AliasName", "CreationDate", "LastUpdatedDate", "TargetKeyId"]
            );
            assert_eq!((&entry["AliasName"], &entry["TargetKeyId"]), (&json!(alias), &json!(id)));
        }
        let other = stage.value("pending-key");
        let listed = stage.kms("ListAliases", json!({ "KeyId": other })).ok();
        assert_eq!(listed["Aliases"], json!([]));
    }

    28 r28_the_default_policy_is_pretty_printed(stage) {
        let answer = stage.kms("GetKeyPolicy", json!({ "KeyId": stage.value("key") })).ok();
        let text = answer["Policy"].as_str().unwrap();
        assert!(text.contains('\n'), "{text}");
        let policy: Value = serde_json::from_str(text).unwrap();
        let statements = policy["Statement"].as_array().unwrap();
        assert_eq!((&policy["Id"], statements.len()), (&json!("key-default-1"), 1));
        assert_eq!(statements[0]["Sid"], "Enable IAM User Permissions");
        assert_eq!(answer["PolicyName"], "default");
    }
}
