//! Cases about `get` and `scan`.

use bytes::Bytes;

use super::{committed, delete, everything, key, put, value};
use crate::{BATCH_OPERATIONS_MAX, Batch, Key, SCAN_ITEMS_MAX, Store};

pub(super) async fn get_answers_in_the_order_asked(store: &dyn Store) {
    assert_eq!(store.get(&[key("a")]).await.unwrap(), [None], "an empty store has no key");
    let first = committed(store, put(&["a", "b"])).await;
    let second = committed(store, put(&["c"])).await;

    let asked = ["c", "nothing", "a", "c", "b"].map(key);
    let found = store.get(&asked).await.unwrap();
    let shown: Vec<_> = found.into_iter().map(|item| item.map(|item| (item.value, item.revision))).collect();
    let c = Some((value("c"), second));
    assert_eq!(shown, [c.clone(), None, Some((value("a"), first)), c, Some((value("b"), first))]);
    assert_eq!(store.get(&[]).await.unwrap(), []);
}

pub(super) async fn scan_keeps_its_bounds(store: &dyn Store) {
    committed(store, put(&["a", "a/", "a/b", "a0", "b", "c"])).await;
    let ranges: [(&str, &str, &[&str]); 9] = [
        ("", "z", &["a", "a/", "a/b", "a0", "b", "c"]),
        ("a/", "a0", &["a/", "a/b"]),
        ("a/a", "a0", &["a/b"]),
        ("a", "b", &["a", "a/", "a/b", "a0"]),
        ("b", "c", &["b"]),
        ("bb", "c", &[]),
        ("b", "b", &[]),
        ("c", "a", &[]),
        ("a", "", &[]),
    ];
    for (from, to, expected) in ranges {
        let page = store.scan(from.as_bytes(), to.as_bytes(), 100).await.unwrap();
        let keys: Vec<_> = page.items.iter().map(|(key, _)| key.clone()).collect();
        assert_eq!(keys, expected, "from `{from}` to `{to}`");
        assert_eq!(page.next, None, "from `{from}` to `{to}`");
    }
}

pub(super) async fn scan_orders_keys_as_bytes(store: &dyn Store) {
    let keys: [&'static [u8]; 7] =
        [b"\x00", b"\x00\x00", b"\x00\x01", b"A", b"a", b"a\x00", "\u{e9}".as_bytes()];
    let puts = keys.iter().rev().map(|key| (Key::from_static(key), value("v"))).collect();
    committed(store, Batch { puts, ..Batch::default() }).await;
    let found: Vec<_> = everything(store).await.1.into_iter().map(|(key, _)| key).collect();
    assert_eq!(found, keys);
}

pub(super) async fn scan_goes_on_where_a_page_ended(store: &dyn Store) {
    let keys = ["a", "b", "c", "d", "e", "f"];
    let revision = committed(store, put(&keys)).await;

    for limit in [1, 2, 3, 4, 5, 6, 7, usize::MAX] {
        let (mut found, mut from) = (Vec::new(), Key::new());
        loop {
            let page = store.scan(&from, b"z", limit).await.unwrap();
            assert!(page.items.len() <= limit && !page.items.is_empty(), "limit {limit}");
            assert_eq!(page.revision, revision);
            found.extend(page.items.into_iter().map(|(key, _)| key));
            let Some(next) = page.next else { break };
            from = next;
        }
        assert_eq!(found, keys, "limit {limit}");
    }

    let nothing = store.scan(b"b", b"z", 0).await.unwrap();
    assert_eq!((nothing.items.len(), nothing.next, nothing.revision), (0, Some(key("b")), revision));

    // The key that the cursor names may be gone when the scan continues.
    let page = store.scan(b"", b"z", 2).await.unwrap();
    let later = committed(store, delete(&["c"])).await;
    let rest = store.scan(&page.next.unwrap(), b"z", 10).await.unwrap();
    assert_eq!(rest.items.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), ["d", "e", "f"]);
    assert_eq!(rest.revision, later);
}

pub(super) async fn scan_bounds_its_pages(store: &dyn Store) {
    let mut names = (0..=SCAN_ITEMS_MAX).map(|number| Key::from(format!("{number:06}"))).peekable();
    while names.peek().is_some() {
        let puts = names.by_ref().take(BATCH_OPERATIONS_MAX).map(|name| (name, Bytes::new())).collect();
        committed(store, Batch { puts, ..Batch::default() }).await;
    }
    let page = store.scan(b"", b"z", usize::MAX).await.unwrap();
    assert_eq!(page.items.len(), SCAN_ITEMS_MAX);
    assert_eq!(page.next, Some(Key::from(format!("{SCAN_ITEMS_MAX:06}"))));
}
