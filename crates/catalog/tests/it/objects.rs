//! Objects: versions, conditions, what is replaced.

use bytes::Bytes;
use catalog::{CatalogError, NewObject, StoredObject, WriteIf};

use crate::scene::{Scene, file, object, part};

/// An object as the catalog has it.
pub(crate) fn stored(version: u64, object: &NewObject) -> StoredObject {
    let NewObject { key, size, modified_ms, etag, envelope, headers, tags, parts } = object.clone();
    StoredObject { version, key, size, modified_ms, etag, envelope, headers, tags, parts }
}

#[tokio::test]
async fn an_object_is_read_as_it_was_put_and_tells_what_it_replaces() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    let mut first = object("k", 1);
    first.parts = vec![part(1, 10), part(7, 11)];
    let put = catalog.put("b", first.clone(), WriteIf::Always).await.unwrap();
    assert_eq!(put.replaced, []);
    assert_eq!(catalog.object("b", "k"), Ok(Some(stored(put.version, &first))));

    let second = catalog.put("b", object("k", 2), WriteIf::Always).await.unwrap();
    assert!(second.version > put.version);
    assert_eq!(second.replaced, [file(10), file(11)]);
    assert_eq!(catalog.object("b", "k"), Ok(Some(stored(second.version, &object("k", 2)))));

    assert_eq!(catalog.delete("b", "k").await, Ok(Some(stored(second.version, &object("k", 2)))));
    assert_eq!(catalog.delete("b", "k").await, Ok(None));
    assert_eq!(catalog.object("b", "k"), Ok(None));
}

#[tokio::test]
async fn a_version_is_not_used_twice_also_after_a_deletion_and_a_start() {
    let mut scene = Scene::with_bucket().await;
    let first = scene.catalog().put("b", object("k", 1), WriteIf::Always).await.unwrap();
    scene.catalog().delete("b", "k").await.unwrap();
    scene.reopen();
    let second = scene.catalog().put("b", object("k", 1), WriteIf::Always).await.unwrap();
    assert!(second.version > first.version);
}

#[tokio::test]
async fn conditions_hold_in_the_commit() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    let etag = |seed: u64| WriteIf::Etag(object("k", seed).etag);
    assert_eq!(catalog.put("b", object("k", 1), etag(1)).await, Err(CatalogError::NoSuchKey));
    assert!(catalog.put("b", object("k", 1), WriteIf::Absent).await.is_ok());
    let failed = Err(CatalogError::PreconditionFailed);
    assert_eq!(catalog.put("b", object("k", 2), WriteIf::Absent).await, failed);
    assert_eq!(catalog.put("b", object("k", 2), etag(2)).await, failed);
    assert!(catalog.put("b", object("k", 2), etag(1)).await.is_ok());
    assert_eq!(catalog.object("b", "k").unwrap().unwrap().etag, object("k", 2).etag);
}

#[tokio::test(flavor = "current_thread")]
async fn of_many_who_make_an_object_at_once_one_does() {
    let scene = Scene::with_bucket().await;
    let catalog = std::sync::Arc::new(scene);
    let tasks: Vec<_> = (1..=50)
        .map(|seed| {
            let scene = std::sync::Arc::clone(&catalog);
            tokio::spawn(async move { scene.catalog().put("b", object("lock", seed), WriteIf::Absent).await })
        })
        .collect();
    let mut made = Vec::new();
    for (seed, task) in (1..).zip(tasks) {
        match task.await.unwrap() {
            Ok(_) => made.push(seed),
            Err(error) => assert_eq!(error, CatalogError::PreconditionFailed),
        }
    }
    assert_eq!(made.len(), 1);
    assert_eq!(catalog.catalog().object("b", "lock").unwrap().unwrap().etag, object("lock", made[0]).etag);
}

#[tokio::test]
async fn an_envelope_is_replaced_while_the_version_is_the_same() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    let put = catalog.put("b", object("k", 1), WriteIf::Always).await.unwrap();
    let envelope = Bytes::from_static(b"wrapped anew");
    assert_eq!(catalog.rewrap("b", "k", put.version, envelope.clone()).await, Ok(()));
    let wanted = StoredObject { envelope: envelope.clone(), ..stored(put.version, &object("k", 1)) };
    assert_eq!(catalog.object("b", "k"), Ok(Some(wanted)));

    let second = catalog.put("b", object("k", 2), WriteIf::Always).await.unwrap();
    let late = catalog.rewrap("b", "k", put.version, envelope.clone()).await;
    assert_eq!(late, Err(CatalogError::Overtaken));
    assert_eq!(catalog.object("b", "k"), Ok(Some(stored(second.version, &object("k", 2)))));
    assert_eq!(catalog.rewrap("b", "x", 1, envelope).await, Err(CatalogError::NoSuchKey));
}

#[tokio::test]
async fn tags_are_replaced_of_any_version_or_of_one() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    let version = catalog.put("b", object("k", 1), WriteIf::Always).await.unwrap().version;
    let tags = vec![("a".to_owned(), "b".to_owned())];
    assert_eq!(catalog.set_tags("b", "k", None, tags.clone()).await, Ok(()));
    let wanted = StoredObject { tags, ..stored(version, &object("k", 1)) };
    assert_eq!(catalog.object("b", "k"), Ok(Some(wanted)));
    assert_eq!(catalog.set_tags("b", "k", Some(version), Vec::new()).await, Ok(()));
    assert_eq!(catalog.object("b", "k").unwrap().unwrap().tags, []);
    let late = catalog.set_tags("b", "k", Some(version + 1), Vec::new()).await;
    assert_eq!(late, Err(CatalogError::Overtaken));
    assert_eq!(catalog.set_tags("b", "x", None, Vec::new()).await, Err(CatalogError::NoSuchKey));
}

#[tokio::test]
async fn a_deletion_depends_on_its_condition() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    let etag = |seed| WriteIf::Etag(object("k", seed).etag);
    assert_eq!(catalog.delete_if("b", "k", etag(1)).await, Err(CatalogError::NoSuchKey));
    let version = catalog.put("b", object("k", 1), WriteIf::Always).await.unwrap().version;
    assert_eq!(catalog.delete_if("b", "k", etag(2)).await, Err(CatalogError::PreconditionFailed));
    assert_eq!(catalog.object("b", "k"), Ok(Some(stored(version, &object("k", 1)))));
    assert_eq!(catalog.delete_if("b", "k", etag(1)).await, Ok(Some(stored(version, &object("k", 1)))));
    assert_eq!(catalog.object("b", "k"), Ok(None));
}

#[tokio::test]
async fn many_are_deleted_at_once() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    for seed in 1..=3 {
        catalog.put("b", object(&seed.to_string(), seed), WriteIf::Always).await.unwrap();
    }
    let keys = ["3", "x", "1", "3"].map(str::to_owned).to_vec();
    let deleted = catalog.delete_many("b", keys).await.unwrap();
    let files = |object: &Option<StoredObject>| object.as_ref().map(|object| object.parts[0].file);
    let found: Vec<_> = deleted.iter().map(files).collect();
    assert_eq!(found, [Some(file(3)), None, Some(file(1)), None]);
    assert_eq!(catalog.files().unwrap(), [file(2)].into());
}
