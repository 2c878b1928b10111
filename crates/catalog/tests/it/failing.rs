//! Commits that SQLite refuses. Triggers stand in for a failing disk. One makes a statement fail. The other makes
//! COMMIT itself fail, by a foreign key that only COMMIT checks.

use catalog::{CatalogError, WriteIf};
use rusqlite::Connection;
use tokio::join;

use crate::scene::{ALICE, Scene, bucket, object};

const TRAPS: &str = "
    CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER refused BEFORE INSERT ON object WHEN new.key = CAST('refused' AS BLOB)
        BEGIN SELECT RAISE(ABORT, 'refused'); END;
    CREATE TRIGGER unknown AFTER INSERT ON object WHEN new.key = CAST('unknown' AS BLOB)
        BEGIN INSERT INTO child VALUES (1); END;
";

async fn trapped() -> Scene {
    let mut scene = Scene::with_bucket().await;
    scene.close();
    Connection::open(scene.path()).unwrap().execute_batch(TRAPS).unwrap();
    scene.reopen();
    scene
}

#[tokio::test]
async fn a_write_that_cannot_be_made_fails_alone() {
    let scene = trapped().await;
    let put = |key, seed| scene.catalog().put("b", object(key, seed), WriteIf::Always);
    // All are handed over before one is answered, so that they meet in one group.
    let (one, refused, two) = join!(put("one", 1), put("refused", 2), put("two", 3));
    assert!(matches!(refused, Err(CatalogError::Unavailable(_))), "{refused:?}");
    assert!(one.unwrap().version < two.unwrap().version);
    assert!(scene.catalog().object("b", "one").unwrap().is_some());
    assert_eq!(scene.catalog().object("b", "refused"), Ok(None));
    assert!(put("three", 4).await.is_ok());
}

#[tokio::test]
async fn a_refusal_in_a_group_changes_nothing_of_the_others() {
    let scene = Scene::with_bucket().await;
    let put = |seed| scene.catalog().put("b", object("k", seed), WriteIf::Absent);
    let (one, two, other) = join!(put(1), put(2), scene.catalog().delete("none", "k"));
    assert!(one.is_ok());
    assert_eq!(two, Err(CatalogError::PreconditionFailed));
    assert_eq!(other, Err(CatalogError::NoSuchBucket));
    assert_eq!(scene.catalog().object("b", "k").unwrap().unwrap().etag, object("k", 1).etag);
}

#[tokio::test]
async fn after_an_unknown_outcome_nothing_is_answered_until_the_catalog_is_opened_again() {
    let mut scene = trapped().await;
    let catalog = scene.catalog();
    catalog.put("b", object("before", 1), WriteIf::Always).await.unwrap();
    assert!(catalog.bucket("b").is_ok());
    let answers = [
        catalog.put("b", object("unknown", 2), WriteIf::Always).await.map(drop),
        catalog.put("b", object("after", 3), WriteIf::Always).await.map(drop),
        catalog.create_bucket(bucket("other", ALICE)).await.map(drop),
        catalog.object("b", "before").map(drop),
        catalog.bucket("b").map(drop),
        catalog.files().map(drop),
    ];
    for answer in answers {
        let Err(CatalogError::Unavailable(why)) = &answer else { panic!("{answer:?}") };
        assert!(why.contains("until it is opened again"), "{why}");
    }
    scene.reopen();
    assert!(scene.catalog().object("b", "before").unwrap().is_some());
    assert_eq!(scene.catalog().object("b", "unknown"), Ok(None));
}

#[tokio::test]
async fn a_name_without_content_is_damage_and_no_missing_object() {
    let mut scene = Scene::with_bucket().await;
    scene.catalog().put("b", object("k", 1), WriteIf::Always).await.unwrap();
    scene.close();
    Connection::open(scene.path()).unwrap().execute("DELETE FROM content", ()).unwrap();
    scene.reopen();
    let catalog = scene.catalog();
    assert!(matches!(catalog.object("b", "k"), Err(CatalogError::Corrupt(_))));
    let put = catalog.put("b", object("k", 1), WriteIf::Always).await;
    assert!(matches!(put, Err(CatalogError::Corrupt(_))), "{put:?}");
}
