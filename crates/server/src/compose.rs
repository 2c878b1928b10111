//! Puts the parts together: the only place that knows all of them. What touches the machine (store, disk, clock,
//! randomness, seal) is given, so that the whole server runs in a test as it runs in production.

use std::{num::NonZeroUsize, sync::Arc, thread, time::Duration};

use attestation::Roots;
use audit::{Disk, Journal, Pause, Recovery};
use bytes::Bytes;
use cloudtrail::{Advance, CloudTrail, Delivered, Destinations};
use dispatch::{
    Authentication, Backstage, Clock, Credentials, Dispatcher, Drain, Durability, Find, Leaps, Observer,
    Policies, Regions, ServiceEvent, ServiceIdentity, Services, Strangers, StrangersShare, Verified, Wiring,
};
use iam::{IdentityManagement, IssuerKeys};
use kms::{KeyManagement, Rates, Workshop};
use state::{Behind, Loaded, Mirror, Snapshot};
use store::{Revision, Store, StoreError};
use strongroom::{Entropy, Strongroom};

use crate::{
    deployment,
    health::Vitals,
    keeper::Keeper,
    notary::notarised,
    retention::{Retainer, Retention, Undelivered},
    seal::SealSource,
    start::StartError,
};

/// What a server is made of.
pub struct Parts {
    /// The journal: its limits, and the id of this node, which names its chain of records and its outbox.
    pub journal: audit::Options,
    /// Holds the deployment; initialised.
    pub store: Arc<dyn Store>,
    /// Whether a journal is gone on with that lacks records which it had.
    pub begin_journal: bool,
    /// Where the journal is.
    pub disk: Arc<dyn Disk>,
    /// How long the journal is kept, and how.
    pub retention: Retention,
    /// Where the files of the journal's index are. Whatever is lost of them is made again.
    pub index: Arc<dyn Disk>,
    /// Where trails deliver to.
    pub destinations: Destinations,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Where the root of all keys comes from.
    pub seal: Arc<dyn SealSource>,
    /// Who may call as a service.
    pub services: Vec<ServiceIdentity>,
    /// The keys that identity providers sign with.
    pub issuers: Arc<dyn IssuerKeys>,
    /// The Regions that are served.
    pub regions: Regions,
    /// When a reply to a call that changes nothing may leave.
    pub durability: Durability,
    /// What strangers may have recorded.
    pub strangers: StrangersShare,
    /// How much there may be in the key management service.
    pub quotas: kms::Quotas,
    /// How fast it may be asked for.
    pub request_rates: kms::RequestRates,
    /// The roots that attestation documents have to lead to.
    pub attestation_roots: Roots,
    /// Age in days at which a new domain key is made.
    pub domain_key_rotation_days: u32,
    /// Who counts answers.
    pub observer: Arc<dyn Observer>,
}

/// What only a server for development may choose. Any other verifies signatures and asks policies.
#[derive(Clone, Copy)]
pub struct Leniency {
    /// How it is established who signed, from the credentials that there are.
    pub authentication: fn(Find<dyn Credentials>) -> Arc<dyn Authentication>,
    /// Whether policies are asked.
    pub policies: Policies,
}

/// A server put together. It answers once its [`Following`] runs.
pub struct Assembly {
    /// Answers requests.
    pub dispatcher: Arc<Dispatcher>,
    /// Tells how the parts are.
    pub vitals: Arc<Vitals>,
    /// The key management service.
    pub kms: Arc<KeyManagement>,
    /// Store, journal, clock and randomness.
    pub backstage: Backstage,
    /// Keeps memory current; to be run for as long as the server lives.
    pub following: Following,
    /// Does what falls due.
    pub chores: Chores,
}

/// Memory on the heels of the store, and records on their way to the journal.
pub struct Following {
    mirror: Arc<Mirror>,
    store: Arc<dyn Store>,
    strongroom: Arc<Strongroom>,
    recovery: Recovery,
    /// The record with which a journal begins that lacks records.
    begun: Option<Bytes>,
    /// `None` while the strongroom is sealed: nobody can tell then which records are genuine.
    loaded: Option<Loaded>,
    drain: Drain,
}

/// What falls due with time.
#[derive(Clone)]
pub struct Chores {
    kms: Arc<KeyManagement>,
    iam: Arc<IdentityManagement>,
    backstage: Backstage,
    keeper: Arc<Keeper>,
    cloudtrail: Arc<CloudTrail>,
    retainer: Arc<Retainer>,
}

/// How often it is looked whether a sealed strongroom was unsealed.
const SEALED_TICK: Duration = Duration::from_millis(500);
/// How often a strongroom that stays sealed is tried again, and the age of the domain key is looked at.
const SEAL_TICK: Duration = Duration::from_secs(5);
/// How often refusals of strangers are looked over, to be summed up.
const STRANGERS_TICK: Duration = Duration::from_secs(1);

impl Assembly {
    /// Puts a server together on an initialised deployment: opens the journal, unseals the strongroom, reads the store
    /// into memory, brings the records that an earlier run left in the store to the journal.
    ///
    /// # Errors
    /// [`StartError`]. A strongroom that cannot be unsealed is none: the server starts and refuses work.
    pub async fn of(parts: Parts) -> Result<Self, StartError> {
        let none = Leniency {
            authentication: |credentials| Arc::new(Verified(credentials)),
            policies: Policies::Enforced,
        };
        Self::lenient(parts, none).await
    }

    /// As [`Assembly::of`], for development.
    ///
    /// # Errors
    /// As [`Assembly::of`].
    pub async fn lenient(parts: Parts, leniency: Leniency) -> Result<Self, StartError> {
        let Parts { store, disk, index, destinations, clock, entropy, seal, .. } = parts;
        let node = parts.journal.node;
        let (journal, recovery) = Journal::open(Arc::clone(&disk), parts.journal)?;
        let journal = Arc::new(journal);
        let record = deployment::seal_record(&*store).await?.ok_or(StartError::NotInitialised)?;
        let strongroom = Arc::new(Strongroom::sealed());
        let store: Arc<dyn Store> = Arc::new(notarised(&store, &strongroom, &entropy, node));
        let keeper = Keeper {
            seal,
            record,
            store: Arc::clone(&store),
            strongroom: Arc::clone(&strongroom),
            domain_key_days: parts.domain_key_rotation_days,
            because: Arc::default(),
        };
        keeper.unseal().await;

        let partition = parts.regions.partition();
        let iam = Arc::new(IdentityManagement::new(partition, Arc::clone(&strongroom), kms::resources));
        let kms = Arc::new(KeyManagement {
            strongroom: Arc::clone(&strongroom),
            attestation_roots: Arc::new(parts.attestation_roots),
            workshop: Workshop::new(thread::available_parallelism().map_or(1, NonZeroUsize::get)),
            used: Behind::default(),
            principals: iam::principals,
            quotas: parts.quotas,
            rates: Rates::new(parts.request_rates),
            leaps: Leaps::new(&*clock, "deletions and rotations"),
            regions: parts.regions.clone(),
        });
        let cloudtrail =
            CloudTrail::new(Arc::clone(&strongroom), (&node, Arc::clone(&disk)), index, destinations);
        let cloudtrail = Arc::new(cloudtrail);
        let mirror = Arc::new(Mirror::new(memory(&iam)));
        let undelivered = undelivered(&cloudtrail, &mirror);
        let retainer = Arc::new(Retainer::new(&disk, parts.retention, &recovery, &*clock, undelivered));
        let (outbox, drain) = dispatch::outbox(&node, Arc::clone(&store), Arc::clone(&journal));
        let begun = parts.begin_journal.then(|| journal_begun(&*clock, &*entropy)).transpose()?;
        let following = Following {
            mirror: Arc::clone(&mirror),
            store: Arc::clone(&store),
            strongroom: Arc::clone(&strongroom),
            recovery,
            begun,
            loaded: None,
            drain,
        };
        let following = following.begun().await?;
        let strangers =
            Strangers::new(parts.strangers, Arc::clone(&journal), Arc::clone(&clock), Arc::clone(&entropy));
        let strangers = Arc::new(strangers);
        let backstage = Backstage { store, mirror, journal, outbox, strangers, clock, entropy };
        let vitals = Vitals::new(&backstage, &strongroom, &keeper.because, &retainer, &cloudtrail);
        let vitals = Arc::new(vitals);
        let wiring = Wiring {
            authentication: (leniency.authentication)(iam::credentials),
            services: Services::new(parts.services, iam::credentials),
            policies: leniency.policies,
            backstage: backstage.clone(),
            durability: parts.durability,
            regions: parts.regions,
            observer: parts.observer,
        };
        let dispatcher = answering(Dispatcher::new(wiring), &kms, &iam, parts.issuers, &cloudtrail);
        let keeper = Arc::new(keeper);
        let chores =
            Chores { kms: Arc::clone(&kms), iam, cloudtrail, backstage: backstage.clone(), keeper, retainer };
        Ok(Self { dispatcher: Arc::new(dispatcher), vitals, kms, backstage, following, chores })
    }
}

/// The memory of all services, still empty.
fn memory(iam: &IdentityManagement) -> Snapshot {
    Snapshot::default().with(iam.tables()).with(kms::Tables::default()).with(cloudtrail::Tables::default())
}

/// The first record that a trail still needs; the very first while memory does not tell.
fn undelivered(cloudtrail: &Arc<CloudTrail>, mirror: &Arc<Mirror>) -> Undelivered {
    let (cloudtrail, mirror) = (Arc::clone(cloudtrail), Arc::clone(mirror));
    Box::new(move || if mirror.is_following() { cloudtrail.undelivered(&mirror.snapshot()) } else { Some(0) })
}

/// With everything that answers calls.
fn answering(
    dispatcher: Dispatcher,
    kms: &Arc<KeyManagement>,
    iam: &Arc<IdentityManagement>,
    issuers: Arc<dyn IssuerKeys>,
    cloudtrail: &Arc<CloudTrail>,
) -> Dispatcher {
    dispatcher
        .with(kms::service(Arc::clone(kms)))
        .with(kms::tagging(Arc::clone(kms)))
        .with(iam::service(Arc::clone(iam)))
        .with(iam::sts(issuers))
        .with(cloudtrail::service(Arc::clone(cloudtrail)))
        .with(iam::own())
}

/// The record that the operator has a journal go on that lacks records.
fn journal_begun(clock: &dyn Clock, entropy: &dyn Entropy) -> Result<Bytes, StartError> {
    let event = ServiceEvent {
        service: "keywright",
        name: "BeginJournal",
        account: String::new(),
        region: String::new(),
        resource: "journal".to_owned(),
        details: Vec::new(),
    };
    event.alone(clock.now(), entropy).map_err(|_| StartError::SetUp("the source of random bytes failed"))
}

impl Following {
    /// Follows the store for ever, once the strongroom is unsealed. What is committed when this is dropped and not drained
    /// yet is found in the store by the next start.
    pub async fn run(mut self) {
        let loaded = loop {
            if let Some(loaded) = self.loaded.take() {
                break loaded;
            }
            tokio::time::sleep(SEALED_TICK).await;
            match self.begin().await {
                Ok(loaded) => self.loaded = loaded,
                Err(error) => tracing::error!(%error, "this node refuses calls"),
            }
        };
        let Self { mirror, store, drain, .. } = self;
        tokio::join!(mirror.follow(&*store, loaded), drain.run());
    }

    async fn begun(mut self) -> Result<Self, StartError> {
        self.loaded = self.begin().await?;
        Ok(self)
    }

    /// Reads the store into memory, and brings the records that an earlier run left there to the journal. `None` while the
    /// strongroom is sealed.
    async fn begin(&mut self) -> Result<Option<Loaded>, StartError> {
        if !self.strongroom.is_unsealed() {
            return Ok(None);
        }
        let loaded = self.mirror.load(&*self.store).await?;
        let drained =
            self.drain.recover(&self.recovery, self.begun.as_ref()).await.map_err(StartError::Outbox)?;
        if drained > 0 {
            tracing::info!(drained, "records of changes were brought from the store to the journal");
        }
        Ok(Some(loaded))
    }
}

impl Chores {
    /// Does what is due, for ever.
    pub async fn run(&self) {
        let keep = async {
            loop {
                tokio::time::sleep(SEAL_TICK).await;
                self.keep().await;
            }
        };
        let kms = kms::clockwork::run(Arc::clone(&self.kms), self.backstage.clone());
        let iam = iam::clockwork::run(Arc::clone(&self.iam), self.backstage.clone());
        let strangers = async {
            loop {
                tokio::time::sleep(STRANGERS_TICK).await;
                self.backstage.strangers.sum_up();
            }
        };
        tokio::join!(kms, iam, keep, strangers);
    }

    /// Does everything that is due at this moment of the clock, also what only becomes due by it.
    ///
    /// # Errors
    /// What the store answers; what is not done stays due.
    pub async fn tick(&self) -> Result<(), StoreError> {
        self.keep().await;
        self.backstage.strangers.sum_up();
        while kms::clockwork::tick(&self.kms, &self.backstage).await? > 0 {}
        iam::clockwork::tick(&self.iam, &self.backstage).await?;
        while self.advance_index(&|| ()) == Advance::Further {}
        while self.deliver().await == Delivered::Further {}
        while self.tend_journal(&|| Ok(())).await {}
        Ok(())
    }

    /// Makes the trails that the configuration wants.
    pub async fn make_trails(&self) {
        let accounts = iam::accounts(&self.backstage.mirror.snapshot());
        cloudtrail::make_wanted(&self.cloudtrail, &self.backstage, &accounts).await;
    }

    /// Delivers what is due to trails, a piece of it. What fails is tried again.
    pub async fn deliver(&self) -> Delivered {
        let accounts = iam::accounts(&self.backstage.mirror.snapshot());
        cloudtrail::tick(&self.cloudtrail, &self.backstage, &accounts).await
    }

    /// Does the next piece of work for the index of the journal, and takes its time for it. What the journal does not let be
    /// read is tried again. `pause` is called now and then.
    #[must_use]
    pub fn advance_index(&self, pause: &dyn Fn()) -> Advance {
        self.cloudtrail.index().advance(pause).unwrap_or_else(|error| {
            tracing::error!(%error, "the index of the journal does not get on, and lookups of events do not see what is new");
            Advance::Reached
        })
    }

    /// Does the next piece of work for the journal's full segments. Whether there may be more to do at once. `pause` is taken now
    /// and then, and may end the work.
    pub async fn tend_journal(&self, pause: Pause<'_>) -> bool {
        self.retainer.tend(&self.backstage, pause).await
    }

    /// Writes down what is only in memory, at the end of a server: what strangers were refused, and when keys and access
    /// keys were last used.
    pub async fn finish(&self) {
        self.backstage.strangers.finish();
        let written = async {
            kms::clockwork::finish(&self.kms, &self.backstage).await?;
            iam::clockwork::tick(&self.iam, &self.backstage).await
        };
        if let Err(error) = written.await {
            tracing::warn!(%error, "the latest uses of keys are not written down");
        }
    }

    /// The revision of the store that this node's memory holds.
    #[must_use]
    pub fn reached(&self) -> Revision {
        self.backstage.mirror.reached()
    }

    /// Whether the strongroom is sealed, so that memory stays empty.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        !self.keeper.strongroom.is_unsealed()
    }

    /// Whether this node's memory is current, so that calls are answered.
    #[must_use]
    pub fn is_following(&self) -> bool {
        self.backstage.mirror.is_following()
    }

    /// How many changes are being committed, how many of their records are not in the journal yet, and how many records
    /// of calls wait to be written.
    #[must_use]
    pub fn underway(&self) -> usize {
        self.backstage.outbox.underway() + self.backstage.journal.waiting()
    }

    async fn keep(&self) {
        self.keeper.tick(&*self.backstage.clock, &*self.backstage.entropy).await;
    }
}
