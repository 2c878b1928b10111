//! A process with a catalog and writers at work is killed, again and again. What the catalog acknowledged must be there
//! afterwards, and nothing may be there by half.
//!
//! The test runs its own executable as the process to kill.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use std::{env, thread};

use catalog::{After, Catalog, FileId, ListQuery, ListedEntry, StoredPart, WriteIf};
use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::scene::{ALICE, assembled, bucket, file, id, object, part, upload};

const TEST: &str = "killed::no_acknowledged_write_is_lost_by_a_kill";
const PATH: &str = "CATALOG_KILLED_PATH";
const ROUNDS: u64 = 30;
const WRITERS: u64 = 8;
/// Each writer has so many seeds for itself.
const SEEDS: u64 = 1_000_000;

/// What a process said before it died: per writer, the last number acknowledged.
type Acknowledged = BTreeMap<u64, u64>;

#[test]
fn no_acknowledged_write_is_lost_by_a_kill() {
    if let Some(path) = env::var_os(PATH) {
        return write_until_killed(Path::new(&path));
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.db");
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        // The kills are spread over a process's work.
        let answered = run_and_kill(&path, Duration::from_micros(round * 7_919 % 50_000));
        acknowledged += answered.len();
        verify(&path, &answered);
    }
    assert!(acknowledged as u64 > ROUNDS, "most processes lived long enough to write: {acknowledged}");
}

fn run_and_kill(path: &Path, delay: Duration) -> Acknowledged {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The clock runs from the first answer; otherwise kills would only hit starting processes.
    let first = lines.find_map(|line| parse(&line.unwrap())).unwrap();
    let listener = thread::spawn(move || lines.filter_map(|line| parse(&line.unwrap())).collect::<Vec<_>>());
    thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();
    [first].into_iter().chain(listener.join().unwrap()).collect()
}

/// Looks at what the killed process left.
fn verify(path: &Path, acknowledged: &Acknowledged) {
    let catalog = Catalog::open(path).unwrap();
    let mut known = BTreeSet::new();
    for writer in 0..WRITERS {
        let last = last(&catalog, writer);
        let said = acknowledged.get(&writer).copied().unwrap_or_default();
        assert!(last >= said, "writer {writer}: {said} acknowledged, {last} there");
        // Each step has put all of what it puts, since one step is acknowledged before the next begins.
        for number in 1..=last {
            known.extend(files(&catalog, &numbered(writer, number)).unwrap());
        }
        known.extend(files(&catalog, &format!("{writer}/last")).into_iter().flatten());
        assert_eq!(files(&catalog, &numbered(writer, last + 1)), None);
    }
    let query = ListQuery { prefix: "", delimiter: None, after: After::Start, max: usize::MAX };
    for entry in catalog.uploads("b", query, None).unwrap().entries {
        let ListedEntry::Item(upload) = entry else { continue };
        let parts = catalog.parts(upload.id, 0, usize::MAX).unwrap().parts;
        known.extend(parts.into_iter().map(|part| part.file));
    }
    assert_eq!(catalog.files().unwrap(), known, "no file is named by half an object");
    drop(catalog);
    let connection = Connection::open(path).unwrap();
    let well: String = connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
    assert_eq!(well, "ok");
}

fn files(catalog: &Catalog, key: &str) -> Option<Vec<FileId>> {
    let object = catalog.object("b", key).unwrap()?;
    Some(object.parts.iter().map(|part| part.file).collect())
}

/// The last number that a writer put.
fn last(catalog: &Catalog, writer: u64) -> u64 {
    let prefix = format!("{writer}/n");
    let query = ListQuery { prefix: &prefix, delimiter: None, after: After::Start, max: usize::MAX };
    catalog.list("b", query).unwrap().entries.len() as u64
}

#[tokio::main(flavor = "current_thread")]
async fn write_until_killed(path: &Path) {
    let catalog = Arc::new(Catalog::open_or_create(path).unwrap());
    catalog.create_bucket(bucket("b", ALICE)).await.unwrap();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let catalog = Arc::clone(&catalog);
        writers.spawn(async move { write(&catalog, writer).await });
    }
    writers.join_all().await;
}

/// Writes for ever. Each step makes one object more, in one piece or in parts, and writes another one over.
async fn write(catalog: &Catalog, writer: u64) {
    let mut number = last(catalog, writer);
    let mut seed = writer * SEEDS + number * 10;
    loop {
        (number, seed) = (number + 1, seed + 10);
        let key = numbered(writer, number);
        let parts: Vec<StoredPart> = (1..=3).map(|which| part(which, seed + u64::from(which))).collect();
        if number.is_multiple_of(2) {
            catalog.put("b", assembled(&key, seed, &parts), WriteIf::Absent).await.unwrap();
        } else {
            // A step that a kill interrupted has begun this upload already.
            let _ = catalog.abort(id(seed)).await;
            catalog.create_upload("b", id(seed), upload(&key, seed)).await.unwrap();
            for part in &parts {
                catalog.put_part(id(seed), part.clone()).await.unwrap();
            }
            let object = assembled(&key, seed, &parts[..2]);
            let completed = catalog.complete("b", id(seed), object, WriteIf::Absent).await.unwrap();
            assert_eq!(completed.unused, [file(seed + 3)]);
        }
        catalog.put("b", object(&format!("{writer}/last"), seed), WriteIf::Always).await.unwrap();
        // One write, so that a kill cannot leave half of two lines.
        io::stdout().write_all(format!("ack {writer} {number}\n").as_bytes()).unwrap();
    }
}

fn numbered(writer: u64, number: u64) -> String {
    format!("{writer}/n{number:09}")
}

fn parse(line: &str) -> Option<(u64, u64)> {
    // The last line may be cut.
    let mut words = line.strip_prefix("ack ")?.split(' ').map(str::parse);
    Some((words.next()?.ok()?, words.next()?.ok()?))
}
