//! Commits that come to their end, also when the client has gone and its request was dropped.
//!
//! What the catalog was asked to do is done whether anybody waits or not. So from then on the commit alone decides which files
//! stay. If the dropped request removed the file of its object, the commit would leave an object without data.

use std::sync::Arc;

use catalog::{Catalog, CatalogError, FileId};
use s3s::S3Error;

use crate::{faults, gateway::Gateway, held::ObjectFiles};

/// What a change made, and the files that no row names any more.
pub(crate) type Committed<T> = Result<(T, Vec<FileId>), CatalogError>;

impl Gateway {
    /// Changes the catalog, and removes the files that no row names afterwards. `new_files` are those that the change
    /// names: they go if it certainly was not made.
    ///
    /// # Errors
    /// What the catalog refuses or cannot do.
    pub(crate) async fn commit<T, F>(
        &self,
        new_files: Vec<FileId>,
        change: impl FnOnce(Arc<Catalog>) -> F,
    ) -> Result<T, S3Error>
    where
        T: Send + 'static,
        F: Future<Output = Committed<T>> + Send + 'static,
    {
        let change = Arc::clone(&self.metrics).timed(change(Arc::clone(&self.catalog)));
        to_its_end(self.files.clone(), new_files, change).await
    }
}

async fn to_its_end<T: Send + 'static>(
    files: ObjectFiles,
    new_files: Vec<FileId>,
    change: impl Future<Output = Committed<T>> + Send + 'static,
) -> Result<T, S3Error> {
    let commit = async move {
        match change.await {
            Ok((done, unnamed)) => {
                files.forget(unnamed);
                Ok(done)
            }
            Err(error) => {
                if error.is_certain() {
                    files.forget(new_files);
                }
                Err(faults::of_catalog(&error))
            }
        }
    };
    tokio::spawn(commit).await.map_err(S3Error::internal_error)?
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf, time::Duration};

    use catalog::{Bucket, NewObject, StoredPart, WriteIf};
    use futures_util::FutureExt as _;

    use super::*;
    use crate::files::DataFiles;

    #[tokio::test]
    async fn a_commit_that_nobody_waits_for_keeps_the_new_file_and_removes_the_old_one() {
        let place = Place::new().await;
        place.put(1, WriteIf::Always).await.unwrap();
        assert!(
            Box::pin(place.put(2, WriteIf::Always)).now_or_never().is_none(),
            "the request is dropped in the middle"
        );
        while place.named() != 2 || place.has(1) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(place.has(2));
    }

    #[tokio::test]
    async fn a_commit_that_is_refused_removes_the_new_file() {
        let place = Place::new().await;
        place.put(1, WriteIf::Always).await.unwrap();
        let refused = place.put(2, WriteIf::Absent).await.unwrap_err();
        assert_eq!(refused.code().as_str(), "PreconditionFailed");
        while place.has(2) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!((place.named(), place.has(1)), (1, true));
    }

    #[tokio::test]
    async fn a_file_stays_while_nobody_knows_whether_a_row_names_it() {
        let place = Place::new().await;
        place.write(1);
        let unknown = async { Err::<((), _), _>(CatalogError::Unavailable("a sync failed".to_owned())) };
        to_its_end(place.files.clone(), vec![FileId([1; 16])], unknown).await.unwrap_err();
        place.write(2);
        let full = async { Err::<((), _), _>(CatalogError::Full) };
        to_its_end(place.files.clone(), vec![FileId([2; 16])], full).await.unwrap_err();
        while place.has(2) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(place.has(1));
    }

    /// A catalog with one bucket, and files beside it.
    struct Place {
        catalog: Arc<Catalog>,
        files: ObjectFiles,
        directory: tempfile::TempDir,
    }

    impl Place {
        async fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let files = ObjectFiles::new(DataFiles::in_directory(directory.path()).unwrap());
            let catalog = Arc::new(Catalog::open_or_create(&directory.path().join("catalog.db")).unwrap());
            let (name, owner, region) = ("b".to_owned(), "111122223333".to_owned(), "eu-west-1".to_owned());
            let (encryption, policy, tags) = (None, None, Vec::new());
            catalog
                .create_bucket(Bucket { name, owner, region, created_ms: 1, encryption, policy, tags })
                .await
                .unwrap();
            Self { catalog, files, directory }
        }

        /// Puts an object of one file in the place of the one before it.
        async fn put(&self, number: u8, condition: WriteIf) -> Result<(), S3Error> {
            self.write(number);
            let (file, etag, note) = (FileId([number; 16]), "e".to_owned(), bytes::Bytes::new());
            let parts = vec![StoredPart { number: 1, size: 0, file, etag: etag.clone(), note: note.clone() }];
            let (key, headers, tags) = ("k".to_owned(), Vec::new(), Vec::new());
            let object =
                NewObject { key, size: 0, modified_ms: 1, etag, envelope: note, headers, tags, parts };
            let catalog = Arc::clone(&self.catalog);
            let change = async move { Ok(((), catalog.put("b", object, condition).await?.replaced)) };
            to_its_end(self.files.clone(), vec![file], change).await
        }

        /// The file that the object names.
        fn named(&self) -> u8 {
            self.catalog.object("b", "k").unwrap().unwrap().parts[0].file.0[0]
        }

        fn write(&self, number: u8) {
            fs::write(self.path(number), "sealed").unwrap();
        }

        fn has(&self, number: u8) -> bool {
            self.path(number).exists()
        }

        fn path(&self, number: u8) -> PathBuf {
            let first = format!("{number:02x}");
            self.directory.path().join("data").join(&first).join(first.repeat(16))
        }
    }
}
