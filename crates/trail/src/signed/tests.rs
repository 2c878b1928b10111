use proptest::prelude::*;

use super::*;
use crate::testing::DigestSigner;

#[test]
fn a_copy_is_read_as_it_is_written() {
    let signed = SignedDigest {
        digest: "{\"digestEndTime\":\"2026-11-30T07:00:00Z\"}".into(),
        signature: "ab".into(),
        public_key: "MIIB".into(),
    };
    let json = signed.to_json().unwrap();
    assert_eq!(
        json,
        r#"{"digest":"{\"digestEndTime\":\"2026-11-30T07:00:00Z\"}","signature":"ab","publicKey":"MIIB"}"#
    );
    assert_eq!(SignedDigest::from_json(json.as_bytes()).unwrap(), signed);
    assert!(SignedDigest::from_json(b"{}").is_err());
}

#[test]
fn a_copy_is_named_after_its_chain_and_its_end() {
    let end = Timestamp::parse_iso8601("2026-11-30T07:00:00Z").unwrap();
    let name = SignedDigest::file_name("111122223333", "us-east-1", "main", end);
    assert_eq!(name, "111122223333_us-east-1_main_20261130T070000Z.json");
}

#[test]
fn a_digest_is_believed_as_it_was_signed_and_no_other_way() {
    let mut signer = DigestSigner::new();
    let keys = DigestPublicKeys::from_json(signer.public_keys().as_bytes()).unwrap();
    signer.next(Vec::new(), None);
    let (digest, signed, _) = signer.next(Vec::new(), None);
    assert_eq!(signed.verified(&keys).unwrap().digest, digest);
    let upper = SignedDigest { signature: signed.signature.to_uppercase(), ..signed.clone() };
    assert!(upper.verified(&keys).is_ok(), "digits are digits");

    for at in 0..signed.digest.len() {
        let mut contents = signed.digest.clone().into_bytes();
        contents[at] ^= 1;
        let changed = VerifiedDigest::of(&contents, &signed.signature, &keys);
        assert!(changed.is_err(), "byte {at}");
    }
    for signature in
        [signed.signature.get(2..).unwrap(), "", "zz", &signed.signature.replace(['a', 'b'], "c")]
    {
        let changed = SignedDigest { signature: signature.to_owned(), ..signed.clone() };
        assert!(matches!(changed.verified(&keys), Err(DigestFault::Signature)), "{signature}");
    }
}

#[test]
fn a_key_that_is_not_given_is_not_trusted() {
    let mut signer = DigestSigner::new();
    let other = DigestPublicKeys::from_json(DigestSigner::new().public_keys().as_bytes()).unwrap();
    let (digest, signed, _) = signer.next(Vec::new(), None);
    assert!(matches!(signed.verified(&other), Err(DigestFault::UnknownKey(_))));
    // Neither is a key that calls itself by the fingerprint of another one.
    let claimed = signer.sign(&Digest {
        digest_public_key_fingerprint: DigestSigner::new().sign(&digest).public_key,
        ..digest.clone()
    });
    assert!(matches!(claimed.verified(&other), Err(DigestFault::UnknownKey(_))));
    let unnamed = Digest { digest_signature_algorithm: "MD5withRSA".to_owned(), ..digest };
    let keys = DigestPublicKeys::from_json(signer.public_keys().as_bytes()).unwrap();
    assert!(matches!(signer.sign(&unnamed).verified(&keys), Err(DigestFault::Algorithm(_))));
}

#[test]
fn what_is_no_list_of_keys_is_refused() {
    for text in [
        "",
        "[]",
        r#"{"PublicKeyList": []}"#,
        r#"{"PublicKeyList": [{"Value": "!", "Fingerprint": "a"}]}"#,
        r#"{"PublicKeyList": [{"Value": "AAAA", "Fingerprint": "a"}, {"Value": "BBBB", "Fingerprint": "a"}]}"#,
        r#"{"PublicKeyList": [{"Value": 7, "Fingerprint": "a"}]}"#,
    ] {
        assert!(DigestPublicKeys::from_json(text.as_bytes()).is_err(), "{text}");
    }
    let deep = "[".repeat(100_000);
    assert!(DigestPublicKeys::from_json(deep.as_bytes()).is_err());
}

proptest! {
    #[test]
    fn no_bytes_are_a_digest_by_chance(contents in prop::collection::vec(any::<u8>(), 0..200), signature in "[0-9a-f]{0,20}") {
        let keys = DigestPublicKeys::from_json(br#"{"PublicKeyList": [{"Value": "AAAA", "Fingerprint": "a"}]}"#).unwrap();
        prop_assert!(VerifiedDigest::of(&contents, &signature, &keys).is_err());
        prop_assert!(SignedDigest::from_json(&contents).is_err());
    }
}
