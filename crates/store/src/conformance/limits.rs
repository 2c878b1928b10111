//! Cases about what fits into a batch.

use bytes::Bytes;

use super::{committed, delete, everything, key, put, value};
use crate::{BATCH_OPERATIONS_MAX, Batch, Bounds, KEY_BYTES_MAX, Key, Precondition, Store, StoreError};

pub(super) async fn what_is_within_the_limits_is_kept(bounds: Bounds, store: &dyn Store) {
    let longest = Key::from(vec![b'k'; KEY_BYTES_MAX]);
    let largest = Bytes::from(vec![0xA5; bounds.value_bytes]);
    let mut puts = vec![(longest.clone(), largest.clone()), (key("empty"), Bytes::new())];
    puts.extend(numbered(bounds.operations - 3).map(|key| (key, value("v"))));
    let preconditions = vec![Precondition::Absent(longest.clone())];
    let revision = committed(store, Batch { preconditions, puts, deletes: vec![] }).await;

    let found = store.get(&[longest, key("empty")]).await.unwrap();
    let values: Vec<_> = found.into_iter().map(|item| item.unwrap()).collect();
    assert!(values.iter().all(|item| item.revision == revision));
    assert_eq!(values.into_iter().map(|item| item.value).collect::<Vec<_>>(), [largest, Bytes::new()]);
    let keys: Vec<Key> = numbered(BATCH_OPERATIONS_MAX).collect();
    assert_eq!(store.get(&keys).await.unwrap().len(), BATCH_OPERATIONS_MAX);
}

pub(super) async fn what_is_beyond_the_limits_changes_nothing(bounds: Bounds, store: &dyn Store) {
    committed(store, put(&["here"])).await;
    let before = everything(store).await;
    let put_one = |key, value| Batch { puts: vec![(key, value)], ..put(&["a"]) };
    let too_long = || Key::from(vec![b'k'; KEY_BYTES_MAX + 1]);
    let absent = |key| Batch { preconditions: vec![Precondition::Absent(key)], ..put(&["a"]) };
    let refused = [
        put_one(key("a"), Bytes::from(vec![0; bounds.value_bytes + 1])),
        put_one(too_long(), value("v")),
        put_one(Key::new(), value("v")),
        Batch { deletes: vec![too_long()], ..put(&["a"]) },
        Batch { deletes: vec![Key::new()], ..put(&["a"]) },
        absent(too_long()),
        absent(Key::new()),
        Batch { deletes: numbered(bounds.operations).collect(), ..put(&["a"]) },
        Batch {
            preconditions: numbered(bounds.operations - 1).map(Precondition::Absent).collect(),
            ..put(&["a", "b"])
        },
    ];
    for batch in refused {
        assert_eq!(store.commit(batch).await, Err(StoreError::TooLarge));
    }
    assert_eq!(everything(store).await, before);

    let too_many: Vec<Key> = numbered(BATCH_OPERATIONS_MAX + 1).collect();
    for keys in [too_many, vec![Key::new()], vec![too_long()]] {
        assert_eq!(store.get(&keys).await, Err(StoreError::TooLarge));
    }
}

pub(super) async fn a_key_is_written_once_in_a_batch(store: &dyn Store) {
    committed(store, put(&["a"])).await;
    let before = everything(store).await;
    for batch in
        [put(&["a", "b", "a"]), delete(&["a", "a"]), Batch { deletes: vec![key("a")], ..put(&["a"]) }]
    {
        assert_eq!(store.commit(batch).await, Err(StoreError::DuplicateKey));
    }
    assert_eq!(everything(store).await, before);
}

fn numbered(count: usize) -> impl Iterator<Item = Key> {
    (0..count).map(|number| Key::from(format!("n{number:04}")))
}
