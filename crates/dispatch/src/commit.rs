//! Committing a change together with the record of its call.

use std::sync::Arc;

use audit::Journal;
use bytes::Bytes;
use store::{Batch, Precondition, Revision, Store, StoreError};
use tokio::sync::oneshot;

use crate::{Outbox, outbox};

/// A change on its way into the store. It goes on when the client that asked for it hangs up.
pub(crate) struct Commit {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) outbox: Outbox,
    /// The record of the call that succeeded, and of what it made happen besides.
    pub(crate) records: Vec<Recorded>,
    /// The record to write when nothing was changed and nobody waits any more.
    pub(crate) abandoned: Option<Vec<u8>>,
}

/// A record that goes with a change.
pub(crate) struct Recorded {
    pub(crate) event: [u8; 16],
    pub(crate) record: Bytes,
}

/// What became of a change.
pub(crate) enum Committed {
    /// It is durable, with its record.
    At(Revision),
    /// Another change got in between; nothing was changed. Memory at this revision knows of the other one.
    Conflict(Revision),
    /// The store failed; what became of the change is not known here.
    Failed(StoreError),
}

impl Commit {
    /// Commits in a task of its own.
    pub(crate) async fn detach(self, change: Batch) -> Committed {
        let (sender, receiver) = oneshot::channel();
        let entered = self.outbox.enter();
        tokio::spawn(async move {
            let _underway = entered;
            let Self { store, journal, outbox, records, abandoned } = self;
            let committed = commit(&*store, &outbox, &records, journal.next_sequence(), change).await;
            let changed = matches!(committed, Committed::At(_));
            let unheard = sender.send(committed).is_err();
            if changed {
                for Recorded { event, record } in records {
                    outbox.committed(outbox.key(&event), record).await;
                }
            } else if let (true, Some(abandoned)) = (unheard, abandoned) {
                // Nobody is left to be refused, so a full queue changes nothing.
                let _ = journal.hand_over(&abandoned);
            }
        });
        let gone = || Committed::Failed(StoreError::Unavailable("the commit was abandoned".to_owned()));
        receiver.await.unwrap_or_else(|_| gone())
    }
}

/// `sequence` is what the journal has reached: it gets the records later.
async fn commit(
    store: &dyn Store,
    outbox: &Outbox,
    records: &[Recorded],
    sequence: u64,
    mut change: Batch,
) -> Committed {
    for Recorded { event, record } in records {
        let at = outbox.key(event);
        // Nothing is there, for ids of events are random; so the store need not look.
        change = change.only_if(Precondition::Absent(at.clone())).put(at, outbox::left(sequence, record));
    }
    match store.commit(change).await {
        Ok(Ok(revision)) => Committed::At(revision),
        Ok(Err(conflict)) => Committed::Conflict(conflict.revision),
        Err(error) => Committed::Failed(error),
    }
}
