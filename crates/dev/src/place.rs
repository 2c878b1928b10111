//! Where a development is kept: in memory, or in a data directory that is good for nothing else.

use std::{path::Path, sync::Arc};

use audit::{Disk, FsDisk, MemoryDisk};
use dispatch::Clock;
use secret::Plaintext;
use server::{
    DataDir, Retention, SealFile, SealFileError, SealRecord, SealSource, StartError, SystemEntropy,
};
use store::{MemoryStore, SqliteStore, Store};
use strongroom::{Seal, seal::FileSeal};

use crate::{
    disk::{self, ShortDisk},
    error::DevError,
};

/// Where everything is kept.
pub(crate) struct Place {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) index: Arc<dyn Disk>,
    pub(crate) digests: Arc<dyn Disk>,
    pub(crate) seal: Arc<dyn SealSource>,
    pub(crate) journal: audit::Options,
    pub(crate) retention: Retention,
}

impl Place {
    /// Thrown away with the process.
    pub(crate) fn in_memory() -> Result<Self, StartError> {
        Ok(Self {
            store: Arc::new(MemoryStore::new()),
            disk: Arc::new(ShortDisk::default()),
            index: Arc::new(MemoryDisk::new()),
            digests: Arc::new(MemoryDisk::new()),
            seal: Arc::new(MemorySeal::new()?),
            // The disk keeps two files.
            retention: Retention { compress: false, ..Retention::default() },
            journal: audit::Options {
                segment_bytes_max: disk::SEGMENT_BYTES_MAX,
                ..audit::Options::new(*b"keywright-dev\0\0\0")
            },
        })
    }

    /// In a directory that is new, or was made here before.
    pub(crate) fn in_directory(path: &Path) -> Result<Self, DevError> {
        let data = DataDir::new(path);
        let exists = SqliteStore::exists(&data.store());
        let exists = exists.map_err(|error| StartError::DataDir(data.store(), error))?;
        if exists && !data.is_for_development() {
            return Err(DevError::NotDevelopment(path.to_owned()));
        }
        Ok(Self::marked(path, &data)?)
    }

    fn marked(path: &Path, data: &DataDir) -> Result<Self, StartError> {
        let io = |error| StartError::DataDir(path.to_owned(), error);
        data.create().map_err(io)?;
        if !data.is_for_development() {
            data.mark_for_development().map_err(io)?;
        }
        let seal = SealFile::Key(data.development_seal());
        // Makes the key if there is none.
        let _ = seal.create(&SystemEntropy)?;
        Ok(Self {
            store: Arc::new(SqliteStore::open(&data.store(), store::Options::default())?),
            disk: Arc::new(FsDisk::open(&data.journal())?),
            index: Arc::new(
                FsDisk::open(&data.index()).map_err(|error| StartError::Index(data.index(), error))?,
            ),
            digests: Arc::new(FsDisk::open(&data.digests())?),
            seal: Arc::new(seal),
            retention: Retention::default(),
            journal: audit::Options::new(data.node(&SystemEntropy).map_err(StartError::Node)?),
        })
    }

    /// Makes a deployment, if there is none.
    pub(crate) async fn found(&self, clock: &dyn Clock) -> Result<(), StartError> {
        let seal = self.seal.open(&SealRecord::File)?;
        server::found_bare(&self.store, &SealRecord::File, &*seal, clock, &SystemEntropy::shared()).await
    }
}

/// A seal whose key is thrown away with the process.
struct MemorySeal(Plaintext);

impl MemorySeal {
    fn new() -> Result<Self, StartError> {
        FileSeal::generate(&SystemEntropy)
            .map(Self)
            .map_err(|_| StartError::SetUp("the source of random bytes failed"))
    }
}

impl SealSource for MemorySeal {
    fn open(&self, _: &SealRecord) -> Result<Box<dyn Seal>, SealFileError> {
        let seal = FileSeal::parse(&self.0).map_err(|_| SealFileError::NotAKeyFile("memory".into()))?;
        Ok(Box::new(seal))
    }
}
