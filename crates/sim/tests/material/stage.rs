//! Calls as the root user makes them, in short.

use serde_json::{Value, json};
use sim::{Answer, World};

/// Where keys are made that name no other Region.
pub(crate) const HOME: &str = "us-east-1";
/// Where their replicas are.
pub(crate) const AWAY: &str = "eu-west-1";

/// A world, and its first account's root user.
pub(crate) struct Stage {
    pub(crate) world: World,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self { world: World::new() }
    }

    /// A call in the home Region.
    pub(crate) fn kms(&self, operation: &str, input: Value) -> Answer {
        self.kms_in(HOME, operation, input)
    }

    /// A call in a Region.
    pub(crate) fn kms_in(&self, region: &str, operation: &str, input: Value) -> Answer {
        self.world.call_in(region, &self.world.root(), "kms", operation, input)
    }

    /// Makes a key; its ARN.
    pub(crate) fn key(&self, input: Value) -> String {
        text(&self.kms("CreateKey", input).ok(), "/KeyMetadata/Arn")
    }

    /// A primary with a replica away; the ARNs of both.
    pub(crate) fn family(&self) -> (String, String) {
        let primary = self.key(json!({ "MultiRegion": true }));
        let replicated = self.kms("ReplicateKey", json!({ "KeyId": primary, "ReplicaRegion": AWAY })).ok();
        let replica = text(&replicated, "/ReplicaKeyMetadata/Arn");
        (primary, replica)
    }

    pub(crate) fn metadata(&self, key: &str) -> Value {
        self.kms_in(region(key), "DescribeKey", json!({ "KeyId": key })).ok()["KeyMetadata"].clone()
    }

    pub(crate) fn state(&self, key: &str) -> String {
        text(&self.metadata(key), "/KeyState")
    }

    pub(crate) fn rotation(&self, key: &str) -> Value {
        self.kms_in(region(key), "GetKeyRotationStatus", json!({ "KeyId": key })).ok()
    }

    /// Every material of a key.
    pub(crate) fn materials(&self, key: &str) -> Vec<Value> {
        let input = json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
        self.kms_in(region(key), "ListKeyRotations", input).ok()["Rotations"].as_array().unwrap().clone()
    }

    /// Every material of a key without the key's name: alike in all keys of a family.
    pub(crate) fn materials_of_any(&self, key: &str) -> Vec<Value> {
        let mut materials = self.materials(key);
        for material in &mut materials {
            assert_eq!(material["KeyId"].take(), json!(key));
        }
        materials
    }

    pub(crate) fn encrypt(&self, key: &str) -> String {
        let input = json!({ "KeyId": key, "Plaintext": "c2VjcmV0" });
        text(&self.kms_in(region(key), "Encrypt", input).ok(), "/CiphertextBlob")
    }

    /// Decrypts in the Region of a key and says with which material.
    #[track_caller]
    pub(crate) fn decrypt(&self, key: &str, blob: &str) -> String {
        let input = json!({ "KeyId": key, "CiphertextBlob": blob });
        let opened = self.kms_in(region(key), "Decrypt", input).ok();
        assert_eq!(opened["Plaintext"], "c2VjcmV0");
        text(&opened, "/KeyMaterialId")
    }

    pub(crate) fn pass_days(&self, days: u32) {
        self.world.clock().advance_days(days);
        self.world.tick().unwrap();
    }

    /// The service events of this name so far, with their Region and details.
    pub(crate) fn events(&self, name: &str) -> Vec<(String, Vec<(String, String)>)> {
        let details = |members: &[(std::borrow::Cow<'_, str>, audit::Value<'_>)]| {
            members
                .iter()
                .map(|(name, value)| match value {
                    audit::Value::Text(text) => (name.to_string(), text.to_string()),
                    other => panic!("{other:?}"),
                })
                .collect()
        };
        self.world
            .records()
            .iter()
            .filter(|record| record.kind == audit::EventKind::ServiceEvent && record.operation == name)
            .map(|record| (record.region.to_string(), details(&record.parameters)))
            .collect()
    }
}

#[track_caller]
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{value} has no {pointer}")).to_owned()
}

/// The Region of an ARN.
pub(crate) fn region(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or(HOME)
}

/// The id of a key ARN.
pub(crate) fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
