//! No key of AES-GCM ever sees a nonce twice. A nonce is found out, not assumed: a chunk opens under no other one.

use std::collections::HashSet;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use envelope::{BucketKey, NOTE_OVERHEAD_BYTES};
use proptest::prelude::*;

use super::*;

/// What a client does with one bucket.
#[derive(Debug, Clone)]
enum Deed {
    /// Writes the object of this name anew, in parts of these numbers and sizes; a number may come again.
    Upload(u8, Vec<(u8, usize)>),
    /// Seals a note of the object of this name, if there is one.
    Note(u8, bool),
    /// Wraps the key of the object of this name anew, as a copy does.
    Wrap(u8),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let bytes = prop_oneof![Just(0), Just(5), Just(CHUNK_BYTES), CHUNK_BYTES + 1..3 * CHUNK_BYTES];
    let deed = prop_oneof![
        (0..2_u8, prop::collection::vec((0..3_u8, bytes), 1..5))
            .prop_map(|(name, parts)| Deed::Upload(name, parts)),
        (0..2_u8, any::<bool>()).prop_map(|(name, kind)| Deed::Note(name, kind)),
        (0..2_u8).prop_map(Deed::Wrap),
    ];
    prop::collection::vec(deed, 1..12)
}

/// The pairs that were used, by what each opened.
#[derive(Default)]
struct Seen(HashSet<([u8; 32], [u8; 12])>);

impl Seen {
    /// Proves that this pair made `sealed`, and that it made nothing before.
    fn note(&mut self, key: [u8; 32], nonce: [u8; 12], associated: &[u8], sealed: &[u8]) {
        let gcm = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        let mut sealed = sealed.to_vec();
        gcm.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(associated), &mut sealed).unwrap();
        assert!(self.0.insert((key, nonce)), "a key has seen a nonce twice");
    }

    fn part(&mut self, object_key: &ObjectKey, part: &[u8]) {
        let key = derived(object_key, &part[4..36], b"keywright s3 part v1 key");
        let chunks: Vec<&[u8]> = part[HEADER_BYTES..].chunks(SEALED_CHUNK_BYTES).collect();
        for (number, chunk) in chunks.iter().enumerate() {
            let mut nonce = [0; 12];
            nonce[3..11].copy_from_slice(&(number as u64).to_be_bytes());
            nonce[11] = u8::from(number + 1 == chunks.len());
            self.note(key, nonce, b"", chunk);
        }
    }
}

fn derived(object_key: &ObjectKey, salt: &[u8], info: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let extracted = Salt::new(HKDF_SHA256, salt).extract(object_key.as_plaintext().reveal());
    extracted.expand(&[info], HKDF_SHA256).unwrap().fill(&mut key).unwrap();
    key
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_key_sees_a_nonce_twice(deeds in deeds()) {
        let randomness = Counting::default();
        let bucket_key = BucketKey::new(Plaintext::new(vec![7; 32])).unwrap();
        let mut objects = [None, None];
        let mut seen = Seen::default();
        for deed in deeds {
            match deed {
                Deed::Upload(name, parts) => {
                    let object_key = ObjectKey::generate(&randomness).unwrap();
                    for (number, bytes) in parts {
                        // The same bytes for the same number: what an equal nonce would show at once.
                        let plaintext = vec![number; bytes];
                        seen.part(&object_key, &seal(&object_key, &plaintext, &randomness));
                    }
                    objects[usize::from(name)] = Some(object_key);
                }
                Deed::Note(name, kind) => {
                    let Some(object_key) = &objects[usize::from(name)] else { continue };
                    let label = if kind { "etag" } else { "checksums" };
                    let note = object_key.seal_note(label, b"hello", &randomness).unwrap();
                    prop_assert_eq!(note.len(), 5 + NOTE_OVERHEAD_BYTES);
                    let key = derived(object_key, b"", format!("keywright s3 note v1 {label}").as_bytes());
                    seen.note(key, note[4..16].try_into().unwrap(), b"", &note[16..]);
                }
                Deed::Wrap(name) => {
                    let Some(object_key) = &objects[usize::from(name)] else { continue };
                    let wrapped = bucket_key.wrap(object_key, b"name", &randomness).unwrap();
                    let nonce = wrapped[4..16].try_into().unwrap();
                    seen.note([7; 32], nonce, b"keywright s3 object key v1name", &wrapped[16..]);
                }
            }
        }
    }
}
