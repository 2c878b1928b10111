//! Uploads in parts: sent, sent again, completed, aborted.

use catalog::{
    After, CatalogError, Completion, ListQuery, ListedEntry, PartPage, StoredPart, UploadId, WriteIf,
};

use crate::objects::stored;
use crate::scene::{Scene, assembled, bucket, file, id, listed, object, part, upload};

/// An upload of `k` with these parts.
async fn with_parts(parts: &[StoredPart]) -> Scene {
    let scene = Scene::with_bucket().await;
    scene.catalog().create_upload("b", id(1), upload("k", 1)).await.unwrap();
    for part in parts {
        scene.catalog().put_part(id(1), part.clone()).await.unwrap();
    }
    scene
}

#[tokio::test]
async fn an_upload_is_known_by_its_bucket_its_key_and_its_id() {
    let mut scene = with_parts(&[]).await;
    scene.reopen();
    let catalog = scene.catalog();
    catalog.create_bucket(bucket("other", crate::scene::ALICE)).await.unwrap();
    assert_eq!(catalog.upload("b", "k", id(1)), Ok(Some(upload("k", 1))));
    assert_eq!(catalog.upload("b", "K", id(1)), Ok(None));
    assert_eq!(catalog.upload("b", "k", id(2)), Ok(None));
    assert_eq!(catalog.upload("other", "k", id(1)), Ok(None));
    assert_eq!(catalog.upload("none", "k", id(1)), Err(CatalogError::NoSuchBucket));
    assert_eq!(catalog.delete_bucket("b").await, Err(CatalogError::BucketNotEmpty));
}

#[tokio::test]
async fn a_part_that_is_sent_again_replaces_the_former() {
    let scene = with_parts(&[part(1, 1), part(2, 2)]).await;
    let catalog = scene.catalog();
    assert_eq!(catalog.put_part(id(1), part(1, 3)).await, Ok(Some(file(1))));
    assert_eq!(catalog.put_part(id(1), part(3, 4)).await, Ok(None));
    let parts = vec![part(1, 3), part(2, 2), part(3, 4)];
    assert_eq!(catalog.parts(id(1), 0, 1000), Ok(PartPage { parts, next: None }));
    assert_eq!(catalog.files().unwrap(), [file(2), file(3), file(4)].into());
}

#[tokio::test]
async fn parts_come_in_pages() {
    let scene = with_parts(&[part(10_000, 3), part(1, 1), part(7, 2)]).await;
    let parts = |after, max| scene.catalog().parts(id(1), after, max).unwrap();
    assert_eq!(parts(0, 2), PartPage { parts: vec![part(1, 1), part(7, 2)], next: Some(7) });
    assert_eq!(parts(7, 2), PartPage { parts: vec![part(10_000, 3)], next: None });
    assert_eq!(parts(10_000, 2), PartPage { parts: vec![], next: None });
    assert_eq!(parts(0, 0), PartPage { parts: vec![], next: None });
    assert_eq!(scene.catalog().parts(id(2), 0, 1), Err(CatalogError::NoSuchUpload));
}

#[tokio::test]
async fn chosen_parts_become_the_object_and_the_others_are_named() {
    let scene = with_parts(&[part(1, 11), part(2, 12), part(5, 15), part(9, 19)]).await;
    let catalog = scene.catalog();
    catalog.put("b", object("k", 7), WriteIf::Always).await.unwrap();
    let wanted = assembled("k", 8, &[part(2, 12), part(9, 19)]);
    let completed = catalog.complete("b", id(1), wanted.clone(), WriteIf::Always).await.unwrap();
    assert_eq!(completed.replaced, [file(7)]);
    assert_eq!(completed.unused, [file(11), file(15)]);
    assert_eq!(catalog.object("b", "k"), Ok(Some(stored(completed.version, &wanted))));
    assert_eq!(catalog.files().unwrap(), [file(12), file(19)].into());
}

#[tokio::test]
async fn parts_that_are_not_there_as_chosen_are_refused_and_change_nothing() {
    let scene = with_parts(&[part(1, 1), part(2, 2)]).await;
    let catalog = scene.catalog();
    for (chosen, refusal) in [
        (vec![part(1, 1), part(3, 3)], CatalogError::InvalidPart(3)),
        (vec![part(1, 1), part(2, 3)], CatalogError::InvalidPart(2)),
        (vec![part(2, 2), part(1, 1)], CatalogError::InvalidPartOrder),
        (vec![part(1, 1), part(1, 1)], CatalogError::InvalidPartOrder),
    ] {
        let object = assembled("k", 8, &chosen);
        assert_eq!(catalog.complete("b", id(1), object, WriteIf::Always).await, Err(refusal));
    }
    assert_eq!(catalog.object("b", "k"), Ok(None));
    assert_eq!(catalog.parts(id(1), 0, 9).unwrap().parts, [part(1, 1), part(2, 2)]);
    let other_key = assembled("x", 8, &[part(1, 1)]);
    let refused = catalog.complete("b", id(1), other_key, WriteIf::Always).await;
    assert_eq!(refused, Err(CatalogError::NoSuchUpload));
}

#[tokio::test]
async fn a_completed_upload_takes_nothing_more_and_tells_the_same_again_for_an_hour() {
    let mut scene = with_parts(&[part(1, 1), part(2, 2)]).await;
    let catalog = scene.catalog();
    let object = assembled("k", 8, &[part(1, 1), part(2, 2)]);
    let version = catalog.complete("b", id(1), object.clone(), WriteIf::Always).await.unwrap().version;
    let none = CatalogError::NoSuchUpload;
    assert_eq!(catalog.put_part(id(1), part(3, 3)).await, Err(none.clone()));
    assert_eq!(catalog.abort(id(1)).await, Err(none.clone()));
    assert_eq!(catalog.complete("b", id(1), object.clone(), WriteIf::Always).await, Err(none.clone()));
    assert_eq!(catalog.upload("b", "k", id(1)), Ok(None));
    assert_eq!(catalog.parts(id(1), 0, 1), Err(none));

    scene.reopen();
    let (one, two) = (part(1, 1).etag, part(2, 2).etag);
    let asked = |scene: &Scene, key: &str, chosen: &[(u16, &str)]| {
        scene.catalog().completion("b", key, id(1), chosen).unwrap()
    };
    let chosen = [(1, one.as_str()), (2, two.as_str())];
    assert_eq!(asked(&scene, "k", &chosen), Some(Completion { version, etag: object.etag }));
    assert_eq!(asked(&scene, "k", &chosen[..1]), None);
    assert_eq!(asked(&scene, "x", &chosen), None);

    for (seed, hour, remembered) in [(2, 3_600_000, true), (3, 3_600_001, false)] {
        scene.catalog().create_upload("b", id(seed), upload("k", seed)).await.unwrap();
        let mut later = assembled("k", 9, &[]);
        later.modified_ms = object.modified_ms + hour;
        scene.catalog().complete("b", id(seed), later, WriteIf::Always).await.unwrap();
        assert_eq!(asked(&scene, "k", &chosen).is_some(), remembered);
    }
}

#[tokio::test]
async fn an_aborted_upload_names_its_files_and_takes_nothing_more() {
    let scene = with_parts(&[part(2, 2), part(1, 3)]).await;
    let catalog = scene.catalog();
    assert_eq!(catalog.abort(id(1)).await, Ok(vec![file(3), file(2)]));
    let none = CatalogError::NoSuchUpload;
    assert_eq!(catalog.abort(id(1)).await, Err(none.clone()));
    assert_eq!(catalog.put_part(id(1), part(3, 3)).await, Err(none.clone()));
    let object = assembled("k", 8, &[part(1, 3)]);
    assert_eq!(catalog.complete("b", id(1), object, WriteIf::Always).await, Err(none));
    assert_eq!(catalog.files().unwrap(), [].into());
    assert_eq!(catalog.delete_bucket("b").await, Ok(()));
}

#[tokio::test]
async fn conditions_of_a_completion_look_at_the_key_first_and_at_its_past_then() {
    let (absent, etag) = (WriteIf::Absent, |seed: u64| WriteIf::Etag(object("k", seed).etag));
    let failed = CatalogError::PreconditionFailed;
    let conflict = CatalogError::ConditionalConflict;
    let (written, deleted, none) = (&[Some(1)][..], &[Some(1), None][..], &[][..]);
    for (meanwhile, condition, wanted) in [
        (none, absent.clone(), None),
        (none, etag(1), Some(CatalogError::NoSuchKey)),
        (written, absent.clone(), Some(failed.clone())),
        (written, etag(2), Some(failed)),
        (written, etag(1), Some(conflict.clone())),
        (deleted, absent, Some(conflict)),
        (deleted, etag(1), Some(CatalogError::NoSuchKey)),
        (written, WriteIf::Always, None),
        (deleted, WriteIf::Always, None),
    ] {
        let mut scene = with_parts(&[part(1, 9)]).await;
        for write in meanwhile {
            match write {
                Some(seed) => drop(scene.catalog().put("b", object("k", *seed), WriteIf::Always).await),
                None => drop(scene.catalog().delete("b", "k").await),
            }
        }
        scene.reopen();
        let object = assembled("k", 8, &[part(1, 9)]);
        let completed = scene.catalog().complete("b", id(1), object, condition.clone()).await;
        assert_eq!(completed.err(), wanted, "{meanwhile:?} {condition:?}");
    }
}

#[tokio::test]
async fn writes_of_other_keys_and_before_the_upload_are_no_conflicts() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    catalog.put("b", object("k", 1), WriteIf::Always).await.unwrap();
    catalog.create_upload("b", id(1), upload("k", 1)).await.unwrap();
    catalog.put("b", object("k2", 2), WriteIf::Always).await.unwrap();
    catalog.delete("b", "k2").await.unwrap();
    let condition = WriteIf::Etag(object("k", 1).etag);
    assert!(catalog.complete("b", id(1), assembled("k", 8, &[]), condition).await.is_ok());
}

#[tokio::test]
async fn a_deletion_alone_is_a_conflict() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    catalog.put("b", object("k", 1), WriteIf::Always).await.unwrap();
    catalog.create_upload("b", id(1), upload("k", 1)).await.unwrap();
    catalog.delete("b", "k").await.unwrap();
    let completed = catalog.complete("b", id(1), assembled("k", 8, &[]), WriteIf::Absent).await;
    assert_eq!(completed, Err(CatalogError::ConditionalConflict));
}

#[tokio::test]
async fn an_id_marks_a_place_among_the_uploads_of_its_key_alone() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    // The search goes on at `b0`, the smallest key behind `b/`.
    for (seed, key) in [(3, "a"), (1, "b0")] {
        catalog.create_upload("b", id(seed), upload(key, seed)).await.unwrap();
    }
    for seed in 100..130 {
        catalog.create_upload("b", id(seed), upload("b/c", seed)).await.unwrap();
    }
    let query = ListQuery { prefix: "", delimiter: Some("/"), after: After::Entry("a"), max: 9 };
    let page = catalog.uploads("b", query, Some(id(3))).unwrap();
    let last = ListedEntry::Item(listed(id(1), &upload("b0", 1)));
    assert_eq!(page.entries, [ListedEntry::Prefix("b/".to_owned()), last]);
}

#[tokio::test]
async fn uploads_are_listed_by_key_and_id() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    for (seed, key) in [(3, "a"), (1, "a"), (2, "b/c"), (5, "b/d"), (4, "c")] {
        catalog.create_upload("b", id(seed), upload(key, seed)).await.unwrap();
    }
    let shown = |key: &str, seed| ListedEntry::Item(listed(id(seed), &upload(key, seed)));
    let query = ListQuery { prefix: "", delimiter: Some("/"), after: After::Start, max: 2 };
    let page = |after, id: Option<UploadId>| {
        let page = catalog.uploads("b", ListQuery { after, ..query }, id).unwrap();
        (page.entries, page.next)
    };
    let next = Some("a".to_owned());
    assert_eq!(page(After::Start, None), (vec![shown("a", 1), shown("a", 3)], next));
    let common = || ListedEntry::Prefix("b/".to_owned());
    assert_eq!(page(After::Entry("a"), Some(id(3))), (vec![common(), shown("c", 4)], None));
    assert_eq!(page(After::Entry("a"), None), (vec![common(), shown("c", 4)], None));
    let next = Some("b/".to_owned());
    assert_eq!(page(After::Entry("a"), Some(id(1))), (vec![shown("a", 3), common()], next));
    assert_eq!(page(After::Entry("b/"), None), (vec![shown("c", 4)], None));
    assert_eq!(page(After::Entry("b/c"), Some(id(2))), (vec![shown("c", 4)], None));
}
