//! A server for development: composed from parts that believe, move and fail as they are told.

use std::{path::PathBuf, sync::Arc, time::Duration};

use audit::Disk;
use buckets::DirectoryBucket;
use bytes::Bytes;
use cloudtrail::{Buckets, DeliveryBucket, Destinations, OfferedBucket, PERIOD};
use dispatch::{
    Authentication, BodyFault, ConnectionInfo, Credentials, Dispatcher, Durability, Find, Observer, Origins,
    Regions, StrangersShare,
};
use edge::{Answer, FromAPage};
use http::{Response, StatusCode, request::Parts as Head};
use iam::{IssuerKeys, NoKeys, Sought};
use server::{Assembly, Background, Leniency, Parts, RootSource, StartError, SystemEntropy};
use tokio::{runtime::Runtime, sync::RwLock};

use crate::{
    authentication::{Believed, Checked},
    clock::DevClock,
    controls::{self, Controls},
    error::DevError,
    faults::{Faults, Strike},
    ground::Ground,
    options::DevConfig,
    place::Place,
    seed::Seed,
};

/// A server for development.
pub struct Development {
    dispatcher: Arc<Dispatcher>,
    controls: Controls,
    origins: Origins,
    background: Background,
}

impl Development {
    /// Opens the store, or makes one, and puts there what the seed file says.
    ///
    /// # Errors
    /// [`DevError`].
    pub fn open(config: &DevConfig) -> Result<Self, DevError> {
        // Before anything is opened: a seed file that is wrong is told at once.
        let seed = Seed::of(config.seed.as_deref(), config.partition)?;
        let runtime = runtime()?;
        let clock = Arc::new(DevClock::default());
        let place = match &config.data_dir {
            None => Place::in_memory()?,
            Some(path) => Place::in_directory(path)?,
        };
        runtime.block_on(place.found(&*clock))?;
        let parts = Parts {
            journal: place.journal,
            store: place.store,
            // The journal of a development is as short as its memory.
            begin_journal: true,
            disk: place.disk,
            retention: place.retention,
            index: place.index,
            destinations: destinations(config, place.digests),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(SystemEntropy),
            seal: place.seal,
            services: config.services.clone(),
            issuers: Arc::new(NoIssuers),
            regions: Regions::any(config.partition),
            durability: Durability::HandedOver,
            domain_key_rotation_days: DOMAIN_KEY_DAYS,
            strangers: StrangersShare::default(),
            quotas: kms::Quotas::default(),
            request_rates: kms::RequestRates::Unlimited,
            attestation_roots: RootSource::load(&config.attestation_roots).map_err(StartError::from)?,
            observer: Arc::new(Uncounted),
        };
        let leniency = Leniency {
            authentication: if config.verify { checked } else { believed },
            policies: config.policies,
        };
        let Assembly { dispatcher, kms, backstage, following, chores, .. } =
            runtime.block_on(Assembly::lenient(parts, leniency))?;
        let controls = Controls {
            clock,
            faults: Faults::default(),
            ground: Ground { backstage, kms },
            chores: chores.clone(),
            operations: dispatcher.operations().into_iter().map(|(_, facts)| facts.name).collect(),
            seed: config.seed.clone(),
            partition: config.partition,
            open: RwLock::default(),
        };
        let background = Background::start(runtime, following, chores)?;
        self::runtime()?.block_on(controls.ground.sow(&seed))?;
        Ok(Self { dispatcher, controls, origins: config.origins.clone(), background })
    }

    /// Ends the background work.
    pub(crate) fn close(self) {
        self.background.stop();
    }
}

impl Answer for Development {
    async fn answer(
        &self,
        head: Head,
        body: Result<Bytes, BodyFault>,
        connection: &ConnectionInfo,
    ) -> Response<Bytes> {
        let Some(guest) = self.origins.guest(&head.headers) else {
            return match FromAPage::of(&head) {
                Some(page) => refuse(&page),
                None => self.work(head, body, connection).await,
            };
        };
        if let Some(permitted) = guest.preflight(&head) {
            return permitted;
        }
        let mut answer = self.work(head, body, connection).await;
        guest.admit(&mut answer);
        answer
    }
}

impl Development {
    async fn work(
        &self,
        head: Head,
        body: Result<Bytes, BodyFault>,
        connection: &ConnectionInfo,
    ) -> Response<Bytes> {
        let Self { dispatcher, controls, .. } = self;
        if let Some(control) = head.uri.path().strip_prefix(controls::PREFIX) {
            let control = control.to_owned();
            return controls.work(&control, &head.method, &body.unwrap_or_default()).await;
        }
        if HEALTH.contains(&head.uri.path()) {
            return Response::new(Bytes::from_static(b"ready\n"));
        }
        let _open = controls.open.read().await;
        controls.ground.admit(&head).await;
        let operation = dispatch::named_operation(&head, body.as_deref().unwrap_or_default());
        let Strike { delay, fault } = controls.faults.strike(&operation);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match fault {
            Some(fault) => dispatcher.refuse(fault, head, body, connection).await,
            None => dispatcher.answer(head, body, connection).await,
        }
    }
}

/// A development that answers at all is well.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];

fn refuse(page: &FromAPage) -> Response<Bytes> {
    let mut refused = Response::new(Bytes::from(format!("{page}\n")));
    *refused.status_mut() = StatusCode::FORBIDDEN;
    refused
}

/// Domain keys are not rotated each time that a test moves the clock by a month.
const DOMAIN_KEY_DAYS: u32 = 36_500;

/// Trails deliver to the directories that are named, to begin with none.
fn destinations(config: &DevConfig, digests: Arc<dyn Disk>) -> Destinations {
    let bucket = |(name, path): &(String, PathBuf)| {
        let bucket: Arc<dyn DeliveryBucket> = Arc::new(DirectoryBucket::new(path.clone()));
        (name.clone(), OfferedBucket { bucket, accounts: None })
    };
    let buckets = Buckets::new(config.buckets.iter().map(bucket).collect());
    Destinations { buckets, trails: Vec::new(), period: PERIOD, digests }
}

fn runtime() -> Result<Runtime, StartError> {
    tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(StartError::Thread)
}

fn believed(credentials: Find<dyn Credentials>) -> Arc<dyn Authentication> {
    Arc::new(Believed(credentials))
}

fn checked(credentials: Find<dyn Credentials>) -> Arc<dyn Authentication> {
    Arc::new(Checked::new(credentials))
}

/// No identity provider is known to a development.
struct NoIssuers;

impl IssuerKeys for NoIssuers {
    fn keys<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> Sought<'a> {
        Box::pin(async { Err(NoKeys::NotConfigured) })
    }
}

/// Nobody looks at the figures of a development.
struct Uncounted;

impl Observer for Uncounted {
    fn answered(&self, _: &'static str, _: &'static str, _: Option<&'static str>, _: Duration) {}
}
