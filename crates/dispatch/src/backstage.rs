//! What the server does by itself, without a caller: background work that changes the store.
//!
//! It is recorded like a call, as a service event, in the same batch as the change.

use std::sync::Arc;

use audit::{EventKind, Journal, Record};
use store::{Batch, Store, StoreError};
use strongroom::Entropy;

use crate::{
    Clock, Mirror, Outbox,
    commit::{Commit, Committed},
    record::Ids,
};

/// The means of background work.
#[derive(Clone)]
pub struct Backstage {
    /// Where changes are committed.
    pub store: Arc<dyn Store>,
    /// How far memory has followed the store.
    pub mirror: Arc<Mirror>,
    /// Where records go.
    pub journal: Arc<Journal>,
    /// Where the records of changes wait.
    pub outbox: Outbox,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
}

/// What was done, for the record.
#[derive(Debug, Clone)]
pub struct ServiceEvent {
    /// The service, such as `kms`.
    pub service: &'static str,
    /// The event's name, such as `DeleteKey`.
    pub name: &'static str,
    /// The account concerned.
    pub account: String,
    /// The Region concerned.
    pub region: String,
    /// ARN of what was changed.
    pub resource: String,
}

impl Backstage {
    /// Commits a change with its event. `false` when another change got in between, as when another node did
    /// the same work.
    ///
    /// # Errors
    /// What the store answers; the work is due again then.
    pub async fn commit(&self, event: &ServiceEvent, change: Batch) -> Result<bool, StoreError> {
        let mut random = [[0; 16]; 2];
        if self.entropy.fill(random.as_flattened_mut()).is_err() {
            return Err(StoreError::Unavailable("no random bytes for the record".to_owned()));
        }
        let id = Ids::from_random(random).event;
        let mut record = Record::new(EventKind::ServiceEvent, id, self.clock.now().as_millis());
        record.service = event.service.into();
        record.operation = event.name.into();
        record.region = event.region.as_str().into();
        record.account = Some(event.account.as_str().into());
        record.read_only = false;
        record.resources = vec![event.resource.as_str().into()];
        let mut bytes = Vec::new();
        record.encode(&mut bytes);

        let commit = Commit {
            store: Arc::clone(&self.store),
            journal: Arc::clone(&self.journal),
            outbox: self.outbox.clone(),
            event: id,
            record: bytes.into(),
            abandoned: None,
        };
        match commit.detach(change).await {
            Committed::At(revision) => {
                self.mirror.reach(revision).await;
                Ok(true)
            }
            Committed::Conflict => Ok(false),
            Committed::Failed(error) => Err(error),
        }
    }
}
