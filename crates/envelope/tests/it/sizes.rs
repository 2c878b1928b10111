use envelope::{EnvelopeError::ImpossibleSize, PART_BYTES_MAX};
use proptest::prelude::*;

use super::*;

fn plain(bytes: u64) -> PartSize {
    PartSize::of_plain(bytes).unwrap()
}

#[test]
fn sizes_are_those_of_the_page() {
    for (bytes, sealed, chunks) in [
        (0, 84, 1),
        (1, 85, 1),
        (65_535, 65_619, 1),
        (65_536, 65_620, 1),
        (65_537, 65_637, 2),
        (5 << 30, 68 + (5 << 30) + 16 * 81_920, 81_920),
        (PART_BYTES_MAX, 68 + (1 << 48) + (1 << 36), 1 << 32),
    ] {
        let size = plain(bytes);
        assert_eq!((size.plain(), size.sealed(), size.chunks()), (bytes, sealed, chunks));
        assert_eq!(PartSize::of_sealed(sealed), Ok(size));
    }
    assert_eq!(PartSize::of_plain(PART_BYTES_MAX + 1), Err(ImpossibleSize));
    assert_eq!(PartSize::of_plain(u64::MAX), Err(ImpossibleSize));
    assert_eq!(PartSize::of_sealed(u64::MAX), Err(ImpossibleSize));
}

/// Every sealed size up to three chunks is the size of one part, or of none.
#[test]
fn no_other_sealed_size_is_one() {
    let parts: std::collections::BTreeMap<u64, u64> =
        (0..=3 * CHUNK_BYTES as u64).map(|bytes| (plain(bytes).sealed(), bytes)).collect();
    for sealed in 0..plain(3 * CHUNK_BYTES as u64).sealed() {
        let expected = parts.get(&sealed).map(|bytes| plain(*bytes)).ok_or(ImpossibleSize);
        assert_eq!(PartSize::of_sealed(sealed), expected, "{sealed}");
    }
}

#[test]
fn a_hundred_bytes_of_a_gibibyte_are_in_two_chunks_at_most() {
    let size = plain(1 << 30);
    for start in [0, 1, 65_436, 65_437, 65_535, 65_536, (1 << 30) - 100] {
        let stretch = size.covering(start..start + 100).unwrap();
        let chunks = stretch.chunks().count();
        assert!(chunks <= 2, "{start}");
        let sealed = stretch.sealed();
        assert_eq!(sealed.end - sealed.start, (chunks * SEALED_CHUNK_BYTES) as u64);
    }
}

#[test]
fn ranges_that_a_part_does_not_have_are_refused() {
    for (bytes, start, end) in [
        (0, 0, 1),
        (0, 1, 1),
        (10, 0, 11),
        (10, 10, 11),
        (10, 3, 3),
        (10, 0, 0),
        (10, 10, 10),
        (10, 4, 3),
        (10, u64::MAX, u64::MAX),
    ] {
        assert_eq!(plain(bytes).covering(start..end), Err(ImpossibleSize), "{start}..{end} of {bytes}");
    }
}

#[test]
fn a_part_without_bytes_still_has_a_chunk_to_open() {
    let whole = plain(0).covering(0..0).unwrap();
    assert_eq!((whole.chunks(), whole.sealed(), whole.wanted_of(0)), (0..1, 68..84, 0..0));
    assert_eq!(plain(0).whole(), whole);
}

proptest! {
    #[test]
    fn the_way_back_from_a_sealed_size_is_the_way_there(bytes in 0..=PART_BYTES_MAX) {
        prop_assert_eq!(PartSize::of_sealed(plain(bytes).sealed()), Ok(plain(bytes)));
    }

    #[test]
    fn no_sealed_size_is_too_odd_to_be_decided(sealed in any::<u64>()) {
        if let Ok(size) = PartSize::of_sealed(sealed) {
            prop_assert_eq!(size.sealed(), sealed);
        }
    }

    #[test]
    fn the_chunks_of_a_part_are_its_bytes(bytes in 0..1_000_000_u64) {
        let size = plain(bytes);
        let whole = size.whole();
        let lengths: Vec<usize> = whole.chunks().map(|number| size.chunk(number).unwrap()).collect();
        prop_assert_eq!(lengths.iter().sum::<usize>() as u64, bytes);
        prop_assert!(whole.chunks().all(|number| whole.wanted_of(number) == (0..lengths[number as usize])));
        prop_assert_eq!(whole.sealed(), HEADER_BYTES as u64..size.sealed());
        prop_assert_eq!(size.chunk(size.chunks()), Err(ImpossibleSize));
    }

    #[test]
    fn a_range_is_cut_out_of_its_chunks_exactly(
        bytes in 1..=PART_BYTES_MAX,
        at in any::<prop::sample::Index>(),
        length in 1..1_000_000_u64,
    ) {
        let start = at.index(usize::try_from(bytes).unwrap()) as u64;
        let end = (start + length).min(bytes);
        let stretch = plain(bytes).covering(start..end).unwrap();
        let wanted: usize = stretch.chunks().map(|number| stretch.wanted_of(number).len()).sum();
        prop_assert_eq!(wanted as u64, end - start);
        let (first, behind) = (stretch.chunks().start, stretch.chunks().end);
        prop_assert_eq!(first * CHUNK_BYTES as u64 + stretch.wanted_of(first).start as u64, start);
        prop_assert!(stretch.wanted_of(behind).is_empty());
        prop_assert!(first == 0 || stretch.wanted_of(first - 1).is_empty());
        prop_assert!(stretch.sealed().end <= plain(bytes).sealed());
    }
}
