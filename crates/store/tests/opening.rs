//! Opening a store that is new, in use, of another kind or version, or damaged; and damage that is met later.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rusqlite::Connection;
use store::{Batch, Key, Options, Revision, SqliteStore, Store, StoreError, StoreOpenError};
use tempfile::TempDir;

const EXISTING: Options = Options { create: false, bytes_max: None };

#[test]
fn a_new_store_is_for_its_owner_only() {
    let above = TempDir::new().unwrap();
    let directory = above.path().join("some/where");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert!(!SqliteStore::exists(&directory).unwrap());
    let store = SqliteStore::open(&directory, Options::default()).unwrap();
    commit(&store, "a", b"value").unwrap();
    assert!(SqliteStore::exists(&directory).unwrap());
    assert_eq!((mode(&directory), mode(&above.path().join("some"))), (0o700, 0o700));
    let mut names = Vec::new();
    for entry in fs::read_dir(&directory).unwrap().map(Result::unwrap) {
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["keywright.db", "keywright.db-shm", "keywright.db-wal", "keywright.lock"]);
    drop(store);
    assert!(!directory.join("keywright.db-wal").exists(), "a closed store is one file");
}

#[test]
fn a_restored_store_becomes_private() {
    let directory = filled();
    let file = database(directory.path());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let _store = SqliteStore::open(directory.path(), EXISTING).unwrap();
    for file in [file.clone(), file.with_extension("db-wal")] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn nothing_is_made_unless_asked() {
    let above = TempDir::new().unwrap();
    for directory in [above.path().to_owned(), above.path().join("none")] {
        let error = refused(&directory, EXISTING);
        assert!(
            matches!(&error, StoreOpenError::Missing { file } if *file == directory.join("keywright.db"))
        );
    }
    assert!(!above.path().join("none").exists());
}

#[test]
fn a_second_one_is_refused_while_the_first_is_open() {
    let directory = TempDir::new().unwrap();
    let first = SqliteStore::open(directory.path(), Options::default()).unwrap();
    let error = refused(directory.path(), Options::default());
    assert!(matches!(error, StoreOpenError::Locked { .. }));
    assert!(error.to_string().contains(directory.path().join("keywright.lock").to_str().unwrap()), "{error}");
    drop(first);
    assert!(SqliteStore::open(directory.path(), Options::default()).is_ok());
}

#[test]
fn a_newer_schema_is_refused_by_both_versions() {
    let directory = filled();
    sql(directory.path(), "UPDATE meta SET value = 7 WHERE name = 'schema'");
    let error = refused(directory.path(), EXISTING);
    assert!(matches!(error, StoreOpenError::Newer { found: 7, known: 1, .. }));
    let text = error.to_string();
    assert!(text.contains("schema version 7") && text.contains("up to 1"), "{text}");
}

#[test]
fn another_programs_database_is_left_alone() {
    let directory = TempDir::new().unwrap();
    sql(directory.path(), "CREATE TABLE other (x); INSERT INTO other VALUES (1)");
    let before = fs::read(database(directory.path())).unwrap();
    assert!(matches!(refused(directory.path(), Options::default()), StoreOpenError::NotAStore { .. }));
    assert_eq!(fs::read(database(directory.path())).unwrap(), before);
}

#[test]
fn damage_is_told_when_opening() {
    type Damage = fn(&Path);
    let cases: [(&str, Damage); 9] = [
        ("empty", |file| fs::write(file, b"").unwrap()),
        ("text", |file| fs::write(file, "not a database, ".repeat(1000)).unwrap()),
        ("header", |file| overwrite(file, 3, b"\xFF")),
        ("cut short", |file| fs::OpenOptions::new().write(true).open(file).unwrap().set_len(20_480).unwrap()),
        ("schema page", |file| overwrite(file, 100, &[0xFF; 64])),
        ("no table", |file| sql(file.parent().unwrap(), "DROP TABLE record")),
        ("no revision", |file| sql(file.parent().unwrap(), "DELETE FROM meta WHERE name = 'revision'")),
        ("wrong revision", |file| {
            sql(file.parent().unwrap(), "UPDATE meta SET value = value - 1 WHERE name = 'revision'");
        }),
        ("no database, but its log", |file| fs::rename(file, file.with_extension("db-wal")).unwrap()),
    ];
    for (name, damage) in cases {
        let directory = filled();
        damage(&database(directory.path()));
        // This holds also when opening may make a store: it must not put a new store in place of a broken one.
        let error = refused(directory.path(), Options::default());
        assert!(matches!(error, StoreOpenError::Corrupt { .. }), "{name}: {error:?}");
        let text = error.to_string();
        assert!(text.contains("keywright.db") && text.contains("backup"), "{name}: {text}");
    }
}

#[test]
fn a_half_made_store_is_made_again() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("keywright.db.new"), b"half").unwrap();
    let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
    commit(&store, "a", b"value").unwrap();
    assert!(!directory.path().join("keywright.db.new").exists());
}

#[test]
fn a_flipped_bit_is_found_and_not_served() {
    let directory = filled();
    let file = database(directory.path());
    let bytes = fs::read(&file).unwrap();
    let position = bytes.windows(10).position(|window| window == b"value-0042").unwrap();
    overwrite(&file, position as u64 + 3, b"U");

    let store = SqliteStore::open(directory.path(), EXISTING).unwrap();
    let damaged = Err(StoreError::Corrupt("record `key/0042` does not match its checksum".to_owned()));
    assert_eq!(block_on(store.get(&[Key::from("key/0042")])), damaged);
    assert!(matches!(block_on(store.scan(b"", b"z", 100)), Err(StoreError::Corrupt(_))));
    assert!(block_on(store.get(&[Key::from("key/0043")])).unwrap()[0].is_some(), "others are served");
    let checked = store.check().unwrap();
    assert_eq!((checked.records, checked.revision), (100, Revision(100)));
    assert_eq!(checked.damage, ["record `key/0042` does not match its checksum"]);

    // A commit that asks for the damaged record fails alone. A commit that replaces the record mends it.
    let asking = Batch {
        preconditions: vec![store::Precondition::At(Key::from("key/0042"), Revision(43))],
        ..Batch::default()
    };
    assert!(matches!(block_on(store.commit(asking)), Err(StoreError::Corrupt(_))));
    commit(&store, "key/0042", b"restored").unwrap();
    assert!(store.check().unwrap().damage.is_empty());
}

#[test]
fn a_record_newer_than_the_store_is_found() {
    let directory = filled();
    // The checksum of docs/store-format.md, computed by other means: only the revision is impossible.
    sql(
        directory.path(),
        "UPDATE record SET revision = 999, checksum = 1081457809 WHERE key = CAST('key/0007' AS BLOB)",
    );
    let store = SqliteStore::open(directory.path(), EXISTING).unwrap();
    let checked = store.check().unwrap();
    assert_eq!(checked.damage.len(), 1);
    assert!(checked.damage[0].contains("key/0007"), "{:?}", checked.damage);
}

#[test]
fn a_broken_tree_is_found() {
    let directory = filled();
    let file = database(directory.path());
    // Everything but the first page, which says what the file is, and the last.
    overwrite(&file, 3 * 4096, &[0xAB; 2 * 4096]);
    match SqliteStore::open(directory.path(), EXISTING) {
        Err(error) => assert!(matches!(error, StoreOpenError::Corrupt { .. }), "{error:?}"),
        Ok(store) => {
            assert!(matches!(block_on(store.scan(b"", b"z", 100)), Err(StoreError::Corrupt(_))));
            assert!(!store.check().unwrap().damage.is_empty());
        }
    }
}

#[test]
fn a_full_store_changes_nothing_and_works_again() {
    let directory = TempDir::new().unwrap();
    let options = Options { bytes_max: Some(400_000), ..Options::default() };
    let store = SqliteStore::open(directory.path(), options).unwrap();
    let large = [7; 50_000];
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let full = names.iter().position(|name| commit(&store, name, &large) == Err(StoreError::Full)).unwrap();
    assert!(full >= 3, "there was room for some");
    let page = block_on(store.scan(b"", b"z", 100)).unwrap();
    assert_eq!((page.items.len(), page.revision), (full, Revision(full as u64)));

    let mut watch = block_on(store.watch(page.revision)).unwrap();
    let batch = Batch { deletes: vec![Key::from("a")], ..Batch::default() };
    let revision = block_on(store.commit(batch)).unwrap().unwrap();
    assert_eq!(revision, Revision(full as u64 + 1), "the failed commit took no revision");
    assert_eq!(block_on(watch.next()).unwrap().revision, revision, "and was not watched");
    commit(&store, names[full], &large).unwrap();
    assert!(store.check().unwrap().damage.is_empty());
}

/// A closed store with a hundred records.
fn filled() -> TempDir {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(directory.path(), Options::default()).unwrap();
    for number in 0..100 {
        let value = format!("value-{number:04}").repeat(60);
        commit(&store, &format!("key/{number:04}"), value.as_bytes()).unwrap();
    }
    directory
}

fn refused(directory: &Path, options: Options) -> StoreOpenError {
    SqliteStore::open(directory, options).err().expect("it is refused")
}

fn commit(store: &SqliteStore, key: &str, value: &[u8]) -> Result<Revision, StoreError> {
    let puts = vec![(Key::copy_from_slice(key.as_bytes()), Bytes::copy_from_slice(value))];
    block_on(store.commit(Batch { puts, ..Batch::default() })).map(Result::unwrap)
}

fn database(directory: &Path) -> PathBuf {
    directory.join("keywright.db")
}

/// What an administrator's tool would do, and close.
fn sql(directory: &Path, statements: &str) {
    Connection::open(database(directory)).unwrap().execute_batch(statements).unwrap();
}

fn overwrite(file: &Path, at: u64, bytes: &[u8]) {
    fs::OpenOptions::new().write(true).open(file).unwrap().write_all_at(bytes, at).unwrap();
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
