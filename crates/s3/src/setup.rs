//! A gateway put together.

use std::{fmt, io, path::Path, sync::Arc};

use catalog::{Catalog, CatalogError, FileId};
use envelope::Randomness;
use forward::{Kms, Machine};
use s3s::service::S3ServiceBuilder;

use crate::{
    encryption::Keyring,
    entrance::Entrance,
    files::DataFiles,
    gateway::Gateway,
    held::ObjectFiles,
    ops::{Operations, UpdateObjectEncryption},
    requester::Requesters,
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
    /// A gateway over its directory. What a crash left there without a row is removed.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn open(setup: GatewaySetup<'_>) -> Result<Self, SetupError> {
        let GatewaySetup { data_dir, region, kms, own_key, requesters, randomness, machine } = setup;
        let (files, catalog) = open_data(data_dir)?;
        let keyring = Keyring::new(kms, own_key, Arc::clone(&randomness), Arc::clone(&machine));
        let gateway = Gateway {
            catalog: Arc::new(catalog),
            files: ObjectFiles::new(files),
            keyring,
            region: region.clone(),
            randomness: Arc::clone(&randomness),
            machine: Arc::clone(&machine),
            policies: Default::default(),
        };
        let gateway = Arc::new(gateway);
        let mut service = S3ServiceBuilder::new(Operations(Arc::clone(&gateway)));
        service.set_route(UpdateObjectEncryption(gateway));
        let service = service.build();
        Ok(Self::new(requesters, service, region, machine, randomness))
    }
}

/// The sealed data of a directory, and its catalog. A catalog is made only where no data is: an empty one would know none
/// of the files, and a start removes what the catalog does not know.
fn open_data(data_dir: &Path) -> Result<(DataFiles, Catalog), SetupError> {
    let files = DataFiles::open(&data_dir.join("data")).map_err(SetupError::DataFiles)?;
    let all = files.all().map_err(SetupError::DataFiles)?;
    let path = data_dir.join("catalog.db");
    let catalog = if all.is_empty() { Catalog::open_or_create(&path) } else { Catalog::open(&path) };
    let catalog = catalog.map_err(|error| match error {
        CatalogError::Missing => SetupError::CatalogLost,
        error => SetupError::Catalog(error),
    })?;
    remove_orphans(&files, all, &catalog)?;
    Ok((files, catalog))
}

fn remove_orphans(files: &DataFiles, all: Vec<FileId>, catalog: &Catalog) -> Result<(), SetupError> {
    let known = catalog.files().map_err(SetupError::Catalog)?;
    let orphans: Vec<_> = all.into_iter().filter(|file| !known.contains(file)).collect();
    if !orphans.is_empty() {
        tracing::info!(files = orphans.len(), "files of uploads that never ended are removed");
        files.remove(&orphans);
    }
    Ok(())
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
    use std::fs;

    use super::*;

    #[test]
    fn a_file_without_a_row_is_removed_and_no_file_when_the_catalog_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        drop(open_data(directory.path()).unwrap());
        let file = directory.path().join("data/00/00000000000000000000000000000001");
        fs::write(&file, b"sealed").unwrap();
        fs::rename(directory.path().join("catalog.db"), directory.path().join("elsewhere")).unwrap();
        assert!(matches!(open_data(directory.path()), Err(SetupError::CatalogLost)));
        assert!(file.exists());

        fs::rename(directory.path().join("elsewhere"), directory.path().join("catalog.db")).unwrap();
        assert!(open_data(directory.path()).is_ok());
        assert!(!file.exists());
    }
}
