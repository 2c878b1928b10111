//! ML-DSA and ML-KEM. Wycheproof's vectors contain those of NIST's ACVP and of others.

use ml_kem::{DecapsulationKey512, DecapsulationKey768, DecapsulationKey1024};
use shake::Shake256;
use shake::digest::{ExtendableOutput, Update};
use wycheproof::{mldsa_sign, mldsa_verify, mlkem};

use super::{Tally, plaintext};
use crate::ml_dsa::{MlDsaKey, MlDsaSet, MlDsaVerifyingKey};
use crate::ml_kem::{MlKemKey, MlKemSet};
use crate::pair::{Message, PrivateKey};
use crate::spec::SigningAlgorithm;

const ALGORITHM: SigningAlgorithm = SigningAlgorithm::MlDsaShake256;

/// Whole messages go to one library, μ to the other. A message with a context can be expressed only as μ; a context
/// of more than 255 bytes cannot be expressed at all.
#[test]
fn ml_dsa_verification() {
    use mldsa_verify::TestName::{MlDsa44Verify, MlDsa65Verify, MlDsa87Verify};
    let mut tally = Tally::default();
    for (name, set) in [
        (MlDsa44Verify, MlDsaSet::MlDsa44),
        (MlDsa65Verify, MlDsaSet::MlDsa65),
        (MlDsa87Verify, MlDsaSet::MlDsa87),
    ] {
        for group in mldsa_verify::TestSet::load(name).unwrap().test_groups {
            let Ok(key) = MlDsaVerifyingKey::new(set, &group.pubkey) else {
                group.tests.iter().for_each(|test| tally.check(test.result, false, &test.comment));
                continue;
            };
            for test in group.tests {
                let context = test.ctx.as_ref().map_or(&[][..], |context| context);
                let Some(mu) = mu(&group.pubkey, context, &test.msg) else {
                    tally.inexpressible += 1;
                    continue;
                };
                let verified = key.verify(ALGORITHM, Message::ExternalMu(&mu), &test.sig);
                tally.check(test.result, verified.is_ok(), &test.comment);
                if context.is_empty() {
                    let whole = key.verify(ALGORITHM, Message::Raw(&test.msg), &test.sig);
                    assert_eq!(whole, verified, "{}", test.comment);
                }
            }
        }
    }
    assert_eq!(tally, Tally::new(616, 15));
}

/// Seeds give the vectors' public keys, which verify the vectors' signatures. Inexpressible: seeds of another length,
/// vectors without a message or with a context. Files with expanded private keys (`NoSeed`) are not loaded.
#[test]
fn ml_dsa_keys_from_seeds() {
    use mldsa_sign::TestName::{MlDsa44SignSeed, MlDsa65SignSeed, MlDsa87SignSeed};
    let mut tally = Tally::default();
    for (name, set) in [
        (MlDsa44SignSeed, MlDsaSet::MlDsa44),
        (MlDsa65SignSeed, MlDsaSet::MlDsa65),
        (MlDsa87SignSeed, MlDsaSet::MlDsa87),
    ] {
        for group in mldsa_sign::TestSet::load(name).unwrap().test_groups {
            let Ok(key) = MlDsaKey::open(set, &plaintext(group.privseed.as_ref().unwrap())) else {
                group.tests.iter().for_each(|test| tally.check(test.result, false, &test.comment));
                continue;
            };
            let public = key.public_key().unwrap();
            assert!(group.pubkey.is_none_or(|expected| public.ends_with(&expected)));
            for test in group.tests {
                let has_context = test.ctx.is_some_and(|context| !context.is_empty());
                let (Some(message), false) = (test.msg, has_context) else {
                    tally.inexpressible += 1;
                    continue;
                };
                let verified = key.verify(ALGORITHM, Message::Raw(&message), &test.sig);
                tally.check(test.result, verified.is_ok(), &test.comment);
            }
        }
    }
    assert_eq!(tally, Tally::new(233, 54));
}

/// Ciphertexts, genuine and forged, under keys that another library makes from the vectors' seeds. Files about
/// encapsulation with given randomness cannot be expressed. Files about the generation of keys are about something
/// else.
#[test]
fn ml_kem() {
    use mlkem::TestName;
    let mut tally = Tally::default();
    for (names, set) in [
        ([TestName::MlKem512, TestName::MlKem512SemiExpandedDecaps], MlKemSet::MlKem512),
        ([TestName::MlKem768, TestName::MlKem768SemiExpandedDecaps], MlKemSet::MlKem768),
        ([TestName::MlKem1024, TestName::MlKem1024SemiExpandedDecaps], MlKemSet::MlKem1024),
    ] {
        for group in names.into_iter().flat_map(|name| mlkem::TestSet::load(name).unwrap().test_groups) {
            for test in group.tests {
                let seed = test.seed.as_ref().and_then(|seed| expand(set, seed));
                let (Some(bytes), Some(ciphertext)) =
                    (test.decaps_key.map(|key| key.to_vec()).or(seed), test.ct)
                else {
                    tally.inexpressible += 1;
                    continue;
                };
                let key = MlKemKey::open(set, &plaintext(&bytes)).ok();
                let secret = key.and_then(|key| key.decapsulate(&ciphertext).ok());
                let right = match (secret, test.shared_secret) {
                    (Some(secret), Some(expected)) => secret.reveal() == *expected,
                    (Some(_), None) => true,
                    (None, _) => false,
                };
                tally.check(test.result, right, &test.comment);
            }
        }
    }
    assert_eq!(tally, Tally::new(570, 60));
}

/// The decapsulation key of a seed d ‖ z (FIPS 203, algorithm 16).
#[expect(deprecated, reason = "it is the form that AWS-LC takes")]
fn expand(set: MlKemSet, seed: &[u8]) -> Option<Vec<u8>> {
    use ml_kem::ExpandedKeyEncoding;
    let seed = seed.try_into().ok()?;
    Some(match set {
        MlKemSet::MlKem512 => DecapsulationKey512::from_seed(seed).to_expanded_bytes().to_vec(),
        MlKemSet::MlKem768 => DecapsulationKey768::from_seed(seed).to_expanded_bytes().to_vec(),
        MlKemSet::MlKem1024 => DecapsulationKey1024::from_seed(seed).to_expanded_bytes().to_vec(),
    })
}

/// μ (FIPS 204, algorithms 2 and 7); `None` if the context is too long.
fn mu(public: &[u8], context: &[u8], message: &[u8]) -> Option<[u8; 64]> {
    let shake = |parts: &[&[u8]]| {
        let mut out = [0; 64];
        let shake = parts.iter().fold(Shake256::default(), |shake, part| shake.chain(part));
        shake.finalize_xof_into(&mut out);
        out
    };
    let length = u8::try_from(context.len()).ok()?;
    Some(shake(&[&shake(&[public]), &[0, length], context, message]))
}
