//! Opening: what is a catalog, and what is not.

use std::fs;

use catalog::{Catalog, CatalogError, WriteIf};
use rusqlite::Connection;

use crate::scene::{Scene, object};

#[test]
fn a_missing_catalog_is_made_only_on_request() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.db");
    assert_eq!(Catalog::open(&path).err(), Some(CatalogError::Missing));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    drop(Catalog::open_or_create(&path).unwrap());
    assert!(Catalog::open(&path).is_ok());
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_catalog() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    assert_eq!(fs::metadata(scene.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_second_opening_is_refused() {
    let mut scene = Scene::new();
    assert_eq!(Catalog::open(&scene.path()).err(), Some(CatalogError::Locked));
    scene.close();
    assert!(Catalog::open(&scene.path()).is_ok());
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let mut scene = Scene::new();
    scene.close();
    let connection = Connection::open(scene.path()).unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    connection.close().unwrap();
    let before = fs::read(scene.path()).unwrap();
    let refused = Catalog::open_or_create(&scene.path()).err();
    assert_eq!(refused, Some(CatalogError::Newer { found: 2, known: 1 }));
    assert_eq!(fs::read(scene.path()).unwrap(), before);
}

#[test]
fn other_files_are_no_catalogs() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("catalog.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE other (x)").unwrap();
    connection.close().unwrap();
    assert_eq!(Catalog::open_or_create(&path).err(), Some(CatalogError::NotACatalog));

    fs::write(&path, b"").unwrap();
    assert!(matches!(Catalog::open_or_create(&path).err(), Some(CatalogError::Corrupt(_))));
    fs::write(&path, vec![b'x'; 8192]).unwrap();
    assert!(matches!(Catalog::open_or_create(&path).err(), Some(CatalogError::Corrupt(_))));
}

#[tokio::test]
async fn what_was_deleted_is_overwritten_in_the_file() {
    let mut scene = Scene::with_bucket().await;
    let mut secret = object("k", 1);
    secret.envelope = bytes::Bytes::from_static(b"MARKER OF A WRAPPED KEY");
    scene.catalog().put("b", secret.clone(), WriteIf::Always).await.unwrap();
    scene.reopen();
    let has_marker = |scene: &Scene| {
        let bytes = fs::read(scene.path()).unwrap();
        bytes.windows(secret.envelope.len()).any(|window| window == secret.envelope)
    };
    assert!(has_marker(&scene));
    scene.catalog().delete("b", "k").await.unwrap();
    // Closing brings the log into the file and removes the log.
    scene.close();
    assert!(!has_marker(&scene));
}
