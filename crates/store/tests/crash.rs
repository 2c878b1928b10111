//! A process with a store and writers at work is killed, again and again. What the store acknowledged must be there
//! afterwards.
//!
//! The test runs its own executable as the process to kill. `STORE_CRASH_ROUNDS` sets the number of kills.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, io, thread};

use store::{Batch, Key, Options, Precondition, Revision, SqliteStore, Store};
use tempfile::TempDir;

const TEST: &str = "no_acknowledged_commit_is_lost_by_a_kill";
const DIRECTORY: &str = "STORE_CRASH_DIRECTORY";
const ROUNDS: &str = "STORE_CRASH_ROUNDS";
/// After this many rounds a new store begins, because every round reads all of it.
const ROUNDS_PER_STORE: u64 = 30;
const WRITERS: u64 = 8;

#[test]
fn no_acknowledged_commit_is_lost_by_a_kill() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        return write_until_killed(Path::new(&directory));
    }
    let rounds = env::var_os(ROUNDS).map_or(30, |rounds| rounds.to_str().unwrap().parse().unwrap());
    let mut acknowledged = 0;
    let (mut directory, mut at) = (TempDir::new().unwrap(), Revision(0));
    for round in 0..rounds {
        if round % ROUNDS_PER_STORE == 0 {
            (directory, at) = (TempDir::new().unwrap(), Revision(0));
        }
        // The kills are spread over a process's work, from its first commits until the log is brought into the
        // database.
        let answered = run_and_kill(directory.path(), Duration::from_micros(round * 7_919 % 60_000));
        acknowledged += answered.len() as u64;
        at = verify(directory.path(), at, &answered);
    }
    assert!(acknowledged > rounds, "most processes lived long enough to commit: {acknowledged}");
}

/// What a process said before it died: per writer, the last number acknowledged and its revision.
type Acknowledged = BTreeMap<u64, (u64, Revision)>;

fn run_and_kill(directory: &Path, delay: Duration) -> Acknowledged {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([OsStr::new("--exact"), OsStr::new(TEST), OsStr::new("--nocapture")])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The clock runs from the first answer; otherwise kills would only hit starting processes.
    let first = lines.find_map(|line| parse(&line.unwrap())).expect("the process answers");
    let listener = thread::spawn(move || lines.filter_map(|line| parse(&line.unwrap())).collect::<Vec<_>>());
    thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();

    let mut acknowledged = Acknowledged::new();
    for (writer, number, revision) in [first].into_iter().chain(listener.join().unwrap()) {
        let before = acknowledged.insert(writer, (number, revision));
        assert!(before.is_none_or(|(earlier, at)| earlier < number && at < revision), "revisions increase");
    }
    acknowledged
}

/// Opens what the killed process left. Returns its revision.
fn verify(directory: &Path, before: Revision, acknowledged: &Acknowledged) -> Revision {
    let store = SqliteStore::open(directory, Options { create: false, ..Options::default() }).unwrap();
    let checked = store.check().unwrap();
    assert_eq!(checked.damage, Vec::<String>::new());
    assert!(checked.revision >= before, "the revision does not go back");

    for (writer, (number, revision)) in acknowledged {
        assert!(checked.revision >= *revision);
        let (counter, log) = (block_on(store.get(&[counter(*writer)])).unwrap(), log(*writer, *number));
        let kept: u64 = text(&counter[0].as_ref().unwrap().value).parse().unwrap();
        // One more step may have been committed without being reported.
        assert!(kept == *number || kept == number + 1, "writer {writer}: {kept} kept, {number} acknowledged");
        let logged = block_on(store.get(&[log])).unwrap();
        assert_eq!(logged[0].as_ref().map(|entry| entry.revision), Some(*revision));
    }
    // Each commit counts and logs in one batch. If there are not as many entries as the counter says, a batch was
    // torn.
    for writer in 0..WRITERS {
        let counter = block_on(store.get(&[counter(writer)])).unwrap();
        let counted = counter[0].as_ref().map_or(0, |counter| text(&counter.value).parse().unwrap());
        let mut from = log(writer, 0);
        let mut entries = 0;
        loop {
            let page = block_on(store.scan(&from, &log(writer, u64::MAX), usize::MAX)).unwrap();
            entries += page.items.len() as u64;
            let Some(next) = page.next else { break };
            from = next;
        }
        assert_eq!(entries, counted, "writer {writer}");
    }
    checked.revision
}

fn write_until_killed(directory: &Path) {
    let store = SqliteStore::open(directory, Options::default()).unwrap();
    let store = &store;
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || block_on(count(store, writer)));
        }
    });
}

/// Counts for ever: each step is a batch that moves the counter and logs the step.
async fn count(store: &SqliteStore, writer: u64) {
    let found = store.get(&[counter(writer)]).await.unwrap().pop().unwrap();
    let mut number = found.as_ref().map_or(0, |counter| text(&counter.value).parse().unwrap());
    let mut precondition =
        found.map_or(Precondition::Absent(counter(writer)), |found| at_counter(writer, found.revision));
    loop {
        number += 1;
        let puts = vec![
            (counter(writer), number.to_string().into()),
            (log(writer, number), vec![b'x'; (number % 1_500) as usize].into()),
        ];
        let batch = Batch { preconditions: vec![precondition], puts, deletes: vec![] };
        let revision = store.commit(batch).await.unwrap().unwrap();
        // One write, so that a kill cannot leave half of two lines.
        let line = format!("ack {writer} {number} {}\n", revision.0);
        io::stdout().write_all(line.as_bytes()).unwrap();
        precondition = at_counter(writer, revision);
    }
}

fn parse(line: &str) -> Option<(u64, u64, Revision)> {
    // The last line may be cut.
    let mut words = line.strip_prefix("ack ")?.split(' ').map(str::parse);
    let (writer, number, revision) = (words.next()?.ok()?, words.next()?.ok()?, words.next()?.ok()?);
    Some((writer, number, Revision(revision)))
}

fn at_counter(writer: u64, revision: Revision) -> Precondition {
    Precondition::At(counter(writer), revision)
}

fn counter(writer: u64) -> Key {
    format!("counter/{writer}").into()
}

fn log(writer: u64, number: u64) -> Key {
    format!("log/{writer}/{number:020}").into()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
