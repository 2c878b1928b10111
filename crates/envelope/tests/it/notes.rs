use envelope::{EnvelopeError::*, LABEL_BYTES_MAX, NOTE_BYTES_MAX, NOTE_OVERHEAD_BYTES};

use super::*;

fn read(key: &ObjectKey, label: &str, sealed: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    key.open_note(label, sealed).map(|content| content.reveal().to_vec())
}

#[test]
fn a_note_opens_with_its_object_and_label_alone() {
    let randomness = Counting::default();
    for content in [b"".to_vec(), b"hello".to_vec(), pattern(NOTE_BYTES_MAX)] {
        let sealed = key(1).seal_note("checksums", &content, &randomness).unwrap();
        assert_eq!(sealed.len(), content.len() + NOTE_OVERHEAD_BYTES);
        assert_eq!(read(&key(1), "checksums", &sealed), Ok(content));
        assert_eq!(read(&key(2), "checksums", &sealed), Err(WouldNotOpen));
        for label in ["checksum", "checksums2", "etag"] {
            assert_eq!(read(&key(1), label, &sealed), Err(WouldNotOpen));
        }
    }
}

#[test]
fn no_byte_of_a_note_can_be_altered_or_missing() {
    let sealed = key(1).seal_note("n", b"hello", &Counting::default()).unwrap();
    for position in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[position] ^= 1;
        let expected = if position < 4 { NotThisFormat } else { WouldNotOpen };
        assert_eq!(read(&key(1), "n", &altered), Err(expected), "byte {position}");
        let cut = read(&key(1), "n", &sealed[..position]);
        assert_eq!(cut, Err(if position < NOTE_OVERHEAD_BYTES { NotThisFormat } else { WouldNotOpen }));
    }
    assert_eq!(read(&key(1), "n", &[sealed.as_slice(), &[0]].concat()), Err(WouldNotOpen));
}

#[test]
fn lengths_that_no_note_has_are_refused() {
    let randomness = Counting::default();
    let too_long = vec![0; NOTE_BYTES_MAX + 1];
    assert_eq!(key(1).seal_note("n", &too_long, &randomness), Err(ImpossibleSize));
    let sealed = [b"KON\x01".as_slice(), &vec![0; NOTE_BYTES_MAX + NOTE_OVERHEAD_BYTES]].concat();
    assert_eq!(read(&key(1), "n", &sealed), Err(NotThisFormat));
    for label in ["", &"l".repeat(LABEL_BYTES_MAX + 1)] {
        assert_eq!(key(1).seal_note(label, b"", &randomness), Err(ImpossibleSize));
        assert_eq!(
            read(&key(1), label, &key(1).seal_note("n", b"", &randomness).unwrap()),
            Err(ImpossibleSize)
        );
    }
    let longest = "l".repeat(LABEL_BYTES_MAX);
    assert!(read(&key(1), &longest, &key(1).seal_note(&longest, b"", &randomness).unwrap()).is_ok());
    assert_eq!(key(1).seal_note("n", b"", &Scripted::new(&[0; 11])), Err(Broken));
}
