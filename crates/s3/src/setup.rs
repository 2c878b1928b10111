//! A gateway put together.

use std::{fmt, io, path::Path, sync::Arc};

use catalog::{Catalog, CatalogError, FileId};
use envelope::Randomness;
use forward::{Kms, Machine};
use s3s::service::S3ServiceBuilder;

use crate::{
    encryption::Keyring,
    entrance::Entrance,
    files::{BucketClient, DataBucketPlace, DataFiles, FileError},
    gateway::Gateway,
    held::ObjectFiles,
    metrics::GatewayMetrics,
    ops::{Operations, UpdateObjectEncryption},
    requester::Requesters,
    vitals::GatewayVitals,
};

/// What a gateway is made of.
pub struct GatewaySetup<'a> {
    /// The directory of its data, for it alone.
    pub data_dir: &'a Path,
    /// Where sealed data is instead of in that directory.
    pub bucket: Option<DataBucketPlace>,
    /// The Region that it serves.
    pub region: String,
    /// Calls KMS.
    pub kms: Arc<Kms>,
    /// The key of KMS for SSE-S3: the gateway's own credentials use it.
    pub own_key: String,
    /// Finds who sends requests.
    pub requesters: Arc<dyn Requesters>,
    /// Counts what happens. It should observe `kms` too.
    pub metrics: Arc<GatewayMetrics>,
    /// Random bytes.
    pub randomness: Arc<dyn Randomness>,
    /// The clock.
    pub machine: Arc<dyn Machine>,
}

/// Why a gateway does not start.
#[derive(Debug)]
pub enum SetupError {
    /// The directory of sealed data.
    DataFiles(io::Error),
    /// The catalog.
    Catalog(CatalogError),
    /// The bucket of sealed data.
    Bucket(String),
    /// There is sealed data, but no catalog that says what it is.
    CatalogLost,
    /// There is a catalog, but nothing of the sealed data that it names.
    DataElsewhere,
}

impl Entrance {
    /// A gateway over its directory, or over its directory and a bucket. What a crash left there without a row is kept for a week.
    ///
    /// # Errors
    /// [`SetupError`].
    pub async fn open(setup: GatewaySetup<'_>) -> Result<Self, SetupError> {
        let GatewaySetup { data_dir, bucket, region, kms, own_key, requesters, randomness, metrics, machine } =
            setup;
        let files = open_files(bucket, data_dir, &machine)?;
        let catalog = open_catalog(&files, data_dir, machine.now_seconds()).await?;
        let (catalog, files) = (Arc::new(catalog), ObjectFiles::new(files));
        let vitals = Arc::new(GatewayVitals {
            catalog: Arc::clone(&catalog),
            files: files.clone(),
            data_dir: data_dir.to_owned(),
            kms: Arc::clone(&kms),
            own_key: own_key.clone(),
            metrics: Arc::clone(&metrics),
            machine: Arc::clone(&machine),
            known: Default::default(),
        });
        let counted = Arc::clone(&metrics);
        let keyring = Keyring::new(kms, own_key, Arc::clone(&randomness), Arc::clone(&machine), counted);
        let gateway = Gateway {
            catalog,
            files,
            keyring,
            metrics,
            region: region.clone(),
            randomness: Arc::clone(&randomness),
            machine: Arc::clone(&machine),
            policies: Default::default(),
        };
        let gateway = Arc::new(gateway);
        let mut service = S3ServiceBuilder::new(Operations(Arc::clone(&gateway)));
        service.set_route(UpdateObjectEncryption(gateway));
        let service = service.build();
        Ok(Self::new(requesters, service, region, machine, randomness, vitals))
    }
}

/// Where sealed data lies.
fn open_files(
    bucket: Option<DataBucketPlace>,
    data_dir: &Path,
    machine: &Arc<dyn Machine>,
) -> Result<DataFiles, SetupError> {
    let files = match bucket {
        Some(place) => {
            tracing::info!(%place, "sealed data is in a bucket");
            let client = BucketClient::new(place, Arc::clone(machine));
            let client = client.map_err(|error| SetupError::Bucket(error.to_string()))?;
            DataFiles::in_bucket(client, data_dir)
        }
        None => DataFiles::in_directory(data_dir),
    };
    files.map_err(SetupError::DataFiles)
}

/// The catalog of sealed data. It is made only where no data is: an empty one would know none of it. And it has to be that of this data:
/// where nothing of what it names is, a file system is not mounted, or the bucket is another one.
async fn open_catalog(files: &DataFiles, data_dir: &Path, now_seconds: i64) -> Result<Catalog, SetupError> {
    let present = files.present().await?;
    let is_empty = present.in_place.is_empty() && present.unnamed.is_empty();
    let path = data_dir.join("catalog.db");
    let catalog = match Catalog::open(&path) {
        Err(CatalogError::Missing) if is_empty => Catalog::open_or_create(&path),
        opened => opened,
    };
    let catalog = catalog.map_err(|error| match error {
        CatalogError::Missing => SetupError::CatalogLost,
        error => SetupError::Catalog(error),
    })?;
    let named = catalog.files().map_err(SetupError::Catalog)?;
    let is_there = |id: &FileId| present.in_place.contains(id) || present.unnamed.contains(id);
    match named.iter().filter(|id| !is_there(id)).count() {
        0 => {}
        missing if missing == named.len() => return Err(SetupError::DataElsewhere),
        missing => tracing::error!(missing, "sealed data that the catalog names is not there"),
    }
    let unnamed = files.sort_out(&present, &named, now_seconds).await?;
    if unnamed > 0 {
        tracing::info!(unnamed, "sealed data that the catalog does not name is kept for a week");
    }
    Ok(catalog)
}

impl From<FileError> for SetupError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io(error) => Self::DataFiles(error),
            error => Self::Bucket(error.to_string()),
        }
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataFiles(error) => write!(f, "the directory of sealed data cannot be used: {error}"),
            Self::Catalog(error) => write!(f, "the catalog cannot be opened: {error}"),
            Self::Bucket(why) => write!(f, "the bucket of sealed data cannot be used: {why}"),
            Self::DataElsewhere => f.write_str(
                "of the sealed data that `catalog.db` names there is none: is a file system not mounted, or the bucket another one?",
            ),
            Self::CatalogLost => f.write_str(
                "there is sealed data, but `catalog.db`, which says what it is, is gone: restore both from one backup",
            ),
        }
    }
}

impl std::error::Error for SetupError {}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, os::unix::fs::MetadataExt as _, path::PathBuf};

    use catalog::{Bucket, NewObject, StoredPart, WriteIf};

    use super::*;

    #[tokio::test]
    async fn a_catalog_is_not_made_where_data_is() {
        let gateway = Directory::new().await;
        let file = gateway.add_file();
        gateway.rename("catalog.db", "elsewhere");
        assert!(matches!(gateway.open(0).await, Err(SetupError::CatalogLost)));
        assert!(file.exists());
        gateway.rename("elsewhere", "catalog.db");
        gateway.open(0).await.unwrap();
        assert!(!file.exists());
        gateway.rename("catalog.db", "elsewhere");
        assert!(
            matches!(gateway.open(0).await, Err(SetupError::CatalogLost)),
            "data that was put away is data"
        );
    }

    #[tokio::test]
    async fn files_without_rows_are_kept_for_a_week_and_come_back_with_their_catalog() {
        let gateway = Directory::new().await;
        let (file, put_away) = (gateway.add_file(), gateway.path("unnamed").join(FILE));
        gateway.open(-1).await.unwrap();
        assert!(!file.exists() && put_away.exists());

        let files = DataFiles::in_directory(gateway.0.path()).unwrap();
        let named = BTreeSet::from([FILE.parse().unwrap()]);
        let present = files.present().await.unwrap();
        assert_eq!(files.sort_out(&present, &named, 0).await.unwrap(), 0, "the right catalog is back");
        assert!(file.exists() && !put_away.exists());

        let present = files.present().await.unwrap();
        assert_eq!(files.sort_out(&present, &BTreeSet::new(), 0).await.unwrap(), 1);
        let when = fs::metadata(&put_away).unwrap().ctime();
        gateway.open(when + 7 * 24 * 3600).await.unwrap();
        assert!(put_away.exists());
        gateway.open(when + 7 * 24 * 3600 + 1).await.unwrap();
        assert!(!put_away.exists());
    }

    #[tokio::test]
    async fn a_catalog_without_any_of_its_data_is_not_opened() {
        let gateway = Directory::new().await;
        let catalog = Catalog::open(&gateway.path("catalog.db")).unwrap();
        let (name, owner, region) = ("b".to_owned(), "111122223333".to_owned(), "eu-west-1".to_owned());
        let (encryption, policy, tags) = (None, None, Vec::new());
        let bucket = Bucket { name, owner, region, created_ms: 1, encryption, policy, tags };
        catalog.create_bucket(bucket).await.unwrap();
        let (etag, note, file) = ("e".to_owned(), bytes::Bytes::new(), FILE.parse().unwrap());
        let parts = vec![StoredPart { number: 1, size: 0, file, etag: etag.clone(), note: note.clone() }];
        let (key, headers, tags) = ("k".to_owned(), Vec::new(), Vec::new());
        let object = NewObject { key, size: 0, modified_ms: 1, etag, envelope: note, headers, tags, parts };
        catalog.put("b", object, WriteIf::Always).await.unwrap();
        drop(catalog);
        assert!(matches!(gateway.open(0).await, Err(SetupError::DataElsewhere)));
        gateway.add_file();
        gateway.open(0).await.unwrap();
    }

    const FILE: &str = "00000000000000000000000000000001";

    /// A gateway's data, with an empty catalog.
    struct Directory(tempfile::TempDir);

    impl Directory {
        async fn new() -> Self {
            let directory = Self(tempfile::tempdir().unwrap());
            directory.open(0).await.unwrap();
            directory
        }

        async fn open(&self, now_seconds: i64) -> Result<(), SetupError> {
            let files = DataFiles::in_directory(self.0.path()).map_err(SetupError::DataFiles)?;
            open_catalog(&files, self.0.path(), now_seconds).await.map(drop)
        }

        fn add_file(&self) -> PathBuf {
            let file = self.path("data/00").join(FILE);
            fs::write(&file, b"sealed").unwrap();
            file
        }

        fn rename(&self, from: &str, to: &str) {
            fs::rename(self.path(from), self.path(to)).unwrap();
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }
    }
}
