use std::{
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::atomic::AtomicU64,
};

use audit::{EventKind, FsDisk, Options, Record};
use tempfile::TempDir;

use super::*;

/// Milliseconds of all tests' clock: each look takes a tenth of a second, so that cursors are saved and settle soon.
static LOOKS: AtomicU64 = AtomicU64::new(0);

fn now() -> Duration {
    Duration::from_millis(LOOKS.fetch_add(100, Relaxed))
}

/// A journal in a folder, with exports of it.
struct Stage {
    folder: TempDir,
    journal: Arc<Journal>,
    written: u8,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(&folder.path().join("journal"));
        Self { folder, journal, written: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes so many records, durably.
    fn write(&mut self, count: u8) {
        for _ in 0..count {
            self.written += 1;
            let mut bytes = Vec::new();
            record(self.written).encode(&mut bytes);
            drop(self.journal.append(&bytes));
            let next = u64::from(self.written) + 1;
            until(|| self.journal.synced_sequence() == next);
        }
    }

    fn start(&self, to: ExportTo) -> Exports {
        let around = Surroundings {
            journal: &self.journal,
            disk: Arc::new(FsDisk::reader(&self.path("journal"))),
            folder: &self.path("export"),
            host: "here",
            now: Arc::new(now),
        };
        Exports::start(&[Export { name: "siem".to_owned(), to }], &around).unwrap()
    }

    fn to_file(&self) -> Exports {
        self.start(ExportTo::File(self.path("events")))
    }

    /// The numbers of the events in a file, as far as whole lines go.
    fn numbers(&self, name: &str) -> Vec<u8> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(number).collect()
    }
}

fn open(folder: &Path) -> Arc<Journal> {
    let options = Options { segment_bytes_max: 1000, ..Options::new([7; 16]) };
    Arc::new(Journal::open(Arc::new(FsDisk::open(folder).unwrap()), options).unwrap().0)
}

fn record(number: u8) -> Record<'static> {
    Record {
        service: "kms".into(),
        operation: format!("Number{number}").into(),
        region: "us-east-1".into(),
        account: Some("111122223333".into()),
        ..Record::new(EventKind::ApiCall, [number; 16], 1_796_022_000_000)
    }
}

/// The number in an event's JSON.
fn number(json: &str) -> u8 {
    assert!(json.ends_with('}'), "{json}");
    let rest = json.split_once("\"eventName\":\"Number").unwrap().1;
    rest.split_once('"').unwrap().0.parse().unwrap()
}

#[track_caller]
fn until(mut is: impl FnMut() -> bool) {
    for _ in 0..10_000 {
        if is() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("ten seconds have passed");
}

fn all(from: u8, to: u8) -> Vec<u8> {
    (from..=to).collect()
}

#[test]
fn events_are_added_to_a_file_from_the_first_start_on() {
    let mut stage = Stage::new();
    stage.write(3);
    let exports = stage.to_file();
    stage.write(40);
    until(|| stage.numbers("events").len() == 40);
    assert_eq!(stage.numbers("events"), all(4, 43));
    until(|| exports.figures()[0].behind == 0);
    assert_eq!((exports.figures()[0].events, exports.figures()[0].failures), (40, 0));
    exports.stop();
    // What is recorded while nobody follows comes with the next start.
    stage.write(20);
    let exports = stage.to_file();
    until(|| stage.numbers("events").len() >= 60);
    exports.stop();
    assert_eq!(stage.numbers("events"), all(4, 63));
}

#[test]
fn an_empty_journal_is_handed_on_from_its_first_record() {
    let mut stage = Stage::new();
    let exports = stage.to_file();
    stage.write(2);
    until(|| stage.numbers("events") == [1, 2]);
    exports.stop();
}

#[test]
fn what_a_kill_left_of_a_line_is_cut_and_the_event_comes_again() {
    let mut stage = Stage::new();
    let exports = stage.to_file();
    stage.write(3);
    until(|| stage.numbers("events").len() == 3);
    exports.stop();
    // The kill came within the third line, before the cursor was saved.
    let text = fs::read_to_string(stage.path("events")).unwrap();
    let cut = text.match_indices('\n').nth(1).unwrap().0 + 20;
    fs::write(stage.path("events"), &text.as_bytes()[..cut]).unwrap();
    let disk = FsDisk::reader(&stage.path("journal"));
    let second = audit::milestone(&disk, 2).unwrap().unwrap();
    fs::write(stage.path("export/siem.cursor"), second.to_string()).unwrap();
    let exports = stage.to_file();
    until(|| stage.numbers("events").len() == 3);
    exports.stop();
    assert_eq!(fs::read_to_string(stage.path("events")).unwrap(), text);
}

#[test]
fn a_file_that_was_rotated_is_made_anew() {
    let mut stage = Stage::new();
    let exports = stage.to_file();
    stage.write(2);
    until(|| stage.numbers("events").len() == 2);
    fs::rename(stage.path("events"), stage.path("events.1")).unwrap();
    stage.write(2);
    until(|| stage.numbers("events") == [3, 4]);
    fs::remove_file(stage.path("events")).unwrap();
    stage.write(1);
    until(|| stage.numbers("events") == [5]);
    exports.stop();
    assert_eq!(stage.numbers("events.1"), [1, 2]);
}

#[test]
fn a_file_that_cannot_be_written_keeps_nobody_waiting_and_loses_nothing() {
    let mut stage = Stage::new();
    let exports = stage.start(ExportTo::File(stage.path("folder/events")));
    stage.write(5);
    until(|| exports.figures()[0].failures > 0);
    assert_eq!(exports.figures()[0].behind, 5);
    fs::create_dir(stage.path("folder")).unwrap();
    until(|| stage.numbers("folder/events") == all(1, 5));
    exports.stop();
}

#[test]
fn a_journal_that_was_put_back_is_handed_on_from_its_beginning() {
    let mut stage = Stage::new();
    let exports = stage.to_file();
    stage.write(3);
    until(|| stage.numbers("events").len() == 3);
    exports.stop();
    fs::write(stage.path("export/siem.cursor"), format!("3:{}", "00".repeat(32))).unwrap();
    let exports = stage.to_file();
    until(|| stage.numbers("events").len() == 6);
    exports.stop();
    assert_eq!(stage.numbers("events"), [1, 2, 3, 1, 2, 3]);
    fs::write(stage.path("export/siem.cursor"), "somewhere").unwrap();
    let around = Surroundings {
        journal: &stage.journal,
        disk: Arc::new(FsDisk::reader(&stage.path("journal"))),
        folder: &stage.path("export"),
        host: "here",
        now: Arc::new(now),
    };
    let export = Export { name: "siem".to_owned(), to: ExportTo::Stdout };
    assert!(Exports::start(&[export], &around).is_err());
}

#[test]
fn segments_that_were_moved_away_are_passed_over() {
    let mut stage = Stage::new();
    let exports = stage.to_file();
    stage.write(1);
    until(|| stage.numbers("events").len() == 1);
    exports.stop();
    stage.write(60);
    let mut segments = audit::segments(&FsDisk::reader(&stage.path("journal"))).unwrap();
    assert!(segments.len() > 4);
    for first in segments.drain(..2) {
        fs::remove_file(stage.path("journal").join(format!("{first:020}.journal"))).unwrap();
    }
    let exports = stage.to_file();
    until(|| stage.numbers("events").last() == Some(&61));
    exports.stop();
    let from = u8::try_from(segments[0]).unwrap();
    assert_eq!(stage.numbers("events")[1..], all(from, 61));
}

#[test]
fn an_export_does_not_keep_the_journal_open() {
    let mut stage = Stage::new();
    let exports = stage.to_file();
    stage.write(2);
    until(|| stage.numbers("events").len() == 2);
    assert_eq!(Arc::strong_count(&stage.journal), 1);
    exports.stop();
}

/// Reads frames until a number came, and answers all numbers.
fn frames_until(from: &mut impl BufRead, last: u8) -> Vec<u8> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let mut length = Vec::new();
        from.read_until(b' ', &mut length).unwrap();
        let length: usize = String::from_utf8(length).unwrap().trim().parse().unwrap();
        let mut message = vec![0; length];
        from.read_exact(&mut message).unwrap();
        let message = String::from_utf8(message).unwrap();
        assert!(message.starts_with("<110>1 2026-11-30T07:00:00Z here keywright - Number"), "{message}");
        numbers.push(number(&message));
    }
    numbers
}

fn accept(listener: &TcpListener) -> BufReader<std::net::TcpStream> {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    BufReader::new(stream)
}

#[test]
fn a_syslog_receiver_that_goes_away_gets_everything_when_it_is_back() {
    let mut stage = Stage::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let exports = stage.start(ExportTo::SyslogLocal(address));
    stage.write(10);
    let mut first = accept(&listener);
    assert_eq!(frames_until(&mut first, 10), all(1, 10));
    // It goes away with what it has not read.
    stage.write(5);
    drop((first, listener));
    stage.write(5);
    until(|| exports.figures()[0].failures > 0);
    stage.write(5);
    let listener = TcpListener::bind(address).unwrap();
    let mut second = accept(&listener);
    let mut numbers = frames_until(&mut second, 25);
    numbers.dedup();
    let from = numbers[0];
    assert!(from <= 11, "what it had not read comes again: {numbers:?}");
    assert_eq!(numbers, all(from, 25));
    exports.stop();
}

#[test]
fn a_receiver_that_never_reads_holds_no_stop() {
    let mut stage = Stage::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let exports = stage.start(ExportTo::SyslogLocal(listener.local_addr().unwrap()));
    stage.write(100);
    let _held = accept(&listener);
    exports.stop();
    let away: SocketAddr = "192.0.2.1:6514".parse().unwrap();
    let exports = stage.start(ExportTo::SyslogLocal(away));
    stage.write(1);
    until(|| exports.figures()[0].failures > 0);
    exports.stop();
}
