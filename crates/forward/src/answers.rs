//! What KMS answers, as types.

use secret::Plaintext;
use serde::{Deserialize, Deserializer};

use crate::{
    parameters::Context,
    wire::{bytes, secret_bytes},
};

/// A new data key.
#[derive(Deserialize)]
pub struct DataKey {
    /// The ARN of the KMS key under which it is.
    #[serde(rename = "KeyId")]
    pub key: String,
    /// The data key, to encrypt with.
    #[serde(rename = "Plaintext", deserialize_with = "secret_bytes")]
    pub plaintext: Plaintext,
    /// The data key as it is kept, beside what is encrypted with it.
    #[serde(rename = "CiphertextBlob", deserialize_with = "bytes")]
    pub blob: Vec<u8>,
    /// Which material of the KMS key; not told by every KMS.
    #[serde(rename = "KeyMaterialId", default)]
    pub material: Option<String>,
}

/// What is under a KMS key, without its plaintext: a data key for later, or what was encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WrappedBytes {
    /// The ARN of the KMS key.
    #[serde(rename = "KeyId")]
    pub key: String,
    /// What is kept.
    #[serde(rename = "CiphertextBlob", deserialize_with = "bytes")]
    pub blob: Vec<u8>,
    /// Which material of the KMS key; not told by every KMS, and not of every operation.
    #[serde(rename = "KeyMaterialId", default)]
    pub material: Option<String>,
}

/// What was decrypted.
#[derive(Deserialize)]
pub struct Decrypted {
    /// The ARN of the KMS key.
    #[serde(rename = "KeyId")]
    pub key: String,
    /// The plaintext.
    #[serde(rename = "Plaintext", deserialize_with = "secret_bytes")]
    pub plaintext: Plaintext,
    /// Which material of the KMS key; not told by every KMS.
    #[serde(rename = "KeyMaterialId", default)]
    pub material: Option<String>,
}

/// What is under another key, or under another material of the same key, than it was.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReEncrypted {
    /// The ARN of the KMS key under which it is.
    #[serde(rename = "KeyId")]
    pub key: String,
    /// The ARN of the KMS key under which it was.
    #[serde(rename = "SourceKeyId")]
    pub source_key: String,
    /// What is kept instead.
    #[serde(rename = "CiphertextBlob", deserialize_with = "bytes")]
    pub blob: Vec<u8>,
    /// Under which material it is; not told by every KMS.
    #[serde(rename = "DestinationKeyMaterialId", default)]
    pub material: Option<String>,
    /// Under which material it was; not told by every KMS.
    #[serde(rename = "SourceKeyMaterialId", default)]
    pub source_material: Option<String>,
}

/// What KMS tells of a key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribedKey {
    /// Its ARN.
    pub arn: String,
    /// Its id.
    pub key_id: String,
    /// Its state, such as `Enabled` or `PendingDeletion`.
    pub key_state: String,
    /// What it is for, such as `ENCRYPT_DECRYPT`.
    pub key_usage: String,
    /// Its kind, such as `SYMMETRIC_DEFAULT`.
    #[serde(default)]
    pub key_spec: Option<String>,
    /// Whose it is: `CUSTOMER` or `AWS`.
    #[serde(default)]
    pub key_manager: Option<String>,
    /// The material that it encrypts with now; not told by every KMS.
    #[serde(default, rename = "CurrentKeyMaterialId")]
    pub material: Option<String>,
    /// When it will be deleted, in seconds since 1970-01-01T00:00:00Z, if it is pending deletion.
    #[serde(default, rename = "DeletionDate", deserialize_with = "whole_seconds")]
    pub deletion_seconds: Option<i64>,
    /// Where its material is from, such as `AWS_KMS` or `EXTERNAL`.
    #[serde(default)]
    pub origin: Option<String>,
    /// Of a multi-Region key: its relatives in other Regions, which decrypt what it encrypted.
    #[serde(default, rename = "MultiRegionConfiguration")]
    pub multi_region: Option<KeyFamily>,
}

/// The relatives of a multi-Region key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyFamily {
    /// `PRIMARY` or `REPLICA`.
    pub multi_region_key_type: String,
    /// The replicas of the primary key.
    #[serde(default)]
    pub replica_keys: Vec<FamilyKey>,
}

/// A relative of a multi-Region key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FamilyKey {
    /// Its ARN.
    pub arn: String,
}

/// What a key signed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DigestSignature {
    /// The ARN of the KMS key.
    #[serde(rename = "KeyId")]
    pub key: String,
    /// The signature, as the algorithm has it.
    #[serde(rename = "Signature", deserialize_with = "bytes")]
    pub signature: Vec<u8>,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SigningKeyFacts {
    /// The ARN of the KMS key.
    #[serde(rename = "KeyId")]
    pub key: String,
    /// The algorithms with which it signs; none if it is for something else.
    #[serde(default)]
    pub signing_algorithms: Vec<String>,
}

/// A grant that was made.
#[derive(Deserialize)]
pub struct MadeGrant {
    /// Its id.
    #[serde(rename = "GrantId")]
    pub id: String,
    /// What makes it valid at once, when a call states it.
    #[serde(rename = "GrantToken")]
    pub token: String,
}

/// A grant, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListedGrant {
    /// Its id.
    #[serde(rename = "GrantId")]
    pub id: String,
    /// Its name, if it has one.
    #[serde(default)]
    pub name: Option<String>,
    /// Who may use the key, by ARN.
    #[serde(rename = "GranteePrincipal", default)]
    pub grantee: Option<String>,
    /// What the grantee may do.
    #[serde(default)]
    pub operations: Vec<String>,
    /// With which contexts.
    #[serde(default)]
    pub constraints: ListedConstraint,
}

/// With which contexts a listed grant is of use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ListedConstraint {
    /// With this one.
    #[serde(rename = "EncryptionContextEquals", default)]
    pub equals: Option<Context>,
    /// With those that have all of this.
    #[serde(rename = "EncryptionContextSubset", default)]
    pub subset: Option<Context>,
}

/// A page of the grants on a key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PageOfGrants {
    #[serde(default)]
    pub(crate) grants: Vec<ListedGrant>,
    #[serde(default)]
    pub(crate) next_marker: Option<String>,
}

/// An answer around what KMS tells of a key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OfDescribeKey {
    pub(crate) key_metadata: DescribedKey,
}

/// A moment as AWS JSON has it: seconds, with a fraction that is left off.
fn whole_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.map(|seconds| seconds as i64))
}
