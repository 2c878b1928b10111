//! Commits that SQLite refuses. Triggers stand in for a failing disk. One makes a statement fail. The other makes
//! COMMIT itself fail, by a foreign key that only COMMIT checks.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::future::Future;
use std::path::Path;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use rusqlite::Connection;
use store::{Answer, Batch, Conflict, Key, Options, Revision, SqliteStore, Store, StoreError};
use tempfile::TempDir;

const TRAPS: &str = "
    CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER refused BEFORE INSERT ON record WHEN new.key = CAST('refused' AS BLOB)
        BEGIN SELECT RAISE(ABORT, 'refused'); END;
    CREATE TRIGGER unknown AFTER INSERT ON record WHEN new.key = CAST('unknown' AS BLOB)
        BEGIN INSERT INTO child VALUES (1); END;
";

#[test]
fn a_batch_that_cannot_be_written_fails_alone() {
    let directory = trapped();
    let store = open(directory.path());
    let mut watch = block_on(store.watch(Revision(0))).unwrap();
    // All are handed over before one is awaited, so that they meet in one group.
    let keys = ["a", "b", "refused", "c", "d"];
    let handed_over: Vec<_> = keys.iter().map(|key| hand_over(&store, put(&["always", key]))).collect();
    let answers: Vec<_> = handed_over.into_iter().map(block_on).collect();

    let mut expected = 0;
    for (key, answer) in keys.iter().zip(answers) {
        if *key == "refused" {
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
        } else {
            expected += 1;
            assert_eq!(answer, Ok(Ok(Revision(expected))));
            assert_eq!(block_on(watch.next()).unwrap().revision, Revision(expected));
        }
    }
    assert_eq!(keys_in(&store), ["a", "always", "b", "c", "d"]);
    assert_eq!(block_on(store.commit(put(&["e"]))), Ok(Ok(Revision(expected + 1))), "and the store works on");
}

#[test]
fn after_an_unknown_outcome_nothing_is_answered() {
    let directory = trapped();
    let store = open(directory.path());
    block_on(store.commit(put(&["before"]))).unwrap().unwrap();
    let mut watch = block_on(store.watch(Revision(1))).unwrap();
    let answers = [
        block_on(store.commit(put(&["unknown"]))).map(drop),
        block_on(store.commit(put(&["after"]))).map(drop),
        block_on(store.get(&[Key::from_static(b"before")])).map(drop),
        block_on(store.scan(b"", b"z", 1)).map(drop),
        block_on(store.watch(Revision(1))).map(drop),
        block_on(watch.next()).map(drop),
        store.check().map(drop),
    ];
    for answer in answers {
        let Err(StoreError::Unavailable(why)) = answer else { panic!("{answer:?}") };
        assert!(why.contains("outcome of a commit is unknown"), "{why}");
    }
    drop(store);
    assert_eq!(keys_in(&open(directory.path())), ["before"]);
}

#[test]
fn a_database_that_an_administrator_holds_answers_after_a_while() {
    let directory = TempDir::new().unwrap();
    let store = open(directory.path());
    let tool = Connection::open(directory.path().join("keywright.db")).unwrap();
    tool.execute_batch("BEGIN IMMEDIATE").unwrap();
    let commit = hand_over(&store, put(&["a"]));
    assert_eq!(keys_in(&store), Vec::<Key>::new(), "reads do not wait");
    tool.execute_batch("ROLLBACK").unwrap();
    assert_eq!(block_on(commit), Ok(Ok(Revision(1))));
}

fn trapped() -> TempDir {
    let directory = TempDir::new().unwrap();
    drop(open(directory.path()));
    Connection::open(directory.path().join("keywright.db")).unwrap().execute_batch(TRAPS).unwrap();
    directory
}

fn open(directory: &Path) -> SqliteStore {
    SqliteStore::open(directory, Options::default()).unwrap()
}

fn keys_in(store: &SqliteStore) -> Vec<Key> {
    let page = block_on(store.scan(b"", b"z", 100)).unwrap();
    page.items.into_iter().map(|(key, _)| key).collect()
}

fn put(keys: &[&str]) -> Batch {
    let puts =
        keys.iter().map(|key| (Key::copy_from_slice(key.as_bytes()), Bytes::from_static(b"v"))).collect();
    Batch { puts, ..Batch::default() }
}

/// Hands a batch over by polling once.
fn hand_over(store: &SqliteStore, batch: Batch) -> Answer<'_, Result<Revision, Conflict>> {
    let mut commit = store.commit(batch);
    match commit.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Box::pin(std::future::ready(answer)),
        Poll::Pending => commit,
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
