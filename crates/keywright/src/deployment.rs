//! A deployment in a data directory, opened: the parts from the machine, and a thread for what no request does.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use audit::{Disk, FsDisk, JournalError, MemoryDisk};
use buckets::{DirectoryBucket, S3Bucket};
use cloudtrail::{Buckets, DeliveryBucket, Destinations, OfferedBucket};
use dispatch::{Backstage, Clock, Dispatcher, Observer};
use kms::KeyManagement;
use model::arn::AccountId;
use outbound::Outbound;
use server::{
    Assembly, Background, DataDir, Parts, RootSource, StartError, SystemClock, SystemEntropy, Vitals,
};

use crate::{
    config::{BucketPlace, BucketSettings, Config},
    error::ServeError,
    issuers::Issuers,
    metrics::Metrics,
};

/// A deployment that has been opened. Nothing listens yet.
pub(crate) struct Deployment {
    /// Answers requests.
    pub(crate) dispatcher: Arc<Dispatcher>,
    /// Tells how the parts are.
    pub(crate) vitals: Arc<Vitals>,
    /// Keeps the keys of identity providers.
    pub(crate) issuers: Arc<Issuers>,
    /// Accounts served.
    pub(crate) accounts: Vec<AccountId>,
    /// For changes that no caller asks for.
    pub(crate) backstage: Backstage,
    /// The key management service.
    pub(crate) kms: Arc<KeyManagement>,
    background: Background,
}

impl Deployment {
    /// Opens an initialised deployment: store, journal, memory, strongroom; starts the background work.
    ///
    /// # Errors
    /// [`ServeError`]. A strongroom that cannot be unsealed is none: the server starts and refuses work.
    pub(crate) fn open(config: &Config, metrics: Arc<Metrics>) -> Result<Self, ServeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(StartError::Thread)?;
        let data = DataDir::new(&config.data_dir);
        if data.is_for_development() {
            return Err(ServeError::Development(config.data_dir.clone()));
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let issuers = Arc::new(Issuers::open(&config.oidc, &clock).map_err(ServeError::Issuers)?);
        let destinations = destinations(config, &data, &clock)?;
        let parts = parts(config, &data, clock, destinations, &issuers, metrics)?;
        let Assembly { dispatcher, vitals, kms, backstage, following, chores } =
            runtime.block_on(Assembly::of(parts))?;
        let background = Background::start(runtime, following, chores)?;
        let accounts = iam::accounts(&backstage.mirror.snapshot());
        Ok(Self { dispatcher, vitals, issuers, accounts, backstage, kms, background })
    }

    /// Ends the background work. What was acknowledged is on disk already; the journal flushes when it is
    /// dropped.
    pub(crate) fn close(self) {
        self.background.stop();
    }
}

fn parts(
    config: &Config,
    data: &DataDir,
    clock: Arc<dyn Clock>,
    destinations: Destinations,
    issuers: &Arc<Issuers>,
    metrics: Arc<Metrics>,
) -> Result<Parts, StartError> {
    let options = store::Options { create: false, bytes_max: None };
    let store = data.open_store(options)?;
    Ok(Parts {
        journal: audit::Options {
            bytes_max: config.journal_bytes_max,
            ..audit::Options::new(data.node(&SystemEntropy).map_err(StartError::Node)?)
        },
        store: Arc::new(store),
        begin_journal: config.begin_journal,
        disk: Arc::new(FsDisk::open(&data.journal())?),
        retention: config.retention,
        index: index(data)?,
        destinations,
        clock,
        entropy: Arc::new(SystemEntropy),
        seal: Arc::new(config.seal.clone()),
        services: config.services.clone(),
        issuers: Arc::clone(issuers) as _,
        regions: config.regions.clone(),
        durability: config.journal,
        strangers: config.strangers,
        quotas: config.quotas.clone(),
        request_rates: config.request_rates,
        attestation_roots: RootSource::load(&config.attestation_roots)?,
        domain_key_rotation_days: config.domain_key_rotation_days,
        observer: Arc::new(Counted(metrics)),
    })
}

/// Where the files of the journal's index are. A full disk must not keep a server from starting: the index is then in
/// memory, as far as it finds room there.
fn index(data: &DataDir) -> Result<Arc<dyn Disk>, StartError> {
    let opened = unless_full(FsDisk::open(&data.index()));
    opened.map_err(|error| StartError::Index(data.index(), error))
}

/// Where trails deliver to. On a full disk, copies of digests are in memory, and the buckets alone have what is signed meanwhile.
fn destinations(config: &Config, data: &DataDir, clock: &Arc<dyn Clock>) -> Result<Destinations, ServeError> {
    let mut buckets = BTreeMap::new();
    for (name, BucketSettings { place, accounts }) in &config.buckets {
        let bucket: Arc<dyn DeliveryBucket> = match place {
            BucketPlace::Directory(path) => {
                if !path.is_dir() {
                    let directory = path.display();
                    tracing::warn!(bucket = name, %directory, "no such directory: trails cannot deliver to the bucket yet");
                }
                Arc::new(DirectoryBucket::new(path.clone()))
            }
            BucketPlace::S3(place, ca_file) => {
                let outbound = Outbound::new(ca_file.as_deref());
                let outbound = outbound.map_err(|error| ServeError::Bucket(name.clone(), error))?;
                Arc::new(S3Bucket::new(place.clone(), outbound, Arc::clone(clock)))
            }
        };
        buckets.insert(name.clone(), OfferedBucket { bucket, accounts: accounts.clone() });
    }
    let digests = unless_full(FsDisk::open(&data.digests()));
    Ok(Destinations {
        buckets: Buckets::new(buckets),
        trails: config.trails.clone(),
        period: config.delivery_period,
        digests: digests.map_err(|error| StartError::Digests(data.digests(), error))?,
    })
}

/// A directory, or memory in its place while its disk is full.
fn unless_full(opened: Result<FsDisk, JournalError>) -> Result<Arc<dyn Disk>, JournalError> {
    match opened {
        Ok(disk) => Ok(Arc::new(disk)),
        Err(JournalError::Io { error, .. }) if error.kind() == io::ErrorKind::StorageFull => {
            let memory = MemoryDisk::new();
            memory.set_bytes_max(Some(MEMORY_BYTES_MAX));
            Ok(Arc::new(memory))
        }
        Err(error) => Err(error),
    }
}

/// Room in memory: for the index of a journal of about 500 MiB.
const MEMORY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Counts answers.
struct Counted(Arc<Metrics>);

impl Observer for Counted {
    fn answered(
        &self,
        service: &'static str,
        operation: &'static str,
        fault: Option<&'static str>,
        took: Duration,
    ) {
        self.0.record(
            service,
            operation,
            fault.unwrap_or("ok"),
            u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;
    use dev::Development;

    use super::*;
    use crate::{
        cli::{Cli, Command},
        config::Settings,
    };

    /// A development in a data directory.
    fn developed(data_dir: &Path) -> Result<Development, String> {
        let line = ["keywright".as_ref(), "dev".as_ref(), "--data-dir".as_ref(), data_dir.as_os_str()];
        let Command::Dev(options) = Cli::parse_from(line).command() else { panic!("not dev") };
        Development::open(&options.config().unwrap()).map_err(|error| error.to_string())
    }

    fn config(data_dir: &Path) -> Config {
        Config::check(Settings { data_dir: Some(data_dir.to_owned()), ..Settings::default() }).unwrap()
    }

    #[test]
    fn what_dev_made_is_not_served() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("dev");
        drop(developed(&data_dir).unwrap());
        let opened = Deployment::open(&config(&data_dir), Arc::default());
        let error = opened.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("keywright dev"), "{error}");
    }

    #[test]
    fn what_is_served_is_not_given_to_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        let config = config(&data_dir);
        let (clock, entropy) = (SystemClock::start(), SystemEntropy::shared());
        let set_up = server::initialise(&data_dir, &config.seal, None, &clock, &entropy);
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(set_up)
            .unwrap();
        let error = developed(&data_dir).err().unwrap_or_default();
        assert!(error.contains("not made by `keywright dev`"), "{error}");
    }
}
