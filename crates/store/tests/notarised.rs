//! What whoever writes to the engine cannot do: have another record read than the one that was written last.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use store::{
    Adoption, Batch, Bounds, FaultEffect, FaultyStore, Key, MemoryStore, NotarisedStore, Notary,
    PlannedFault, Precondition, Revision, Store, StoreCall, StoreError, TAG_BYTES, TERM_BYTES, conformance,
};

/// A notary for tests. Its secret is in the hash; nobody here tries to find it.
struct Toy(u64);

impl Toy {
    fn hash<const N: usize>(&self, purpose: &str, message: &[u8]) -> [u8; N] {
        std::array::from_fn(|index| {
            let mut hasher = DefaultHasher::new();
            (self.0, purpose, index, message).hash(&mut hasher);
            hasher.finish().to_be_bytes()[0]
        })
    }

    fn mask(&self, name: &[u8], bytes: &[u8]) -> Vec<u8> {
        let masked = bytes
            .iter()
            .enumerate()
            .map(|(index, byte)| byte ^ self.hash::<1>("mask", &[name, &index.to_be_bytes()].concat())[0]);
        masked.collect()
    }
}

impl Notary for Toy {
    fn tag(&self, message: &[u8]) -> Result<[u8; TAG_BYTES], StoreError> {
        Ok(self.hash("tag", message))
    }

    fn knows(&self, message: &[u8], tag: &[u8; TAG_BYTES]) -> Result<bool, StoreError> {
        Ok(self.hash("tag", message) == *tag)
    }

    fn term(&self, tag: &[u8; TAG_BYTES]) -> Result<[u8; TERM_BYTES], StoreError> {
        Ok(self.hash("term", tag))
    }

    fn seal(&self, name: &[u8], bytes: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        Ok(self.mask(name, &bytes))
    }

    fn open(&self, name: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(Some(self.mask(name, sealed)))
    }
}

const NODE: [u8; 16] = *b"a simulated node";
const LEDGERS: &str = "-/-/ledger/";

fn over(engine: &Arc<dyn Store>) -> NotarisedStore {
    on(engine, NODE)
}

fn on(engine: &Arc<dyn Store>, node: [u8; 16]) -> NotarisedStore {
    NotarisedStore::new(Arc::clone(engine), Arc::new(Toy(1)), node, |key| key == b"plain")
}

fn engine() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

#[test]
fn it_is_a_store_like_any_other() {
    let make = async || Arc::new(over(&engine())) as Arc<dyn Store>;
    block_on(conformance::suite(Bounds::CALLER, make));
}

#[test]
fn what_was_written_last_is_accepted() {
    let engine = engine();
    history(&over(&engine));
    assert_eq!(survey(&over(&engine)), Ok(vec!["b=2".into(), "c=1".into(), "plain=1".into()]));
}

#[test]
fn what_was_edited_moved_or_brought_along_is_refused_and_named() {
    let foreign = engine();
    let other = NotarisedStore::new(Arc::clone(&foreign), Arc::new(Toy(2)), NODE, |_| false);
    commit(&other, put("b", "2"));
    for (name, value) in [
        ("edited", edited(&raw(&history_of(), "b"))),
        ("bare", Bytes::from_static(b"2")),
        ("empty", Bytes::new()),
        ("moved", raw(&history_of(), "c")),
        ("foreign", raw(&foreign, "b")),
    ] {
        let engine = history_of();
        let seen = block_on(engine.scan(b"", b"z", 1)).unwrap().revision;
        let mut watch = block_on(over(&engine).watch(seen)).unwrap();
        set(&engine, "b", Some(value));
        let forged = StoreError::Forged("b".to_owned());
        let store = over(&engine);
        assert_eq!(survey(&store), Err(forged.clone()), "{name}");
        assert_eq!(block_on(store.get(&[key("b")])).err(), Some(forged.clone()), "{name}");
        assert_eq!(block_on(store.scan(b"", b"z", 9)).err(), Some(forged.clone()), "{name}");
        assert_eq!(block_on(watch.next()).err(), Some(forged.clone()), "{name}");
        assert_eq!(
            block_on(store.commit(put("b", "3"))).err(),
            Some(forged),
            "{name}: nothing is built on it"
        );
        assert!(survey(&store).is_err(), "{name}");
    }
}

#[test]
fn a_record_in_the_place_of_one_that_was_never_there_is_refused() {
    let engine = history_of();
    set(&engine, "d", Some(raw(&engine, "c")));
    assert_eq!(survey(&over(&engine)), Err(StoreError::Forged("d".to_owned())));
}

#[test]
fn what_was_removed_or_put_back_is_found() {
    let before = moments();
    let last = before.last().unwrap();
    for (moment, then) in before.iter().enumerate() {
        for place in ["a", "b", "c"] {
            if then.get(place) == last.get(place) {
                continue;
            }
            let engine = history_of();
            set(&engine, place, then.get(place).cloned());
            let found = survey(&over(&engine)).unwrap_err();
            assert!(matches!(&found, StoreError::PutBack(_)), "moment {moment}: {found}");
            if place == "a" && then.contains_key("a") {
                assert!(found.to_string().contains("`a`"), "{found}");
            }
        }
    }
    let engine = history_of();
    set(&engine, "b", None);
    assert!(survey(&over(&engine)).unwrap_err().to_string().contains("1 of its records"));
}

#[test]
fn a_ledger_cannot_be_put_back_with_the_records_that_it_accounts_for() {
    let slow = PlannedFault {
        call: StoreCall::Commit,
        after: 0,
        times: u64::MAX,
        effect: FaultEffect::Delay { turns: 3 },
    };
    let engine: Arc<dyn Store> = Arc::new(FaultyStore::new(MemoryStore::new(), vec![slow]));
    let store = over(&engine);
    // Three commits at once take three ledgers.
    let together: Vec<_> = ["a", "b", "c"].map(|name| store.commit(put(name, "1"))).into();
    for outcome in all(together) {
        outcome.unwrap().unwrap();
    }
    let before = dump(&engine);
    assert_eq!(before.keys().filter(|key| key.starts_with(LEDGERS)).count(), 3);
    for outcome in all(["a", "b", "c"].map(|name| store.commit(put(name, "2"))).into()) {
        outcome.unwrap().unwrap();
    }
    let after = dump(&engine);
    let changed = |name: &str| before.get(name) != after.get(name);
    assert!(after.keys().all(|name| changed(name)), "each of the three ledgers advanced");
    // Whoever knows which ledger accounts for which record puts both back: only a later commit tells.
    commit(&store, put("later", "1"));
    let last = dump(&engine);
    for ledger in before.keys().filter(|key| key.starts_with(LEDGERS)) {
        for record in ["a", "b", "c"] {
            for (name, value) in &last {
                set(&engine, name, Some(value.clone()));
            }
            assert!(survey(&over(&engine)).is_ok());
            set(&engine, ledger, before.get(ledger).cloned());
            set(&engine, record, before.get(record).cloned());
            let found = survey(&over(&engine)).unwrap_err();
            assert!(matches!(found, StoreError::PutBack(_)), "{ledger} with {record}: {found}");
        }
    }
}

#[test]
fn without_ledgers_nothing_is_accepted() {
    let engine = history_of();
    for name in dump(&engine).keys().filter(|key| key.starts_with(LEDGERS)) {
        set(&engine, name, None);
    }
    assert_eq!(survey(&over(&engine)), Err(StoreError::NotNotarised));
    let bare = self::engine();
    commit(&*bare, put("a", "1"));
    assert_eq!(survey(&over(&bare)), Err(StoreError::NotNotarised), "an older version kept it");
}

#[test]
fn several_nodes_keep_their_own_ledgers() {
    let engine = engine();
    let stores: Vec<_> = (1..=3).map(|node| on(&engine, [node; 16])).collect();
    for round in ["1", "2", "3"] {
        let commits = stores.iter().flat_map(|store| {
            // All of them write the record `same`, without a condition.
            [store.commit(put("same", round)), store.commit(put(&format!("own {round}"), round))]
        });
        for outcome in all(commits.collect()) {
            outcome.unwrap().unwrap();
        }
    }
    assert!(survey(&on(&engine, [9; 16])).is_ok());
    set(&engine, "same", None);
    assert!(survey(&on(&engine, [9; 16])).is_err());
}

#[test]
fn what_is_new_is_not_looked_for() {
    let engine = Arc::new(FaultyStore::new(MemoryStore::new(), vec![]));
    let shared: Arc<dyn Store> = Arc::clone(&engine) as _;
    let store = over(&shared);
    let new =
        |name: &str| put(name, "1").only_if(Precondition::Absent(Key::copy_from_slice(name.as_bytes())));
    commit(&store, new("first"));
    let effect = FaultEffect::Fail(StoreError::Unavailable("no reads".to_owned()));
    engine.set_plan(vec![PlannedFault { call: StoreCall::Get, after: 0, times: u64::MAX, effect }]);
    commit(&store, new("second"));
    assert!(block_on(store.commit(put("second", "2"))).is_err(), "what is replaced is read");
    engine.set_plan(vec![]);
    let conflict = block_on(store.commit(new("second"))).unwrap().unwrap_err();
    assert_eq!(conflict.precondition, 0, "what is there is not new");
    block_on(store.survey(&mut |_| Ok(()))).unwrap();
}

#[test]
fn lost_answers_and_dropped_commits_leave_the_ledgers_right() {
    let engine = Arc::new(FaultyStore::new(MemoryStore::new(), vec![]));
    let shared: Arc<dyn Store> = Arc::clone(&engine) as _;
    let store = over(&shared);
    for number in 0_u32..60 {
        let effect = match number % 4 {
            0 => FaultEffect::DropAnswer,
            1 => FaultEffect::Fail(StoreError::Full),
            2 => FaultEffect::Delay { turns: 3 },
            _ => FaultEffect::Fail(StoreError::Unavailable("gone".to_owned())),
        };
        engine.set_plan(vec![PlannedFault { call: StoreCall::Commit, after: 0, times: 1, effect }]);
        let name = format!("record {}", number % 7);
        let mut dropped = Box::pin(store.commit(put(&name, "dropped")));
        block_on(poll_fn(|context| {
            let _ = dropped.as_mut().poll(context);
            Poll::Ready(())
        }));
        drop(dropped);
        let _ = block_on(store.commit(put(&name, &number.to_string())));
        let refused = put(&name, "refused").only_if(Precondition::Absent(key("b")));
        engine.set_plan(vec![]);
        commit(&store, put("b", "1"));
        assert_eq!(block_on(store.commit(refused)).unwrap().unwrap_err().precondition, 0);
    }
    engine.set_plan(vec![]);
    assert!(survey(&over(&shared)).is_ok());
}

#[test]
fn versions_grow_even_when_a_record_comes_back() {
    let engine = engine();
    let version = |engine: &Arc<dyn Store>| u64::from_be_bytes(raw(engine, "a")[4..12].try_into().unwrap());
    commit(&over(&engine), put("a", "1"));
    let first = version(&engine);
    commit(&over(&engine), Batch { deletes: vec![key("a")], ..Batch::default() });
    commit(&over(&engine), put("a", "1"));
    assert!(version(&engine) > first);
}

#[test]
fn a_store_of_before_is_taken_over_whole_or_not_yet() {
    let engine = Arc::new(FaultyStore::new(MemoryStore::new(), vec![]));
    let shared: Arc<dyn Store> = Arc::clone(&engine) as _;
    for number in 0..250 {
        commit(&*shared, put(&format!("{number:03}"), "bare"));
    }
    commit(&*shared, put("plain", "1"));
    let adopt = |last: &str, resume| block_on(over(&shared).adopt(put(last, "1"), resume));
    // The first commit passes, the second does not.
    let effect = FaultEffect::Fail(StoreError::Full);
    engine.set_plan(vec![PlannedFault { call: StoreCall::Commit, after: 1, times: 1, effect }]);
    assert_eq!(adopt("event 1", false), Err(StoreError::Full));
    engine.set_plan(vec![]);
    assert_eq!(survey(&over(&shared)), Err(StoreError::NotNotarised));
    assert_eq!(adopt("event 2", false), Ok(Adoption::Begun));
    set(&shared, "000", Some(raw(&shared, "001")));
    assert_eq!(adopt("event 3", true), Err(StoreError::Forged("000".to_owned())));
    set(&shared, "000", Some(Bytes::from_static(b"bare")));
    assert_eq!(adopt("event 4", true), Ok(Adoption::Done { stamped: 151, before: 99 }));
    let found = survey(&over(&shared)).unwrap();
    assert_eq!((found.len(), &found[0], &found[250]), (252, &"000=bare".to_owned(), &"event 4=1".to_owned()));
    commit(&over(&shared), put("000", "2"));
    assert!(survey(&over(&shared)).is_ok());
    assert_eq!(adopt("event 5", true), Ok(Adoption::Notarised));
}

/// The store of [`history`].
fn history_of() -> Arc<dyn Store> {
    let engine = engine();
    history(&over(&engine));
    engine
}

/// What the engine held after each commit of [`history`].
fn moments() -> Vec<BTreeMap<String, Bytes>> {
    let engine = engine();
    let store = over(&engine);
    let commits = batches().into_iter().map(|batch| {
        commit(&store, batch);
        dump(&engine)
    });
    commits.collect()
}

fn history(store: &dyn Store) {
    for batch in batches() {
        commit(store, batch);
    }
}

fn batches() -> Vec<Batch> {
    vec![
        put("a", "1").put(key("b"), Bytes::from_static(b"1")).put(key("plain"), Bytes::from_static(b"1")),
        put("c", "0"),
        put("b", "2"),
        Batch { deletes: vec![key("a"), key("nothing")], ..put("c", "1") },
    ]
}

fn put(name: &str, value: &str) -> Batch {
    Batch::default().put(key(name), value.to_owned().into())
}

fn key(name: &str) -> Key {
    name.to_owned().into()
}

fn commit(store: &dyn Store, batch: Batch) -> Revision {
    block_on(store.commit(batch)).unwrap().unwrap()
}

/// Reads everything: the records as `key=value`.
fn survey(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    let mut visit = |page: store::ScanPage| {
        found.extend(page.items.iter().map(|(key, stored)| format!("{}={}", text(key), text(&stored.value))));
        Ok(())
    };
    block_on(store.survey(&mut visit))?;
    Ok(found)
}

/// What the engine holds.
fn dump(engine: &Arc<dyn Store>) -> BTreeMap<String, Bytes> {
    let page = block_on(engine.scan(b"", b"\xFF", 1000)).unwrap();
    let text = |key: &Key| String::from_utf8(key.to_vec()).unwrap();
    page.items.into_iter().map(|(key, stored)| (text(&key), stored.value)).collect()
}

fn raw(engine: &Arc<dyn Store>, name: &str) -> Bytes {
    dump(engine).get(name).cloned().unwrap()
}

/// Changes what the engine holds, behind the layer's back.
fn set(engine: &Arc<dyn Store>, name: &str, value: Option<Bytes>) {
    let batch = match value {
        Some(value) => Batch::default().put(key(name), value),
        None => Batch::default().delete(key(name)),
    };
    commit(&**engine, batch);
}

fn edited(value: &Bytes) -> Bytes {
    let mut value = value.to_vec();
    *value.last_mut().unwrap() ^= 1;
    value.into()
}

fn all<T>(futures: Vec<impl Future<Output = T> + Unpin>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (future, None)).collect();
    block_on(poll_fn(|context| {
        for (future, answer) in running.iter_mut().filter(|(_, answer)| answer.is_none()) {
            if let Poll::Ready(done) = std::pin::Pin::new(future).poll(context) {
                *answer = Some(done);
            }
        }
        if running.iter().all(|(_, answer)| answer.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    }));
    running.into_iter().filter_map(|(_, answer)| answer).collect()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
