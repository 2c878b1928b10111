//! Setting a deployment up: data directory, seal, first account. And later: further accounts, new keys of root users.

use std::{mem, path::Path, sync::Arc};

use dispatch::{Backstage, Clock, ServiceEvent};
use iam::NewAccessKey;
use model::{
    Timestamp,
    arn::{AccountId, Partition},
};
use secret::Plaintext;
use store::{Batch, SqliteStore, Store};
use strongroom::{Entropy, Seal, Strongroom};

use crate::{
    data_dir::DataDir,
    deployment::{self, DeploymentError, SealRecord},
    notary::notarised,
    seal::SealFile,
    start::StartError,
};

/// Whose ledger accounts for what is set up: no node's, for there is none yet.
const FOUNDER: [u8; 16] = [0; 16];

/// The credentials of a new account's root user, shown once.
pub struct RootCredentials {
    /// The account.
    pub account: AccountId,
    /// The access key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Plaintext,
}

/// Whether the data directory holds a deployment.
///
/// # Errors
/// [`StartError`].
pub async fn is_initialised(data_dir: &Path) -> Result<bool, StartError> {
    let data = DataDir::new(data_dir);
    let exists = SqliteStore::exists(&data.store());
    if !exists.map_err(|error| StartError::DataDir(data.store(), error))? {
        return Ok(false);
    }
    let options = store::Options { create: false, bytes_max: None };
    let store = data.open_store(options)?;
    Ok(deployment::seal_record(&store).await?.is_some())
}

/// Sets a deployment up. It exists when this returns, whole, or not at all: everything that makes it one is
/// committed in one batch, and what is left of an interrupted set-up is taken up by the next.
///
/// # Errors
/// [`StartError::Initialised`] when there is one already; nothing is changed then.
pub async fn initialise(
    data_dir: &Path,
    seal: &SealFile,
    account: Option<AccountId>,
    clock: &dyn Clock,
    entropy: &Arc<dyn Entropy>,
) -> Result<RootCredentials, StartError> {
    let data = DataDir::new(data_dir);
    data.create().map_err(|error| StartError::DataDir(data_dir.to_owned(), error))?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&data.store(), store::Options::default())?);
    let initialised = || StartError::Initialised(data_dir.to_owned());
    if deployment::seal_record(&*store).await?.is_some() {
        return Err(initialised());
    }
    let (record, seal) = seal.create(&**entropy)?;
    found(&store, &record, &*seal, account, clock, entropy).await?.ok_or_else(initialised)
}

/// Founds a deployment in an empty store: its seal, first domain key and first account, in one batch. `None` when there
/// is a deployment already.
///
/// # Errors
/// [`StartError`].
pub async fn found(
    store: &Arc<dyn Store>,
    record: &SealRecord,
    seal: &dyn Seal,
    account: Option<AccountId>,
    clock: &dyn Clock,
    entropy: &Arc<dyn Entropy>,
) -> Result<Option<RootCredentials>, StartError> {
    if deployment::seal_record(&**store).await?.is_some() {
        return Ok(None);
    }
    let now = clock.now();
    let (mut batch, strongroom) = first(record, seal, now, entropy)?;
    let root = root_account(account, now, &strongroom, &**entropy, &mut batch)?;
    let store = notarised(store, &strongroom, entropy, FOUNDER);
    Ok(store.commit(batch).await?.is_ok().then_some(root))
}

/// Founds a deployment without an account in an empty store: its seal and first domain key. One that is there already
/// stays as it is.
///
/// # Errors
/// [`StartError`].
pub async fn found_bare(
    store: &Arc<dyn Store>,
    record: &SealRecord,
    seal: &dyn Seal,
    clock: &dyn Clock,
    entropy: &Arc<dyn Entropy>,
) -> Result<(), StartError> {
    if deployment::seal_record(&**store).await?.is_none() {
        let (batch, strongroom) = first(record, seal, clock.now(), entropy)?;
        // It does not hold if somebody else founds it meanwhile.
        let _ = notarised(store, &strongroom, entropy, FOUNDER).commit(batch).await?;
    }
    Ok(())
}

/// Adds an account to a deployment. `None` when there is one of that id already.
///
/// # Errors
/// [`StartError`].
pub async fn add_account(
    store: &Arc<dyn Store>,
    seal: &dyn Seal,
    account: AccountId,
    clock: &dyn Clock,
    entropy: &Arc<dyn Entropy>,
) -> Result<Option<RootCredentials>, StartError> {
    let strongroom = Arc::new(Strongroom::sealed());
    deployment::unseal(&**store, &strongroom, seal).await?;
    let mut batch = Batch::default();
    let root = root_account(Some(account), clock.now(), &strongroom, &**entropy, &mut batch)?;
    let store = notarised(store, &strongroom, entropy, FOUNDER);
    Ok(store.commit(batch).await?.is_ok().then_some(root))
}

/// The change that founds a deployment, and a strongroom with its first domain key.
fn first(
    record: &SealRecord,
    seal: &dyn Seal,
    now: Timestamp,
    entropy: &Arc<dyn Entropy>,
) -> Result<(Batch, Arc<Strongroom>), StartError> {
    let (batch, domain_key) = deployment::founding(record, seal, now, &**entropy)?;
    let strongroom = Strongroom::sealed();
    strongroom.unseal(seal, &[domain_key]).map_err(DeploymentError::Unseal)?;
    Ok((batch, Arc::new(strongroom)))
}

/// Opens another account in a deployment that runs here, and leaves a record of it. `None` when there is one of that id
/// already.
///
/// # Errors
/// [`StartError`]; the strongroom has to be unsealed.
pub async fn open_account(
    backstage: &Backstage,
    strongroom: &Strongroom,
    account: Option<AccountId>,
) -> Result<Option<RootCredentials>, StartError> {
    let mut change = Batch::default();
    let root = root_account(account, backstage.clock.now(), strongroom, &*backstage.entropy, &mut change)?;
    let event = about_root("CreateAccount", iam::partition(&backstage.mirror.snapshot()), &root);
    Ok(backstage.commit(&[event], change).await?.then_some(root))
}

/// Gives the root user of an account a new access key in the place of all that it had, and leaves a record of it. `None`
/// when there is no such account.
///
/// # Errors
/// [`StartError`]; the strongroom has to be unsealed.
pub async fn reset_root(
    backstage: &Backstage,
    strongroom: &Strongroom,
    account: AccountId,
) -> Result<Option<RootCredentials>, StartError> {
    let Backstage { mirror, clock, entropy, .. } = backstage;
    let access_key = NewAccessKey::generate(&**entropy).map_err(|_| StartError::SetUp(NO_ENTROPY))?;
    let memory = mirror.snapshot();
    let change =
        iam::setup::only_root_access_key(&memory, account, &access_key, clock.now(), strongroom, &**entropy)
            .map_err(|_| StartError::SetUp(NOT_SEALED))?;
    let Some(change) = change else { return Ok(None) };
    let root =
        RootCredentials { account, access_key_id: access_key.id, secret_access_key: access_key.secret };
    let event = about_root("ResetRootCredentials", iam::partition(&memory), &root);
    if !backstage.commit(&[event], change).await? {
        return Err(StartError::SetUp(
            "the root user's access keys were changed meanwhile: nothing was done",
        ));
    }
    Ok(Some(root))
}

const NO_ENTROPY: &str = "the source of random bytes failed";
const NOT_SEALED: &str = "the strongroom could not seal the root user's secret";

fn about_root(name: &'static str, partition: Partition, root: &RootCredentials) -> ServiceEvent {
    ServiceEvent {
        service: "iam",
        name,
        account: root.account.to_string(),
        region: partition.global_region().to_owned(),
        resource: partition.iam_arn(root.account, "root"),
        details: vec![("accessKeyId", root.access_key_id.clone())],
    }
}

fn root_account(
    account: Option<AccountId>,
    now: Timestamp,
    strongroom: &Strongroom,
    entropy: &dyn Entropy,
    batch: &mut Batch,
) -> Result<RootCredentials, StartError> {
    let no_entropy = |_| StartError::SetUp(NO_ENTROPY);
    let account = match account {
        Some(account) => account,
        None => random_account(entropy).map_err(no_entropy)?,
    };
    let access_key = NewAccessKey::generate(entropy).map_err(no_entropy)?;
    let made = iam::setup::account(account, &access_key, now, strongroom, entropy)
        .map_err(|_| StartError::SetUp(NOT_SEALED))?;
    *batch = mem::take(batch).and(made);
    Ok(RootCredentials { account, access_key_id: access_key.id, secret_access_key: access_key.secret })
}

/// Twelve digits, the first of which is not zero.
fn random_account(entropy: &dyn Entropy) -> Result<AccountId, strongroom::EntropyFailed> {
    let mut random = [0; 8];
    entropy.fill(&mut random)?;
    let number = 100_000_000_000 + u64::from_be_bytes(random) % 900_000_000_000;
    AccountId::from_u64(number).ok_or(strongroom::EntropyFailed)
}
