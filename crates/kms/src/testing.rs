//! A world for the tests of this crate: a service with a store in memory and callers of every kind.

use std::{
    collections::BTreeMap,
    future::Future,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use dispatch::{
    Caller, Cx, Fault, IdentityPolicies, Ids, Notes, Operation, Origin, Policies, Principals, Regions,
};
use model::{
    Timestamp,
    arn::{AccountId, Region},
};
use policy::{Policy, PolicyKind, Principal, PrincipalPattern};
use state::{Behind, Mirror, Snapshot};
use store::{MemoryStore, Store};
use strongroom::{Entropy, SealedDomainKey, Strongroom, seal::FileSeal, testing::Seeded};

use crate::{KeyManagement, Kms, Quotas, Rates, RequestRates, Tables, Workshop, key::Key, layout::Place};

/// The account that owns keys.
pub(crate) const OWNER: &str = "111122223333";
/// Another account.
pub(crate) const OTHER: &str = "444455556666";

/// A service that can be called.
pub(crate) struct World {
    pub(crate) service: Arc<KeyManagement>,
    memory: Mirror,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) now: Timestamp,
    pub(crate) entropy: Arc<dyn Entropy>,
    region: Region,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::seeded(0)
    }

    /// A world with other random bytes, and so with other keys.
    pub(crate) fn seeded(seed: u64) -> Self {
        let entropy = Seeded::new(seed);
        let seal = FileSeal::parse(&FileSeal::generate(&entropy).unwrap()).unwrap();
        let strongroom = Strongroom::sealed();
        strongroom.unseal(&seal, &[SealedDomainKey::generate(1, &seal, &entropy).unwrap()]).unwrap();
        let now = Timestamp::from_millis(1_800_000_000_000);
        let region = Region::parse("eu-west-1").unwrap();
        Self {
            service: Arc::new(service(Arc::new(strongroom))),
            memory: memory(),
            store: Arc::new(MemoryStore::new()),
            now,
            entropy: Arc::new(entropy),
            region,
        }
    }

    /// The service as it is now.
    pub(crate) fn kms(&self) -> Kms {
        Kms::of(&self.service, &self.memory.snapshot()).unwrap()
    }

    /// The service, to be made different.
    pub(crate) fn service(&mut self) -> &mut KeyManagement {
        Arc::get_mut(&mut self.service).expect("nothing is called")
    }

    /// A symmetric key of the owner's.
    pub(crate) fn key(&self) -> Key {
        let arn = crate::ops::tests::key(self, None);
        Key::clone(self.kms().tables().key(&Place::of_key(&arn), arn.key_id).unwrap().1)
    }

    /// Calls an operation and commits what it changes, as the request line does.
    pub(crate) fn call<O: Operation<Service = Kms>>(
        &self,
        caller: &Caller,
        input: O::Input,
    ) -> Result<O::Output, Fault> {
        let mut notes = Notes::default();
        let mut cx = Cx {
            operation: &O::FACTS,
            caller,
            region: &self.region,
            now: self.now,
            origin: Origin {
                address: IpAddr::V4(Ipv4Addr::LOCALHOST),
                user_agent: "test",
                secure: true,
                via: None,
            },
            entropy: &self.entropy,
            policies: Policies::Enforced,
            notes: &mut notes,
        };
        let outcome = wait(O::run(&self.kms(), &mut cx, input))?;
        if let Some(change) = outcome.change {
            wait(self.store.commit(change)).unwrap().expect("nobody else commits");
            self.catch_up();
        }
        for then in notes.take_after_success() {
            then(Ids { event: [1; 16], request: [2; 16] });
        }
        Ok(outcome.output)
    }

    /// Takes over what is stored. What is only in memory, as the last uses of keys, stays.
    pub(crate) fn catch_up(&self) {
        let from = self.memory.reached();
        wait(async {
            let mut watch = self.store.watch(from).await.unwrap();
            let head = self.store.scan(b"", b"", 1).await.unwrap().revision;
            while self.memory.reached() < head {
                self.memory.take(&watch.next().await.unwrap()).unwrap();
            }
        });
    }

    /// Forgets all that is not stored.
    pub(crate) fn restart(&mut self) {
        self.memory = memory();
        wait(self.memory.load(&*self.store)).unwrap();
    }
}

/// A service in which whoever has a name exists.
pub(crate) fn service(strongroom: Arc<Strongroom>) -> KeyManagement {
    KeyManagement {
        strongroom,
        attestation_roots: Arc::default(),
        workshop: Workshop::new(1),
        used: Behind::default(),
        principals: |_| &Everybody,
        quotas: Quotas::default(),
        rates: Rates::new(RequestRates::Unlimited),
        regions: Regions::Any,
    }
}

/// The memory of a node with this service alone.
pub(crate) fn memory() -> Mirror {
    Mirror::new(Snapshot::default().with(Tables::default()))
}

/// The root user of an account.
pub(crate) fn root(account: &str) -> Caller {
    let arn = format!("arn:aws:iam::{account}:root");
    caller(account, Principal::root(account), arn, IdentityPolicies::Root)
}

/// A user with these statements in its policy.
pub(crate) fn user(account: &str, name: &str, statements: &str) -> Caller {
    let arn = format!("arn:aws:iam::{account}:user/{name}");
    let principal = Principal::User {
        account: account.to_owned(),
        arn: arn.clone(),
        unique_id: format!("AIDA{}", name.to_uppercase()),
    };
    caller(account, principal, arn, attached(statements))
}

/// A session of a role with these statements in its policy.
pub(crate) fn session(account: &str, role: &str, statements: &str) -> Caller {
    let arn = format!("arn:aws:sts::{account}:assumed-role/{role}/s");
    let principal = Principal::Session {
        account: account.to_owned(),
        role_arn: format!("arn:aws:iam::{account}:role/{role}"),
        role_id: format!("AROA{}", role.to_uppercase()),
        session_arn: arn.clone(),
    };
    caller(account, principal, arn, attached(statements))
}

/// A statement of an identity policy.
pub(crate) fn statement(effect: &str, action: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}"#)
}

fn attached(statements: &str) -> IdentityPolicies {
    if statements.is_empty() {
        return IdentityPolicies::Attached(Vec::new());
    }
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    IdentityPolicies::Attached(vec![Arc::new(Policy::parse(&text, PolicyKind::IdentityPolicy).unwrap())])
}

fn caller(account: &str, principal: Principal, arn: String, policies: IdentityPolicies) -> Caller {
    Caller {
        account: AccountId::parse(account).unwrap(),
        principal,
        unique_id: arn.clone(),
        arn,
        user_name: None,
        access_key_id: "AKIATEST".to_owned(),
        tags: BTreeMap::new(),
        policies,
        boundary: None,
        session: None,
    }
}

/// Whoever has a name exists, but for those called a ghost.
pub(crate) struct Everybody;

impl Principals for Everybody {
    fn exist(&self, principal: &PrincipalPattern) -> bool {
        !matches!(principal, PrincipalPattern::Arn(arn) if arn.contains("ghost"))
    }

    fn arn(&self, unique_id: &str) -> Option<String> {
        let (kind, name) = unique_id.split_at_checked(4)?;
        let kind = if kind == "AIDA" { "user" } else { "role" };
        Some(format!("arn:aws:iam::111122223333:{kind}/{}", name.to_lowercase()))
    }

    fn unique_id(&self, principal: &PrincipalPattern) -> Option<String> {
        let PrincipalPattern::Arn(arn) = principal else { return None };
        let (kind, name) = arn.rsplit_once('/')?;
        let prefix = if kind.ends_with("user") { "AIDA" } else { "AROA" };
        arn.starts_with("arn:aws:iam:").then(|| format!("{prefix}{}", name.to_uppercase()))
    }
}

/// Runs what waits for nothing but memory.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
