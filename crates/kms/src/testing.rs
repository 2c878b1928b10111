//! A world for the tests of this crate: a service with a store in memory and callers of every kind.

use std::{
    collections::BTreeMap,
    future::Future,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use dispatch::{
    Caller, Cx, Fault, Follower, IdentityPolicies, Ids, Notes, Operation, Origin, Policies, Regions,
};
use model::{
    Timestamp,
    arn::{AccountId, Region},
};
use policy::{Policy, PolicyKind, Principal, PrincipalPattern};
use store::{Changes, MemoryStore, Store};
use strongroom::{Entropy, EntropyFailed, SealedDomainKey, Strongroom, seal::FileSeal};

use crate::{Kms, Memory, Principals, Quotas, Rates, RequestRates, Usages, Workshop};

/// The account that owns keys.
pub(crate) const OWNER: &str = "111122223333";
/// Another account.
pub(crate) const OTHER: &str = "444455556666";

/// A service that can be called.
pub(crate) struct World {
    pub(crate) kms: Kms,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) now: Timestamp,
    pub(crate) entropy: Arc<dyn Entropy>,
    region: Region,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::drawing_from(0)
    }

    /// A world with other random bytes, and so with other keys.
    pub(crate) fn drawing_from(start: u64) -> Self {
        let entropy = Counting(AtomicU64::new(start));
        let seal = FileSeal::parse(&FileSeal::generate(&entropy).unwrap()).unwrap();
        let strongroom = Strongroom::sealed();
        strongroom.unseal(&seal, &[SealedDomainKey::generate(1, &seal, &entropy).unwrap()]).unwrap();
        let kms = Kms {
            memory: Arc::new(Memory::default()),
            strongroom: Arc::new(strongroom),
            attestation_roots: Arc::default(),
            workshop: Workshop::new(1),
            usages: Usages::default(),
            principals: Arc::new(Everybody),
            quotas: Quotas::default(),
            rates: Rates::new(RequestRates::Unlimited),
            regions: Regions::Any,
        };
        let now = Timestamp::from_millis(1_800_000_000_000);
        let region = Region::parse("eu-west-1").unwrap();
        Self { kms, store: Arc::new(MemoryStore::new()), now, entropy: Arc::new(entropy), region }
    }

    /// Calls an operation and commits what it changes, as the request line does.
    pub(crate) fn call<O: Operation<Service = Kms>>(
        &self,
        caller: &Caller,
        input: O::Input,
    ) -> Result<O::Output, Fault> {
        let mut notes = Notes::default();
        let mut cx = Cx {
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
        let outcome = wait(O::run(&self.kms, &mut cx, input))?;
        if let Some(change) = outcome.change {
            let puts = change.puts.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
            let deletes = change.deletes.iter().map(|key| (key.clone(), None));
            let items = puts.chain(deletes).collect();
            let revision = wait(self.store.commit(change)).unwrap().expect("nobody else commits");
            self.kms.memory.apply(&Changes { revision, items }).unwrap();
        }
        for then in notes.take_after_success() {
            then(Ids { event: [1; 16], request: [2; 16] });
        }
        Ok(outcome.output)
    }

    /// Forgets all that is not stored.
    pub(crate) fn restart(&mut self) {
        let memory = Memory::default();
        memory.load(&wait(self.store.scan(b"", &[0xFF], usize::MAX)).unwrap()).unwrap();
        self.kms.memory = Arc::new(memory);
    }
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

/// Never delivers the same eight bytes twice.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        for chunk in out.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            chunk.iter_mut().zip(number.iter().rev()).for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }
}

/// Runs what waits for nothing but memory.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
