//! Arbitrary stored records and journal payloads are read or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use state::{StoredRecord, Tables};
use store::Revision;

const KEYS: [&str; 3] = [
    "111122223333/us-east-1/key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "111122223333/us-east-1/material/1234abcd-12ab-34cd-56ef-1234567890ab/\
     00000000000000000000000000000000000000000000000000000000000000aa",
    "111122223333/us-east-1/alias/alias/name",
];

fuzz_target!(|data: &[u8]| {
    let _ = audit::Record::decode(data);
    let Some((which, rest)) = data.split_first() else { return };
    // Either a record under a good key, or a record under an arbitrary one.
    let (key, value) = match KEYS.get(usize::from(*which)) {
        Some(key) => (key.as_bytes(), rest),
        None => rest.split_at(rest.len().min(usize::from(*which))),
    };
    let mut tables = kms::Tables::default();
    // Read, changed, removed.
    for (revision, value) in [(1, Some(value)), (2, Some(value)), (3, None)] {
        let _ = tables.take(StoredRecord { key, value, revision: Revision(revision) });
    }
});
