//! What the tests share: numbered payloads, small journals, and a look at what lies on a disk.

use std::future::Future;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use audit::{Appended, Disk, Journal, JournalError, MemoryDisk, Options, Recovery, verify};

pub(crate) const NODE: [u8; 16] = *b"node under test ";

/// Segments so small that every few records begin a new one.
pub(crate) fn small() -> Options {
    Options { segment_bytes_max: 2048, room_bytes: 200, ..Options::new(NODE) }
}

pub(crate) fn open(disk: &MemoryDisk) -> (Journal, Recovery) {
    try_open(disk).unwrap()
}

pub(crate) fn try_open(disk: &MemoryDisk) -> Result<(Journal, Recovery), JournalError> {
    Journal::open(Arc::new(disk.clone()), small())
}

/// A payload that can be told from every other.
pub(crate) fn payload(number: u64, filler_len: usize) -> Vec<u8> {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.resize(8 + filler_len, number as u8);
    bytes
}

pub(crate) fn number(payload: &[u8]) -> u64 {
    u64::from_be_bytes(*payload.first_chunk().unwrap())
}

pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Waits, for at most ten seconds, until something has come true.
pub(crate) fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if is_true() {
            return;
        }
        sleep(Duration::from_millis(5));
    }
    panic!("not so after ten seconds: {what}");
}

/// Appends `first`. While the writer is held in its sync, appends `others`, which become one group. Then lets all
/// finish.
pub(crate) fn append_group(disk: &MemoryDisk, journal: &Journal, first: &[u8], others: &[Vec<u8>]) {
    let before = disk.syncs();
    disk.hold_syncs(true);
    let first = journal.append(first);
    eventually("the writer syncs", || disk.syncs() > before);
    let others: Vec<Appended> = others.iter().map(|payload| journal.append(payload)).collect();
    disk.hold_syncs(false);
    wait(first).unwrap();
    for appended in others {
        wait(appended).unwrap();
    }
}

/// The numbers of all records on a disk in order, after the whole chain has been checked.
pub(crate) fn numbers(disk: &dyn Disk) -> Vec<u64> {
    let mut found = Vec::new();
    let verdict = verify(disk, &mut |sequence, payload| {
        found.push(number(payload));
        assert_eq!(sequence, found.len() as u64);
    })
    .unwrap();
    assert_eq!(verdict.next_sequence, found.len() as u64 + 1);
    found
}

/// Everything on a disk, to show that it has not changed.
pub(crate) fn contents(disk: &MemoryDisk) -> Vec<(String, Vec<u8>)> {
    disk.list().unwrap().into_iter().map(|name| (name.clone(), disk.read(&name).unwrap())).collect()
}

/// Segment files, oldest first.
pub(crate) fn segments(disk: &MemoryDisk) -> Vec<String> {
    disk.list().unwrap().into_iter().filter(|name| name.ends_with(".journal")).collect()
}
