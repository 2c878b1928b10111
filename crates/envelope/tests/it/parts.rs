use envelope::{EnvelopeError::*, HEADER_BYTES, PartHeader, PartOpener, PartSealer, PartSize, TAG_BYTES};
use proptest::prelude::*;

use super::*;

/// Where the chunks of a part with three full ones are.
fn chunks_of(part: &[u8]) -> Vec<&[u8]> {
    part[HEADER_BYTES..].chunks(SEALED_CHUNK_BYTES).collect()
}

fn joined(header: &[u8], chunks: &[&[u8]]) -> Vec<u8> {
    [header, &chunks.concat()].concat()
}

#[test]
fn no_byte_of_a_part_can_be_altered() {
    let part = seal(&key(1), &pattern(CHUNK_BYTES + 40), &Counting::default());
    let all = 0..part.len();
    // Every byte of the header, of the tags and of the last chunk, and some of the first chunk's ciphertext.
    let body = HEADER_BYTES..HEADER_BYTES + CHUNK_BYTES;
    for position in all.filter(|at| !body.contains(at) || at % 97 == 0) {
        for bit in [1, 0x80] {
            let mut altered = part.clone();
            altered[position] ^= bit;
            let expected = if position < 4 { NotThisFormat } else { WouldNotOpen };
            assert_eq!(open(&key(1), &altered), Err(expected), "byte {position}");
        }
    }
}

#[test]
fn no_part_opens_when_it_is_cut_or_goes_on() {
    for bytes in [0, 100, CHUNK_BYTES + 40] {
        let part = seal(&key(1), &pattern(bytes), &Counting::default());
        for cut in 0..part.len() {
            assert!(
                matches!(open(&key(1), &part[..cut]), Err(WouldNotOpen | ImpossibleSize)),
                "{bytes}: {cut}"
            );
        }
        for more in [1, 16, 17, SEALED_CHUNK_BYTES] {
            let longer = [part.as_slice(), &vec![0; more]].concat();
            assert!(
                matches!(open(&key(1), &longer), Err(WouldNotOpen | ImpossibleSize)),
                "{bytes}: + {more}"
            );
        }
    }
}

#[test]
fn a_chunk_opens_nowhere_but_in_its_place() {
    let part = seal(&key(1), &pattern(3 * CHUNK_BYTES), &Counting::default());
    let (header, chunks) = (&part[..HEADER_BYTES], chunks_of(&part));
    let orders: [&[usize]; 9] =
        [&[0, 1], &[0], &[1, 2], &[0, 2], &[1, 0, 2], &[0, 0, 2], &[0, 1, 2, 2], &[0, 1, 1], &[2, 1, 0]];
    for order in orders {
        let chunks: Vec<&[u8]> = order.iter().map(|number| chunks[*number]).collect();
        assert_eq!(open(&key(1), &joined(header, &chunks)), Err(WouldNotOpen), "{order:?}");
    }
    assert_eq!(open(&key(1), &joined(header, &chunks)), Ok(pattern(3 * CHUNK_BYTES)));
}

#[test]
fn nothing_of_another_part_or_object_opens() {
    let randomness = Counting::default();
    let ours = seal(&key(1), &pattern(2 * CHUNK_BYTES), &randomness);
    let again = seal(&key(1), &pattern(2 * CHUNK_BYTES), &randomness);
    let other = seal(&key(2), &pattern(2 * CHUNK_BYTES), &randomness);
    assert_eq!(open(&key(1), &other), Err(WouldNotOpen));
    for foreign in [&again, &other] {
        let (ours, foreign) = (&ours, chunks_of(foreign));
        let mixed = joined(&ours[..HEADER_BYTES], &[chunks_of(ours)[0], foreign[1]]);
        assert_eq!(open(&key(1), &mixed), Err(WouldNotOpen));
        let mixed = joined(&ours[..HEADER_BYTES], &[foreign[0], chunks_of(ours)[1]]);
        assert_eq!(open(&key(1), &mixed), Err(WouldNotOpen));
    }
}

#[test]
fn a_header_of_another_version_or_length_is_not_read() {
    let part = seal(&key(1), b"hello", &Counting::default());
    let header = &part[..HEADER_BYTES];
    assert_eq!(PartHeader::parse(header).unwrap().as_bytes(), header);
    assert_eq!(PartHeader::parse(&part[..HEADER_BYTES + 1]), Err(NotThisFormat));
    assert_eq!(PartHeader::parse(&part[..HEADER_BYTES - 1]), Err(NotThisFormat));
    let next_version = [b"KOP\x02", &header[4..]].concat();
    assert_eq!(PartHeader::parse(&next_version), Err(NotThisFormat));
}

#[test]
fn what_does_not_open_leaves_no_plaintext() {
    let part = seal(&key(1), &pattern(1000), &Counting::default());
    let opener = opener(&key(1), &part).unwrap();
    let mut chunk = part[HEADER_BYTES..].to_vec();
    chunk[1000] ^= 1;
    assert_eq!(opener.open_chunk(0, &mut chunk), Err(WouldNotOpen));
    assert_eq!(chunk[..1000], [0; 1000]);
}

#[test]
fn a_buffer_that_is_no_such_chunk_is_refused_and_kept() {
    let (mut sealer, header) = PartSealer::start(&key(1), &Counting::default()).unwrap();
    for bytes in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES + 1] {
        let mut chunk = pattern(bytes);
        assert_eq!(sealer.seal_chunk(&mut chunk), Err(ImpossibleSize));
        assert_eq!(chunk, pattern(bytes));
    }
    let mut chunk = pattern(CHUNK_BYTES);
    let tag = sealer.seal_chunk(&mut chunk).unwrap();
    // Refused buffers have used no number up.
    let mut last = b"hello".to_vec();
    let (last_tag, size) = sealer.seal_last_chunk(&mut last).unwrap();
    let part = [header.as_bytes(), chunk.as_slice(), &tag, &last, &last_tag].concat();
    assert_eq!(open(&key(1), &part), Ok([pattern(CHUNK_BYTES), b"hello".to_vec()].concat()));

    let opener = PartOpener::new(&key(1), &header, size).unwrap();
    assert_eq!(opener.open_chunk(0, &mut chunk), Err(ImpossibleSize));
    assert_eq!(opener.open_chunk(1, &mut [0; 5 + TAG_BYTES + 1]), Err(ImpossibleSize));
    assert_eq!(opener.open_chunk(2, &mut [0; 5 + TAG_BYTES]), Err(ImpossibleSize));
    assert_eq!(opener.open_chunk(u64::MAX, &mut []), Err(ImpossibleSize));
}

#[test]
fn a_part_has_one_form() {
    let start = || PartSealer::start(&key(1), &Counting::default()).unwrap().0;
    assert_eq!(start().seal_last_chunk(&mut pattern(CHUNK_BYTES + 1)), Err(ImpossibleSize));
    assert!(start().seal_last_chunk(&mut []).is_ok());
    let mut after_a_chunk = start();
    after_a_chunk.seal_chunk(&mut pattern(CHUNK_BYTES)).unwrap();
    assert_eq!(after_a_chunk.seal_last_chunk(&mut []), Err(ImpossibleSize));
}

#[test]
fn a_part_whose_size_is_told_wrong_does_not_open_at_its_end() {
    let part = seal(&key(1), &pattern(2 * CHUNK_BYTES + 5), &Counting::default());
    let header = PartHeader::parse(&part[..HEADER_BYTES]).unwrap();
    let opener =
        |plain: usize| PartOpener::new(&key(1), &header, PartSize::of_plain(plain as u64).unwrap()).unwrap();
    let chunk = |number: usize| chunks_of(&part)[number].to_vec();
    // A chunk in the middle stands where it stands, whatever comes behind it.
    assert!(opener(3 * CHUNK_BYTES).open_chunk(1, &mut chunk(1)).is_ok());
    assert_eq!(opener(2 * CHUNK_BYTES).open_chunk(1, &mut chunk(1)), Err(WouldNotOpen));
    assert_eq!(opener(2 * CHUNK_BYTES + 6).open_chunk(2, &mut chunk(2)), Err(ImpossibleSize));
    let mut longer = [chunk(2).as_slice(), &[0; CHUNK_BYTES - 5]].concat();
    assert_eq!(opener(3 * CHUNK_BYTES + 5).open_chunk(2, &mut longer), Err(WouldNotOpen));
}

#[test]
fn without_randomness_nothing_begins() {
    assert!(matches!(PartSealer::start(&key(1), &Scripted::dry()), Err(Broken)));
    assert!(matches!(PartSealer::start(&key(1), &Scripted::new(&[0; 31])), Err(Broken)));
}

/// Tasks of the gateway hand them on between threads.
#[test]
fn sealers_and_openers_may_be_sent_and_shared() {
    fn sent_and_shared<T: Send + Sync>() {}
    sent_and_shared::<PartSealer>();
    sent_and_shared::<PartOpener>();
    sent_and_shared::<ObjectKey>();
    sent_and_shared::<envelope::BucketKey>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_range_reads_its_chunks_alone_and_gets_its_bytes(
        bytes in 1..300_000_usize,
        range in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let plaintext = pattern(bytes);
        let part = seal(&key(1), &plaintext, &Counting::default());
        let (one, other) = (range.0.index(bytes), range.1.index(bytes));
        let (start, end) = (one.min(other), one.max(other) + 1);
        let opener = opener(&key(1), &part).unwrap();
        let stretch = opener.size().covering(start as u64..end as u64).unwrap();

        let sealed = stretch.sealed();
        let read = &part[usize::try_from(sealed.start).unwrap()..usize::try_from(sealed.end).unwrap()];
        let mut got = Vec::new();
        for (number, chunk) in stretch.chunks().zip(read.chunks(SEALED_CHUNK_BYTES)) {
            let mut chunk = chunk.to_vec();
            got.extend_from_slice(&opener.open_chunk(number, &mut chunk).unwrap()[stretch.wanted_of(number)]);
        }
        prop_assert_eq!(got, &plaintext[start..end]);
        prop_assert!(read.len() <= (end - start).div_ceil(CHUNK_BYTES) * SEALED_CHUNK_BYTES + SEALED_CHUNK_BYTES);
    }
}
