//! Full disks, failing writes, failing syncs.

use std::io::ErrorKind;
use std::sync::Arc;

use audit::{Crash, Disk, Journal, JournalHealth, MemoryDisk, Options, Refused, verify};

use crate::scene::{eventually, numbers, open, payload, segments, small, wait};

#[test]
fn a_full_disk_refuses_and_space_heals_it() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    wait(journal.append(&payload(1, 100))).unwrap();
    disk.set_bytes_max(Some(300));
    for number in 2..5 {
        assert_eq!(wait(journal.append(&payload(number, 100))), Err(Refused::NotWritten));
        assert_eq!(journal.health(), JournalHealth::NotWriting(ErrorKind::StorageFull));
    }
    disk.set_bytes_max(None);
    assert_eq!(wait(journal.append(&payload(5, 100))).unwrap().sequence, 2);
    assert_eq!(journal.health(), JournalHealth::Good);
    journal.close().unwrap();
    assert_eq!(numbers(&disk), [1, 5]);
}

#[test]
fn a_full_disk_at_the_start_of_a_segment_heals_too() {
    for room in [0, 50, 96, 150] {
        let disk = MemoryDisk::new();
        let (journal, _) = open(&disk);
        wait(journal.append(&payload(1, 1900))).unwrap();
        let used = 96 + 36 + 1908;
        disk.set_bytes_max(Some(used + room));
        for number in 2..5 {
            assert_eq!(wait(journal.append(&payload(number, 1900))), Err(Refused::NotWritten));
        }
        disk.set_bytes_max(None);
        wait(journal.append(&payload(5, 1900))).unwrap();
        journal.close().unwrap();
        assert_eq!(numbers(&disk), [1, 5], "room for {room} bytes");
    }
}

#[test]
fn a_short_write_leaves_nothing_behind_even_if_it_cannot_be_cut_at_once() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    wait(journal.append(&payload(1, 100))).unwrap();
    disk.fail_write(0, 140);
    disk.fail_truncate(true);
    assert_eq!(wait(journal.append(&payload(2, 100))), Err(Refused::NotWritten));
    assert_eq!(wait(journal.append(&payload(3, 0))), Err(Refused::NotWritten));
    disk.fail_truncate(false);
    wait(journal.append(&payload(4, 0))).unwrap();
    journal.close().unwrap();
    assert_eq!(numbers(&disk), [1, 4]);
    assert_eq!(open(&disk).1.torn_bytes(), 0);
}

#[test]
fn a_failed_sync_stops_the_journal_for_good() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    wait(journal.append(&payload(1, 0))).unwrap();
    disk.fail_sync(0);
    assert_eq!(wait(journal.append(&payload(2, 0))), Err(Refused::Stopped));
    assert_eq!(journal.health(), JournalHealth::Stopped(ErrorKind::Other));
    assert_eq!(wait(journal.append(&payload(3, 0))), Err(Refused::Stopped));
    assert_eq!(journal.hand_over(&payload(4, 0)), Err(Refused::Stopped));
    assert!(journal.close().is_err());
    let after = disk.crashed(Crash::Prefix(0));
    let (journal, recovery) = open(&after);
    assert_eq!(recovery.next_sequence(), 2);
    wait(journal.append(&payload(5, 0))).unwrap();
    assert_eq!(numbers(&after), [1, 5]);
}

#[test]
fn a_failed_sync_of_a_finished_segment_stops_it_too() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    journal.hand_over(&payload(1, 1900)).unwrap();
    eventually("the record was written", || disk.writes() == 2);
    disk.fail_sync(0);
    assert_eq!(wait(journal.append(&payload(2, 1900))), Err(Refused::Stopped));
}

#[test]
fn handed_over_records_are_kept_until_they_can_be_written() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    disk.set_bytes_max(Some(100));
    journal.hand_over(&payload(1, 40)).unwrap();
    eventually("the write failed", || journal.health() != JournalHealth::Good);
    assert_eq!(journal.hand_over(&payload(2, 40)), Err(Refused::NotWritten));
    assert_eq!(wait(journal.append(&payload(3, 40))), Err(Refused::NotWritten));
    disk.set_bytes_max(None);
    // Nobody has to call for that.
    eventually("it healed by itself", || journal.health() == JournalHealth::Good);
    journal.hand_over(&payload(4, 40)).unwrap();
    assert_eq!(wait(journal.append(&payload(5, 40))).unwrap().sequence, 3);
    journal.close().unwrap();
    assert_eq!(numbers(&disk), [1, 4, 5]);
}

#[test]
fn kept_records_go_before_what_comes_later() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    disk.fail_write(0, 7);
    journal.hand_over(&payload(1, 40)).unwrap();
    eventually("the write was tried", || disk.writes() >= 2);
    assert_eq!(wait(journal.append(&payload(2, 40))).unwrap().sequence, 2);
    journal.close().unwrap();
    assert_eq!(numbers(&disk), [1, 2]);
}

#[test]
fn closing_tells_of_lost_records() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    disk.set_bytes_max(Some(100));
    journal.hand_over(&payload(1, 40)).unwrap();
    assert!(journal.close().is_err());
}

#[test]
fn handed_over_records_are_synced_soon() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    journal.hand_over(&payload(1, 0)).unwrap();
    eventually("the record is durable", || numbers(&disk.crashed(Crash::Prefix(0))) == [1]);
    drop(journal);
}

#[test]
fn dropping_the_answer_does_not_take_the_record_back() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    drop(journal.append(&payload(1, 0)));
    wait(journal.append(&payload(2, 0))).unwrap();
    assert_eq!(numbers(&disk.crashed(Crash::Prefix(0))), [1, 2]);
}

#[test]
fn a_full_queue_refuses_at_once_and_empties_again() {
    let disk = MemoryDisk::new();
    for options in [Options { queue_records_max: 3, ..small() }, Options { queue_bytes_max: 170, ..small() }]
    {
        let (journal, _) = Journal::open(Arc::new(disk.clone()), options).unwrap();
        let before = disk.syncs();
        disk.hold_syncs(true);
        let mut waiting = vec![journal.append(&payload(1, 0))];
        eventually("the writer syncs", || disk.syncs() > before);
        waiting.extend((0..3).map(|_| journal.append(&payload(1, 0))));
        assert_eq!(wait(journal.append(&payload(1, 0))), Err(Refused::QueueFull));
        assert_eq!(journal.hand_over(&payload(1, 0)), Err(Refused::QueueFull));
        disk.hold_syncs(false);
        for appended in waiting {
            wait(appended).unwrap();
        }
        wait(journal.append(&payload(1, 0))).unwrap();
    }
}

#[test]
fn empty_and_overlong_payloads_are_refused() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    assert_eq!(wait(journal.append(&[])), Err(Refused::Length));
    assert_eq!(wait(journal.append(&vec![0; audit::PAYLOAD_BYTES_MAX + 1])), Err(Refused::Length));
    wait(journal.append(&vec![0; audit::PAYLOAD_BYTES_MAX])).unwrap();
}

/// A journal that is as long as it may be.
fn at_its_limit(disk: &MemoryDisk, bytes_max: u64) -> Journal {
    let options =
        Options { bytes_max: Some(bytes_max), segment_bytes_max: 20_000, room_bytes: 5000, ..small() };
    let (journal, _) = Journal::open(Arc::new(disk.clone()), options).unwrap();
    for number in 0.. {
        match wait(journal.append(&payload(number, 3000))) {
            Ok(_) => assert!(used(disk) <= bytes_max, "{} bytes", used(disk)),
            Err(refused) => {
                assert_eq!(refused, Refused::NotWritten);
                break;
            }
        }
    }
    assert_eq!(journal.health(), JournalHealth::AtLimit);
    assert!(used(disk) > bytes_max - 5000);
    journal
}

fn used(disk: &MemoryDisk) -> u64 {
    disk.list().unwrap().iter().map(|file| disk.size(file).unwrap()).sum()
}

#[test]
fn a_journal_at_its_limit_refuses_and_goes_on_when_segments_are_compressed_or_moved_away() {
    for moved in [false, true] {
        let disk = MemoryDisk::new();
        let journal = at_its_limit(&disk, 200_000);
        assert_eq!(journal.hand_over(&payload(1, 3000)), Err(Refused::NotWritten));
        assert!(journal.room_bytes().unwrap() < 5000);
        assert!(journal.health().to_string().contains("journal.max_bytes"));
        if moved {
            for file in segments(&disk).into_iter().take(5) {
                disk.remove(&file).unwrap();
            }
        } else {
            let upkeep = audit::Upkeep::new(Arc::new(disk.clone()));
            while upkeep.compress_next(&|| Ok(())).unwrap().is_some() {}
        }
        eventually("it healed by itself", || journal.health() == JournalHealth::Good);
        assert!(journal.room_bytes().unwrap() > 10_000, "behind the room that it found");
        wait(journal.append(&payload(2, 3000))).unwrap();
        journal.close().unwrap();
        verify(&disk, &mut |_, _| {}).unwrap();
    }
}

#[test]
fn a_journal_at_its_limit_opens_and_takes_records_with_a_higher_one() {
    let disk = MemoryDisk::new();
    at_its_limit(&disk, 100_000).close().unwrap();
    let open = |bytes_max| {
        let options = Options { bytes_max, segment_bytes_max: 20_000, ..small() };
        Journal::open(Arc::new(disk.clone()), options).unwrap().0
    };
    let journal = open(Some(100_000));
    assert_eq!(journal.health(), JournalHealth::AtLimit, "before a record finds out");
    assert_eq!(wait(journal.append(&payload(1, 3000))), Err(Refused::NotWritten));
    drop(journal);
    for bytes_max in [Some(300_000), None] {
        let journal = open(bytes_max);
        wait(journal.append(&payload(1, 3000))).unwrap();
    }
}
