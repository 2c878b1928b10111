//! What operations are given.

use std::collections::BTreeMap;

use serde::Serialize;

/// An encryption context.
pub type Context = BTreeMap<String, String>;

/// How long a data key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataKeyLength {
    /// A key for AES-256, 32 bytes.
    Aes256,
    /// A key for AES-128, 16 bytes.
    Aes128,
    /// So many bytes, of 1 to 1024: 64 for AES-256-XTS.
    Bytes(u16),
}

/// A grant to be made.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewGrant {
    /// The key.
    #[serde(rename = "KeyId")]
    pub key: String,
    /// Who may use it, by ARN.
    #[serde(rename = "GranteePrincipal")]
    pub grantee: String,
    /// Who may give the grant up, by ARN.
    #[serde(rename = "RetiringPrincipal", skip_serializing_if = "Option::is_none")]
    pub retiring: Option<String>,
    /// What the grantee may do, such as `Decrypt`.
    pub operations: Vec<String>,
    /// With which contexts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<GrantConstraint>,
    /// A name: a grant that is made again under it is the same grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// With which contexts a grant is of use.
#[derive(Debug, Clone, Serialize)]
pub enum GrantConstraint {
    /// With this one.
    #[serde(rename = "EncryptionContextEquals")]
    Equals(Context),
    /// With those that have all of this.
    #[serde(rename = "EncryptionContextSubset")]
    Subset(Context),
}
