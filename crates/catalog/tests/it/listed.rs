//! Listings: delimiters, pages, markers.

use catalog::{After, Catalog, ListQuery, ListedEntry, ListedObject, WriteIf};

use crate::scene::{Scene, object};

const ALL: ListQuery<'_> = ListQuery { prefix: "", delimiter: None, after: After::Start, max: 1000 };

/// Keys as they are, common prefixes with a `*` behind.
fn shown(catalog: &Catalog, query: ListQuery<'_>) -> Vec<String> {
    let entries = catalog.list("b", query).unwrap().entries;
    let name = |entry| match entry {
        ListedEntry::Item(ListedObject { key, .. }) => key,
        ListedEntry::Prefix(prefix) => prefix + "*",
    };
    entries.into_iter().map(name).collect()
}

async fn with_keys(keys: &[&str]) -> Scene {
    let scene = Scene::with_bucket().await;
    for (seed, key) in (1..).zip(keys) {
        scene.catalog().put("b", object(key, seed), WriteIf::Always).await.unwrap();
    }
    scene
}

#[tokio::test]
async fn keys_are_in_the_order_of_their_bytes() {
    // UTF-16 has the last two the other way round.
    let keys = ["", "\0", "/", "//", "A", "a", "a/", "a//b", "é", "\u{ffff}", "\u{10000}"];
    let mut mixed = keys;
    mixed.reverse();
    let scene = with_keys(&mixed).await;
    assert_eq!(shown(scene.catalog(), ALL), keys);
}

#[tokio::test]
async fn a_delimiter_hides_what_is_behind_it() {
    let scene = with_keys(&["a", "a/", "a/b", "a/b/c", "a//", "b/c", "c"]).await;
    let query = ListQuery { delimiter: Some("/"), ..ALL };
    assert_eq!(shown(scene.catalog(), query), ["a", "a/*", "b/*", "c"]);
    let query = ListQuery { prefix: "a/", ..query };
    assert_eq!(shown(scene.catalog(), query), ["a/", "a//*", "a/b", "a/b/*"]);
    let query = ListQuery { prefix: "", delimiter: Some("/b"), ..ALL };
    assert_eq!(shown(scene.catalog(), query), ["a", "a/", "a//", "a/b*", "b/c", "c"]);
}

#[tokio::test]
async fn a_page_leads_to_the_next_one() {
    let scene = with_keys(&["a", "b/1", "b/2", "c"]).await;
    let query = ListQuery { delimiter: Some("/"), max: 1, ..ALL };
    let mut pages = Vec::new();
    let mut next = Some(String::new());
    while let Some(marker) = next {
        let after = if pages.is_empty() { After::Start } else { After::Entry(&marker) };
        let query = ListQuery { after, ..query };
        pages.extend(shown(scene.catalog(), query));
        next = scene.catalog().list("b", query).unwrap().next;
    }
    assert_eq!(pages, ["a", "b/*", "c"]);
    let none = scene.catalog().list("b", ListQuery { max: 0, ..query }).unwrap();
    assert_eq!((none.entries.len(), none.next), (0, None));
}

#[tokio::test]
async fn a_key_and_an_entry_are_different_places_to_begin_at() {
    let scene = with_keys(&["a", "b/1", "b/2", "c"]).await;
    let query = ListQuery { delimiter: Some("/"), ..ALL };
    let shown = |after| shown(scene.catalog(), ListQuery { after, ..query });
    assert_eq!(shown(After::Key("b/1")), ["b/*", "c"]);
    assert_eq!(shown(After::Key("b/2")), ["c"]);
    assert_eq!(shown(After::Entry("b/1")), ["c"]);
    assert_eq!(shown(After::Entry("b/")), ["c"]);
    assert_eq!(shown(After::Entry("b")), ["b/*", "c"]);
}
