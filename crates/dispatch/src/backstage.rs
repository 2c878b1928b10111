//! What the server does by itself, without a caller: background work that changes the store.
//!
//! It is recorded like a call, as a service event, in the same batch as the change.

use std::sync::Arc;

use audit::Journal;
use state::Mirror;
use store::{Batch, Store, StoreError};
use strongroom::Entropy;

use crate::{
    Clock, Outbox, ServiceEvent, Strangers,
    commit::{Commit, Committed},
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
    /// What strangers were refused.
    pub strangers: Arc<Strangers>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
}

impl Backstage {
    /// Commits a change with its events, and waits until memory has it. `false` when another change got in between, as
    /// when another node did the same work; memory has that one then.
    ///
    /// # Errors
    /// What the store answers; the work is due again then.
    pub async fn commit(&self, events: &[ServiceEvent], change: Batch) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let records = events.iter().map(|event| event.record(now, &*self.entropy)).collect::<Result<_, _>>();
        let records =
            records.map_err(|_| StoreError::Unavailable("no random bytes for the record".to_owned()))?;
        let commit = Commit {
            store: Arc::clone(&self.store),
            journal: Arc::clone(&self.journal),
            outbox: self.outbox.clone(),
            records,
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
