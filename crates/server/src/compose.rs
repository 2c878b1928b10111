//! Puts the parts together: the only place that knows all of them.

use std::{sync::Arc, thread, time::Duration};

use audit::{FsDisk, Journal};
use dispatch::{
    Backstage, Clock, Credentials, Dispatcher, Drain, Durability, Follower, Mirror, Observer, Regions, Wiring,
};
use iam::Directory;
use kms::{Kms, Memory};
use model::arn::{AccountId, Region};
use policy::PrincipalPattern;
use store::{Revision, SqliteStore, Store};
use strongroom::{Entropy, Seal, Strongroom};
use tokio::{runtime::Runtime, sync::watch};

use crate::{
    clock::SystemClock,
    config::{self, Config, JournalMode},
    data_dir::DataDir,
    deployment::{self, SealRecord},
    entropy::SystemEntropy,
    health::Vitals,
    metrics::Metrics,
    seal,
    start::StartError,
};

/// A deployment that has been opened. Nothing listens yet.
pub struct Keywright {
    /// Answers requests.
    pub dispatcher: Arc<Dispatcher>,
    /// Tells how the parts are.
    pub vitals: Arc<Vitals>,
    /// Accounts served.
    pub accounts: Vec<AccountId>,
    background: Background,
}

/// The thread that does what no request does.
struct Background {
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<()>>,
}

/// How often a strongroom that stays sealed is tried again, and the age of the domain key is looked at.
const SEAL_TICK: Duration = Duration::from_secs(5);

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
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let data = DataDir::new(&config.data_dir);
        let node = data.node(&*entropy).map_err(StartError::Node)?;
        let store = SqliteStore::open(&data.store(), store::Options { create: false, bytes_max: None })?;
        let store: Arc<dyn Store> = Arc::new(store);
        let disk = FsDisk::open(&data.journal())?;
        let (journal, recovery) = Journal::open(Arc::new(disk), audit::Options::new(node))?;
        let journal = Arc::new(journal);

        let record = runtime.block_on(deployment::seal_record(&*store))?.ok_or(StartError::NotInitialised)?;
        let strongroom = Arc::new(Strongroom::sealed());
        let keeper = Keeper {
            config: config.clone(),
            record,
            store: Arc::clone(&store),
            strongroom: Arc::clone(&strongroom),
        };
        runtime.block_on(keeper.unseal());

        let directory = Arc::new(Directory::new(Arc::clone(&strongroom)));
        let memory = Arc::new(Memory::default());
        let kms = Arc::new(Kms {
            memory: Arc::clone(&memory),
            strongroom: Arc::clone(&strongroom),
            principals: Arc::new(Accounts(Arc::clone(&directory))),
        });
        let followers: Vec<Arc<dyn Follower>> = vec![Arc::clone(&directory) as _, memory];
        let mirror = Arc::new(Mirror::default());
        let from = runtime.block_on(mirror.load(&*store, &followers))?;

        let (outbox, drain) = dispatch::outbox(&node, Arc::clone(&store), Arc::clone(&journal));
        let drained = runtime.block_on(drain.recover(&recovery)).map_err(StartError::Outbox)?;
        if drained > 0 {
            tracing::info!(drained, "records of changes were brought from the store to the journal");
        }
        let backstage = Backstage { store, mirror, journal, outbox, clock, entropy };
        let vitals = Arc::new(Vitals::new(&backstage, &strongroom));
        let accounts = directory.accounts();
        let wiring = Wiring {
            credentials: directory as Arc<dyn Credentials>,
            backstage: backstage.clone(),
            durability: durability(config.journal),
            regions: regions(&config.regions)?,
            observer: Arc::new(Counted(metrics)),
        };
        let dispatcher = Dispatcher::new(wiring).with(kms::service(Arc::clone(&kms))).with(iam::sts());
        let background = Background::start(runtime, Work { backstage, followers, from, drain, kms, keeper })?;
        Ok(Self { dispatcher: Arc::new(dispatcher), vitals, accounts, background })
    }

    /// Ends the background work. What was acknowledged is on disk already; the journal flushes when it is
    /// dropped.
    pub fn close(self) {
        self.background.stop();
    }
}

/// Everything that the background does.
struct Work {
    backstage: Backstage,
    followers: Vec<Arc<dyn Follower>>,
    from: Revision,
    drain: Drain,
    kms: Arc<Kms>,
    keeper: Keeper,
}

impl Background {
    fn start(runtime: Runtime, work: Work) -> Result<Self, StartError> {
        let (stop, mut stopped) = watch::channel(false);
        let following = work.backstage.mirror.clone();
        let run = move || {
            runtime.block_on(async {
                let Work { backstage, followers, from, drain, kms, keeper } = work;
                let drain = tokio::spawn(drain.run());
                let (clock, entropy) = (Arc::clone(&backstage.clock), Arc::clone(&backstage.entropy));
                let follow = {
                    let (mirror, store) = (Arc::clone(&backstage.mirror), Arc::clone(&backstage.store));
                    async move { mirror.follow(&*store, &followers, from).await }
                };
                tokio::select! {
                    () = follow => {}
                    () = kms::clockwork::run(kms, backstage) => {}
                    () = keeper.keep(&*clock, &*entropy) => {}
                    _ = stopped.wait_for(|stop| *stop) => {}
                }
                // Committed records that are not drained yet are found in the store by the next start.
                drain.abort();
            });
        };
        let thread =
            thread::Builder::new().name("background".to_owned()).spawn(run).map_err(StartError::Thread)?;
        // A server that answers its first request before it follows would refuse it.
        while !following.is_following() && !thread.is_finished() {
            thread::sleep(Duration::from_micros(200));
        }
        Ok(Self { stop, thread: Some(thread) })
    }

    fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Keeps the strongroom unsealed and its domain key young.
struct Keeper {
    config: Config,
    record: SealRecord,
    store: Arc<dyn Store>,
    strongroom: Arc<Strongroom>,
}

impl Keeper {
    fn seal(&self) -> Option<Box<dyn Seal>> {
        match seal::open(&self.config.seal, &self.record) {
            Ok(seal) => Some(seal),
            Err(error) => {
                tracing::error!(%error, "the strongroom stays sealed");
                None
            }
        }
    }

    async fn unseal(&self) {
        let Some(seal) = self.seal() else { return };
        if let Err(error) = deployment::unseal(&*self.store, &self.strongroom, &*seal).await {
            tracing::error!(%error, "the strongroom stays sealed");
        }
    }

    async fn keep(&self, clock: &dyn Clock, entropy: &dyn Entropy) {
        loop {
            tokio::time::sleep(SEAL_TICK).await;
            if !self.strongroom.is_unsealed() {
                self.unseal().await;
                continue;
            }
            let days = self.config.domain_key_rotation_days;
            match deployment::domain_key_is_due(&*self.store, days, clock).await {
                Ok(false) => continue,
                Ok(true) => {}
                Err(error) => tracing::error!(%error, "the domain keys cannot be read"),
            }
            let Some(seal) = self.seal() else { continue };
            match deployment::rotate_domain_key(&self.store, &self.strongroom, &*seal, days, clock, entropy)
                .await
            {
                Ok(true) => tracing::info!("a new domain key seals from now on"),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the domain key could not be rotated"),
            }
        }
    }
}

/// The principals that exist: accounts, and services by name.
struct Accounts(Arc<Directory>);

impl kms::Principals for Accounts {
    fn exist(&self, principal: &PrincipalPattern) -> bool {
        match principal {
            PrincipalPattern::Account(account) => {
                AccountId::parse(account).is_ok_and(|account| self.0.has_account(account))
            }
            PrincipalPattern::Anyone | PrincipalPattern::Service(_) => true,
            // There are no users, roles and providers yet.
            PrincipalPattern::Arn(_)
            | PrincipalPattern::UniqueId(_)
            | PrincipalPattern::Federated(_)
            | PrincipalPattern::CanonicalUser(_) => false,
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
