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
}

impl Entrance {
    /// A gateway over its directory. What a crash left there without a row is removed.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn open(setup: GatewaySetup<'_>) -> Result<Self, SetupError> {
        let GatewaySetup { data_dir, region, kms, own_key, requesters, randomness, machine } = setup;
        let files = DataFiles::open(&data_dir.join("data")).map_err(SetupError::DataFiles)?;
        let catalog = Catalog::open_or_create(&data_dir.join("catalog.db")).map_err(SetupError::Catalog)?;
        remove_orphans(&files, &catalog)?;
        let keyring = Keyring::new(kms, own_key, Arc::clone(&randomness), Arc::clone(&machine));
        let gateway = Gateway {
            catalog: Arc::new(catalog),
            files,
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

fn remove_orphans(files: &DataFiles, catalog: &Catalog) -> Result<(), SetupError> {
    let known = catalog.files().map_err(SetupError::Catalog)?;
    let all = files.all().map_err(SetupError::DataFiles)?;
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
        }
    }
}

impl std::error::Error for SetupError {}
