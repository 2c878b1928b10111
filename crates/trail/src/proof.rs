//! A proof that a record was in the journal when a digest was made. The format: docs/audit-format.md §9.

use std::{borrow::Cow, fmt};

use audit::{MerkleHash, Record, merkle_root_of_path};
use serde::{Deserialize, Serialize};

use crate::{Digest, DigestFault, DigestPublicKeys, EventId, SignedDigest, digested_journal::hash};

/// What a proof's file says that it is.
const FORMAT: &str = "keywright-event-proof";
/// The version of the format that is written and read.
const VERSION: u32 = 1;

/// One record, the path to the root of a digest's tree, and the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventProof {
    format: Cow<'static, str>,
    version: u32,
    /// The event that is proved.
    event_id: String,
    /// The record's sequence number.
    sequence: u64,
    /// The record's bytes, in base64.
    record: String,
    /// The hashes beside the way from the record to the root, from the record upwards, in hexadecimal.
    path: Vec<String>,
    /// The digest, with its signature.
    #[serde(flatten)]
    signed: SignedDigest,
}

/// What a proof proves.
#[derive(Debug)]
pub struct ProvenRecord {
    /// The event.
    pub event_id: EventId,
    /// The record's sequence number in its journal.
    pub sequence: u64,
    /// The record's bytes.
    pub payload: Vec<u8>,
    /// The digest that vouches for it.
    pub digest: Digest,
}

/// Why a proof proves nothing.
#[derive(Debug)]
pub enum ProofFault {
    /// The file is no proof.
    Shape(serde_json::Error),
    /// It is a proof of another format, or of a later version.
    Version,
    /// A part of it is not written as it has to be.
    Part(&'static str),
    /// The digest is not believed.
    Digest(DigestFault),
    /// The digest does not tell of the journal, or not of this record.
    NotInDigest,
    /// The path does not lead from the record to the digest's root.
    Path,
    /// The record is proved, but has no event of this id.
    OtherEvent,
}

impl EventProof {
    /// The proof for an event of this record.
    #[must_use]
    pub fn new(
        event: EventId,
        (sequence, payload): (u64, &[u8]),
        path: &[MerkleHash],
        signed: SignedDigest,
    ) -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
            event_id: event.to_string(),
            sequence,
            record: base64_simd::STANDARD.encode_to_string(payload),
            path: path.iter().map(|hash| base16ct::lower::encode_string(hash)).collect(),
            signed,
        }
    }

    /// The file's contents.
    ///
    /// # Errors
    /// Never in fact: every member can be written.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// From a file's contents. Nothing is verified.
    ///
    /// # Errors
    /// [`ProofFault::Shape`] and [`ProofFault::Version`].
    pub fn from_json(contents: &[u8]) -> Result<Self, ProofFault> {
        let proof: Self = serde_json::from_slice(contents).map_err(ProofFault::Shape)?;
        if proof.format == FORMAT && proof.version == VERSION { Ok(proof) } else { Err(ProofFault::Version) }
    }

    /// What it proves, if one of these keys signed its digest.
    ///
    /// # Errors
    /// [`ProofFault`].
    pub fn verified(&self, keys: &DigestPublicKeys) -> Result<ProvenRecord, ProofFault> {
        let digest = self.signed.verified(keys).map_err(ProofFault::Digest)?.digest;
        let event_id = EventId::parse(&self.event_id).ok_or(ProofFault::Part("eventId"))?;
        let payload = base64_simd::STANDARD.decode_to_vec(self.record.as_bytes());
        let payload = payload.map_err(|_| ProofFault::Part("record"))?;
        let path: Option<Vec<_>> = self.path.iter().map(|digits| hash(digits)).collect();
        let path = path.ok_or(ProofFault::Part("path"))?;
        let records = digest.journal.as_ref().ok_or(ProofFault::NotInDigest)?;
        let index =
            self.sequence.checked_sub(records.first_sequence).filter(|index| *index < records.records);
        let index = index.ok_or(ProofFault::NotInDigest)?;
        let root = hash(&records.merkle_root).ok_or(ProofFault::NotInDigest)?;
        if merkle_root_of_path(&payload, index, records.records, &path) != Some(root) {
            return Err(ProofFault::Path);
        }
        // A record that a later version wrote may not decode. Its id then is not known, and the record is what is proved.
        if Record::decode(&payload).is_ok_and(|record| !event_id.is_of(&record)) {
            return Err(ProofFault::OtherEvent);
        }
        Ok(ProvenRecord { event_id, sequence: self.sequence, payload, digest })
    }
}

impl fmt::Display for ProofFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(error) => write!(f, "it is no proof: {error}"),
            Self::Version => write!(f, "it is not a {FORMAT} of version {VERSION}"),
            Self::Part(name) => write!(f, "its `{name}` cannot be read"),
            Self::Digest(fault) => write!(f, "its digest: {fault}"),
            Self::NotInDigest => f.write_str("its digest does not tell of the record"),
            Self::Path => f.write_str("the record is not the one of which the digest was made"),
            Self::OtherEvent => f.write_str("the record is another event's"),
        }
    }
}

impl std::error::Error for ProofFault {}

#[cfg(test)]
mod tests;
