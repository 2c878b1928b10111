//! Taking over the store of a version that did not authenticate its records.

use std::{path::Path, sync::Arc};

use dispatch::{Clock, ServiceEvent};
use store::{Adoption, SqliteStore, Store};
use strongroom::{Entropy, Strongroom};

use crate::{data_dir::DataDir, deployment, notary::notarised, seal::SealSource, start::StartError};

/// Gives every record of a stopped deployment its stamp, and opens the ledger that accounts for them: from then on nobody
/// without the seal can change them unseen. The records are taken as they are. The node's next start records that this was
/// done.
///
/// # Errors
/// [`StartError`]; [`Adoption`] tells why nothing was done.
pub async fn authenticate(
    data_dir: &Path,
    seal: &dyn SealSource,
    clock: &dyn Clock,
    entropy: &Arc<dyn Entropy>,
    resume: bool,
) -> Result<Adoption, StartError> {
    let data = DataDir::new(data_dir);
    let store = SqliteStore::open(&data.store(), store::Options { create: false, bytes_max: None })?;
    let store: Arc<dyn Store> = Arc::new(store);
    let record = deployment::seal_record(&*store).await?.ok_or(StartError::NotInitialised)?;
    let strongroom = Arc::new(Strongroom::sealed());
    deployment::unseal(&*store, &strongroom, &*seal.open(&record)?).await?;
    let node = data.node(&**entropy).map_err(StartError::Node)?;
    let event = ServiceEvent {
        service: "keywright",
        name: "AuthenticateStore",
        account: String::new(),
        region: String::new(),
        resource: "store".to_owned(),
        details: Vec::new(),
    };
    let recorded = event.left_for(&node, clock.now(), &**entropy);
    let recorded = recorded.map_err(|_| StartError::SetUp("the source of random bytes failed"))?;
    Ok(notarised(&store, &strongroom, entropy, node).adopt(recorded, resume).await?)
}
