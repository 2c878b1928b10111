use envelope::{BucketKey, EnvelopeError::*, WRAPPED_KEY_BYTES};

use super::*;

fn bucket_key(byte: u8) -> BucketKey {
    BucketKey::new(Plaintext::new(vec![byte; 32])).unwrap()
}

#[test]
fn a_wrapped_key_opens_under_its_bucket_key_and_binding_alone() {
    let wrapped = bucket_key(7).wrap(&key(1), b"arn:aws:s3:::b/k", &Counting::default()).unwrap();
    let unwrapped = bucket_key(7).unwrap(&wrapped, b"arn:aws:s3:::b/k").unwrap();
    assert_eq!(unwrapped.as_plaintext().reveal(), [1; 32]);
    let refused = |outcome: Result<ObjectKey, EnvelopeError>| outcome.err();
    assert_eq!(refused(bucket_key(8).unwrap(&wrapped, b"arn:aws:s3:::b/k")), Some(WouldNotOpen));
    for binding in [b"".as_slice(), b"arn:aws:s3:::b/k2", b"arn:aws:s3:::b/"] {
        assert_eq!(refused(bucket_key(7).unwrap(&wrapped, binding)), Some(WouldNotOpen));
    }
}

#[test]
fn no_byte_of_a_wrapped_key_can_be_altered_or_missing() {
    let wrapped = bucket_key(7).wrap(&key(1), b"", &Counting::default()).unwrap();
    for position in 0..WRAPPED_KEY_BYTES {
        for bit in 0..8 {
            let mut altered = wrapped;
            altered[position] ^= 1 << bit;
            let expected = if position < 4 { NotThisFormat } else { WouldNotOpen };
            assert_eq!(bucket_key(7).unwrap(&altered, b"").err(), Some(expected), "byte {position}");
        }
        assert_eq!(bucket_key(7).unwrap(&wrapped[..position], b"").err(), Some(NotThisFormat));
    }
    let longer = [wrapped.as_slice(), &[0]].concat();
    assert_eq!(bucket_key(7).unwrap(&longer, b"").err(), Some(NotThisFormat));
}

#[test]
fn keys_have_32_bytes_and_need_randomness() {
    for bytes in [0, 16, 31, 33, 64] {
        assert!(matches!(ObjectKey::new(Plaintext::zeroed(bytes)), Err(NotThisFormat)), "{bytes}");
        assert!(matches!(BucketKey::new(Plaintext::zeroed(bytes)), Err(NotThisFormat)), "{bytes}");
    }
    assert_eq!(
        ObjectKey::generate(&Scripted::new(&pattern(32))).unwrap().as_plaintext().reveal(),
        pattern(32)
    );
    assert!(matches!(ObjectKey::generate(&Scripted::new(&[0; 31])), Err(Broken)));
    assert_eq!(bucket_key(7).wrap(&key(1), b"", &Scripted::dry()), Err(Broken));
}
