//! Proofs, digests and lists of public keys: whatever somebody hands to `keywright trail verify`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trail::{DigestPublicKeys, EventProof, SignedDigest, VerifiedDigest};

const KEYS: &[u8] = include_bytes!("../../crates/trail/tests/proof_v1/keys.json");

fuzz_target!(|bytes: &[u8]| {
    let Ok(keys) = DigestPublicKeys::from_json(KEYS) else { return };
    let _ = DigestPublicKeys::from_json(bytes);
    let _ = VerifiedDigest::of(bytes, "00", &keys);
    if let Ok(signed) = SignedDigest::from_json(bytes) {
        let _ = signed.verified(&keys);
    }
    if let Ok(proof) = EventProof::from_json(bytes)
        && let Ok(proven) = proof.verified(&keys)
    {
        assert_eq!(proven.sequence, 1, "the key signed one digest, and one record of it is known");
    }
});
