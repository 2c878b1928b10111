//! Digests: what was delivered in an hour, chained and signed, as `aws cloudtrail validate-logs` reads it.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// How digests are signed: RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
pub const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";
/// How what is delivered is hashed.
pub const HASH_ALGORITHM: &str = "SHA-256";

/// What was delivered to one account in one Region, from one time to another. Serialised, it is the contents of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Digest {
    /// The account whose events they are.
    pub aws_account_id: String,
    /// The end of the digest before, else when logging began. ISO 8601, as all times here.
    pub digest_start_time: String,
    /// Up to when this digest tells what was delivered.
    pub digest_end_time: String,
    /// The bucket in which it is.
    pub digest_s3_bucket: String,
    /// Its name there.
    pub digest_s3_object: String,
    /// Which public key verifies it.
    pub digest_public_key_fingerprint: String,
    /// [`SIGNATURE_ALGORITHM`].
    pub digest_signature_algorithm: String,
    /// Time of the latest event in the files.
    pub newest_event_time: Option<String>,
    /// Time of the earliest one.
    pub oldest_event_time: Option<String>,
    /// The bucket of the digest before. This and what else begins with `previous` is absent in the first of a chain.
    pub previous_digest_s3_bucket: Option<String>,
    /// Its name there.
    pub previous_digest_s3_object: Option<String>,
    /// SHA-256 of its contents, in hexadecimal.
    pub previous_digest_hash_value: Option<String>,
    /// [`HASH_ALGORITHM`].
    pub previous_digest_hash_algorithm: Option<String>,
    /// Its signature, in hexadecimal.
    pub previous_digest_signature: Option<String>,
    /// The files.
    pub log_files: Vec<DigestedFile>,
    /// The records of the journal that the files were made from. AWS's digests have no such member.
    #[serde(rename = "keywrightJournal", skip_serializing_if = "Option::is_none")]
    pub journal: Option<DigestedRecords>,
}

/// A file that was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestedFile {
    /// Its bucket.
    pub s3_bucket: String,
    /// Its name there.
    pub s3_object: String,
    /// SHA-256 of its contents before compression, in hexadecimal.
    pub hash_value: String,
    /// [`HASH_ALGORITHM`].
    pub hash_algorithm: String,
    /// Time of its latest event.
    pub newest_event_time: String,
    /// Time of its earliest event.
    pub oldest_event_time: String,
}

/// Records of one node's journal, one after the other: the leaves of a Merkle tree (RFC 6962 §2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestedRecords {
    /// Whose journal it is, in hexadecimal.
    pub node: String,
    /// Sequence number of the first record; if there is none, of the one that comes next.
    pub first_sequence: u64,
    /// How many.
    pub records: u64,
    /// The tree's root, in hexadecimal. A leaf is the record's bytes, without its frame.
    pub merkle_root: String,
    /// The journal's chain value after the last of them, in hexadecimal; if there is none, before the next.
    pub chain_value: String,
}

impl Digest {
    /// Its contents.
    ///
    /// # Errors
    /// Never in fact: every member can be written.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// What is signed, for contents with this SHA-256 in hexadecimal.
    #[must_use]
    pub fn signed_text(&self, hash: &str) -> String {
        let Self { digest_end_time, digest_s3_bucket, digest_s3_object, .. } = self;
        let previous = self.previous_digest_signature.as_deref().unwrap_or("null");
        format!("{digest_end_time}\n{digest_s3_bucket}/{digest_s3_object}\n{hash}\n{previous}")
    }
}

/// The name of a digest in its bucket.
#[must_use]
pub fn digest_name(place: &DeliveryPlace<'_>, trail: &str, home: &str, end: Timestamp) -> String {
    let DeliveryPlace { account, region, .. } = place;
    let (folder, time) = (place.folder("CloudTrail-Digest", end), compact(end));
    format!("{folder}/{account}_CloudTrail-Digest_{region}_{trail}_{home}_{time}.json.gz")
}

/// The name of a file of events in its bucket. `unique` is sixteen letters and digits that tell it from others of its minute.
#[must_use]
pub fn log_file_name(place: &DeliveryPlace<'_>, at: Timestamp, unique: &str) -> String {
    let DeliveryPlace { account, region, .. } = place;
    let (folder, time) = (place.folder("CloudTrail", at), compact(at));
    let minute = time.get(..13).unwrap_or_default();
    format!("{folder}/{account}_CloudTrail_{region}_{minute}Z_{unique}.json.gz")
}

/// Whose events they are, and where they happened.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryPlace<'a> {
    /// What the trail puts before all names; absent for nothing.
    pub prefix: Option<&'a str>,
    /// The account.
    pub account: &'a str,
    /// The Region.
    pub region: &'a str,
}

impl DeliveryPlace<'_> {
    fn folder(&self, kind: &str, at: Timestamp) -> String {
        let Self { prefix, account, region } = self;
        let prefix = prefix.map(|prefix| format!("{prefix}/")).unwrap_or_default();
        let day = at.to_iso8601().get(..10).unwrap_or_default().replace('-', "/");
        format!("{prefix}AWSLogs/{account}/{kind}/{region}/{day}")
    }
}

/// A time without separators, such as `20261130T065900Z`.
pub(crate) fn compact(at: Timestamp) -> String {
    let mut text = at.to_iso8601();
    text.retain(|letter| letter != '-' && letter != ':');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: DeliveryPlace<'_> =
        DeliveryPlace { prefix: None, account: "111122223333", region: "us-east-1" };

    #[test]
    fn names_are_those_of_aws() {
        let at = Timestamp::parse_iso8601("2026-11-30T06:59:07Z").unwrap();
        assert_eq!(
            log_file_name(&PLACE, at, "0123456789abcdef"),
            "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/30/\
             111122223333_CloudTrail_us-east-1_20261130T0659Z_0123456789abcdef.json.gz"
        );
        let prefixed = DeliveryPlace { prefix: Some("logs/prod"), ..PLACE };
        assert_eq!(
            digest_name(&prefixed, "main", "eu-west-1", at),
            "logs/prod/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/11/30/\
             111122223333_CloudTrail-Digest_us-east-1_main_eu-west-1_20261130T065907Z.json.gz"
        );
    }

    #[test]
    fn the_first_of_a_chain_has_nothing_before_it() {
        let digest = Digest {
            aws_account_id: "111122223333".into(),
            digest_start_time: "2026-11-30T06:00:00Z".into(),
            digest_end_time: "2026-11-30T07:00:00Z".into(),
            digest_s3_bucket: "audit".into(),
            digest_s3_object: "o".into(),
            digest_public_key_fingerprint: "f".into(),
            digest_signature_algorithm: SIGNATURE_ALGORITHM.into(),
            newest_event_time: None,
            oldest_event_time: None,
            previous_digest_s3_bucket: None,
            previous_digest_s3_object: None,
            previous_digest_hash_value: None,
            previous_digest_hash_algorithm: None,
            previous_digest_signature: None,
            log_files: Vec::new(),
            journal: None,
        };
        assert_eq!(digest.signed_text("ab"), "2026-11-30T07:00:00Z\naudit/o\nab\nnull");
        let text = digest.to_json().unwrap();
        assert!(text.contains(r#""previousDigestS3Bucket":null"#), "{text}");
        assert!(text.contains(r#""digestS3Object":"o","#), "{text}");
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), digest);
    }
}
