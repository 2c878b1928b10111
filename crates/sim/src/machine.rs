//! The machine that a server runs on, and the server while it runs.

use std::sync::Arc;

use audit::{MemoryDisk, Options};
use cloudtrail::{Advance, Buckets, DeliveryBucket, Destinations, OfferedBucket};
use dispatch::{
    Authentication, Dispatcher, Durability, Observer, Policies, Reach, Regions, ServiceIdentity,
    StrangersShare, Verified,
};
use model::{
    AwsService,
    arn::{AccountId, Partition},
};
use server::{
    Assembly, Chores, Leniency, Parts, Retention, RootCredentials, SealRecord, SealSource, StartError, Vitals,
};
use store::{FaultyStore, MemoryStore, Store};
use strongroom::{Entropy, testing::Seeded};

use crate::{Credentials, SimBucket, SimClock, SimIssuers, SimSeal, bucket::BUCKET, world::pause};

/// What outlives a crash.
pub(crate) struct Machine {
    pub(crate) store: Arc<FaultyStore<MemoryStore>>,
    pub(crate) disk: MemoryDisk,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) entropy: Arc<Seeded>,
    pub(crate) seal: Arc<SimSeal>,
    pub(crate) bucket: Arc<SimBucket>,
    pub(crate) digests: MemoryDisk,
    pub(crate) issuers: Arc<SimIssuers>,
    pub(crate) roots: Vec<Credentials>,
    pub(crate) settings: Settings,
}

/// How a deployment is set up. The usual one draws from seed 1, enforces policies, serves every Region of the partition
/// `aws`, has the quotas
/// of AWS, limits no rates and trusts no hypervisor.
#[derive(Clone)]
pub struct Settings {
    /// Where all randomness comes from.
    pub seed: u64,
    /// Whom attestation documents must lead to.
    pub attestation_roots: attestation::Roots,
    /// Whether policies are asked.
    pub policies: Policies,
    /// The Regions that are served.
    pub regions: Regions,
    /// How many resources an account may have.
    pub quotas: kms::Quotas,
    /// How often an account may call.
    pub request_rates: kms::RequestRates,
    /// Whether a journal that lacks records is gone on with.
    pub begin_journal: bool,
    /// How long the journal is kept, and how.
    pub retention: Retention,
    /// How long all files of the journal get together.
    pub journal_bytes_max: Option<u64>,
    /// How long the segments of the journal get.
    pub segment_bytes_max: u64,
    /// The unique id that the user `gateway` must have to be a service; whichever it has, if none is said.
    pub gateway_id: Option<String>,
}

/// What does not.
pub(crate) struct Server {
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) chores: Chores,
    pub(crate) store: Arc<dyn Store>,
}

const DOMAIN_KEY_DAYS: u32 = 30;
const ACCOUNTS: [u64; 2] = [111_122_223_333, 444_455_556_666];

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            attestation_roots: attestation::Roots::none(),
            policies: Policies::Enforced,
            regions: Regions::any(Partition::Aws),
            quotas: kms::Quotas::default(),
            request_rates: kms::RequestRates::Unlimited,
            begin_journal: false,
            retention: Retention::default(),
            journal_bytes_max: None,
            segment_bytes_max: Options::new([0; 16]).segment_bytes_max,
            gateway_id: None,
        }
    }
}

impl Machine {
    /// A machine with an empty store and everything else in order.
    pub(crate) fn new(settings: Settings) -> Self {
        let entropy = Arc::new(Seeded::new(settings.seed));
        Self {
            store: Arc::new(FaultyStore::new(MemoryStore::new(), Vec::new())),
            disk: MemoryDisk::new(),
            bucket: Arc::default(),
            digests: MemoryDisk::new(),
            clock: Arc::default(),
            seal: Arc::new(SimSeal::new(&*entropy)),
            entropy,
            issuers: Arc::default(),
            roots: Vec::new(),
            settings,
        }
    }

    /// Sets a deployment up.
    pub(crate) async fn found(&mut self) {
        let Self { store, clock, entropy, seal, roots, .. } = self;
        let (store, entropy): (Arc<dyn Store>, Arc<dyn Entropy>) =
            (Arc::clone(store) as _, Arc::clone(entropy) as _);
        let record = SealRecord::File;
        let seal = seal.open(&record).expect("the seal is there");
        for (index, account) in ACCOUNTS.into_iter().enumerate() {
            let account = AccountId::from_u64(account).expect("an account id");
            let made = if index == 0 {
                server::found(&store, &record, &*seal, Some(account), &**clock, &entropy).await
            } else {
                server::add_account(&store, &*seal, account, &**clock, &entropy).await
            };
            roots.push(credentials(&made.expect("an account").expect("an empty store")));
        }
    }

    /// Starts a server, which has this id and its journal on this disk.
    ///
    /// # Errors
    /// Why it does not start.
    pub(crate) async fn start(&self, node: [u8; 16], disk: &MemoryDisk) -> Result<Server, StartError> {
        let settings = self.settings.clone();
        let parts = Parts {
            journal: Options {
                segment_bytes_max: settings.segment_bytes_max,
                bytes_max: settings.journal_bytes_max,
                ..Options::new(node)
            },
            store: Arc::clone(&self.store) as _,
            begin_journal: settings.begin_journal,
            disk: Arc::new(disk.clone()),
            retention: settings.retention,
            index: Arc::new(MemoryDisk::new()),
            destinations: self.destinations(),
            clock: Arc::clone(&self.clock) as _,
            entropy: Arc::clone(&self.entropy) as _,
            seal: Arc::clone(&self.seal) as _,
            services: services(settings.regions.partition(), settings.gateway_id),
            issuers: Arc::clone(&self.issuers) as _,
            regions: settings.regions,
            durability: Durability::Durable,
            strangers: StrangersShare::default(),
            quotas: settings.quotas,
            request_rates: settings.request_rates,
            attestation_roots: settings.attestation_roots,
            domain_key_rotation_days: DOMAIN_KEY_DAYS,
            observer: Arc::new(Nobody),
        };
        let Assembly { dispatcher, vitals, following, chores, backstage, .. } = self.assemble(parts).await?;
        tokio::spawn(following.run());
        while !(chores.is_following() || chores.is_sealed()) {
            pause().await;
        }
        while chores.advance_index(&|| ()) == Advance::Further {}
        Ok(Server { dispatcher, vitals, chores, store: backstage.store })
    }

    /// One bucket, for all accounts.
    fn destinations(&self) -> Destinations {
        let bucket: Arc<dyn DeliveryBucket> = Arc::clone(&self.bucket) as _;
        let named = [(BUCKET.to_owned(), OfferedBucket { bucket, accounts: None })];
        Destinations {
            buckets: Buckets::new(named.into()),
            digests: Arc::new(self.digests.clone()),
            ..Destinations::none()
        }
    }

    async fn assemble(&self, parts: Parts) -> Result<Assembly, StartError> {
        match self.settings.policies {
            Policies::Enforced => Assembly::of(parts).await,
            ignored => {
                let authentication = |credentials| Arc::new(Verified(credentials)) as Arc<dyn Authentication>;
                Assembly::lenient(parts, Leniency { authentication, policies: ignored }).await
            }
        }
    }
}

/// Who may call as a service, once they are made: a user and a role of the first account for this account, and a user
/// of the second one for both.
fn services(partition: Partition, gateway_id: Option<String>) -> Vec<ServiceIdentity> {
    let identity = |name, account, resource, reach| {
        let service = AwsService::parse(name).expect("a service");
        let arn = partition.iam_arn(account, resource);
        ServiceIdentity::new(service, &arn, reach).expect("a user or role")
    };
    let both = Reach::Accounts(ACCOUNTS.into_iter().filter_map(AccountId::from_u64).collect());
    vec![
        identity("s3", "111122223333", "user/gateway", None).borne_by(gateway_id),
        identity("ec2", "111122223333", "role/volumes", None),
        identity("s3", "444455556666", "user/provider", Some(both)),
    ]
}

fn credentials(root: &RootCredentials) -> Credentials {
    Credentials {
        account: root.account.to_string(),
        access_key_id: root.access_key_id.clone(),
        secret_access_key: String::from_utf8_lossy(root.secret_access_key.reveal()).into_owned(),
        session_token: None,
    }
}

struct Nobody;

impl Observer for Nobody {
    fn answered(&self, _: &'static str, _: &'static str, _: Option<&'static str>, _: std::time::Duration) {}
}
