use super::*;
use crate::{
    DigestPublicKeys, SignedDigest,
    testing::{DigestSigner, digested},
};

fn chain_of(signer: &DigestSigner, digests: &[SignedDigest]) -> Result<Vec<DigestJoint>, ChainFault> {
    let keys = DigestPublicKeys::from_json(signer.public_keys().as_bytes()).unwrap();
    let mut chain = DigestChain::default();
    digests.iter().map(|digest| chain.add(digest.verified(&keys).unwrap())).collect()
}

#[test]
fn digests_follow_each_other() {
    let mut signer = DigestSigner::new();
    let digests: Vec<_> = (0..4).map(|_| signer.next(Vec::new(), None).1).collect();
    let joints = [DigestJoint::Begins, DigestJoint::Follows, DigestJoint::Follows, DigestJoint::Follows];
    assert_eq!(chain_of(&signer, &digests).unwrap(), joints);
    assert_eq!(chain_of(&signer, &digests[2..]).unwrap(), [DigestJoint::GoesOn, DigestJoint::Follows]);

    let gap = [digests[0].clone(), digests[2].clone()];
    assert!(matches!(chain_of(&signer, &gap), Err(ChainFault::Missing(_))));
    let swapped = [digests[1].clone(), digests[0].clone(), digests[2].clone()];
    assert!(matches!(chain_of(&signer, &swapped), Err(ChainFault::Missing(_))));
    let twice = [digests[1].clone(), digests[1].clone()];
    assert!(matches!(chain_of(&signer, &twice), Err(ChainFault::Missing(_))));
}

#[test]
fn another_digest_of_the_same_name_is_found() {
    let mut signer = DigestSigner::new();
    let (first, ..) = signer.next(Vec::new(), None);
    let (_, second, _) = signer.next(Vec::new(), None);
    // Whoever has the key, too, cannot change a digest that a later one names.
    let other = signer.sign(&Digest { oldest_event_time: Some("2026-11-30T06:30:00Z".to_owned()), ..first });
    assert_eq!(chain_of(&signer, &[other, second]), Err(ChainFault::Changed));
}

#[test]
fn a_digest_goes_on_where_the_one_before_ended() {
    let records: Vec<_> = (1..9).map(|number| (number, vec![7], [7; 32])).collect();
    for (first, end) in [(4, 9), (6, 9), (1, 5)] {
        let mut signer = DigestSigner::new();
        let one = signer.next(Vec::new(), Some(digested(&records, 1, 5))).1;
        let two = signer.next(Vec::new(), Some(digested(&records, first, end))).1;
        assert_eq!(chain_of(&signer, &[one, two]), Err(ChainFault::Elsewhere), "{first}");
    }
    let mut signer = DigestSigner::new();
    let one = signer.next(Vec::new(), None).1;
    let (two, ..) = signer.next(Vec::new(), None);
    let later = signer.sign(&Digest { digest_start_time: "2026-11-30T07:00:01Z".to_owned(), ..two });
    assert_eq!(chain_of(&signer, &[one, later]), Err(ChainFault::Elsewhere));
}
