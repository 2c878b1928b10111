//! `keywright dev`: the same server, for those who develop and test against it.
//!
//! What differs from `serve` is here and in the parts that it is composed from: who signed is believed, not checked
//! (unless asked), the store is thrown away (unless asked), the clock can be moved, and `/_keywright/` lets tests do
//! so. It listens on loopback only. No setting turns `serve` into this: it has its own command, and the data
//! directories of the one are refused by the other.

mod authentication;
mod clock;
mod controls;
mod disk;
mod faults;
mod ground;
mod seed;
mod span;

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc};

use audit::FsDisk;
use bytes::Bytes;
use dispatch::{
    Authentication, BodyFault, ConnectionInfo, Credentials, Dispatcher, Durability, Find, Policies, Regions,
    ServiceIdentity,
};
use edge::{Answer, Limits, Loopback, Setup, Signals, Wanted};
use http::{Response, request::Parts as Head};
use store::{MemoryStore, SqliteStore, Store};
use tokio::{runtime::Runtime, sync::RwLock};

pub use self::seed::SeedError;
use self::{
    authentication::{Believed, Checked},
    clock::DevClock,
    disk::ShortDisk,
    faults::{Faults, Strike},
    ground::Ground,
    seed::Seed,
};
use crate::{
    compose::{Assembly, Chores, Parts},
    config::{RootSource, Seal},
    data_dir::DataDir,
    deployment::{self, SealRecord},
    entropy::SystemEntropy,
    issuers::Issuers,
    keywright::{Background, Counted},
    logging::Format,
    metrics::Metrics,
    seal::{self, SealSource},
    start::StartError,
};

/// What `keywright dev` is told.
#[derive(Debug, Clone)]
pub struct DevConfig {
    /// Where to serve.
    pub listen: Loopback,
    /// Where to keep everything; in memory without one.
    pub data_dir: Option<PathBuf>,
    /// What there is from the start.
    pub seed: Option<PathBuf>,
    /// What attestation documents have to lead to.
    pub attestation_roots: Vec<RootSource>,
    /// Whether signatures are checked.
    pub verify: bool,
    /// Who may call as a service.
    pub services: Vec<ServiceIdentity>,
    /// Whether policies are asked.
    pub policies: Policies,
    /// The form of the log.
    pub log: Format,
}

/// Serves until a signal says to stop.
///
/// # Errors
/// [`StartError`], before anything is served.
pub fn dev(config: &DevConfig, runtime: &Runtime) -> Result<(), StartError> {
    let mut signals = {
        let _context = runtime.enter();
        Signals::catch().map_err(StartError::Thread)?
    };
    let bound = edge::bind(config.listen.address())
        .map_err(|error| StartError::Listen("listen", config.listen.address(), error))?;
    let development = Arc::new(Development::open(config)?);
    let edge = bound.serve(Setup {
        answer: Arc::clone(&development),
        tls: None,
        limits: Limits::default(),
        workers: NonZeroUsize::MIN,
        name: "api",
        counts: Arc::default(),
    });
    let edge = edge.map_err(StartError::Thread)?;
    tracing::info!(
        listen = %edge.address(),
        store = %config.data_dir.as_ref().map_or("memory".to_owned(), |path| path.display().to_string()),
        signatures = if config.verify { "checked" } else { "believed" },
        "keywright {} serves development: nothing in it is safe",
        env!("CARGO_PKG_VERSION"),
    );
    // There is no certificate to read again.
    let signal = loop {
        if let Wanted::Stop(signal) = runtime.block_on(signals.next()) {
            break signal;
        }
    };
    tracing::info!(signal, "stopping");
    let _ = edge.shut_down();
    if let Some(development) = Arc::into_inner(development) {
        development.background.stop();
    }
    Ok(())
}

/// A server for development.
pub struct Development {
    dispatcher: Arc<Dispatcher>,
    ground: Ground,
    chores: Chores,
    clock: Arc<DevClock>,
    faults: Faults,
    seed: Option<PathBuf>,
    /// Calls read it; a reset waits for them and lets none in.
    open: RwLock<()>,
    background: Background,
}

impl Development {
    /// Opens the store, or makes one, and puts there what the seed file says.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(config: &DevConfig) -> Result<Self, StartError> {
        // Before anything is opened: a seed file that is wrong is told at once.
        let seed = Seed::of(config.seed.as_deref())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(StartError::Thread)?;
        let clock = Arc::new(DevClock::default());
        let place = Place::of(config)?;
        runtime.block_on(place.found(&clock))?;
        let parts = Parts {
            journal: place.journal,
            store: Arc::clone(&place.store),
            disk: place.disk,
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(SystemEntropy),
            seal: place.seal,
            authentication: if config.verify { checked } else { believed },
            services: config.services.clone(),
            issuers: Arc::new(Issuers::default()),
            policies: config.policies,
            regions: Regions::Any,
            durability: Durability::HandedOver,
            domain_key_rotation_days: DOMAIN_KEY_DAYS,
            quotas: kms::Quotas::default(),
            request_rates: kms::RequestRates::Unlimited,
            attestation_roots: RootSource::load(&config.attestation_roots)?,
            observer: Arc::new(Counted(Arc::new(Metrics::default()))),
        };
        let Assembly { dispatcher, kms, backstage, following, chores, .. } =
            runtime.block_on(Assembly::of(parts))?;
        let background = Background::start(runtime, following, chores.clone())?;
        let development = Self {
            dispatcher,
            ground: Ground { backstage, kms },
            chores,
            clock,
            faults: Faults::default(),
            seed: config.seed.clone(),
            open: RwLock::default(),
            background,
        };
        let sown = tokio::runtime::Builder::new_current_thread().enable_time().build();
        sown.map_err(StartError::Thread)?.block_on(development.ground.sow(&seed))?;
        Ok(development)
    }
}

impl Answer for Development {
    async fn answer(
        &self,
        head: Head,
        body: Result<Bytes, BodyFault>,
        connection: &ConnectionInfo,
    ) -> Response<Bytes> {
        if let Some(control) = head.uri.path().strip_prefix(controls::PREFIX) {
            let control = control.to_owned();
            return self.control(&control, &head.method, &body.unwrap_or_default()).await;
        }
        let _open = self.open.read().await;
        self.ground.admit(&head).await;
        let operation = dispatch::named_operation(&head, body.as_deref().unwrap_or_default());
        let Strike { delay, fault } = self.faults.strike(&operation);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match fault {
            Some(fault) => self.dispatcher.refuse(fault, head, body, connection).await,
            None => self.dispatcher.answer(head, body, connection).await,
        }
    }
}

/// Domain keys are not rotated each time that a test moves the clock by a month.
const DOMAIN_KEY_DAYS: u32 = 36_500;

fn believed(credentials: Find<dyn Credentials>) -> Arc<dyn Authentication> {
    Arc::new(Believed(credentials))
}

fn checked(credentials: Find<dyn Credentials>) -> Arc<dyn Authentication> {
    Arc::new(Checked::new(credentials))
}

/// Where everything is kept.
struct Place {
    store: Arc<dyn Store>,
    disk: Arc<dyn audit::Disk>,
    seal: Arc<dyn SealSource>,
    journal: audit::Options,
    directory: Option<PathBuf>,
}

impl Place {
    fn of(config: &DevConfig) -> Result<Self, StartError> {
        match &config.data_dir {
            None => Ok(Self {
                store: Arc::new(MemoryStore::new()),
                disk: Arc::new(ShortDisk::default()),
                seal: Arc::new(ground::MemorySeal::new()?),
                journal: audit::Options {
                    segment_bytes_max: disk::SEGMENT_BYTES_MAX,
                    ..audit::Options::new(*b"keywright-dev\0\0\0")
                },
                directory: None,
            }),
            Some(path) => {
                let data = DataDir::new(path);
                let exists = SqliteStore::exists(&data.store());
                let exists = exists.map_err(|error| StartError::DataDir(data.store(), error))?;
                if exists && !data.is_for_development() {
                    return Err(StartError::NotDevelopment(path.clone()));
                }
                let io = |error| StartError::DataDir(path.clone(), error);
                data.create().map_err(io)?;
                if !exists && !data.is_for_development() {
                    data.mark_for_development().map_err(io)?;
                }
                let seal = Seal::KeyFile(data.development_seal());
                // Makes the key if there is none.
                let _ = seal::create(&seal, &SystemEntropy)?;
                Ok(Self {
                    store: Arc::new(SqliteStore::open(&data.store(), store::Options::default())?),
                    disk: Arc::new(FsDisk::open(&data.journal())?),
                    seal: Arc::new(seal),
                    journal: audit::Options::new(data.node(&SystemEntropy).map_err(StartError::Node)?),
                    directory: Some(path.clone()),
                })
            }
        }
    }

    /// Makes a deployment, if there is none.
    async fn found(&self, clock: &DevClock) -> Result<(), StartError> {
        use dispatch::Clock;
        if deployment::seal_record(&*self.store).await?.is_some() {
            return Ok(());
        }
        let seal = self.seal.open(&SealRecord::File)?;
        let (batch, _) = deployment::found(&SealRecord::File, &*seal, clock.now(), &SystemEntropy)?;
        match self.store.commit(batch).await? {
            Ok(_) => Ok(()),
            Err(_) => Err(StartError::Initialised(self.directory.clone().unwrap_or_default())),
        }
    }
}
