//! Whatever was acknowledged is there after a crash, once, in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use audit::{Appended, Crash, MemoryDisk, Upkeep, verify};
use proptest::prelude::*;

use crate::scene::{append_group, eventually, number, numbers, open, payload, wait};

#[derive(Debug, Clone)]
enum Step {
    /// Append and wait until it is durable.
    Append(usize),
    /// Append and go on; the crash may come before, during or after the write.
    Send(usize),
    HandOver(usize),
    Crash(Crash),
    Close,
    /// Compress the oldest full segment.
    Compress,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let filler = prop_oneof![8 => 0usize..300, 1 => 300usize..5000];
    let step = prop_oneof![
        6 => filler.clone().prop_map(Step::Append),
        6 => filler.clone().prop_map(Step::Send),
        3 => filler.prop_map(Step::HandOver),
        2 => any::<u64>().prop_map(|seed| Step::Crash(Crash::Sectors(seed))),
        1 => (0usize..3000).prop_map(|kept| Step::Crash(Crash::Prefix(kept))),
        1 => Just(Step::Crash(Crash::Process)),
        1 => Just(Step::Close),
        2 => Just(Step::Compress),
    ];
    proptest::collection::vec(step, 1..60)
}

/// The journal's history as its callers know it.
#[derive(Default)]
struct History {
    last_number: u64,
    /// Acknowledged records by sequence number.
    acknowledged: BTreeMap<u64, u64>,
    /// Records whose fate is open.
    sent: Vec<(u64, Appended)>,
}

impl History {
    fn next(&mut self, filler: usize) -> (u64, Vec<u8>) {
        self.last_number += 1;
        (self.last_number, payload(self.last_number, filler))
    }

    fn acknowledge(&mut self, number: u64, appended: Appended) {
        let position = wait(appended).unwrap();
        assert_eq!(self.acknowledged.insert(position.sequence, number), None);
    }

    /// Every acknowledged record is on the disk at its place. No record is there twice, out of order, or made up.
    fn check(&self, disk: &MemoryDisk) {
        let mut found = BTreeMap::new();
        verify(disk, &mut |sequence, payload| {
            found.insert(sequence, number(payload));
        })
        .unwrap();
        for (sequence, number) in &self.acknowledged {
            assert_eq!(found.get(sequence), Some(number), "record {sequence}");
        }
        let numbers: Vec<u64> = found.into_values().collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        assert!(numbers.last().is_none_or(|last| *last <= self.last_number));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_was_acknowledged_survives(steps in steps()) {
        let mut disk = MemoryDisk::new();
        let mut history = History::default();
        let (mut journal, _) = open(&disk);
        for step in steps {
            match step {
                Step::Append(filler) => {
                    let (number, payload) = history.next(filler);
                    history.acknowledge(number, journal.append(&payload));
                }
                Step::Send(filler) => {
                    let (number, payload) = history.next(filler);
                    history.sent.push((number, journal.append(&payload)));
                }
                Step::HandOver(filler) => {
                    let (_, payload) = history.next(filler);
                    journal.hand_over(&payload).unwrap();
                }
                Step::Crash(crash) => {
                    let after = disk.crashed(crash);
                    history.sent.clear();
                    drop(journal);
                    disk = after;
                    let recovery;
                    (journal, recovery) = open(&disk);
                    history.check(&disk);
                    prop_assert_eq!(recovery.next_sequence(), numbers(&disk).len() as u64 + 1);
                }
                Step::Compress => {
                    Upkeep::new(Arc::new(disk.clone())).compress_next(&|| Ok(())).unwrap();
                }
                Step::Close => {
                    journal.close().unwrap();
                    for (number, appended) in std::mem::take(&mut history.sent) {
                        history.acknowledge(number, appended);
                    }
                    history.check(&disk);
                    let recovery;
                    (journal, recovery) = open(&disk);
                    prop_assert_eq!(recovery.torn_bytes(), 0);
                }
            }
        }
        journal.close().unwrap();
        history.check(&disk);
    }
}

#[test]
fn a_torn_tail_is_cut_kept_beside_and_reported() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    wait(journal.append(&payload(1, 10))).unwrap();
    journal.close().unwrap();
    let file = "00000000000000000001.journal";
    let mut whole = 0;
    disk.tamper(file, |bytes| {
        whole = bytes.len();
        bytes.extend_from_slice(&[0xab; 77]);
    });
    let (journal, recovery) = open(&disk);
    assert_eq!((recovery.torn_bytes(), recovery.next_sequence()), (77, 2));
    assert_eq!(audit::Disk::read(&disk, &format!("00000000000000000001-{whole}.torn")).unwrap(), [0xab; 77]);
    wait(journal.append(&payload(2, 10))).unwrap();
    journal.close().unwrap();
    assert_eq!(numbers(&disk), [1, 2]);
    assert_eq!(verify(&disk, &mut |_, _| {}).unwrap().torn_bytes, 0);
}

/// A power loss may keep the end of a group and lose its beginning. Nobody was promised either, so it is no damage.
#[test]
fn a_group_that_lost_its_beginning_is_a_torn_tail() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    wait(journal.append(&payload(1, 0))).unwrap();
    let group: Vec<Vec<u8>> = (3..6).map(|number| payload(number, 500)).collect();
    append_group(&disk, &journal, &payload(2, 0), &group);
    journal.close().unwrap();
    let start = 96 + 2 * 44;
    for (lost, left) in [(start..start + 50, 2), (start + 544..start + 600, 3)] {
        let torn = disk.crashed(Crash::Process);
        torn.tamper("00000000000000000001.journal", |bytes| bytes[lost].fill(0));
        let (_, recovery) = open(&torn);
        assert_eq!(recovery.next_sequence(), left + 1);
        assert_eq!(recovery.torn_bytes() as u64, (5 - left) * 544);
    }
}

#[test]
fn a_segment_is_durable_before_its_successor_exists() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    journal.hand_over(&payload(1, 1900)).unwrap();
    eventually("the record was written", || disk.writes() == 2);
    wait(journal.append(&payload(2, 1900))).unwrap();
    assert_eq!(numbers(&disk.crashed(Crash::Prefix(0))), [1, 2]);
}

#[test]
fn room_is_kept_while_the_journal_is_open_and_is_no_record() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    let file = "00000000000000000001.journal";
    let len = |disk: &MemoryDisk| audit::Disk::read(disk, file).unwrap().len();
    let mut records = 0;
    // Within the room the file keeps its length; beyond it, it gets room anew.
    for (number, expected) in
        [(1, 96 + 74 + 200), (2, 96 + 74 + 200), (3, 96 + 74 + 200), (4, 96 + 4 * 74 + 200)]
    {
        wait(journal.append(&payload(number, 30))).unwrap();
        records += 1;
        assert_eq!(len(&disk), expected, "record {number}");
        let verdict = audit::verify(&disk, &mut |_, _| {}).unwrap();
        assert_eq!((verdict.next_sequence, verdict.torn_bytes), (records + 1, 0));
    }
    let crashed = disk.crashed(Crash::Process);
    let (_, recovery) = open(&crashed);
    assert_eq!((recovery.torn_bytes(), recovery.next_sequence()), (0, 5));
    assert_eq!(len(&crashed), 96 + 4 * 74);
    journal.close().unwrap();
    assert_eq!(len(&disk), 96 + 4 * 74);
}

#[test]
fn a_full_segment_keeps_no_room() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    wait(journal.append(&payload(1, 1900))).unwrap();
    wait(journal.append(&payload(2, 1900))).unwrap();
    assert_eq!(audit::Disk::read(&disk, "00000000000000000001.journal").unwrap().len(), 96 + 4 + 1908 + 32);
    journal.close().unwrap();
}

#[test]
fn every_cut_of_the_last_group_opens_with_what_is_whole() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    for number in 1..=5 {
        wait(journal.append(&payload(number, 30))).unwrap();
    }
    journal.close().unwrap();
    let file = "00000000000000000001.journal";
    let len = audit::Disk::read(&disk, file).unwrap().len();
    let frame = 4 + 38 + 32;
    for cut in 0..=len {
        let cut_disk = disk.crashed(Crash::Process);
        cut_disk.tamper(file, |bytes| bytes.truncate(cut));
        let (journal, _) = open(&cut_disk);
        wait(journal.append(&payload(9, 0))).unwrap();
        journal.close().unwrap();
        let mut expected: Vec<u64> = (1..=(cut.saturating_sub(96) / frame) as u64).collect();
        expected.push(9);
        assert_eq!(numbers(&cut_disk), expected, "cut at {cut}");
    }
}

#[test]
fn a_segment_whose_making_was_cut_short_is_made_again() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    wait(journal.append(&payload(1, 1900))).unwrap();
    wait(journal.append(&payload(2, 1900))).unwrap();
    journal.close().unwrap();
    for left in 0..96 {
        let cut_disk = disk.crashed(Crash::Process);
        cut_disk.tamper("00000000000000000002.journal", |bytes| bytes.truncate(left));
        let (journal, recovery) = open(&cut_disk);
        assert_eq!((recovery.torn_bytes(), recovery.next_sequence()), (left, 2));
        wait(journal.append(&payload(3, 1900))).unwrap();
        journal.close().unwrap();
        assert_eq!(numbers(&cut_disk), [1, 3]);
    }
}

#[test]
fn the_last_two_segments_are_shown_to_who_asks_and_as_many_before_them_as_needed() {
    let disk = MemoryDisk::new();
    let (journal, recovery) = open(&disk);
    recovery.payloads_from(1, &mut |_| panic!("a new journal is empty")).unwrap();
    for number in 1..=6 {
        // Two to a segment.
        wait(journal.append(&payload(number, 900))).unwrap();
    }
    journal.close().unwrap();
    let (journal, recovery) = open(&disk);
    wait(journal.append(&payload(7, 0))).unwrap();
    for (from, shown) in [(1, 1..=6), (2, 1..=6), (3, 3..=6), (5, 3..=6), (7, 3..=6), (100, 3..=6)] {
        let mut payloads = Vec::new();
        recovery.payloads_from(from, &mut |payload| payloads.push(number(payload))).unwrap();
        assert_eq!(payloads, shown.collect::<Vec<_>>(), "from {from}");
    }
    assert_eq!(journal.next_sequence(), 8);
}
