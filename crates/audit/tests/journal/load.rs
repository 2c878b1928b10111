//! Many callers at once, and the real file system.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use audit::{FsDisk, Journal, JournalError, MemoryDisk, Options};

use crate::scene::{NODE, append_group, numbers, payload, wait};

const THREADS: u64 = 8;

/// Lets eight threads append `each` records. Every thread waits for each of its records. Returns the sequence
/// numbers.
fn append_from_threads(journal: &Journal, each: u64) -> BTreeSet<u64> {
    let sequences = Mutex::new(BTreeSet::new());
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let sequences = &sequences;
            scope.spawn(move || {
                for number in 0..each {
                    let position = wait(journal.append(&payload(thread * each + number, 100))).unwrap();
                    assert!(sequences.lock().unwrap().insert(position.sequence));
                }
            });
        }
    });
    sequences.into_inner().unwrap()
}

#[test]
fn all_records_of_many_threads_are_there_once_and_syncs_are_shared() {
    let disk = MemoryDisk::new();
    disk.set_sync_time(Duration::from_micros(200));
    let options = Options { segment_bytes_max: 100_000, ..Options::new(NODE) };
    let (journal, _) = Journal::open(Arc::new(disk.clone()), options).unwrap();
    let sequences = append_from_threads(&journal, 1000);
    assert!(sequences.into_iter().eq(1..=8000));
    journal.close().unwrap();
    let mut found = numbers(&disk);
    // Each thread's records are in its order.
    for thread in 0..THREADS {
        let own: Vec<u64> = found.iter().copied().filter(|number| number / 1000 == thread).collect();
        assert!(own.is_sorted());
    }
    found.sort_unstable();
    assert!(found.into_iter().eq(0..8000));
    assert!(disk.syncs() < 4000, "{} syncs for 8000 records", disk.syncs());
}

#[test]
fn what_waits_during_a_sync_shares_the_next() {
    let disk = MemoryDisk::new();
    let (journal, _) = Journal::open(Arc::new(disk.clone()), Options::new(NODE)).unwrap();
    let before = disk.syncs();
    let others: Vec<Vec<u8>> = (1..1000).map(|number| payload(number, 0)).collect();
    append_group(&disk, &journal, &payload(0, 0), &others);
    assert_eq!(disk.syncs() - before, 2);
}

#[test]
fn handed_over_records_are_batched() {
    let disk = MemoryDisk::new();
    let (journal, _) = Journal::open(Arc::new(disk.clone()), Options::new(NODE)).unwrap();
    for number in 0..10_000 {
        journal.hand_over(&payload(number, 100)).unwrap();
    }
    journal.close().unwrap();
    assert!(numbers(&disk).into_iter().eq(0..10_000));
    // 1.4 MB in batches of 32 KiB or more, unless the machine paused the appending threads for 2 ms.
    assert!(disk.writes() < 500, "{} writes", disk.writes());
}

#[test]
fn tasks_of_one_runtime_are_all_woken() {
    let (journal, _) = Journal::open(Arc::new(MemoryDisk::new()), Options::new(NODE)).unwrap();
    let journal = Arc::new(journal);
    wait(async {
        let tasks: Vec<_> = (0..500)
            .map(|number| {
                let journal = Arc::clone(&journal);
                tokio::spawn(async move { journal.append(&payload(number, 10)).await.unwrap() })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn a_journal_on_the_file_system_is_one_writers_and_goes_on_after_closing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit");
    let options = Options { segment_bytes_max: 10_000, ..Options::new(NODE) };
    for round in 1..=2 {
        let disk = Arc::new(FsDisk::open(&path).unwrap());
        let (journal, recovery) = Journal::open(disk, options).unwrap();
        assert_eq!(recovery.next_sequence(), (round - 1) * 400 + 1_u64);
        assert!(matches!(FsDisk::open(&path), Err(JournalError::Locked)));
        append_from_threads(&journal, 50);
        drop(recovery);
        journal.close().unwrap();
    }
    let mut found = numbers(&FsDisk::reader(&path));
    found.sort_unstable();
    assert!(found.into_iter().eq((0..400).flat_map(|number| [number, number])));
    let segments = std::fs::read_dir(&path).unwrap().count() - 1;
    assert!(segments > 5, "{segments} segments");
}
