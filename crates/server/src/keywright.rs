//! A deployment in a data directory, opened: the parts from the machine, and a thread for what no request does.

use std::{sync::Arc, thread, time::Duration};

use audit::FsDisk;
use dispatch::{Clock, Dispatcher, Durability, Observer, Policies, Regions, Verified};
use model::arn::{AccountId, Region};
use store::SqliteStore;
use tokio::{runtime::Runtime, sync::watch};

use crate::{
    clock::SystemClock,
    compose::{Assembly, Chores, Following, Parts},
    config::{self, Config, JournalMode, RootSource},
    data_dir::DataDir,
    entropy::SystemEntropy,
    health::Vitals,
    issuers::Issuers,
    metrics::Metrics,
    start::StartError,
};

/// A deployment that has been opened. Nothing listens yet.
pub struct Keywright {
    /// Answers requests.
    pub dispatcher: Arc<Dispatcher>,
    /// Tells how the parts are.
    pub vitals: Arc<Vitals>,
    /// Keeps the keys of identity providers.
    pub issuers: Arc<Issuers>,
    /// Accounts served.
    pub accounts: Vec<AccountId>,
    background: Background,
}

impl Keywright {
    /// Opens an initialised deployment: store, journal, memory, strongroom; starts the background work.
    ///
    /// # Errors
    /// [`StartError`]. A strongroom that cannot be unsealed is none: the server starts and refuses work.
    pub fn open(config: &Config, metrics: Arc<Metrics>) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(StartError::Thread)?;
        let data = DataDir::new(&config.data_dir);
        if data.is_for_development() {
            return Err(StartError::Development(config.data_dir.clone()));
        }
        let store = SqliteStore::open(&data.store(), store::Options { create: false, bytes_max: None })?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let issuers = Arc::new(Issuers::open(&config.oidc, &clock).map_err(StartError::Issuers)?);
        let parts = Parts {
            journal: audit::Options::new(data.node(&SystemEntropy).map_err(StartError::Node)?),
            store: Arc::new(store),
            disk: Arc::new(FsDisk::open(&data.journal())?),
            clock,
            entropy: Arc::new(SystemEntropy),
            seal: Arc::new(config.seal.clone()),
            authentication: |credentials| Arc::new(Verified(credentials)),
            services: config.services.clone(),
            issuers: Arc::clone(&issuers) as _,
            policies: Policies::Enforced,
            regions: regions(&config.regions)?,
            durability: durability(config.journal),
            quotas: config.quotas.clone(),
            request_rates: config.request_rates,
            attestation_roots: RootSource::load(&config.attestation_roots)?,
            domain_key_rotation_days: config.domain_key_rotation_days,
            observer: Arc::new(Counted(metrics)),
        };
        let Assembly { dispatcher, vitals, backstage, following, chores, .. } =
            runtime.block_on(Assembly::of(parts))?;
        let background = Background::start(runtime, following, chores)?;
        let accounts = iam::accounts(&backstage.mirror.snapshot());
        Ok(Self { dispatcher, vitals, issuers, accounts, background })
    }

    /// Ends the background work. What was acknowledged is on disk already; the journal flushes when it is
    /// dropped.
    pub fn close(self) {
        self.background.stop();
    }
}

/// The thread that does what no request does.
pub(crate) struct Background {
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Background {
    pub(crate) fn start(runtime: Runtime, following: Following, chores: Chores) -> Result<Self, StartError> {
        let (stop, mut stopped) = watch::channel(false);
        let watched = chores.clone();
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = following.run() => {}
                    () = chores.run() => {}
                    _ = stopped.wait_for(|stop| *stop) => {}
                }
                chores.finish().await;
            });
        };
        let thread =
            thread::Builder::new().name("background".to_owned()).spawn(run).map_err(StartError::Thread)?;
        // A server that answers its first request before it follows would refuse it.
        while !watched.is_following() && !thread.is_finished() {
            thread::sleep(Duration::from_micros(200));
        }
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Ends it, and waits.
    pub(crate) fn stop(self) {
        drop(self);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn durability(mode: JournalMode) -> Durability {
    match mode {
        JournalMode::Durable => Durability::Durable,
        JournalMode::HandedOver => Durability::HandedOver,
    }
}

fn regions(configured: &config::Regions) -> Result<Regions, StartError> {
    let region = |name: &config::RegionName| {
        Region::parse(name.as_str()).map_err(|_| StartError::Region(name.clone()))
    };
    match configured {
        config::Regions::Any => Ok(Regions::Any),
        config::Regions::Only(names) => {
            Ok(Regions::Only(names.iter().map(region).collect::<Result<_, _>>()?))
        }
    }
}

/// Counts answers.
pub(crate) struct Counted(pub(crate) Arc<Metrics>);

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
