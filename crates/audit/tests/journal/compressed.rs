//! Full segments are compressed and removed, and the journal says the same before, meanwhile and after.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};

use audit::{
    Crash, Damage, Disk, DiskFile, Journal, JournalError, MemoryDisk, Milestone, Options, Reason, Record,
    RecordReader, SegmentReader, Upkeep, milestone, segments, verify,
};

use crate::scene::{NODE, append_group, number, numbers, open, payload, small, try_open, wait};

/// A journal of several segments, the newest of them open.
fn written() -> MemoryDisk {
    let disk = MemoryDisk::new();
    write(&disk, 1..=9);
    assert_eq!(segments(&disk).unwrap(), [1, 3, 5, 7, 9]);
    disk
}

/// Two to a segment.
fn write(disk: &MemoryDisk, records: std::ops::RangeInclusive<u64>) {
    let (journal, _) = open(disk);
    for number in records {
        wait(journal.append(&payload(number, 800))).unwrap();
    }
    journal.close().unwrap();
}

fn upkeep(disk: &MemoryDisk) -> Upkeep {
    Upkeep::new(Arc::new(disk.clone()))
}

fn compress_all(disk: &MemoryDisk) {
    let upkeep = upkeep(disk);
    while upkeep.compress_next(&|| Ok(())).unwrap().is_some() {}
}

fn plain(first: u64) -> String {
    format!("{first:020}.journal")
}

fn compressed(first: u64) -> String {
    plain(first) + ".zst"
}

/// All records with their numbers and chain values, by each way of reading, which must agree.
fn read_every_way(disk: &MemoryDisk) -> Vec<(u64, Vec<u8>)> {
    let mut verified = Vec::new();
    verify(disk, &mut |sequence, payload| verified.push((sequence, payload.to_vec()))).unwrap();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let single = RecordReader::new(Arc::clone(&shared));
    let mut read = Vec::new();
    for first in segments(disk).unwrap() {
        let mut reader = SegmentReader::open(Arc::clone(&shared), first).unwrap();
        let mut placed = Vec::new();
        let mut note = |record: audit::Placed<'_>| {
            placed.push(record.offset);
            assert_eq!(milestone(disk, record.sequence).unwrap().unwrap().chain, record.chain);
            read.push((record.sequence, record.payload.to_vec()));
        };
        while reader.read(&mut note).unwrap().is_full {}
        for (offset, (_, payload)) in placed.iter().zip(&read[read.len() - placed.len()..]) {
            // What is remembered is as true as what is read.
            for _ in 0..2 {
                assert_eq!(single.record_at(first, *offset).unwrap(), *payload);
            }
        }
    }
    assert_eq!(read, verified);
    verified
}

#[test]
fn a_compressed_journal_says_what_it_said() {
    let disk = written();
    let before = read_every_way(&disk);
    let end = verify(&disk, &mut |_, _| {}).unwrap();
    compress_all(&disk);
    let forms = [compressed(1), compressed(3), compressed(5), compressed(7), plain(9)];
    assert_eq!(disk.list().unwrap(), forms, "the newest one stays as it is");
    assert_eq!(read_every_way(&disk), before);
    assert_eq!(verify(&disk, &mut |_, _| {}).unwrap(), end);
    write(&disk, 10..=12);
    compress_all(&disk);
    assert_eq!(numbers(&disk), (1..=12).collect::<Vec<_>>());
}

#[test]
fn pieces_of_a_long_segment_join_without_a_seam() {
    let disk = MemoryDisk::new();
    let options = Options { segment_bytes_max: 400_000, ..Options::new(NODE) };
    let (journal, _) = Journal::open(Arc::new(disk.clone()), options).unwrap();
    for number in 1..=80 {
        wait(journal.append(&payload(number, number as usize * 97))).unwrap();
    }
    for number in 81..=90 {
        wait(journal.append(&payload(number, 60_000))).unwrap();
    }
    journal.close().unwrap();
    let before = read_every_way(&disk);
    compress_all(&disk);
    assert!(disk.size(&compressed(1)).unwrap() < 40_000);
    assert_eq!(read_every_way(&disk), before);
}

/// A disk that keeps what a crash would leave, before and after each change.
struct Watched {
    disk: MemoryDisk,
    crashes: Arc<Mutex<Vec<MemoryDisk>>>,
}

struct WatchedFile(Box<dyn DiskFile>, Watched);

impl Watched {
    fn new(disk: &MemoryDisk) -> Self {
        Self { disk: disk.clone(), crashes: Arc::default() }
    }

    fn again(&self) -> Self {
        Self { disk: self.disk.clone(), crashes: Arc::clone(&self.crashes) }
    }

    fn changes<T>(&self, change: impl FnOnce() -> T) -> T {
        let seed = self.crashes.lock().unwrap().len() as u64;
        let kinds = [Crash::Process, Crash::Prefix(0), Crash::Prefix(40), Crash::Sectors(seed)];
        let note = || self.crashes.lock().unwrap().extend(kinds.map(|kind| self.disk.crashed(kind)));
        note();
        let changed = change();
        note();
        changed
    }
}

impl Disk for Watched {
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.disk.read(name)
    }

    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.disk.read_at(name, offset, buffer)
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        self.disk.size(name)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = self.changes(|| self.disk.create(name))?;
        Ok(Box::new(WatchedFile(file, self.again())))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.disk.open(name)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.changes(|| self.disk.remove(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.changes(|| self.disk.sync_directory())
    }

    fn free_bytes(&self) -> Option<u64> {
        self.disk.free_bytes()
    }
}

impl DiskFile for WatchedFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.1.changes(|| self.0.write_at(offset, bytes))
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.0.truncate(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.1.changes(|| self.0.sync())
    }
}

#[test]
fn a_crash_at_any_write_of_the_compression_leaves_the_same_journal() {
    let disk = written();
    let watched = Watched::new(&disk);
    let keeper = Upkeep::new(Arc::new(watched.again()));
    while keeper.compress_next(&|| Ok(())).unwrap().is_some() {}
    let crashes = watched.crashes.lock().unwrap();
    let both =
        |disk: &MemoryDisk| disk.list().unwrap().windows(2).any(|pair| pair[0].clone() + ".zst" == pair[1]);
    assert!(crashes.len() > 100 && crashes.iter().any(both), "{} crashes", crashes.len());
    for after in &*crashes {
        assert_eq!(numbers(after), (1..=9).collect::<Vec<_>>());
        write(after, 10..=10);
        compress_all(after);
        assert_eq!(numbers(after), (1..=10).collect::<Vec<_>>());
    }
}

#[test]
fn a_crash_at_any_write_of_a_removal_leaves_a_journal_without_a_gap() {
    let disk = MemoryDisk::new();
    let (journal, _) = open(&disk);
    for time in 1..=9 {
        wait(journal.append(&at(time))).unwrap();
    }
    journal.close().unwrap();
    let half = upkeep(&disk);
    half.compress_next(&|| Ok(())).unwrap();
    let watched = Watched::new(&disk);
    let keeper = Upkeep::new(Arc::new(watched.again()));
    while let Some(outdated) = keeper.outdated(7, &|| Ok(())).unwrap() {
        keeper.remove(&outdated).unwrap();
    }
    let mut begins = BTreeSet::new();
    for after in &*watched.crashes.lock().unwrap() {
        let verdict = verify(after, &mut |_, _| {}).unwrap();
        assert_eq!(verdict.next_sequence, 10);
        begins.insert(verdict.first_sequence);
        open(after).0.close().unwrap();
    }
    assert!(begins.into_iter().eq([1, 3, 5, 7]));
}

#[test]
fn every_failing_write_and_sync_of_the_compression_leaves_the_segment() {
    for kind in ["write", "sync"] {
        for after in 0.. {
            let disk = written();
            match kind {
                "write" => disk.fail_write(after, 3),
                _ => disk.fail_sync(after),
            }
            let keeper = upkeep(&disk);
            let mut failed = false;
            // What failed is tried again.
            for _ in 0..8 {
                failed |= keeper.compress_next(&|| Ok(())).is_err();
                assert_eq!(numbers(&disk), (1..=9).collect::<Vec<_>>(), "{kind} {after}");
            }
            assert_eq!(disk.list().unwrap().iter().filter(|name| name.ends_with(".zst")).count(), 4);
            if !failed {
                break;
            }
        }
    }
}

#[test]
fn a_full_disk_keeps_the_segment_and_gets_its_room_back() {
    let disk = written();
    let used: u64 = disk.list().unwrap().iter().map(|name| disk.size(name).unwrap()).sum();
    disk.set_bytes_max(Some(used as usize + 20));
    assert!(matches!(upkeep(&disk).compress_next(&|| Ok(())), Err(JournalError::Io { .. })));
    assert_eq!(disk.free_bytes(), Some(20));
    assert_eq!(numbers(&disk), (1..=9).collect::<Vec<_>>());
}

#[test]
fn while_both_forms_are_there_the_segment_itself_counts() {
    let disk = written();
    let whole = disk.read(&plain(3)).unwrap();
    compress_all(&disk);
    // A crash before the segment was removed, and whatever else may have become of the other form.
    for damage in [0, 7, 40, 200] {
        let both = disk.crashed(Crash::Process);
        both.create(&plain(3)).unwrap().write_at(0, &whole).unwrap();
        both.tamper(&compressed(3), |bytes| bytes.truncate(damage));
        assert_eq!(numbers(&both), (1..=9).collect::<Vec<_>>());
        compress_all(&both);
        assert!(!both.list().unwrap().contains(&plain(3)));
        assert_eq!(numbers(&both), (1..=9).collect::<Vec<_>>());
    }
}

#[test]
fn a_damaged_compressed_segment_is_named_with_the_place() {
    let good = written();
    compress_all(&good);
    let file = compressed(5);
    let whole = good.read(&file).unwrap();
    let table = 28 + 12 + 32;
    for at in 0..whole.len() {
        for cut in [false, true] {
            let bad = good.crashed(Crash::Process);
            bad.tamper(&file, |bytes| if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << (at % 8) });
            let Err(JournalError::Damaged(damage)) = verify(&bad, &mut |_, _| {}) else {
                panic!("{file} byte {at}, cut {cut}: not seen")
            };
            let (offset, reason) =
                if at < table || cut { (0, Reason::Table) } else { (table as u64, Reason::Piece) };
            assert_eq!(damage, Damage { file: file.clone(), offset, reason }, "byte {at}, cut {cut}");
        }
    }
    // Of the last two segments, opening looks at both.
    let bad = good.crashed(Crash::Process);
    bad.tamper(&compressed(7), |bytes| bytes[table] ^= 1);
    assert!(matches!(try_open(&bad), Err(JournalError::Damaged(_))));
}

#[test]
fn a_table_that_promises_too_much_is_not_believed() {
    let disk = written();
    compress_all(&disk);
    for (at, value) in [(16, u64::MAX), (16, 1 << 40), (24, u64::from(u32::MAX)), (16, 0), (16, 3000)] {
        let bad = disk.crashed(Crash::Process);
        bad.tamper(&compressed(1), |bytes| {
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes()[..4]);
            if at == 16 {
                bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            }
            reseal(bytes);
        });
        assert!(matches!(verify(&bad, &mut |_, _| {}), Err(JournalError::Damaged(_))), "{at} {value}");
    }
}

/// Makes the table's hash fit what the table says, as one who knows the format would.
fn reseal(bytes: &mut [u8]) {
    let check = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes[..40]);
    bytes[40..72].copy_from_slice(check.as_ref());
}

#[test]
fn a_segment_that_does_not_hold_stays_as_it_is_and_is_told_once() {
    let disk = written();
    disk.tamper(&plain(3), |bytes| bytes[300] ^= 1);
    let keeper = upkeep(&disk);
    assert_eq!(keeper.compress_next(&|| Ok(())).unwrap().unwrap().first, 1);
    let Err(JournalError::Damaged(damage)) = keeper.compress_next(&|| Ok(())) else { panic!("not seen") };
    assert_eq!((damage.file, damage.offset), (plain(3), 96));
    assert_eq!(keeper.compress_next(&|| Ok(())).unwrap().unwrap().first, 5);
    while keeper.compress_next(&|| Ok(())).unwrap().is_some() {}
    assert!(disk.list().unwrap().contains(&plain(3)));
    assert!(keeper.outdated(i64::MAX, &|| Ok(())).is_ok(), "the first one holds");
}

#[test]
fn a_journal_whose_newest_segment_is_compressed_goes_on_in_a_new_one() {
    let disk = written();
    compress_all(&disk);
    disk.remove(&plain(9)).unwrap();
    write(&disk, 10..=10);
    assert_eq!(segments(&disk).unwrap(), [1, 3, 5, 7, 9]);
    assert_eq!(numbers(&disk), [1, 2, 3, 4, 5, 6, 7, 8, 10]);
}

#[test]
fn readers_go_on_while_their_segment_is_compressed() {
    let disk = MemoryDisk::new();
    let options = Options { segment_bytes_max: 1_000_000, ..small() };
    let (journal, _) = Journal::open(Arc::new(disk.clone()), options).unwrap();
    let group: Vec<_> = (1..=1000).map(|number| payload(number, 900)).collect();
    append_group(&disk, &journal, &payload(0, 0), &group);
    wait(journal.append(&payload(1001, 900))).unwrap();
    let mut reader = SegmentReader::open(Arc::new(disk.clone()), 1).unwrap();
    let mut seen = Vec::new();
    while seen.len() < 200 {
        reader.read(&mut |placed| seen.push(number(placed.payload))).unwrap();
    }
    wait(journal.append(&vec![9; 60_000])).unwrap();
    compress_all(&disk);
    while reader.read(&mut |placed| seen.push(number(placed.payload))).unwrap().is_full {}
    assert!(seen.into_iter().eq(0..=1001));
}

/// A record of this time.
fn at(time_ms: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut record = Record::new(audit::EventKind::ApiCall, [1; 16], time_ms);
    record.detail = Some("x".repeat(800).into());
    record.encode(&mut bytes);
    bytes
}

#[test]
fn the_oldest_segment_is_outdated_when_its_latest_record_is_old() {
    for is_compressed in [false, true] {
        let disk = MemoryDisk::new();
        let (journal, _) = open(&disk);
        for time in [100, 50, 60, 90, 200, 10, 10] {
            wait(journal.append(&at(time))).unwrap();
        }
        journal.close().unwrap();
        assert_eq!(segments(&disk).unwrap(), [1, 3, 5, 7]);
        if is_compressed {
            compress_all(&disk);
        }
        let keeper = upkeep(&disk);
        assert_eq!(keeper.inventory().unwrap().oldest_ms, Some(100));
        let outdated = |before| keeper.outdated(before, &|| Ok(())).unwrap();
        assert_eq!(outdated(100), None);
        let first = outdated(101).unwrap();
        assert_eq!(
            (first.first, first.end, first.latest_ms),
            (1, milestone(&disk, 2).unwrap().unwrap(), 100)
        );
        keeper.remove(&first).unwrap();
        assert!(first.is_held(Some(1)) && first.is_held(Some(2)), "a trail has not delivered it yet");
        assert!(!first.is_held(Some(3)) && !first.is_held(None));
        let second = outdated(101).unwrap();
        assert_eq!((second.first, second.latest_ms), (3, 90));
        keeper.remove(&second).unwrap();
        assert_eq!(outdated(101), None, "a later record is in the next one");
        let third = outdated(i64::MAX).unwrap();
        keeper.remove(&third).unwrap();
        assert_eq!(outdated(i64::MAX), None, "the newest one stays");
        let verdict = verify(&disk, &mut |_, _| {}).unwrap();
        assert_eq!((verdict.first_sequence, verdict.beginning()), (7, Some(third.end)));
        open(&disk).0.close().unwrap();
    }
}

#[test]
fn a_segment_that_does_not_hold_is_not_removed() {
    let disk = written();
    disk.tamper(&plain(1), |bytes| bytes[300] ^= 1);
    let keeper = upkeep(&disk);
    assert!(matches!(keeper.outdated(i64::MAX, &|| Ok(())), Err(JournalError::Damaged(_))));
    assert_eq!(keeper.outdated(i64::MAX, &|| Ok(())).unwrap(), None, "it is told once");
    let lost = written();
    lost.remove(&plain(1)).unwrap();
    lost.remove(&plain(5)).unwrap();
    assert!(upkeep(&lost).outdated(i64::MAX, &|| Ok(())).is_err(), "the next one does not go on from there");
}

#[test]
fn the_inventory_counts_what_lies_there() {
    let disk = written();
    let before = upkeep(&disk).inventory().unwrap();
    assert_eq!((before.segments, before.compressed_segments), (5, 0));
    assert_eq!(before.bytes, before.uncompressed_bytes);
    compress_all(&disk);
    let keeper = upkeep(&disk);
    for _ in 0..2 {
        let after = keeper.inventory().unwrap();
        assert_eq!((after.segments, after.compressed_segments), (5, 4));
        assert_eq!(after.uncompressed_bytes, before.bytes);
        assert!(after.bytes < before.bytes / 2);
    }
}

#[test]
fn the_end_of_a_removed_part_is_a_milestone() {
    let disk = written();
    let keeper = upkeep(&disk);
    let kept: Milestone = milestone(&disk, 2).unwrap().unwrap();
    // The payloads of these tests have no time, and are never old.
    assert_eq!(keeper.outdated(i64::MAX, &|| Ok(())).unwrap().map(|outdated| outdated.end), None);
    disk.remove(&plain(1)).unwrap();
    assert_eq!(milestone(&disk, 2).unwrap(), Some(kept));
}

/// A compressed segment that another program wrote by docs/audit-format.md alone.
#[test]
fn the_fixture_becomes_the_segment_of_version_1() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journal");
    let of = |folder: &str| {
        let disk = audit::FsDisk::reader(&directory.join(folder));
        let mut records = Vec::new();
        let verdict =
            verify(&disk, &mut |sequence, payload| records.push((sequence, payload.to_vec()))).unwrap();
        (verdict, records)
    };
    assert!(directory.join("compressed").join(compressed(1)).exists());
    assert_eq!(of("compressed"), of("v1"));
}
