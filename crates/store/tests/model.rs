//! Random histories: the embedded engine and the model answer alike, also after the engine is opened again.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::future::Future;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use store::{Batch, Key, MemoryStore, Options, Precondition, Revision, SqliteStore, Store};
use tempfile::TempDir;

/// There are few keys, so that steps meet. Some keys are prefixes of others.
const KEYS: [&[u8]; 6] = [b"a", b"a/", b"a/b", b"b", b"b\x00", b"\xFE"];

#[derive(Debug, Clone)]
enum Step {
    Commit(Batch),
    Get(Vec<Key>),
    Scan { from: Bytes, to: Bytes, limit: usize },
    Reopen,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn sqlite_is_the_model(steps in vec(step(), 1..60)) {
        let directory = TempDir::new().unwrap();
        let open = || SqliteStore::open(directory.path(), Options::default()).unwrap();
        let (model, mut engine) = (MemoryStore::new(), open());
        for step in steps {
            match step {
                Step::Commit(batch) => {
                    prop_assert_eq!(block_on(model.commit(batch.clone())), block_on(engine.commit(batch)));
                }
                Step::Get(keys) => prop_assert_eq!(block_on(model.get(&keys)), block_on(engine.get(&keys))),
                Step::Scan { from, to, limit } => {
                    let answers =
                        (block_on(model.scan(&from, &to, limit)), block_on(engine.scan(&from, &to, limit)));
                    prop_assert_eq!(answers.0, answers.1);
                }
                Step::Reopen => {
                    drop(engine);
                    engine = open();
                }
            }
        }
        let (expected, found) = (block_on(model.scan(b"", b"\xFF", 99)), block_on(engine.scan(b"", b"\xFF", 99)));
        prop_assert_eq!(expected, found);
        let checked = engine.check().unwrap();
        prop_assert!(checked.damage.is_empty(), "{:?}", checked.damage);
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => batch().prop_map(Step::Commit),
        3 => vec(key(), 0..5).prop_map(Step::Get),
        3 => (bound(), bound(), 0_usize..5).prop_map(|(from, to, limit)| Step::Scan { from, to, limit }),
        1 => Just(Step::Reopen),
    ]
}

/// May write a key twice, which both must refuse.
fn batch() -> impl Strategy<Value = Batch> {
    (vec(precondition(), 0..3), vec((key(), value()), 0..4), vec(key(), 0..3))
        .prop_map(|(preconditions, puts, deletes)| Batch { preconditions, puts, deletes })
}

/// Revisions are guessed low, so that many preconditions hold.
fn precondition() -> impl Strategy<Value = Precondition> {
    prop_oneof![
        (key(), 0_u64..12).prop_map(|(key, revision)| Precondition::At(key, Revision(revision))),
        key().prop_map(Precondition::Absent),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    proptest::sample::select(&KEYS[..]).prop_map(Key::from_static)
}

fn bound() -> impl Strategy<Value = Bytes> {
    prop_oneof![key(), vec(any::<u8>(), 0..3).prop_map(Bytes::from)]
}

fn value() -> impl Strategy<Value = Bytes> {
    // Now and then larger than a page of the database.
    prop_oneof![9 => vec(any::<u8>(), 0..20), 1 => vec(any::<u8>(), 4_000..20_000)].prop_map(Bytes::from)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
