//! A gateway put together.

use std::{fmt, io, path::Path, sync::Arc};

use catalog::{Catalog, CatalogError};
use envelope::Randomness;
use forward::{Kms, Machine};
use s3s::service::S3ServiceBuilder;

use crate::{
    encryption::Keyring,
    entrance::Entrance,
    files::DataFiles,
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
    /// There is sealed data, but no catalog that says what it is.
    CatalogLost,
}

impl Entrance {
    /// A gateway over its directory. Files that a crash left there without a row are put away.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn open(setup: GatewaySetup<'_>) -> Result<Self, SetupError> {
        let GatewaySetup { data_dir, region, kms, own_key, requesters, metrics, randomness, machine } = setup;
        let (files, catalog) = open_data(data_dir, machine.now_seconds())?;
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

/// The sealed data of a directory, and its catalog. A catalog is made only where no data is: an empty one would know none
/// of the files.
fn open_data(data_dir: &Path, now_seconds: i64) -> Result<(DataFiles, Catalog), SetupError> {
    let files = DataFiles::open(data_dir).map_err(SetupError::DataFiles)?;
    let path = data_dir.join("catalog.db");
    let catalog = match Catalog::open(&path) {
        Err(CatalogError::Missing) if files.is_empty().map_err(SetupError::DataFiles)? => {
            Catalog::open_or_create(&path)
        }
        opened => opened,
    };
    let catalog = catalog.map_err(|error| match error {
        CatalogError::Missing => SetupError::CatalogLost,
        error => SetupError::Catalog(error),
    })?;
    let named = catalog.files().map_err(SetupError::Catalog)?;
    let put_away = files.sort_out(|id| named.contains(id), now_seconds).map_err(SetupError::DataFiles)?;
    if put_away > 0 {
        tracing::info!(
            files = put_away,
            "files that the catalog does not name are in `unnamed` now, for a week"
        );
    }
    Ok((files, catalog))
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataFiles(error) => write!(f, "the directory of sealed data cannot be used: {error}"),
            Self::Catalog(error) => write!(f, "the catalog cannot be opened: {error}"),
            Self::CatalogLost => f.write_str(
                "there is sealed data, but `catalog.db`, which says what it is, is gone: restore both from one backup",
            ),
        }
    }
}

impl std::error::Error for SetupError {}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::MetadataExt as _, path::PathBuf};

    use super::*;

    #[test]
    fn a_catalog_is_not_made_where_data_is() {
        let gateway = Directory::new();
        let file = gateway.add_file();
        gateway.rename("catalog.db", "elsewhere");
        assert!(matches!(gateway.open(0), Err(SetupError::CatalogLost)));
        assert!(file.exists());
        gateway.rename("elsewhere", "catalog.db");
        gateway.open(0).unwrap();
        assert!(!file.exists());
        gateway.rename("catalog.db", "elsewhere");
        assert!(matches!(gateway.open(0), Err(SetupError::CatalogLost)), "data that was put away is data");
    }

    #[test]
    fn files_without_rows_are_kept_for_a_week_and_come_back_with_their_catalog() {
        let gateway = Directory::new();
        let (file, put_away) = (gateway.add_file(), gateway.path("unnamed").join(FILE));
        gateway.open(-1).unwrap();
        assert!(!file.exists() && put_away.exists());

        let files = DataFiles::open(gateway.0.path()).unwrap();
        assert_eq!(files.sort_out(|_| true, 0).unwrap(), 0, "the right catalog is back");
        assert!(file.exists() && !put_away.exists());

        assert_eq!(files.sort_out(|_| false, 0).unwrap(), 1);
        let when = fs::metadata(&put_away).unwrap().ctime();
        gateway.open(when + 7 * 24 * 3600).unwrap();
        assert!(put_away.exists());
        gateway.open(when + 7 * 24 * 3600 + 1).unwrap();
        assert!(!put_away.exists());
    }

    const FILE: &str = "00000000000000000000000000000001";

    /// A gateway's data, with an empty catalog.
    struct Directory(tempfile::TempDir);

    impl Directory {
        fn new() -> Self {
            let directory = Self(tempfile::tempdir().unwrap());
            directory.open(0).unwrap();
            directory
        }

        fn open(&self, now_seconds: i64) -> Result<(), SetupError> {
            open_data(self.0.path(), now_seconds).map(drop)
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
