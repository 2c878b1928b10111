use std::sync::LazyLock;

use audit::{EventKind, MerklePathFinder};
use proptest::prelude::*;

use super::*;
use crate::testing::{DigestSigner, digested};

/// Keys, and a proof for record 5 of a digest of records 3 to 9.
static PROOF: LazyLock<(DigestPublicKeys, EventProof)> = LazyLock::new(|| {
    let records: Vec<_> =
        (1..=9_u8).map(|number| (u64::from(number), record(number), [number; 32])).collect();
    let mut signer = DigestSigner::new();
    let keys = DigestPublicKeys::from_json(signer.public_keys().as_bytes()).unwrap();
    let (_, signed, _) = signer.next(Vec::new(), Some(digested(&records, 3, 10)));
    let mut finder = MerklePathFinder::new(2, 7).unwrap();
    records[2..].iter().for_each(|(_, payload, _)| finder.add(payload));
    let (path, _) = finder.finish().unwrap();
    (keys, EventProof::new(EventId([5; 16]), (5, &record(5)), &path, signed))
});

fn record(number: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    Record::new(EventKind::ApiCall, [number; 16], 1_795_551_300_000).encode(&mut bytes);
    bytes
}

#[test]
fn a_proof_proves_its_record() {
    let (keys, proof) = &*PROOF;
    let read = EventProof::from_json(proof.to_json().unwrap().as_bytes()).unwrap();
    assert_eq!(&read, proof);
    let proven = read.verified(keys).unwrap();
    assert_eq!((proven.sequence, proven.payload, proven.event_id), (5, record(5), EventId([5; 16])));
    assert_eq!(proven.digest.digest_end_time, "2026-11-30T07:00:00Z");
}

#[test]
fn whatever_is_changed_proves_nothing() {
    let (keys, proof) = &*PROOF;
    let other = base64_simd::STANDARD.encode_to_string(record(6));
    let mut cases = vec![
        EventProof { sequence: 4, ..proof.clone() },
        EventProof { sequence: 2, ..proof.clone() },
        EventProof { sequence: 10, ..proof.clone() },
        EventProof { sequence: u64::MAX, ..proof.clone() },
        EventProof { record: other, ..proof.clone() },
        EventProof { record: "!".to_owned(), ..proof.clone() },
        EventProof { path: proof.path[1..].to_vec(), ..proof.clone() },
        EventProof { path: vec!["00".to_owned()], ..proof.clone() },
        EventProof { event_id: EventId([6; 16]).to_string(), ..proof.clone() },
        EventProof { event_id: "5".to_owned(), ..proof.clone() },
    ];
    let mut swapped = proof.clone();
    swapped.path.swap(0, 1);
    cases.push(swapped);
    let mut resigned = proof.clone();
    resigned.signed.digest = resigned.signed.digest.replace("\"firstSequence\":3", "\"firstSequence\":4");
    cases.push(resigned);
    for case in cases {
        assert!(case.verified(keys).is_err(), "{case:?}");
    }
}

#[test]
fn a_digest_that_tells_nothing_of_the_journal_proves_nothing() {
    let (_, proof) = &*PROOF;
    let mut signer = DigestSigner::new();
    let keys = DigestPublicKeys::from_json(signer.public_keys().as_bytes()).unwrap();
    let bare = EventProof { signed: signer.next(Vec::new(), None).1, ..proof.clone() };
    assert!(matches!(bare.verified(&keys), Err(ProofFault::NotInDigest)));
}

#[test]
fn other_formats_and_versions_are_refused() {
    let json = PROOF.1.to_json().unwrap();
    for (from, to) in [("\"version\": 1", "\"version\": 2"), ("event-proof", "other-proof")] {
        let other = EventProof::from_json(json.replace(from, to).as_bytes());
        assert!(matches!(other, Err(ProofFault::Version)), "{to}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_changed_byte_proves_nothing_else(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let (keys, proof) = &*PROOF;
        let mut json = proof.to_json().unwrap().into_bytes();
        let at = at.index(json.len());
        json[at] = byte;
        let proven = EventProof::from_json(&json).and_then(|proof| proof.verified(keys));
        // White space, the case of digits and the public key, which nobody reads, may change.
        if let Ok(proven) = proven {
            prop_assert_eq!((proven.sequence, proven.payload), (5, record(5)));
            prop_assert_eq!(proven.event_id, EventId([5; 16]));
        }
    }

    #[test]
    fn no_bytes_are_a_proof_by_chance(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(EventProof::from_json(&bytes).is_err());
    }
}
