//! Changed, missing and foreign bytes are found, and nothing is made worse.

use audit::{Crash, Damage, Disk, Journal, JournalError, MemoryDisk, Options, Reason, verify};

use crate::scene::{NODE, contents, number, numbers, open, payload, segments, try_open, wait};

/// Three segments of two records, each a group of its own.
fn written() -> MemoryDisk {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    for number in 1..=6 {
        wait(journal.append(&payload(number, 800))).unwrap();
    }
    journal.close().unwrap();
    assert_eq!(segments(&disk).len(), 3);
    disk
}

fn copy(disk: &MemoryDisk) -> MemoryDisk {
    disk.crashed(Crash::Process)
}

fn damage(result: Result<impl Sized, JournalError>) -> Damage {
    match result {
        Err(JournalError::Damaged(damage)) => damage,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the damage was not seen"),
    }
}

fn rename(disk: &MemoryDisk, from: &str, to: &str) {
    let bytes = disk.read(from).unwrap();
    disk.remove(from).unwrap();
    disk.create(to).unwrap().write_at(0, &bytes).unwrap();
}

#[test]
fn a_flipped_bit_before_the_last_group_is_found_and_nothing_is_touched() {
    let good = written();
    let files = segments(&good);
    for (index, file) in files.iter().enumerate() {
        let len = good.read(file).unwrap().len();
        let last_group = len - (4 + 808 + 32);
        let end = if index == 2 { last_group } else { len };
        for at in 0..end {
            let bad = copy(&good);
            bad.tamper(file, |bytes| bytes[at] ^= 1 << (at % 8));
            let before = contents(&bad);
            let found = damage(verify(&bad, &mut |_, _| {}));
            assert_eq!(found.file, *file, "offset {at}");
            assert!(found.offset <= at as u64);
            if index > 0 {
                assert_eq!(damage(try_open(&bad)), found);
            }
            assert_eq!(contents(&bad), before);
        }
    }
}

#[test]
fn a_flipped_bit_in_the_last_group_never_passes_for_a_record() {
    let good = written();
    let file = "00000000000000000005.journal";
    let len = good.read(file).unwrap().len();
    for at in len - (4 + 808 + 32)..len {
        let bad = copy(&good);
        bad.tamper(file, |bytes| bytes[at] ^= 0x10);
        let (_, recovery) = open(&bad);
        assert_eq!(recovery.torn_bytes(), 4 + 808 + 32);
        assert_eq!(numbers(&bad), [1, 2, 3, 4, 5]);
    }
}

#[test]
fn a_removed_record_is_found() {
    let bad = written();
    let first = 96..96 + 4 + 808 + 32;
    bad.tamper("00000000000000000003.journal", |bytes| drop(bytes.drain(first.clone())));
    let found = damage(try_open(&bad));
    assert_eq!((found.offset, found.reason), (96, Reason::Frame));

    // In the newest segment the one remaining record is the tail. It does not verify and is no record any more.
    let bad = written();
    bad.tamper("00000000000000000005.journal", |bytes| drop(bytes.drain(first)));
    assert_eq!(open(&bad).1.torn_bytes(), 844);
}

#[test]
fn a_missing_or_renamed_segment_is_found() {
    let bad = written();
    bad.remove("00000000000000000003.journal").unwrap();
    assert_eq!(damage(try_open(&bad)).reason, Reason::Gap);
    assert_eq!(damage(verify(&bad, &mut |_, _| {})).reason, Reason::Gap);

    let bad = written();
    rename(&bad, "00000000000000000005.journal", "00000000000000000006.journal");
    assert_eq!(damage(try_open(&bad)).reason, Reason::Header);

    // A short header is no crash's work if the segment's number does not continue the journal.
    let bad = written();
    bad.create("00000000000000000009.journal").unwrap();
    assert_eq!(damage(try_open(&bad)).reason, Reason::Gap);

    assert_eq!(damage(verify(&bad, &mut |_, _| {})).reason, Reason::Gap);

    let bad = MemoryDisk::new();
    bad.create("00000000000000000009.journal").unwrap();
    assert_eq!(damage(try_open(&bad)).reason, Reason::Gap);
}

#[test]
fn a_segment_of_another_history_is_found() {
    let bad = written();
    let other = MemoryDisk::new();
    let (journal, _) = open(&other);
    for number in 11..=16 {
        wait(journal.append(&payload(number, 800))).unwrap();
    }
    journal.close().unwrap();
    let foreign = other.read("00000000000000000003.journal").unwrap();
    bad.tamper("00000000000000000003.journal", |bytes| *bytes = foreign);
    assert_eq!(damage(try_open(&bad)).reason, Reason::Chain);
    assert_eq!(damage(verify(&bad, &mut |_, _| {})).reason, Reason::Chain);
}

#[test]
fn old_segments_may_be_moved_away() {
    let disk = written();
    disk.remove("00000000000000000001.journal").unwrap();
    let mut first = None;
    let verdict = verify(&disk, &mut |sequence, payload| {
        first.get_or_insert((sequence, number(payload)));
    })
    .unwrap();
    assert_eq!((verdict.first_sequence, verdict.next_sequence, verdict.segments), (3, 7, 2));
    assert_eq!(first, Some((3, 3)));
    assert_eq!(open(&disk).1.next_sequence(), 7);
}

#[test]
fn another_nodes_journal_is_refused_and_other_files_are_ignored() {
    let disk = written();
    disk.create("README").unwrap();
    let before = contents(&disk);
    let options = Options::new(*b"some other node!");
    let result = Journal::open(std::sync::Arc::new(disk.clone()), options);
    assert!(matches!(result, Err(JournalError::OtherNode)));
    assert_eq!(contents(&disk), before);
    assert_eq!(Options::new(NODE).node, NODE);
    open(&disk).0.close().unwrap();
}

#[test]
fn a_cut_tail_shows_only_in_the_chain_value() {
    let disk = written();
    let whole = verify(&disk, &mut |_, _| {}).unwrap();
    disk.tamper("00000000000000000005.journal", |bytes| bytes.truncate(96 + 844));
    let cut = verify(&disk, &mut |_, _| {}).unwrap();
    assert_eq!((whole.next_sequence, cut.next_sequence), (7, 6));
    assert_eq!(cut.torn_bytes, 0);
    assert_ne!(whole.chain, cut.chain);
}
