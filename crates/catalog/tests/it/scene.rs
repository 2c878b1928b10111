//! A catalog in a directory that goes away, and short ways to say what is put into it.

use std::path::PathBuf;

use bytes::Bytes;
use catalog::{Bucket, Catalog, FileId, ListedUpload, NewObject, NewUpload, StoredPart, UploadId};
use tempfile::TempDir;

pub(crate) const ALICE: &str = "111122223333";
pub(crate) const BOB: &str = "444455556666";

/// A catalog that can be closed and opened again.
pub(crate) struct Scene {
    directory: TempDir,
    catalog: Option<Catalog>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let catalog = Catalog::open_or_create(&directory.path().join("catalog.db")).unwrap();
        Self { directory, catalog: Some(catalog) }
    }

    /// With an empty bucket `b` of Alice's.
    pub(crate) async fn with_bucket() -> Self {
        let scene = Self::new();
        scene.catalog().create_bucket(bucket("b", ALICE)).await.unwrap();
        scene
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        self.catalog.as_ref().unwrap()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("catalog.db")
    }

    pub(crate) fn close(&mut self) {
        self.catalog = None;
    }

    pub(crate) fn reopen(&mut self) {
        self.close();
        self.catalog = Some(Catalog::open(&self.path()).unwrap());
    }
}

pub(crate) fn bucket(name: &str, owner: &str) -> Bucket {
    Bucket {
        name: name.to_owned(),
        owner: owner.to_owned(),
        region: "eu-central-1".to_owned(),
        created_ms: 1_700_000_000_000,
        encryption: None,
        policy: None,
        tags: Vec::new(),
    }
}

/// An object in one file. `seed` makes it differ from others.
pub(crate) fn object(key: &str, seed: u64) -> NewObject {
    NewObject {
        key: key.to_owned(),
        size: seed * 3,
        modified_ms: 1_700_000_000_000 + seed,
        etag: format!("{seed:032x}"),
        envelope: Bytes::from(format!("envelope {seed}")),
        headers: vec![("content-type".to_owned(), format!("text/{seed}"))],
        tags: vec![("seed".to_owned(), seed.to_string())],
        parts: vec![part(1, seed)],
    }
}

pub(crate) fn part(number: u16, seed: u64) -> StoredPart {
    let (file, etag) = (file(seed), format!("{seed:032x}"));
    StoredPart { number, size: seed * 3, file, etag, note: Bytes::from(format!("note {seed}")) }
}

pub(crate) fn file(seed: u64) -> FileId {
    FileId(u128::from(seed).to_be_bytes())
}

/// An upload that has not sent anything yet.
pub(crate) fn upload(key: &str, seed: u64) -> NewUpload {
    NewUpload {
        key: key.to_owned(),
        created_ms: 1_700_000_000_000 + seed,
        owner: format!("arn:aws:iam::{ALICE}:user/{seed}"),
        checksum: Bytes::from(format!("checksum {seed}")),
        envelope: Bytes::from(format!("envelope {seed}")),
        headers: vec![("content-type".to_owned(), format!("text/{seed}"))],
        tags: vec![("seed".to_owned(), seed.to_string())],
    }
}

pub(crate) fn id(seed: u64) -> UploadId {
    UploadId(u128::from(seed).to_be_bytes())
}

/// The object of these parts.
pub(crate) fn assembled(key: &str, seed: u64, parts: &[StoredPart]) -> NewObject {
    NewObject { parts: parts.to_vec(), ..object(key, seed) }
}

/// What a listing shows of an upload.
pub(crate) fn listed(id: UploadId, upload: &NewUpload) -> ListedUpload {
    let NewUpload { key, created_ms, owner, checksum, .. } = upload.clone();
    ListedUpload { key, id, created_ms, owner, checksum }
}
