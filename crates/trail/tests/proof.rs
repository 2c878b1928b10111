//! A proof of format version 1, written by a program that knew only `docs/audit-format.md`. Proofs outlive the version that
//! wrote them: every later version must read this file, and write its contents the same.

use audit::Record;
use trail::{DigestPublicKeys, EventProof};

#[test]
fn the_proof_of_version_1_stays_valid() {
    let written = include_str!("proof_v1/proof.json");
    let keys = DigestPublicKeys::from_json(include_bytes!("proof_v1/keys.json")).unwrap();
    let proof = EventProof::from_json(written.as_bytes()).unwrap();
    assert_eq!(proof.to_json().unwrap() + "\n", written);
    let proven = proof.verified(&keys).unwrap();
    assert_eq!((proven.sequence, proven.digest.digest_end_time.as_str()), (1, "2023-11-14T23:00:00Z"));
    assert_eq!(proven.event_id.to_string(), "e1e1e1e1-e1e1-e1e1-e1e1-e1e1e1e1e1e1");
    assert_eq!(Record::decode(&proven.payload).unwrap().operation, "Decrypt");
}
