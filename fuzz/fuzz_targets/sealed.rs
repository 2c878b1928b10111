//! Arbitrary parts, wrapped keys, notes, vouchers and messages are read and never open, and no size is worked out wrong.

#![no_main]

use envelope::{
    BucketKey, HEADER_BYTES, ObjectKey, PartHeader, PartOpener, PartSize, Slot,
    message::{Front, MessageHeader, MessageOpener},
};
use libfuzzer_sys::fuzz_target;
use secret::Plaintext;

fuzz_target!(|data: &[u8]| {
    object(data);
    message(data);
    size(data);
});

fn key() -> Plaintext {
    Plaintext::new(vec![7; 32])
}

fn object(data: &[u8]) {
    let object_key = ObjectKey::new(key()).expect("32 bytes");
    assert!(BucketKey::new(key()).expect("32 bytes").unwrap(data, b"binding").is_err());
    assert!(object_key.open_note("note", data).is_err());
    let size = PartSize::of_sealed(data.len() as u64);
    let (Some((header, rest)), Ok(size)) = (data.split_at_checked(HEADER_BYTES), size) else { return };
    let Ok(header) = PartHeader::parse(header) else { return };
    assert!(PartOpener::new(&object_key, &header, size).is_err());
    let slot = Slot { part: 0, parts: 1, offset: 0, size };
    assert!(object_key.check_voucher(&header, &slot, rest).is_err());
}

fn message(data: &[u8]) {
    if let Ok(Some((header, _))) = MessageHeader::parse(data) {
        assert!(MessageOpener::new(&header, &key()).is_err());
    }
    // Behind a header that is right, as frames.
    let (header, _) = MessageHeader::parse(HEADER).expect("well-formed").expect("whole");
    let mut opener = MessageOpener::new(&header, &key()).expect("its own key");
    if let Ok(Front::Opened { .. }) = opener.open_next(&mut data.to_vec()) {
        panic!("a frame opened that nobody sealed");
    }
    assert!(opener.finish(data).is_err());
}

/// Numbers of 8 bytes: a sealed size, and a range of its part.
fn size(data: &[u8]) {
    let (numbers, _) = data.as_chunks();
    let [sealed, start, end] = numbers else { return };
    let Ok(size) = PartSize::of_sealed(u64::from_be_bytes(*sealed)) else { return };
    assert_eq!(size.sealed(), u64::from_be_bytes(*sealed));
    let (start, end) = (u64::from_be_bytes(*start), u64::from_be_bytes(*end));
    let Ok(stretch) = size.covering(start..end) else { return };
    assert!(start <= end && end <= size.plain() && stretch.sealed().end <= size.sealed());
    let (first, last) = (stretch.chunks().start, stretch.chunks().end - 1);
    assert!(stretch.wanted_of(first).len() as u64 <= end - start);
    assert!(stretch.wanted_of(last).end <= size.chunk(last).expect("there"));
}

/// A header under the key above, with frames of 128 bytes.
const HEADER: &[u8] = b"\
    \x02\x04\x78\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\
    \x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x00\x00\x00\x01\x00\x07\x61\x77\x73\x2d\x6b\x6d\x73\
    \x00\x00\x00\x01\x62\x02\x00\x00\x00\x80\xd1\xac\x5e\xe3\x51\xa8\x46\xa0\x1d\x34\xcd\x11\xa8\x22\
    \x65\x26\x31\x39\x44\xd8\x4a\x0a\x96\x19\xcb\xf8\x52\x12\xca\x7b\xb2\x1d\x30\x3d\x1a\xbb\xd2\xff\
    \x88\x50\x38\x64\x48\xed\x8f\x9c\x08\x6e";
