use audit::{EventKind, Journal, MemoryDisk, Options, RecordedCaller, Upkeep};
use model::cloudtrail::LookupAttributeKey as Attribute;

use super::*;
use crate::lookup::{Lookup, Sought, look_up};

const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];
const OPERATIONS: [&str; 5] = ["Encrypt", "Decrypt", "CreateKey", "DescribeKey", "ListKeys"];

/// A stream of numbers that is the same each time (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

fn record(number: u64, draw: &mut Draw) -> Vec<u8> {
    let account = draw.of(&ACCOUNTS);
    let region = draw.of(&REGIONS);
    let operation = draw.of(&OPERATIONS);
    let user = draw.below(20);
    let mut id = [0; 16];
    id[..8].copy_from_slice(&draw.below(u64::MAX).to_be_bytes());
    id[8..].copy_from_slice(&number.to_be_bytes());
    // Arrivals are recorded about in their order, and a clock was once put back.
    let time = 1_700_000_000_000 + i64::try_from(number * 10 + draw.below(50)).unwrap();
    let back = if number > 1500 { 8000 } else { 0 };
    let mut record = Record::new(EventKind::ApiCall, id, time - back);
    record.service = "kms".into();
    record.operation = operation.into();
    record.region = region.into();
    record.account = Some(account.into());
    record.read_only = operation != "CreateKey";
    record.caller = Some(RecordedCaller {
        kind: "IAMUser".into(),
        arn: format!("arn:aws:iam::{account}:user/u{user}").into(),
        unique_id: format!("AIDA{user}").into(),
        access_key_id: Some(format!("AKIA{user}").into()),
    });
    if operation != "ListKeys" {
        let owner = draw.of(&ACCOUNTS);
        record.resources = vec![format!("arn:aws:kms:{region}:{owner}:key/k{}", draw.below(30)).into()];
    }
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    bytes
}

struct Stage {
    journal_disk: MemoryDisk,
    files: MemoryDisk,
    journal: Option<Journal>,
    records: Vec<Vec<u8>>,
    scanned: Vec<Scanned>,
    draw: Draw,
}

/// An event as a scan sees it.
struct Scanned {
    account: String,
    region: String,
    time_ms: i64,
    id: String,
    values: Vec<(Attribute, String)>,
}

fn scanned(payload: &[u8]) -> Vec<Scanned> {
    let record = Record::decode(payload).unwrap();
    let mut events = trail::events(&record);
    // Two events of one record are of two accounts, so that their order does not matter.
    events.reverse();
    let scan = |event: &trail::Event<'_>| {
        let mut values = vec![(Attribute::EventId, event.id().to_string())];
        event.attributes(&mut |attribute, value| values.push((attribute, value.to_owned())));
        Scanned {
            account: event.account().to_owned(),
            region: event.region().to_owned(),
            time_ms: event.time_ms(),
            id: event.id().to_string(),
            values,
        }
    };
    events.iter().map(scan).collect()
}

impl Stage {
    fn new(seed: u64) -> Self {
        let (journal_disk, files) = (MemoryDisk::new(), MemoryDisk::new());
        let mut stage = Self {
            journal_disk,
            files,
            journal: None,
            records: Vec::new(),
            scanned: Vec::new(),
            draw: Draw(seed),
        };
        stage.start();
        stage
    }

    fn start(&mut self) {
        let options = Options { segment_bytes_max: 40_000, ..Options::new([7; 16]) };
        self.journal = Some(Journal::open(Arc::new(self.journal_disk.clone()), options).unwrap().0);
    }

    fn write(&mut self, records: usize) {
        let journal = self.journal.as_ref().unwrap();
        for _ in 0..records {
            let record = record(self.records.len() as u64, &mut self.draw);
            journal.hand_over(&record).unwrap();
            self.scanned.extend(scanned(&record));
            self.records.push(record);
            if self.records.len().is_multiple_of(20) {
                while journal.waiting() > 0 {
                    std::thread::yield_now();
                }
            }
        }
        while journal.waiting() > 0 {
            std::thread::yield_now();
        }
    }

    /// Compresses the full segments.
    fn compress(&self) {
        let upkeep = Upkeep::new(Arc::new(self.journal_disk.clone()));
        while upkeep.compress_next(&|| Ok(())).unwrap().is_some() {}
    }

    fn index(&self) -> Index {
        Index::new(Arc::new(self.journal_disk.clone()), Arc::new(self.files.clone()))
    }

    /// The ids that a scan of all events finds, newest first.
    fn scan(&self, lookup: &Lookup) -> Vec<String> {
        let has = |event: &&Scanned| {
            lookup.sought.as_ref().is_none_or(|Sought { attribute, value }| {
                event.values.iter().any(|(known, is)| known == attribute && is == value)
            })
        };
        let here = |event: &&Scanned| {
            event.account == lookup.account
                && event.region == lookup.region
                && lookup.span.contains(event.time_ms)
        };
        self.scanned.iter().rev().filter(here).filter(has).map(|event| event.id.clone()).collect()
    }

    fn lookup(&mut self) -> Lookup {
        let draw = &mut self.draw;
        let account = draw.of(&ACCOUNTS).to_owned();
        let region = draw.of(&REGIONS).to_owned();
        let sought = match draw.below(9) {
            0 => None,
            1 => Some((Attribute::EventName, draw.of(&OPERATIONS).to_owned())),
            2 => Some((Attribute::ReadOnly, draw.of(&["true", "false"]).to_owned())),
            3 => Some((Attribute::Username, format!("u{}", draw.below(21)))),
            4 => Some((Attribute::ResourceType, "AWS::KMS::Key".to_owned())),
            5 => {
                let owner = draw.of(&ACCOUNTS);
                let key = format!("arn:aws:kms:{region}:{owner}:key/k{}", draw.below(31));
                Some((Attribute::ResourceName, key))
            }
            6 => Some((
                Attribute::EventSource,
                draw.of(&["kms.amazonaws.com", "iam.amazonaws.com"]).to_owned(),
            )),
            7 => Some((Attribute::AccessKeyId, format!("AKIA{}", draw.below(21)))),
            _ => {
                let at = usize::try_from(draw.below(self.records.len() as u64)).unwrap();
                let record = Record::decode(&self.records[at]).unwrap();
                let events = trail::events(&record);
                let event = &events[usize::try_from(draw.below(events.len() as u64)).unwrap()];
                Some((Attribute::EventId, event.id().to_string()))
            }
        };
        let mut times = [0; 2].map(|_| 1_700_000_000_000 + i64::try_from(draw.below(30_000)).unwrap());
        times.sort_unstable();
        let span = match draw.below(2) {
            0 => Span { from: i64::MIN, to: i64::MAX },
            _ => Span { from: times[0], to: times[1] },
        };
        let events_max = usize::try_from(draw.below(50) + 1).unwrap();
        let sought = sought.map(|(attribute, value)| Sought { attribute, value });
        Lookup { account, region, sought, span, before: u64::MAX, events_max }
    }

    /// Compares lookups, page by page, with a scan.
    fn compare(&mut self, index: &Index, lookups: usize) {
        for _ in 0..lookups {
            let mut lookup = self.lookup();
            let expected = self.scan(&lookup);
            let mut found = Vec::new();
            loop {
                let page = look_up(index, &lookup).unwrap();
                assert!(page.events.len() <= lookup.events_max);
                found.extend(page.events.into_iter().filter_map(|event| event.event_id));
                let Some(next) = page.next else { break };
                assert!(next < lookup.before, "a page leads on");
                lookup.before = next;
            }
            let told = lookup.sought.map(|sought| (sought.attribute, sought.value));
            assert_eq!(found, expected, "{told:?} {:?} in {}", lookup.span, lookup.region);
        }
    }
}

fn reach(index: &Index) {
    while index.advance(&|| ()).unwrap() == Advance::Further {}
}

#[test]
fn lookups_find_what_a_scan_finds_while_the_journal_grows() {
    let mut stage = Stage::new(1);
    let index = stage.index();
    for round in 0..6 {
        stage.write(500);
        // Before the index has come so far, and after.
        if round == 2 {
            stage.compress();
        }
        reach(&index);
        stage.compare(&index, 75);
        if round > 2 {
            stage.compress();
        }
        stage.compare(&index, 75);
    }
    assert!(stage.files.list().unwrap().len() > 10, "most segments have files");
}

#[test]
fn an_index_goes_on_from_its_files_and_makes_what_is_lost_or_damaged_again() {
    let mut stage = Stage::new(2);
    stage.write(1500);
    reach(&stage.index());
    let files = stage.files.list().unwrap();
    stage.files.remove(&files[1]).unwrap();
    stage.files.open(&files[2]).unwrap().write_at(60, b"?").unwrap();
    stage.files.open(&files[3]).unwrap().truncate(100).unwrap();
    stage.files.open(&files[4]).unwrap().write_at(7, b"2").unwrap();
    stage.files.create(&filed::name(999_999)).unwrap();
    stage.files.create("notes").unwrap();
    stage.compress();
    let index = stage.index();
    reach(&index);
    stage.compare(&index, 300);
    for file in &files {
        assert!(
            Filed::open(Arc::new(stage.files.clone()), filed::parse_name(file).unwrap()).is_ok(),
            "{file}"
        );
    }
    assert!(!stage.files.list().unwrap().contains(&filed::name(999_999)), "there is no such segment");
    assert!(stage.files.list().unwrap().contains(&"notes".to_owned()), "what is not the index's stays");
    // And on it goes, with the journal opened anew.
    stage.journal = None;
    stage.start();
    stage.write(500);
    reach(&index);
    stage.compare(&index, 100);
}

#[test]
fn what_is_not_indexed_yet_is_said_and_not_passed_over() {
    let mut stage = Stage::new(3);
    stage.write(1500);
    let index = stage.index();
    let lookup = |value: &str| Lookup {
        account: ACCOUNTS[0].to_owned(),
        region: REGIONS[0].to_owned(),
        sought: Some(Sought { attribute: Attribute::EventName, value: value.to_owned() }),
        span: Span { from: i64::MIN, to: i64::MAX },
        before: u64::MAX,
        events_max: 50,
    };
    assert!(look_up(&index, &lookup("Encrypt")).is_err(), "nothing is indexed");
    // The newest segment is first, then one full segment at a time.
    for _ in 0..4 {
        index.advance(&|| ()).unwrap();
    }
    let page = look_up(&index, &Lookup { events_max: 1, ..lookup("Encrypt") }).unwrap();
    assert_eq!(page.events.len(), 1);
    let refused = look_up(&index, &lookup("NoSuchOperation")).err().unwrap();
    assert!(refused.message.unwrap().contains("reaches back to 2023-11-14T22:"));
    reach(&index);
    assert!(look_up(&index, &lookup("NoSuchOperation")).unwrap().events.is_empty());
}

#[test]
fn an_event_takes_few_bytes() {
    let mut stage = Stage::new(4);
    stage.write(3000);
    reach(&stage.index());
    let files = stage.files.list().unwrap();
    let bytes: usize = files.iter().map(|file| stage.files.read(file).unwrap().len()).sum();
    let last = files.iter().filter_map(|file| filed::parse_name(file)).max().unwrap();
    assert!(bytes as u64 / last < 60, "{bytes} bytes for {last} records");
}
