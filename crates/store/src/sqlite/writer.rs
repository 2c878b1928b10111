//! The one thread that writes. It takes all commits that wait, applies them in one transaction, and syncs once.
//!
//! # When a commit fails
//!
//! A failure before SQLite's COMMIT is rolled back: nothing was changed, and the writer takes the next group. A
//! COMMIT that ran out of space or could not write is rolled back too, because a transaction without its last frame
//! does not count in the log. After any other failure of COMMIT, above all of a sync, recovery of the log could
//! later bring to life what was answered as failed. The outcome is then unknown until the store is opened again.
//! The engine stops for good: every call and every watch answers [`StoreError::Unavailable`].

use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::failure::{is_certain, store_error};
use super::{record, schema};
use crate::feed::Feed;
use crate::{Batch, Changes, Conflict, Revision, StoreError};

/// Batches in one transaction.
const GROUP_BATCHES_MAX: usize = 256;
/// Puts and deletes, and bytes, after which a transaction takes no further batch. These limits keep the log short,
/// so that its index does not have to grow in the middle of a commit.
const GROUP_WRITES_MAX: usize = 1000;
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A batch, and the caller who waits for it.
pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) answer: oneshot::Sender<Result<Result<Revision, Conflict>, StoreError>>,
}

/// The writer's state. Consumed by [`Writer::run`].
pub(super) struct Writer {
    connection: Connection,
    revision: Revision,
    jobs: mpsc::Receiver<Job>,
    ending: Ending,
}

/// Ends the feed when the writer ends, even by a panic.
struct Ending(Arc<Feed>);

/// Why a group was not committed.
enum Failure {
    /// Nothing was changed.
    RolledBack(StoreError),
    /// Only opening the store again shows whether something was changed.
    Unknown(StoreError),
}

/// What became of one batch of a committed group.
type Outcome = Result<Changes, Conflict>;

impl Writer {
    pub(super) fn new(
        connection: Connection,
        revision: Revision,
        jobs: mpsc::Receiver<Job>,
        feed: Arc<Feed>,
    ) -> Self {
        Self { connection, revision, jobs, ending: Ending(feed) }
    }

    /// Writes until the store is dropped and everything handed over is done, or until an outcome is unknown.
    pub(super) fn run(mut self) {
        while let Some(first) = self.jobs.blocking_recv() {
            let group = self.fill(first);
            if let Err(unknown) = self.settle(group) {
                self.ending.0.end(unknown);
                return;
            }
        }
    }

    /// Takes the batches that wait besides `first`, within the limits.
    fn fill(&mut self, first: Job) -> Vec<Job> {
        let (mut writes, mut bytes) = (0, 0);
        let mut group = vec![first];
        while let Some(Job { batch, .. }) = group.last() {
            writes += batch.puts.len() + batch.deletes.len();
            bytes += batch.puts.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
            if group.len() == GROUP_BATCHES_MAX || writes >= GROUP_WRITES_MAX || bytes >= GROUP_BYTES_MAX {
                break;
            }
            let Ok(next) = self.jobs.try_recv() else { break };
            group.push(next);
        }
        group
    }

    /// Commits a group and answers all of its callers. On an error, the writer stops with it.
    fn settle(&mut self, group: Vec<Job>) -> Result<(), StoreError> {
        match self.commit(&group) {
            Ok(outcomes) => {
                self.publish(group, outcomes);
                Ok(())
            }
            // One batch may be to blame, or too large for the space left: each batch gets its own try.
            Err(Failure::RolledBack(_)) if group.len() > 1 => {
                group.into_iter().try_for_each(|job| self.settle(vec![job]))
            }
            Err(Failure::RolledBack(error)) => {
                if error == StoreError::Full {
                    self.make_room();
                }
                answer_all(group, &error);
                Ok(())
            }
            Err(Failure::Unknown(error)) => {
                // The feed ends before the callers are answered: a caller who hears of the failure must not find a
                // store that still seems to work.
                self.ending.0.end(error.clone());
                answer_all(group, &error);
                Err(error)
            }
        }
    }

    fn commit(&mut self, group: &[Job]) -> Result<Vec<Outcome>, Failure> {
        let applied = self.apply(group);
        if !self.connection.is_autocommit() {
            return Err(Failure::Unknown(stopped("a transaction could not be rolled back")));
        }
        let (outcomes, revision) = applied?;
        self.revision = revision;
        Ok(outcomes)
    }

    /// Applies a group in one transaction. Dropping the transaction rolls it back.
    fn apply(&mut self, group: &[Job]) -> Result<(Vec<Outcome>, Revision), Failure> {
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(|error| Failure::RolledBack(store_error(error)))?;
        let mut revision = self.revision;
        let mut outcomes = Vec::with_capacity(group.len());
        for Job { batch, .. } in group {
            let outcome = apply_batch(&transaction, batch, revision);
            let outcome = outcome.map_err(Failure::RolledBack)?;
            if let Ok(changes) = &outcome {
                revision = changes.revision;
            }
            outcomes.push(outcome);
        }
        if revision == self.revision {
            // The group had only conflicts: there is nothing to sync.
            return Ok((outcomes, revision));
        }
        schema::set_revision(&transaction, revision).map_err(Failure::RolledBack)?;
        match transaction.commit() {
            Ok(()) => Ok((outcomes, revision)),
            Err(error) if is_certain(&error) => Err(Failure::RolledBack(store_error(error))),
            Err(error) => Err(Failure::Unknown(stopped(&error.to_string()))),
        }
    }

    /// Brings the log into the database, so that the next commit can write over the log. Otherwise not even a
    /// delete would find room on a disk that the log has filled. If this fails too, nothing is lost: the log stays
    /// as it is.
    fn make_room(&self) {
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()));
    }

    /// Tells the watches first, then the callers: a caller who has an answer finds the change in the history.
    fn publish(&self, group: Vec<Job>, outcomes: Vec<Outcome>) {
        let mut answers = Vec::with_capacity(group.len());
        for (job, outcome) in group.into_iter().zip(outcomes) {
            let answer = outcome.map(|changes| {
                let revision = changes.revision;
                self.ending.0.publish(changes);
                revision
            });
            answers.push((job.answer, answer));
        }
        for (waiting, answer) in answers {
            // A caller who no longer waits has dropped the future. The batch is committed all the same.
            let _ = waiting.send(Ok(answer));
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        // Has no effect when the writer has said why it stopped.
        self.0.end(StoreError::Unavailable("it was closed".to_owned()));
    }
}

/// Checks the preconditions against what the transaction sees at revision `seen`, then writes at the next revision. On a
/// conflict it has written nothing.
fn apply_batch(transaction: &Transaction<'_>, batch: &Batch, seen: Revision) -> Result<Outcome, StoreError> {
    for (index, precondition) in batch.preconditions.iter().enumerate() {
        let found = record::read(transaction, precondition.key())?;
        if !precondition.holds(found.map(|versioned| versioned.revision)) {
            return Ok(Err(Conflict { precondition: index, revision: seen }));
        }
    }
    let revision = Revision(seen.0 + 1);
    let mut items = Vec::with_capacity(batch.puts.len() + batch.deletes.len());
    for (key, value) in &batch.puts {
        record::put(transaction, key, value, revision)?;
        items.push((key.clone(), Some(value.clone())));
    }
    for key in &batch.deletes {
        if record::delete(transaction, key)? {
            items.push((key.clone(), None));
        }
    }
    Ok(Ok(Changes { revision, items }))
}

fn answer_all(group: Vec<Job>, error: &StoreError) {
    for job in group {
        let _ = job.answer.send(Err(error.clone()));
    }
}

fn stopped(why: &str) -> StoreError {
    StoreError::Unavailable(format!(
        "it stopped because the outcome of a commit is unknown, until it is opened again: {why}"
    ))
}
