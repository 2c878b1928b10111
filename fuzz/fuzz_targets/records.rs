//! Arbitrary stored records and journal payloads are read or refused.

#![no_main]

use bytes::Bytes;
use dispatch::Follower;
use libfuzzer_sys::fuzz_target;
use store::{Changes, Page, Revision, Versioned};

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
        Some(key) => (Bytes::from_static(key.as_bytes()), rest),
        None => {
            let (key, value) = rest.split_at(rest.len().min(usize::from(*which)));
            (Bytes::copy_from_slice(key), value)
        }
    };
    let value = Bytes::copy_from_slice(value);
    let memory = kms::Memory::default();
    let stored = Versioned { value: value.clone(), revision: Revision(1) };
    let page = Page { items: vec![(key.clone(), stored)], next: None, revision: Revision(1) };
    let _ = memory.load(&page);
    let _ = memory.apply(&Changes { revision: Revision(2), items: vec![(key.clone(), Some(value))] });
    let _ = memory.apply(&Changes { revision: Revision(3), items: vec![(key, None)] });
});
