//! Digests with their signatures, as a deployment keeps a copy of each one it delivered.

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::compact;

/// A digest with its signature. Serialised, it is a file of the folder `digests` in a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedDigest {
    /// The digest's contents, byte for byte: the signature is over their hash.
    pub digest: String,
    /// The signature, in hexadecimal.
    pub signature: String,
    /// The public key, as base64 of its PKCS#1. It is for information: who verifies trusts the keys that come from elsewhere.
    pub public_key: String,
}

impl SignedDigest {
    /// The name of the file for a digest of one account, Region and trail.
    #[must_use]
    pub fn file_name(account: &str, region: &str, trail: &str, end: Timestamp) -> String {
        format!("{account}_{region}_{trail}_{}.json", compact(end))
    }

    /// The file's contents.
    ///
    /// # Errors
    /// Never in fact: every member can be written.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// From a file's contents. Nothing is verified.
    ///
    /// # Errors
    /// What is wrong with the JSON, and where.
    pub fn from_json(contents: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(contents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_read_as_it_is_written() {
        let signed = SignedDigest {
            digest: "{\"digestEndTime\":\"2026-11-30T07:00:00Z\"}".into(),
            signature: "ab".into(),
            public_key: "MIIB".into(),
        };
        let json = signed.to_json().unwrap();
        assert_eq!(
            json,
            r#"{"digest":"{\"digestEndTime\":\"2026-11-30T07:00:00Z\"}","signature":"ab","publicKey":"MIIB"}"#
        );
        assert_eq!(SignedDigest::from_json(json.as_bytes()).unwrap(), signed);
        assert!(SignedDigest::from_json(b"{}").is_err());
    }

    #[test]
    fn a_copy_is_named_after_its_chain_and_its_end() {
        let end = Timestamp::parse_iso8601("2026-11-30T07:00:00Z").unwrap();
        let name = SignedDigest::file_name("111122223333", "us-east-1", "main", end);
        assert_eq!(name, "111122223333_us-east-1_main_20261130T070000Z.json");
    }
}
