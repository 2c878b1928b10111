//! Every engine of this crate passes the suite, and what these engines promise beyond it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use bytes::Bytes;
use store::{
    Batch, Bounds, FaultyStore, Key, MemoryStore, Options, Revision, SqliteStore, Store, StoreError,
    conformance,
};
use tempfile::TempDir;

#[test]
fn memory_passes() {
    block_on(conformance::suite(Bounds::ENGINE, async || Arc::new(MemoryStore::new()) as Arc<dyn Store>));
}

#[test]
fn sqlite_passes() {
    let directories = Mutex::new(Vec::new());
    block_on(conformance::suite(Bounds::ENGINE, async || {
        let (directory, store) = sqlite();
        directories.lock().unwrap().push(directory);
        Arc::new(store) as Arc<dyn Store>
    }));
}

#[test]
fn faulty_without_faults_passes() {
    let make = async || Arc::new(FaultyStore::new(MemoryStore::new(), vec![])) as Arc<dyn Store>;
    block_on(conformance::suite(Bounds::ENGINE, make));
}

#[test]
fn the_first_poll_hands_a_commit_over() {
    let (_directory, sqlite) = sqlite();
    for store in [&sqlite as &dyn Store, &MemoryStore::new()] {
        let mut watch = block_on(store.watch(Revision(0))).unwrap();
        let _ = pin!(store.commit(put("a"))).poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(block_on(watch.next()).unwrap().revision, Revision(1));
        assert!(block_on(store.get(&[key("a")])).unwrap()[0].is_some());
    }
}

#[test]
fn whoever_has_an_answer_finds_the_changes_published() {
    let (_directory, store) = sqlite();
    let mut watch = block_on(store.watch(Revision(0))).unwrap();
    for number in 1..=200 {
        block_on(store.commit(put("a"))).unwrap().unwrap();
        let mut next = watch.next();
        let polled = next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(
            matches!(polled, std::task::Poll::Ready(Ok(changes)) if changes.revision == Revision(number))
        );
    }
}

#[test]
fn threads_commit_read_and_watch_at_once() {
    const THREADS: u64 = 8;
    const COMMITS: u64 = 100;
    let (_directory, store) = sqlite();
    let store = &store;
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                for _ in 0..COMMITS {
                    // Both keys change in one batch: no read may see one without the other.
                    let value = Bytes::from(thread.to_string());
                    let puts = vec![(key("left"), value.clone()), (key("right"), value)];
                    block_on(store.commit(Batch { puts, ..Batch::default() })).unwrap().unwrap();
                    let found = block_on(store.get(&[key("left"), key("right")])).unwrap();
                    assert_eq!(found[0], found[1]);
                }
            });
        }
        scope.spawn(move || {
            let mut watch = block_on(store.watch(Revision(0))).unwrap();
            for number in 1..=THREADS * COMMITS {
                assert_eq!(block_on(watch.next()).unwrap().revision, Revision(number));
            }
        });
    });
}

#[test]
fn dropping_the_store_finishes_what_was_handed_over_and_ends_watches() {
    let (directory, store) = sqlite();
    let mut watch = block_on(store.watch(Revision(0))).unwrap();
    for _ in 0..100 {
        let _ = pin!(store.commit(put("a"))).poll(&mut Context::from_waker(Waker::noop()));
    }
    drop(store);
    for number in 1..=100 {
        assert_eq!(block_on(watch.next()).unwrap().revision, Revision(number));
    }
    assert!(matches!(block_on(watch.next()), Err(StoreError::Unavailable(_))));

    let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
    assert_eq!(block_on(store.scan(b"", b"z", 0)).unwrap().revision, Revision(100));
    assert!(matches!(block_on(store.watch(Revision(99))), Err(StoreError::Compacted)));
    assert!(block_on(store.watch(Revision(100))).is_ok());
}

fn sqlite() -> (TempDir, SqliteStore) {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
    (directory, store)
}

fn key(text: &'static str) -> Key {
    Key::from_static(text.as_bytes())
}

fn put(text: &'static str) -> Batch {
    Batch { puts: vec![(key(text), Bytes::from_static(b"value"))], ..Batch::default() }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
