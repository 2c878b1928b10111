//! Messages of the AWS Encryption SDK: those that the SDK for Python wrote (`make_messages.py`), and our own.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, HKDF_SHA512, Salt};
use envelope::EnvelopeError::*;
use envelope::message::{
    DATA_KEYS_MAX, EncryptedDataKey, FRAME_BYTES, FRAME_BYTES_MAX, Front, HEADER_BYTES_MAX, MessageHeader,
    MessageOpener, MessageSealer, Suite,
};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn vectors() -> Value {
    serde_json::from_str(include_str!("messages.json")).unwrap()
}

fn data_key() -> Plaintext {
    Plaintext::new((0..32).collect())
}

/// The data keys of the vectors: their last characters are their numbers.
fn data_keys(count: u64) -> Vec<EncryptedDataKey> {
    let key = |number: u64| {
        let arn =
            format!("arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890a{number}");
        let blob = vec![arn.as_bytes()[arn.len() - 1]; 184];
        EncryptedDataKey { provider: "aws-kms".to_owned(), key: arn.into_bytes(), ciphertext: blob }
    };
    (0..count).map(key).collect()
}

fn context_of(vector: &Value) -> BTreeMap<String, String> {
    let pairs = vector["context"].as_object().unwrap().iter();
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn message_of(vector: &Value) -> Vec<u8> {
    super::vectors::hex(vector["message"].as_str().unwrap())
}

/// A whole message, in memory.
fn write(context: &BTreeMap<String, String>, plaintext: &[u8], randomness: &dyn Randomness) -> Vec<u8> {
    let (mut sealer, mut message) =
        MessageSealer::start(&data_key(), context, &data_keys(1), randomness).unwrap();
    let mut left = plaintext;
    while left.len() > FRAME_BYTES {
        let (frame, rest) = left.split_at(FRAME_BYTES);
        let mut frame = frame.to_vec();
        let (head, tag) = sealer.seal_frame(&mut frame).unwrap();
        message.extend([head.as_slice(), &frame, &tag].concat());
        left = rest;
    }
    let mut frame = left.to_vec();
    let (head, tag) = sealer.seal_final_frame(&mut frame).unwrap();
    message.extend([head.as_slice(), &frame, &tag].concat());
    message
}

/// A whole message that comes in pieces of so many bytes.
fn read(message: &[u8], piece: usize) -> Result<Vec<u8>, EnvelopeError> {
    let mut pieces = message.chunks(piece);
    let mut buffer = Vec::new();
    let (header, used) = loop {
        if let Some(read) = MessageHeader::parse(&buffer)? {
            break read;
        }
        buffer.extend_from_slice(pieces.next().ok_or(WouldNotOpen)?);
    };
    buffer.drain(..used);
    let mut opener = MessageOpener::new(&header, &data_key())?;
    let mut plaintext = Vec::new();
    loop {
        match opener.open_next(&mut buffer)? {
            Front::Opened { used, plaintext: opened } => {
                plaintext.extend_from_slice(opened);
                buffer.drain(..used);
            }
            Front::Needs(bytes) => {
                assert!(bytes > buffer.len() && bytes <= header.frame_bytes() + 40);
                match pieces.next() {
                    Some(piece) => buffer.extend_from_slice(piece),
                    None => return opener.finish(&buffer).map(|()| plaintext),
                }
            }
        }
    }
}

#[test]
fn what_the_sdk_writes_is_written_alike() {
    for vector in vectors()["written_alike"].as_array().unwrap() {
        let plaintext = pattern(vector["bytes"].as_u64().unwrap() as usize);
        let message = write(&context_of(vector), &plaintext, &Scripted::new(&[0x4d; 32]));
        match vector["sha256"].as_str() {
            None => assert_eq!(message, message_of(vector)),
            Some(hash) => assert_eq!(digest(&SHA256, &message).as_ref(), super::vectors::hex(hash)),
        }
        assert_eq!(read(&message, 1000), Ok(plaintext));
    }
}

#[test]
fn messages_of_the_sdk_open() {
    for vector in vectors()["read"].as_array().unwrap() {
        let message = message_of(vector);
        let (header, _) = MessageHeader::parse(&message).unwrap().unwrap();
        assert_eq!(u64::from(header.suite().id()), vector["suite"]);
        assert_eq!(header.frame_bytes() as u64, vector["frame"]);
        let mut known = header.encrypted_data_keys().to_vec();
        known.sort_by(|one, other| one.key.cmp(&other.key));
        assert_eq!(known, data_keys(vector["keys"].as_u64().unwrap()));
        let signs = header.suite() == Suite::CommitsAndSigns;
        let mut context = header.context().clone();
        assert_eq!(context.remove("aws-crypto-public-key").is_some(), signs);
        assert_eq!(context, context_of(vector));
        for piece in [1, 13, 128, message.len()] {
            assert_eq!(read(&message, piece), Ok(pattern(vector["bytes"].as_u64().unwrap() as usize)));
        }
    }
}

#[test]
fn no_byte_of_a_message_can_be_altered_or_missing_or_follow() {
    for vector in vectors()["read"].as_array().unwrap() {
        let message = message_of(vector);
        for position in 0..message.len() {
            for bit in [1, 0x80] {
                let mut altered = message.clone();
                altered[position] ^= bit;
                assert!(read(&altered, altered.len()).is_err(), "byte {position} of {vector}");
            }
            assert!(position == 0 || read(&message[..position], position).is_err(), "cut at {position}");
        }
        for more in [1, 16, 100] {
            let longer = [message.as_slice(), &vec![0; more]].concat();
            assert_eq!(read(&longer, longer.len()), Err(NotThisFormat));
            assert_eq!(read(&longer, 1), Err(NotThisFormat));
        }
    }
}

#[test]
fn a_frame_opens_nowhere_but_in_its_place() {
    let plaintext = pattern(2 * FRAME_BYTES + 5);
    let randomness = Counting::default();
    let messages = [(); 2].map(|()| write(&BTreeMap::new(), &plaintext, &randomness));
    let header_bytes = MessageHeader::parse(&messages[0]).unwrap().unwrap().1;
    let frame = FRAME_BYTES + 32;
    let parts = |message: &'_ [u8]| {
        let (header, body) = message.split_at(header_bytes);
        let (first, rest) = body.split_at(frame);
        let (second, last) = rest.split_at(frame);
        [header, first, second, last].map(<[u8]>::to_vec)
    };
    let [header, first, second, last] = parts(&messages[0]);
    let [other_header, other_first, _, other_last] = parts(&messages[1]);
    let joined = |parts: &[&Vec<u8>]| parts.iter().flat_map(|part| part.iter().copied()).collect::<Vec<u8>>();
    assert_eq!(read(&joined(&[&header, &first, &second, &last]), 70_000), Ok(plaintext));
    for wrong in [
        [&header, &second, &first, &last].as_slice(),
        &[&header, &first, &last],
        &[&header, &second, &last],
        &[&header, &first, &first, &last],
        &[&header, &first, &second, &second, &last],
        &[&header, &first, &second],
        &[&header, &last],
        &[&header, &other_first, &second, &last],
        &[&header, &first, &second, &other_last],
        &[&other_header, &first, &second, &last],
    ] {
        assert_eq!(read(&joined(wrong), 70_000), Err(WouldNotOpen));
    }
    assert_eq!(read(&joined(&[&header, &first, &second, &last, &last]), 70_000), Err(NotThisFormat));
}

#[test]
fn a_header_is_read_when_it_is_whole() {
    for vector in vectors()["read"].as_array().unwrap() {
        let message = message_of(vector);
        let (_, header_bytes) = MessageHeader::parse(&message).unwrap().unwrap();
        for cut in 0..header_bytes {
            assert_eq!(MessageHeader::parse(&message[..cut]), Ok(None), "{cut}");
        }
        assert!(MessageHeader::parse(&message[..header_bytes]).unwrap().is_some());
    }
}

#[test]
fn headers_of_other_forms_are_refused() {
    let message = message_of(&vectors()["read"][0]);
    let (header, header_bytes) = MessageHeader::parse(&message).unwrap().unwrap();
    let refused = |position: usize, with: &[u8]| {
        let mut altered = message.clone();
        altered[position..position + with.len()].copy_from_slice(with);
        assert_eq!(MessageHeader::parse(&altered), Err(NotThisFormat), "{position}: {with:?}");
    };
    // Version 1; suites that do not commit; other suites.
    refused(0, &[1]);
    for suite in [0x0014_u16, 0x0178, 0x0378, 0x0479, 0x0000] {
        refused(1, &suite.to_be_bytes());
    }
    // The pairs of the context: none, too few, too many; not UTF-8.
    for count in [0_u16, 2, 4, u16::MAX] {
        refused(37, &count.to_be_bytes());
    }
    refused(41, &[0xff]);
    // From behind: tag 16, commitment 32, frame length 4, content type 1.
    let frame_bytes = header_bytes - 16 - 32 - 4;
    refused(frame_bytes - 1, &[1]);
    for bytes in [0, FRAME_BYTES_MAX as u32 + 1, u32::MAX] {
        refused(frame_bytes, &bytes.to_be_bytes());
    }
    // No data key, or too many.
    let context_bytes = usize::from(u16::from_be_bytes([message[35], message[36]]));
    for count in [0, DATA_KEYS_MAX as u16 + 1, u16::MAX] {
        refused(37 + context_bytes, &count.to_be_bytes());
    }
    assert_eq!(header.suite(), Suite::Commits);
    // Something that never becomes a header is not waited for.
    assert_eq!(MessageHeader::parse(b"PK\x03\x04"), Err(NotThisFormat));
    let mut endless = message[..37 + context_bytes].to_vec();
    endless.extend((DATA_KEYS_MAX as u16).to_be_bytes());
    endless.resize(HEADER_BYTES_MAX - 1, 0xff);
    endless[37 + context_bytes + 2..].fill(0x41);
    assert_eq!(MessageHeader::parse(&endless), Ok(None));
    endless.push(0x41);
    assert_eq!(MessageHeader::parse(&endless), Err(NotThisFormat));
}

/// A header that somebody with the data key made as they liked.
fn forged(suite: u16, context: &[u8]) -> Vec<u8> {
    forged_with(suite, context, b"COMMITKEY")
}

fn forged_with(suite: u16, context: &[u8], commitment: &[u8]) -> Vec<u8> {
    let mut header = [&[2], suite.to_be_bytes().as_slice(), &[9; 32]].concat();
    header.extend((context.len() as u16).to_be_bytes());
    header.extend_from_slice(context);
    header.extend_from_slice(b"\0\x01\0\x07aws-kms\0\0\0\x01b\x02\0\0\0\x80");
    let extracted = Salt::new(HKDF_SHA512, &[9; 32]).extract(&(0..32).collect::<Vec<u8>>());
    let expand = |info: &[u8]| {
        let mut key = [0; 32];
        extracted.expand(&[info], HKDF_SHA256).unwrap().fill(&mut key).unwrap();
        key
    };
    header.extend(expand(commitment));
    let key = expand(&[suite.to_be_bytes().as_slice(), b"DERIVEKEY"].concat());
    let gcm = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    let tag = gcm.seal_in_place_separate_tag(nonce, Aad::from(&header), &mut []).unwrap();
    [header.as_slice(), tag.as_ref()].concat()
}

#[test]
fn a_public_key_and_a_suite_that_signs_belong_together() {
    let outcome = |suite: u16, context: &[u8]| {
        let (header, _) = MessageHeader::parse(&forged(suite, context)).unwrap().unwrap();
        MessageOpener::new(&header, &data_key()).err()
    };
    let public_key = |value: &[u8]| {
        let name = b"aws-crypto-public-key";
        [b"\0\x01\0\x15", name.as_slice(), &(value.len() as u16).to_be_bytes(), value].concat()
    };
    assert_eq!(outcome(0x0478, b""), None);
    assert_eq!(outcome(0x0478, &public_key(b"QQ==")), Some(NotThisFormat));
    assert_eq!(outcome(0x0578, b""), Some(NotThisFormat));
    assert_eq!(outcome(0x0578, &public_key(b"Q")), Some(NotThisFormat));
    assert_eq!(outcome(0x0578, &public_key(b"QQ==")), None);
    // No name comes twice.
    let twice = forged(0x0478, b"\0\x02\0\x01a\0\x01b\0\x01a\0\x01b");
    assert_eq!(MessageHeader::parse(&twice), Err(NotThisFormat));
}

#[test]
fn a_message_without_its_signature_is_refused() {
    let vectors = vectors();
    let message = message_of(&vectors["read"][3]);
    // Two frames of 128 bytes, and a final one of 44, stand between the header and the footer.
    let (_, header_bytes) = MessageHeader::parse(&message).unwrap().unwrap();
    let at = header_bytes + 2 * (16 + 128 + 16) + 24 + 44 + 16;
    let without = &message[..at];
    assert_eq!(read(without, without.len()), Err(WouldNotOpen));
    let empty = [without, &[0, 0]].concat();
    assert_eq!(read(&empty, empty.len()), Err(WouldNotOpen));
    let too_long = [without, &[0x10, 0], &[0; 0x1000]].concat();
    assert_eq!(read(&too_long, too_long.len()), Err(NotThisFormat));
}

#[test]
fn what_stands_behind_a_message_is_refused_at_once() {
    let message = write(&BTreeMap::new(), b"hello", &Counting::default());
    let (header, header_bytes) = MessageHeader::parse(&message).unwrap().unwrap();
    let mut opener = MessageOpener::new(&header, &data_key()).unwrap();
    let opened =
        opener.open_next(&mut message[header_bytes..].to_vec()).map(|at| matches!(at, Front::Opened { .. }));
    assert_eq!(opened, Ok(true));
    assert!(matches!(opener.open_next(&mut []), Ok(Front::Needs(1))));
    assert!(matches!(opener.open_next(&mut [0]), Err(NotThisFormat)));
}

/// The tag of the header is right, so that nothing but the commitment tells.
#[test]
fn a_commitment_to_another_key_is_refused() {
    let outcome = |commitment: &[u8]| {
        let message = forged_with(0x0478, b"", commitment);
        let (header, _) = MessageHeader::parse(&message).unwrap().unwrap();
        MessageOpener::new(&header, &data_key()).err()
    };
    assert_eq!(outcome(b"COMMITKEY"), None);
    assert_eq!(outcome(b"another"), Some(WouldNotOpen));
}

#[test]
fn another_data_key_does_not_open() {
    let message = write(&BTreeMap::new(), b"hello", &Counting::default());
    let (header, _) = MessageHeader::parse(&message).unwrap().unwrap();
    let other = |key: Vec<u8>| MessageOpener::new(&header, &Plaintext::new(key)).err();
    assert_eq!(other(vec![0; 32]), Some(WouldNotOpen));
    assert_eq!(other(vec![0; 31]), Some(NotThisFormat));
}

#[test]
fn what_no_reader_would_take_is_not_written() {
    let start = |data_key: &Plaintext, context: &[(&str, &str)], data_keys: &[EncryptedDataKey]| {
        let context = context.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        MessageSealer::start(data_key, &context, data_keys, &Counting::default())
            .map(|(_, header)| header)
            .err()
    };
    let one = data_keys(1);
    assert_eq!(start(&data_key(), &[("a", "b")], &one), None);
    assert_eq!(start(&Plaintext::zeroed(16), &[], &one), Some(NotThisFormat));
    assert_eq!(start(&data_key(), &[("aws-crypto-public-key", "x")], &one), Some(NotThisFormat));
    assert_eq!(start(&data_key(), &[("aws-crypto-", "x")], &one), Some(NotThisFormat));
    assert_eq!(start(&data_key(), &[], &[]), Some(NotThisFormat));
    assert_eq!(start(&data_key(), &[], &data_keys(DATA_KEYS_MAX as u64 + 1)), Some(NotThisFormat));
    let (long, half) = ("x".repeat(65_536), "x".repeat(40_000));
    assert_eq!(start(&data_key(), &[("a", &long)], &one), Some(NotThisFormat));
    assert_eq!(start(&data_key(), &[("a", &half), ("b", &half)], &one), Some(NotThisFormat));
    let large = |bytes| EncryptedDataKey { ciphertext: vec![1; bytes], ..one[0].clone() };
    assert_eq!(start(&data_key(), &[], &[large(65_536)]), Some(NotThisFormat));
    assert_eq!(start(&data_key(), &[], &vec![large(65_535); 4]), Some(NotThisFormat));
    assert_eq!(start(&data_key(), &[], &vec![large(65_535); 3]), None);
    assert!(matches!(
        MessageSealer::start(&data_key(), &BTreeMap::new(), &one, &Scripted::new(&[0; 31])),
        Err(Broken)
    ));
}

#[test]
fn a_buffer_that_is_no_frame_is_refused_and_kept() {
    let start =
        || MessageSealer::start(&data_key(), &BTreeMap::new(), &data_keys(1), &Counting::default()).unwrap();
    let (mut sealer, mut message) = start();
    for bytes in [0, 1, FRAME_BYTES - 1, FRAME_BYTES + 1] {
        let mut frame = pattern(bytes);
        assert_eq!(sealer.seal_frame(&mut frame), Err(ImpossibleSize));
        assert_eq!(frame, pattern(bytes));
    }
    // Refused buffers have used no number up.
    let (head, tag) = sealer.seal_final_frame(&mut []).unwrap();
    message.extend([head.as_slice(), &tag].concat());
    assert_eq!(read(&message, 100), Ok(Vec::new()));
    assert_eq!(start().0.seal_final_frame(&mut pattern(FRAME_BYTES + 1)), Err(ImpossibleSize));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_message_opens_whatever_pieces_it_comes_in(
        bytes in prop_oneof![0..200_usize, FRAME_BYTES - 1..FRAME_BYTES + 2, 0..200_000_usize],
        context in prop::collection::btree_map("[a-zé]{0,5}", ".{0,9}", 0..4),
        piece in 500..100_000_usize,
    ) {
        let plaintext = pattern(bytes);
        let message = write(&context, &plaintext, &Counting::default());
        let (header, _) = MessageHeader::parse(&message).unwrap().unwrap();
        prop_assert_eq!(header.context(), &context);
        prop_assert_eq!(read(&message, piece), Ok(plaintext));
    }

    #[test]
    fn nothing_that_is_read_ends_the_program(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = MessageHeader::parse(&bytes);
        let after_the_id = [&[2, 4, 0x78], [0; 32].as_slice(), &bytes].concat();
        let _ = MessageHeader::parse(&after_the_id);
        let (header, _) = MessageHeader::parse(&forged(0x0478, b"")).unwrap().unwrap();
        let mut opener = MessageOpener::new(&header, &data_key()).unwrap();
        let mut frame = [&[0, 0, 0, 1], [0; 11].as_slice(), &[1], &bytes].concat();
        let opened = matches!(opener.open_next(&mut frame), Ok(Front::Opened { .. }));
        prop_assert!(!opened);
        let mut last = [&[0xff; 4], [0, 0, 0, 1].as_slice(), &[0; 11], &[1], &bytes].concat();
        let opened = matches!(opener.open_next(&mut last), Ok(Front::Opened { .. }));
        prop_assert!(!opened);
    }
}
