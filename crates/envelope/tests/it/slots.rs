use envelope::{EnvelopeError::*, Slot};

use super::*;

fn header(key: &ObjectKey, randomness: &Counting) -> PartHeader {
    PartSealer::start(key, randomness).unwrap().1
}

fn slot(part: u32, parts: u32, offset: u64, bytes: u64) -> Slot {
    Slot { part, parts, offset, size: PartSize::of_plain(bytes).unwrap() }
}

#[test]
fn a_voucher_is_for_one_part_place_and_size_of_one_object() {
    let randomness = Counting::default();
    let (ours, again) = (header(&key(1), &randomness), header(&key(1), &randomness));
    let here = slot(1, 3, 7, 65_537);
    let voucher = key(1).vouch(&ours, &here).unwrap();
    assert_eq!(key(1).check_voucher(&ours, &here, &voucher), Ok(()));
    assert_eq!(key(2).check_voucher(&ours, &here, &voucher), Err(WouldNotOpen));
    assert_eq!(key(1).check_voucher(&again, &here, &voucher), Err(WouldNotOpen));
    for there in [slot(0, 3, 7, 65_537), slot(1, 2, 7, 65_537), slot(1, 3, 8, 65_537), slot(1, 3, 7, 65_536)]
    {
        assert_eq!(key(1).check_voucher(&ours, &there, &voucher), Err(WouldNotOpen), "{there:?}");
    }
}

#[test]
fn no_byte_of_a_voucher_can_be_altered_or_missing() {
    let (ours, here) = (header(&key(1), &Counting::default()), slot(0, 1, 0, 5));
    let voucher = key(1).vouch(&ours, &here).unwrap();
    for position in 0..voucher.len() {
        let mut altered = voucher;
        altered[position] ^= 1;
        assert_eq!(key(1).check_voucher(&ours, &here, &altered), Err(WouldNotOpen));
        assert_eq!(key(1).check_voucher(&ours, &here, &voucher[..position]), Err(WouldNotOpen));
    }
}

#[test]
fn nobody_vouches_for_a_part_that_the_object_does_not_have() {
    let ours = header(&key(1), &Counting::default());
    for (part, parts) in [(0, 0), (1, 1), (u32::MAX, u32::MAX)] {
        assert_eq!(key(1).vouch(&ours, &slot(part, parts, 0, 0)), Err(ImpossibleSize));
        assert_eq!(key(1).check_voucher(&ours, &slot(part, parts, 0, 0), &[0; 32]), Err(ImpossibleSize));
    }
}
