//! What the server does by itself, without a caller: background work that changes the store.
//!
//! It is recorded like a call, as a service event, in the same batch as the change.

use std::sync::Arc;

use audit::{EventKind, Journal, Record};
use model::Timestamp;
use state::Mirror;
use store::{Batch, Store, StoreError};
use strongroom::{Entropy, EntropyFailed};

use crate::{
    Clock, Outbox,
    commit::{Commit, Committed, Recorded},
    record::Ids,
};

/// The means of background work.
#[derive(Clone)]
pub struct Backstage {
    /// Where changes are committed.
    pub store: Arc<dyn Store>,
    /// The memory of this node, on the heels of the store.
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// CloudTrail's `serviceEventDetails`.
    pub details: Vec<(&'static str, String)>,
}

impl ServiceEvent {
    /// The record of it, with an id of its own.
    pub(crate) fn record(&self, now: Timestamp, entropy: &dyn Entropy) -> Result<Recorded, EntropyFailed> {
        let mut random = [[0; 16]; 2];
        entropy.fill(random.as_flattened_mut())?;
        let id = Ids::from_random(random).event;
        let mut record = Record::new(EventKind::ServiceEvent, id, now.as_millis());
        record.service = self.service.into();
        record.operation = self.name.into();
        record.region = self.region.as_str().into();
        record.account = Some(self.account.as_str().into());
        record.read_only = false;
        record.resources = vec![self.resource.as_str().into()];
        record.parameters =
            self.details.iter().map(|(name, value)| ((*name).into(), value.as_str().into())).collect();
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        Ok(Recorded { event: id, record: bytes.into() })
    }
}

impl Backstage {
    /// Commits a change with its event, and waits until memory has it. `false` when another change got in between, as
    /// when another node did the same work; memory has that one then.
    ///
    /// # Errors
    /// What the store answers; the work is due again then.
    pub async fn commit(&self, event: &ServiceEvent, change: Batch) -> Result<bool, StoreError> {
        let recorded = event
            .record(self.clock.now(), &*self.entropy)
            .map_err(|_| StoreError::Unavailable("no random bytes for the record".to_owned()))?;
        let commit = Commit {
            store: Arc::clone(&self.store),
            journal: Arc::clone(&self.journal),
            outbox: self.outbox.clone(),
            records: vec![recorded],
            abandoned: None,
        };
        match commit.detach(change).await {
            Committed::At(revision) => {
                self.mirror.reach(revision).await;
                Ok(true)
            }
            Committed::Conflict(revision) => {
                self.mirror.reach(revision).await;
                Ok(false)
            }
            Committed::Failed(error) => Err(error),
        }
    }
}
