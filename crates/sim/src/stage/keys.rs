//! Keys, and what becomes of them.

use serde_json::{Value, json};

use super::{AWAY, HOME, Stage, text};
use crate::{Answer, Credentials};

impl Stage {
    /// Makes a key at home; its ARN.
    #[track_caller]
    pub fn key(&self, input: Value) -> String {
        text(&self.kms("CreateKey", input).ok(), "/KeyMetadata/Arn")
    }

    /// A primary with a replica away; the ARNs of both.
    #[track_caller]
    pub fn family(&self) -> (String, String) {
        let primary = self.key(json!({ "MultiRegion": true }));
        let replicated = self.kms("ReplicateKey", json!({ "KeyId": primary, "ReplicaRegion": AWAY })).ok();
        let replica = text(&replicated, "/ReplicaKeyMetadata/Arn");
        (primary, replica)
    }

    /// What `DescribeKey` says of a key, in its Region.
    #[track_caller]
    #[must_use]
    pub fn metadata(&self, key: &str) -> Value {
        let described = self.kms_in(region(key), "DescribeKey", json!({ "KeyId": key })).ok();
        described.get("KeyMetadata").cloned().unwrap_or_default()
    }

    /// The state of a key.
    #[track_caller]
    #[must_use]
    pub fn state(&self, key: &str) -> String {
        text(&self.metadata(key), "/KeyState")
    }

    /// What `GetKeyRotationStatus` says of a key.
    #[track_caller]
    pub fn rotation(&self, key: &str) -> Value {
        self.kms_in(region(key), "GetKeyRotationStatus", json!({ "KeyId": key })).ok()
    }

    /// Every material of a key.
    ///
    /// # Panics
    /// If the key is not there.
    #[track_caller]
    pub fn materials(&self, key: &str) -> Vec<Value> {
        let input = json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
        let listed = self.kms_in(region(key), "ListKeyRotations", input).ok();
        listed.get("Rotations").and_then(Value::as_array).expect("a list").clone()
    }

    /// Every material of a key without the key's name: alike in all keys of a family.
    ///
    /// # Panics
    /// If a material has the name of another key.
    #[track_caller]
    pub fn materials_of_any(&self, key: &str) -> Vec<Value> {
        let mut materials = self.materials(key);
        for material in &mut materials {
            assert_eq!(material.get_mut("KeyId").map(Value::take), Some(json!(key)));
        }
        materials
    }

    /// Encrypts `secret` with a key; the blob.
    #[track_caller]
    pub fn encrypt(&self, key: &str) -> String {
        let input = json!({ "KeyId": key, "Plaintext": SECRET });
        text(&self.kms_in(region(key), "Encrypt", input).ok(), "/CiphertextBlob")
    }

    /// Decrypts in the Region of a key, and says with which material.
    ///
    /// # Panics
    /// If this does not give `secret` back.
    #[track_caller]
    pub fn decrypt(&self, key: &str, blob: &str) -> String {
        let input = json!({ "KeyId": key, "CiphertextBlob": blob });
        let opened = self.kms_in(region(key), "Decrypt", input).ok();
        assert_eq!(text(&opened, "/Plaintext"), SECRET);
        text(&opened, "/KeyMaterialId")
    }

    /// A call of anybody about the stage's own key, which policies of its account decide about. The calls that need
    /// no more than a key and a plaintext can be made.
    pub fn try_key(&self, who: &Credentials, operation: &str) -> Answer {
        let key = self.value("key");
        let input = match operation {
            "Encrypt" => json!({ "KeyId": key, "Plaintext": SECRET }),
            _ => json!({ "KeyId": key }),
        };
        self.kms_as(who, operation, input)
    }

    /// Gives a key a policy that hands decisions on to its account, and has these statements besides.
    #[track_caller]
    pub fn put_key_policy(&self, key: &str, statements: &[Value]) {
        let own = json!({
            "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": { "AWS": self.world.partition().iam_arn(&self.root.account, "root") },
        });
        let statements: Vec<&Value> = std::iter::once(&own).chain(statements).collect();
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        self.kms("PutKeyPolicy", json!({ "KeyId": key, "Policy": policy })).ok();
    }

    /// Lets days pass, and has done what is due then.
    ///
    /// # Panics
    /// If the store does not answer.
    pub fn pass_days(&self, days: u32) {
        self.world.clock().advance_days(days);
        self.world.tick().expect("the store answers");
    }

    /// The service events of this name so far, with their Region and details.
    ///
    /// # Panics
    /// If a detail is no text.
    #[must_use]
    pub fn events(&self, name: &str) -> Vec<(String, Vec<(String, String)>)> {
        let details = |members: &[(audit::RecordedText<'_>, audit::Value<'_>)]| {
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

/// `secret`, in base64.
const SECRET: &str = "c2VjcmV0";

/// The Region of an ARN.
#[must_use]
pub fn region(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or(HOME)
}

/// The id of a key ARN.
#[must_use]
pub fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
