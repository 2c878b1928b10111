//! The published vectors, read from the page itself. The independent program `tests/blackbox/object_format.py` reads them too.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use envelope::{BucketKey, Slot};

use super::*;

const PAGE: &str = include_str!("../../../../docs/object-format.md");

/// The values of the page's block, by their names.
fn published() -> BTreeMap<&'static str, Vec<u8>> {
    let block = PAGE.split_once("```vectors\n").unwrap().1.split_once("```").unwrap().0;
    let mut values: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    let mut name = "";
    for line in block.lines() {
        if let Some(value) = line.strip_prefix("    ") {
            values.entry(name).or_default().extend(hex(value));
        } else {
            name = line;
        }
    }
    values
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn secret(values: &BTreeMap<&str, Vec<u8>>, name: &str) -> Plaintext {
    Plaintext::new(values[name].clone())
}

#[test]
fn parts_are_those_of_the_page() {
    let values = published();
    let key = ObjectKey::new(secret(&values, "object key")).unwrap();
    for bytes in [0, 5] {
        let part = &values[format!("part of a pattern of {bytes} bytes").as_str()];
        assert_eq!(&seal(&key, &pattern(bytes), &Scripted::new(&values["salt"])), part);
        assert_eq!(open(&key, part), Ok(pattern(bytes)));
    }
    for bytes in [65_535, 65_536, 65_537, 200_000] {
        let part = seal(&key, &pattern(bytes), &Scripted::new(&values["salt"]));
        let expected = &values[format!("SHA-256 of a part of a pattern of {bytes} bytes").as_str()];
        assert_eq!(digest(&SHA256, &part).as_ref(), expected, "{bytes}");
        assert_eq!(open(&key, &part), Ok(pattern(bytes)));
    }
}

#[test]
fn the_wrapped_key_the_note_and_the_voucher_are_those_of_the_page() {
    let values = published();
    let key = ObjectKey::new(secret(&values, "object key")).unwrap();

    let bucket_key = BucketKey::new(secret(&values, "bucket key")).unwrap();
    let nonce = Scripted::new(&values["nonce of the wrapped object key"]);
    let wrapped = &values["wrapped object key"];
    assert_eq!(bucket_key.wrap(&key, &values["binding"], &nonce).unwrap().as_slice(), wrapped);
    let unwrapped = bucket_key.unwrap(wrapped, &values["binding"]).unwrap();
    assert_eq!(unwrapped.as_plaintext().reveal(), values["object key"]);

    let label = std::str::from_utf8(&values["label of the note"]).unwrap();
    let (content, note) = (&values["content of the note"], &values["note"]);
    let nonce = Scripted::new(&values["nonce of the note"]);
    assert_eq!(&key.seal_note(label, content, &nonce).unwrap(), note);
    assert_eq!(key.open_note(label, note).unwrap().reveal(), content);

    let header = PartSealer::start(&key, &Scripted::new(&values["salt"])).unwrap().1;
    let slot = Slot { part: 1, parts: 3, offset: 7, size: PartSize::of_plain(65_537).unwrap() };
    let voucher = &values["voucher of a pattern of 65537 bytes as part 1 of 3, from byte 7 on"];
    assert_eq!(key.vouch(&header, &slot).unwrap().as_slice(), voucher);
    assert_eq!(key.check_voucher(&header, &slot, voucher), Ok(()));
}
