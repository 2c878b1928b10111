//! Records of changes, on their way from the store to the journal.
//!
//! The record of a change is committed in one batch with it, under a key of the outbox. From there it is
//! appended to the journal and, once it is on disk there, deleted from the store. A crash in between leaves
//! it in the outbox; the next start finds out by its event id whether the journal has it. So that the start need not look
//! through all of the journal, the outbox also has the sequence number that the record has there at least.

use std::{
    collections::BTreeSet,
    fmt, mem, slice,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use audit::{Journal, JournalError, Record, Recovery};
use base16ct::lower::encode_string as hex;
use bytes::Bytes;
use store::{BATCH_OPERATIONS_MAX, Batch, Key, SCAN_ITEMS_MAX, Store, StoreError};
use tokio::sync::mpsc;

/// How many committed records may wait in memory; the store has them as well.
const WAITING_MAX: usize = 10_000;
/// How long to wait before trying again after the journal or the store failed.
const RETRY: Duration = Duration::from_millis(500);
/// Bytes of the sequence number before a record in the store.
const SEQUENCE_BYTES: usize = 8;
/// Records drained in one go: one sync of the journal, one commit of deletions, with a note of where the journal is.
const DRAINED_MAX: usize = BATCH_OPERATIONS_MAX - 1;
/// The store is told where the journal is each time that so many records have been added.
const NOTED_EVERY: u64 = 10_000;

/// The way into the outbox.
#[derive(Clone)]
pub struct Outbox {
    prefix: String,
    committed: mpsc::Sender<Waiting>,
    underway: Arc<AtomicUsize>,
}

/// The way out of it.
pub struct Drain {
    prefix: String,
    /// Where the store has how far the journal had come.
    note: Key,
    committed: mpsc::Receiver<Waiting>,
    store: Arc<dyn Store>,
    journal: Arc<Journal>,
    /// What an earlier run left, and the journal did not take at the start.
    left: Vec<(Key, Bytes)>,
    /// What the journal has and the store did not delete.
    undeleted: Vec<Key>,
    /// The sequence number behind the last record that was drained.
    reached: u64,
    /// Of this run, what the store was told of that.
    noted: Option<u64>,
}

/// A committed record that the drain has been told of.
struct Waiting {
    key: Key,
    record: Bytes,
    entered: Entered,
}

/// Counts as under way for as long as it lives.
pub(crate) struct Entered(Arc<AtomicUsize>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why the outbox could not be emptied at start.
#[derive(Debug)]
pub enum RecoverError {
    /// The store failed.
    Store(StoreError),
    /// The journal could not be read.
    Journal(JournalError),
    /// The journal ends before the record with this sequence number, which it had.
    Behind(u64),
}

impl fmt::Display for RecoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Journal(error) => error.fmt(f),
            Self::Behind(sequence) => write!(
                f,
                "the journal ends before its record {sequence}: it was taken away or put back, or the store was put back \
                 without its journal. `keywright serve --begin-journal` goes on all the same, and records that it did"
            ),
        }
    }
}

impl std::error::Error for RecoverError {}

/// The outbox of a node.
#[must_use]
pub fn outbox(node: &[u8; 16], store: Arc<dyn Store>, journal: Arc<Journal>) -> (Outbox, Drain) {
    let prefix = prefix(node);
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    (
        Outbox { prefix: prefix.clone(), committed: sender, underway: Arc::default() },
        Drain {
            note: note(node),
            prefix,
            committed: receiver,
            store,
            journal,
            left: Vec::new(),
            undeleted: Vec::new(),
            reached: 0,
            noted: None,
        },
    )
}

/// Where it stands how far the journal of a node has come.
fn note(node: &[u8; 16]) -> Key {
    format!("-/-/journal/{}", hex(node)).into()
}

/// Where the records of a node wait.
pub(crate) fn prefix(node: &[u8; 16]) -> String {
    format!("-/-/outbox/{}/", hex(node))
}

/// A record as it waits in the store, behind the sequence number that the journal has reached.
pub(crate) fn left(sequence: u64, record: &[u8]) -> Bytes {
    [&sequence.to_be_bytes()[..], record].concat().into()
}

/// The sequence number and the record. Without a number is what a version before left, or a command that opens no journal.
/// A record begins with the head of an array (RFC 8949 section 3.1), which no number that is ever reached begins with.
fn found(waiting: &Bytes) -> (Option<u64>, Bytes) {
    let is_record = waiting.first().is_some_and(|first| (0x80..=0x9F).contains(first));
    match waiting.first_chunk::<SEQUENCE_BYTES>() {
        Some(sequence) if !is_record => {
            (Some(u64::from_be_bytes(*sequence)), waiting.slice(SEQUENCE_BYTES..))
        }
        _ => (None, waiting.clone()),
    }
}

impl Outbox {
    /// Where the record of an event stands.
    #[must_use]
    pub fn key(&self, event: &[u8; 16]) -> Key {
        format!("{}{}", self.prefix, hex(event)).into()
    }

    /// How many changes are being committed, and how many records of changes are not in the journal yet. A record whose
    /// commit was not answered is not counted: the next start looks for it.
    #[must_use]
    pub fn underway(&self) -> usize {
        self.underway.load(Ordering::Relaxed)
    }

    pub(crate) fn enter(&self) -> Entered {
        self.underway.fetch_add(1, Ordering::Relaxed);
        Entered(Arc::clone(&self.underway))
    }

    /// Tells the drain of a committed record; waits while it is far behind.
    pub async fn committed(&self, key: Key, record: Bytes) {
        // The drain is gone only when the server stops; the next start then finds the record in the store.
        let _ = self.committed.send(Waiting { key, record, entered: self.enter() }).await;
    }
}

impl Drain {
    /// Empties the outbox that an earlier run left, before anything is served. What the journal does not take, as when its
    /// disk is full, [`Drain::run`] goes on trying. How many records were left.
    ///
    /// `begun` is the record with which a journal begins that lacks what it had; without it such a journal is not gone on with.
    ///
    /// # Errors
    /// [`RecoverError`]; nothing is lost, the next start tries again.
    pub async fn recover(
        &mut self,
        recovery: &Recovery,
        begun: Option<&Bytes>,
    ) -> Result<usize, RecoverError> {
        self.check(recovery, begun).await?;
        let waiting = self.waiting().await.map_err(RecoverError::Store)?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let found = waiting.iter().map(|(key, waiting)| (key, found(waiting)));
        let oldest = found.clone().filter_map(|(_, (sequence, _))| sequence).min().unwrap_or(u64::MAX);
        let mut left: Vec<_> = found.map(|(key, (_, record))| (key.clone(), record)).collect();
        // The keys are random. The journal has them about in the order in which they happened, as it has all others.
        left.sort_by_cached_key(|(_, record)| Record::decode(record).map_or(0, |record| record.time_ms));
        let mut journalled = BTreeSet::new();
        recovery
            .payloads_from(oldest, &mut |payload| {
                if let Ok(record) = Record::decode(payload) {
                    journalled.insert(self.key(&record.event_id));
                }
            })
            .map_err(RecoverError::Journal)?;
        let count = left.len();
        while !left.is_empty() {
            let batch: Vec<_> = left.drain(..left.len().min(DRAINED_MAX)).collect();
            let (there, missing): (Vec<_>, Vec<_>) =
                batch.into_iter().partition(|(key, _)| journalled.contains(key));
            let mut done: Vec<Key> = keys(&there).chain(keys(&missing)).cloned().collect();
            let refused = self.append(missing).await;
            done.retain(|key| keys(&refused).all(|refused| refused != key));
            self.delete(done).await;
            self.left.extend(refused);
        }
        Ok(count)
    }

    /// Drains for ever; ends when every [`Outbox`] is gone and all is drained.
    pub async fn run(mut self) {
        let left = mem::take(&mut self.left);
        let done = keys(&left).cloned().collect();
        self.append_all(left).await;
        self.delete(done).await;
        let mut waiting = Vec::with_capacity(DRAINED_MAX);
        while self.committed.recv_many(&mut waiting, DRAINED_MAX).await > 0 {
            let done = waiting.iter().map(|waiting| waiting.key.clone()).collect();
            let taken = waiting.drain(..).map(|Waiting { key, record, entered }| ((key, record), entered));
            let (left, underway): (Vec<_>, Vec<Entered>) = taken.unzip();
            self.append_all(left).await;
            self.delete(done).await;
            drop(underway);
        }
    }

    /// Checks that the journal has all that it had when the store was told last.
    async fn check(&mut self, recovery: &Recovery, begun: Option<&Bytes>) -> Result<(), RecoverError> {
        let noted = self.store.get(slice::from_ref(&self.note)).await.map_err(RecoverError::Store)?;
        let noted = noted.into_iter().flatten().next().and_then(|noted| noted.value.first_chunk().copied());
        let Some(before) = noted.map(u64::from_be_bytes).filter(|noted| *noted > recovery.next_sequence())
        else {
            return Ok(());
        };
        let last = before.saturating_sub(1);
        let begun = begun.ok_or(RecoverError::Behind(last))?;
        let appended = self.journal.append(begun).await.map_err(|_| RecoverError::Behind(last))?;
        tracing::warn!(last, found = recovery.next_sequence(), "the journal lacks records that it had");
        self.reached = appended.sequence.saturating_add(1);
        self.settle(&[]).await;
        Ok(())
    }

    fn key(&self, event: &[u8; 16]) -> Key {
        format!("{}{}", self.prefix, hex(event)).into()
    }

    async fn waiting(&self) -> Result<Vec<(Key, Bytes)>, StoreError> {
        let mut from: Key = self.prefix.clone().into();
        let to = [self.prefix.as_bytes(), &[0xFF]].concat();
        let mut waiting = Vec::new();
        loop {
            let page = self.store.scan(&from, &to, SCAN_ITEMS_MAX).await?;
            waiting.extend(page.items.into_iter().map(|(key, stored)| (key, stored.value)));
            match page.next {
                Some(next) => from = next,
                None => return Ok(waiting),
            }
        }
    }

    /// Appends all, however long it takes.
    async fn append_all(&mut self, mut left: Vec<(Key, Bytes)>) {
        while !left.is_empty() {
            left = self.append(left).await;
            if !left.is_empty() {
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Appends all, then waits for all: one group, one sync. Returns those that were refused.
    async fn append(&mut self, records: Vec<(Key, Bytes)>) -> Vec<(Key, Bytes)> {
        let appended: Vec<_> = records.iter().map(|(_, record)| self.journal.append(record)).collect();
        let mut refused = Vec::new();
        for (record, appended) in records.into_iter().zip(appended) {
            match appended.await {
                Ok(at) => self.reached = self.reached.max(at.sequence.saturating_add(1)),
                Err(_) => refused.push(record),
            }
        }
        refused
    }

    /// Deletes records that the journal has, and those that were not deleted before. Not deleted is not lost: the next start
    /// sees that the journal has them.
    async fn delete(&mut self, mut keys: Vec<Key>) {
        keys.append(&mut self.undeleted);
        for keys in keys.chunks(DRAINED_MAX) {
            self.settle(keys).await;
        }
    }

    /// Deletes these, and tells the store how far the journal has come, if that is news.
    async fn settle(&mut self, keys: &[Key]) {
        let reached = self.reached;
        let is_news =
            reached > 0 && self.noted.is_none_or(|noted| reached >= noted.saturating_add(NOTED_EVERY));
        let mut batch = Batch { deletes: keys.to_vec(), ..Batch::default() };
        if is_news {
            batch = batch.put(self.note.clone(), Bytes::copy_from_slice(&reached.to_be_bytes()));
        }
        match self.store.commit(batch).await {
            Ok(_) if is_news => self.noted = Some(reached),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "drained records stay in the outbox for now");
                self.undeleted.extend_from_slice(keys);
            }
        }
    }
}

fn keys(records: &[(Key, Bytes)]) -> impl Iterator<Item = &Key> {
    records.iter().map(|(key, _)| key)
}
