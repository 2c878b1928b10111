//! What somebody does to the store who can write it, but has no keys.

use std::collections::BTreeMap;

use bytes::Bytes;
use store::{Batch, Key, MemoryStore, SCAN_ITEMS_MAX, Store};
use strongroom::testing::Seeded;

/// What is stored, as it is stored.
pub(super) type Stored = BTreeMap<Key, Bytes>;

/// One change: where, and to what. `None` removes.
#[derive(Debug)]
pub(super) struct Tampering(Vec<(Key, Option<Bytes>)>);

impl Tampering {
    /// A change of what is stored, by chance. `earlier` is what was stored some time ago.
    pub(super) fn draw(now: &Stored, earlier: &Stored, chance: &Seeded) -> Self {
        let records: Vec<_> = now.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let ((one, of_one), (other, of_other)) = (chance.pick(&records), chance.pick(&records));
        let outdated = earlier.iter().filter(|(key, value)| now.get(*key) != Some(*value));
        let outdated: Vec<_> = outdated.map(|(key, value)| (key.clone(), value.clone())).collect();
        Self(match chance.below(5) {
            0 => vec![(one.clone(), Some(edited(of_one, chance)))],
            1 if one != other => {
                vec![(one.clone(), Some(of_other.clone())), (other.clone(), Some(of_one.clone()))]
            }
            2 => vec![(one.clone(), None)],
            // One alone: with all that changed since, it would be the whole store put back.
            3 if !outdated.is_empty() => {
                let (key, value) = chance.pick(&outdated);
                vec![(key.clone(), Some(value.clone()))]
            }
            _ => vec![([&one[..], b"2"].concat().into(), Some(of_one.clone()))],
        })
    }

    /// Makes the change.
    pub(super) fn make(&self, engine: &MemoryStore) {
        set(engine, &self.0);
    }

    /// Takes the change back.
    pub(super) fn take_back(&self, engine: &MemoryStore, before: &Stored) {
        let before = self.0.iter().map(|(key, _)| (key.clone(), before.get(key).cloned()));
        set(engine, &before.collect::<Vec<_>>());
    }

    /// Whether what stopped the start tells of this change: its place, or that the store is not as it was left. A server
    /// whose seal or domain keys somebody changed stays sealed, or finds records for which it has no key.
    pub(super) fn is_told_by(&self, message: &str) -> bool {
        let told = |(key, _): &(Key, _)| {
            let place = String::from_utf8_lossy(key);
            let opens_others = place.starts_with("-/-/domain-key/") || place.starts_with("-/-/seal");
            let unopened = ["sealed: ", "is not one that this deployment wrote there"];
            message.contains(&format!("`{place}`"))
                || (opens_others && unopened.iter().any(|unopened| message.contains(unopened)))
        };
        self.0.iter().any(told) || message.contains("the store is not as it was left")
    }
}

/// Everything that is stored.
pub(super) fn stored(engine: &MemoryStore) -> Stored {
    block_on(async {
        let (mut stored, mut from) = (Stored::new(), Key::new());
        loop {
            let page = engine.scan(&from, &[0xFF], SCAN_ITEMS_MAX).await.expect("the store within");
            stored.extend(page.items.into_iter().map(|(key, versioned)| (key, versioned.value)));
            match page.next {
                Some(next) => from = next,
                None => return stored,
            }
        }
    })
}

fn edited(value: &Bytes, chance: &Seeded) -> Bytes {
    let mut bytes = value.to_vec();
    let at = chance.below(bytes.len());
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << chance.below(8);
    }
    bytes.into()
}

fn set(engine: &MemoryStore, records: &[(Key, Option<Bytes>)]) {
    let batch = records.iter().fold(Batch::default(), |batch, (key, value)| match value {
        Some(value) => batch.put(key.clone(), value.clone()),
        None => batch.delete(key.clone()),
    });
    block_on(engine.commit(batch)).expect("the store within").expect("no condition");
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}
