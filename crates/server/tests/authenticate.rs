//! A store of the version before records were authenticated is taken over once, by command, and never silently.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path, sync::Arc};

use audit::{MemoryDisk, Record};
use dispatch::{Durability, Observer, Regions, StrangersShare};
use iam::{IssuerKeys, NoKeys, Sought};
use model::arn::{AccountId, Partition};
use server::{Assembly, DataDir, Parts, Retention, SealFile, StartError, SystemClock, SystemEntropy};
use store::{Adoption, Batch, Key, SqliteStore, Store, StoreError};
use tempfile::TempDir;

/// The data directory that `keywright init --account-id 111122223333` made before there were stamps.
fn before_stamps() -> (TempDir, SealFile) {
    let folder = TempDir::new().unwrap();
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/before_stamps");
    let store = DataDir::new(folder.path()).store();
    fs::create_dir_all(&store).unwrap();
    fs::copy(made.join("keywright.db"), store.join("keywright.db")).unwrap();
    (folder, SealFile::Key(made.join("seal-key")))
}

#[test]
fn a_store_without_stamps_is_served_only_after_the_command() {
    let (folder, seal) = before_stamps();
    let refused = start(folder.path(), &seal).unwrap_err();
    assert!(matches!(refused, StartError::Store(StoreError::NotNotarised)), "{refused}");
    assert!(refused.to_string().contains("`keywright store authenticate`"), "{refused}");

    assert_eq!(authenticate(folder.path(), &seal, false), Adoption::Done { stamped: 2, before: 0 });
    let (accounts, events) = start(folder.path(), &seal).unwrap();
    assert_eq!(accounts, [AccountId::from_u64(111_122_223_333).unwrap()]);
    assert_eq!(events, ["AuthenticateStore"], "the first start records it");
    assert_eq!(start(folder.path(), &seal).unwrap().1, ["BeginJournal"], "and no other");
    assert_eq!(authenticate(folder.path(), &seal, true), Adoption::Notarised);
}

#[test]
fn a_store_whose_ledgers_were_taken_away_is_not_taken_over_again() {
    let (folder, seal) = before_stamps();
    authenticate(folder.path(), &seal, false);
    change(
        folder.path(),
        |batch, key, _| if key.starts_with(b"-/-/ledger/") { batch.delete(key) } else { batch },
    );
    assert!(start(folder.path(), &seal).is_err());
    assert_eq!(authenticate(folder.path(), &seal, false), Adoption::Begun);
    assert!(start(folder.path(), &seal).is_err(), "nothing was changed");
}

#[test]
fn one_record_without_a_stamp_is_not_taken_over() {
    let (folder, seal) = before_stamps();
    authenticate(folder.path(), &seal, false);
    let bare = |batch: Batch, key: Key, value: bytes::Bytes| match key.ends_with(b"/account") {
        true => batch.put(key, value.slice(store::STAMP_BYTES..)),
        false => batch,
    };
    change(folder.path(), bare);
    let refused = start(folder.path(), &seal).unwrap_err().to_string();
    assert!(refused.contains("`111122223333/-/account`"), "{refused}");
    assert_eq!(authenticate(folder.path(), &seal, true), Adoption::Notarised);
}

fn authenticate(data_dir: &Path, seal: &SealFile, resume: bool) -> Adoption {
    let (clock, entropy) = (SystemClock::start(), SystemEntropy::shared());
    block_on(server::authenticate(data_dir, seal, &clock, &entropy, resume)).unwrap()
}

/// Changes a store behind its server's back.
fn change(data_dir: &Path, with: impl Fn(Batch, Key, bytes::Bytes) -> Batch) {
    let store = SqliteStore::open(&DataDir::new(data_dir).store(), store::Options::default()).unwrap();
    let page = block_on(store.scan(b"", b"\xFF", 100)).unwrap();
    let batch =
        page.items.into_iter().fold(Batch::default(), |batch, (key, stored)| with(batch, key, stored.value));
    block_on(store.commit(batch)).unwrap().unwrap();
}

/// Starts a server: its accounts, and what it brought from the store to a new journal.
fn start(data_dir: &Path, seal: &SealFile) -> Result<(Vec<AccountId>, Vec<String>), StartError> {
    let data = DataDir::new(data_dir);
    let disk = MemoryDisk::new();
    let store = SqliteStore::open(&data.store(), store::Options { create: false, bytes_max: None })?;
    let parts = Parts {
        journal: audit::Options::new(data.node(&SystemEntropy).map_err(StartError::Node)?),
        store: Arc::new(store),
        // Each start has a journal of its own here.
        begin_journal: true,
        disk: Arc::new(disk.clone()),
        retention: Retention::default(),
        index: Arc::new(MemoryDisk::new()),
        destinations: cloudtrail::Destinations::none(),
        clock: Arc::new(SystemClock::start()),
        entropy: SystemEntropy::shared(),
        seal: Arc::new(seal.clone()),
        services: Vec::new(),
        strangers: StrangersShare::default(),
        issuers: Arc::new(Nobody),
        regions: Regions::any(Partition::Aws),
        durability: Durability::Durable,
        quotas: kms::Quotas::default(),
        request_rates: kms::RequestRates::Unlimited,
        attestation_roots: attestation::Roots::none(),
        domain_key_rotation_days: 30,
        observer: Arc::new(Nobody),
    };
    let assembly = block_on(Assembly::of(parts))?;
    let accounts = iam::accounts(&assembly.backstage.mirror.snapshot());
    drop(assembly);
    let mut events = Vec::new();
    let visit = &mut |_, payload: &[u8]| events.push(Record::decode(payload).unwrap().operation.into_owned());
    audit::verify(&disk, visit).unwrap();
    Ok((accounts, events))
}

struct Nobody;

impl Observer for Nobody {
    fn answered(&self, _: &'static str, _: &'static str, _: Option<&'static str>, _: std::time::Duration) {}
}

impl IssuerKeys for Nobody {
    fn keys<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> Sought<'a> {
        Box::pin(async { Err(NoKeys::NotConfigured) })
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}
