//! Cases about `watch`.

use std::collections::BTreeMap;

use super::{committed, delete, everything, key, poll_once, put, value};
use crate::{Batch, Changes, Revision, Store, Watch};

pub(super) async fn changes_come_in_order(store: &dyn Store) {
    let mut watch = store.watch(Revision(0)).await.unwrap();
    let first = committed(store, put(&["b", "c", "a"])).await;
    let batch = Batch { deletes: vec![key("b"), key("nothing")], ..put(&["d", "a"]) };
    let second = committed(store, batch).await;
    let third = committed(store, delete(&["nothing"])).await;
    let fourth = committed(store, put(&["a"])).await;

    let set = |text| (key(text), Some(value(text)));
    let expected = [
        Changes { revision: first, items: vec![set("a"), set("b"), set("c")] },
        Changes { revision: second, items: vec![set("a"), (key("b"), None), set("d")] },
        Changes { revision: third, items: vec![] },
        Changes { revision: fourth, items: vec![set("a")] },
    ];
    for changes in expected {
        assert_eq!(watch.next().await.unwrap(), changes);
    }
}

pub(super) async fn a_watch_begins_after_the_revision_asked(store: &dyn Store) {
    let mut revisions = Vec::new();
    for text in ["a", "b", "c"] {
        revisions.push(committed(store, put(&[text])).await);
    }
    let last = revisions.last().copied().unwrap();
    let beyond = Revision(last.0 + 2);
    let mut watches = Vec::new();
    for after in revisions.iter().copied().chain([Revision(0), beyond]) {
        watches.push((after, store.watch(after).await.unwrap()));
    }
    // At least one more than the watch from the future skips.
    for text in ["d", "e", "f"] {
        revisions.push(committed(store, put(&[text])).await);
    }
    for (after, mut watch) in watches {
        for revision in revisions.iter().filter(|revision| **revision > after) {
            assert_eq!(watch.next().await.unwrap().revision, *revision, "after {after:?}");
        }
    }
}

pub(super) async fn a_watch_keeps_pace_with_commits(store: &dyn Store) {
    const BATCHES: usize = 50;
    let (mut one, mut other) =
        (store.watch(Revision(0)).await.unwrap(), store.watch(Revision(0)).await.unwrap());
    let commits = async {
        let mut revisions = Vec::new();
        for _ in 0..BATCHES {
            revisions.push(committed(store, put(&["a"])).await);
        }
        revisions
    };
    let (committed, seen, also_seen) =
        tokio::join!(commits, take(&mut *one, BATCHES), take(&mut *other, BATCHES));
    assert_eq!(seen, committed);
    assert_eq!(also_seen, committed);
}

pub(super) async fn a_dropped_wait_loses_nothing(store: &dyn Store) {
    let mut watch = store.watch(Revision(0)).await.unwrap();
    assert!(poll_once(watch.next()).await.is_none(), "nothing has happened yet");
    let revision = committed(store, put(&["a"])).await;
    // Once more for engines whose changes are on their way.
    let seen = match poll_once(watch.next()).await {
        Some(changes) => changes,
        None => watch.next().await,
    };
    assert_eq!(seen.unwrap().revision, revision);
}

pub(super) async fn a_scan_and_a_watch_from_its_revision_show_everything(store: &dyn Store) {
    let scanning = async {
        for batch in [put(&["a", "b"]), delete(&["a"]), put(&["c"]), put(&["d", "a"]), delete(&["c"])] {
            committed(store, batch).await;
        }
        committed(store, put(&["end"])).await
    };
    let mirroring = async {
        let (mut at, items) = everything(store).await;
        let mut mirror: BTreeMap<_, _> = items.into_iter().map(|(key, found)| (key, found.value)).collect();
        let mut watch = store.watch(at).await.unwrap();
        while !mirror.contains_key(&key("end")) {
            let changes = watch.next().await.unwrap();
            assert!(changes.revision > at);
            at = changes.revision;
            for (key, value) in changes.items {
                match value {
                    Some(value) => mirror.insert(key, value),
                    None => mirror.remove(&key),
                };
            }
        }
        (at, mirror)
    };
    let (end, (at, mirror)) = tokio::join!(scanning, mirroring);
    assert_eq!(at, end);
    let found: BTreeMap<_, _> =
        everything(store).await.1.into_iter().map(|(key, found)| (key, found.value)).collect();
    assert_eq!(mirror, found);
}

async fn take(watch: &mut dyn Watch, batches: usize) -> Vec<Revision> {
    let mut revisions = Vec::new();
    for _ in 0..batches {
        revisions.push(watch.next().await.unwrap().revision);
    }
    revisions
}
