//! Between the calls and the writer thread: one queue, filled under a lock that is never held during I/O.
//!
//! A call lays its record into the queue's buffer as an unsealed frame. The writer swaps the whole buffer for
//! an empty one. All callers of one swap share a [`Group`], so a record costs no allocation of its own. A
//! call wakes the writer (a system call) only when the writer sleeps. It ends a nap only when the expected
//! records are there, or a full batch.

use std::future::Future;
use std::io;
use std::mem;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::chain::{CHAIN_LEN, FRAME_OVERHEAD, is_payload_len, push_frame};
use crate::error::Refused;
use crate::journal::JournalHealth;
use crate::nap::{Nap, Outlook};

/// A batch of this many bytes does not wait for more records.
const BATCH_BYTES: usize = 128 * 1024;
/// A batch gives its buffer back to the allocator if the buffer has grown beyond this many bytes.
const KEPT_BYTES_MAX: usize = 1024 * 1024;

/// Where a record stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Its sequence number: 1 for the first record, and one more for each next record, without gaps.
    pub sequence: u64,
}

/// Resolves once the record is on disk, or is refused. Dropping it does not take the record back.
#[derive(Debug)]
#[must_use = "a record that nobody waits for is not known to be on disk"]
pub struct Appended(Ticket);

#[derive(Debug)]
enum Ticket {
    Refused(Refused),
    Waiting { group: Arc<Group>, index: usize },
}

/// What the calls and the writer share.
pub(crate) struct Shared {
    queue: Mutex<Queue>,
    writer: OnceLock<Thread>,
    /// The sequence number of the next record that is written.
    next: AtomicU64,
    /// The sequence number after the last record that is known to be synced.
    synced: AtomicU64,
    records_max: usize,
    bytes_max: usize,
}

/// The records of one swap, as unsealed frames behind room for a chain value.
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: usize,
    /// Where the frames of handed-over records are: nobody waits for them, and they are kept when a write
    /// fails.
    pub(crate) handed_over: Vec<Range<usize>>,
    promise: Option<Promise>,
}

/// What the writer finds when it looks into the queue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The given batch is filled, at once or after an idle time shorter than the given patience.
    Records { was_idle: bool },
    /// No record came within the patience.
    Nothing,
    /// The journal closes, and the queue is empty.
    Closed,
}

struct Queue {
    batch: Batch,
    health: JournalHealth,
    closed: bool,
    writer: Sleep,
    /// Records of the last batch that someone waited for.
    company: usize,
    /// Records that the writer has taken and not written yet.
    taken: usize,
}

/// What would have to happen for the writer to need waking.
enum Sleep {
    Awake,
    /// It waits for more records: until this many are queued and someone waits for the newest, or until the
    /// batch is full.
    Napping {
        records: usize,
    },
    /// It waits for any record.
    Idle,
}

/// What becomes of the records of a batch that someone waits for.
#[derive(Debug)]
struct Group(Mutex<Fate>);

/// Waking a task of another thread is a system call. So the writer wakes one caller, and this caller wakes
/// the others. Most of them run on the caller's own thread.
#[derive(Debug)]
enum Fate {
    Open(Vec<Option<Waker>>),
    /// The sequence number of the group's first record, or why there is none; and the callers who are still
    /// to be woken.
    Settled(Result<u64, Refused>, Vec<Waker>),
}

/// The duty to settle a group. A dropped promise refuses the group's records, so that no caller waits for a
/// writer that is gone.
struct Promise(Arc<Group>);

impl Shared {
    pub(crate) fn new(records_max: usize, bytes_max: usize) -> Self {
        let queue = Queue {
            batch: Batch::new(),
            health: JournalHealth::Good,
            closed: false,
            writer: Sleep::Awake,
            company: 0,
            taken: 0,
        };
        Self {
            queue: Mutex::new(queue),
            writer: OnceLock::new(),
            next: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            records_max,
            bytes_max,
        }
    }

    /// Names the thread to wake. Call it before the first record.
    pub(crate) fn set_writer(&self, thread: Thread) {
        // A second call would be a bug without consequence: the first thread stays named.
        let _ = self.writer.set(thread);
    }

    /// Queues a record for a caller who waits until it is on disk.
    pub(crate) fn append(&self, payload: &[u8]) -> Appended {
        let group = |batch: &mut Batch| {
            let promise = batch.promise.get_or_insert_with(Promise::new);
            Ticket::Waiting { group: Arc::clone(&promise.0), index: batch.records }
        };
        Appended(self.push(payload, true, group).unwrap_or_else(Ticket::Refused))
    }

    /// Queues a record for a caller who does not wait.
    pub(crate) fn hand_over(&self, payload: &[u8]) -> Result<(), Refused> {
        self.push(payload, false, |batch| {
            let start = batch.bytes.len();
            batch.handed_over.push(start..start + payload.len() + FRAME_OVERHEAD);
        })
    }

    pub(crate) fn health(&self) -> JournalHealth {
        self.lock().health
    }

    pub(crate) fn set_health(&self, health: JournalHealth) {
        self.lock().health = health;
    }

    /// How many records are not written yet.
    pub(crate) fn waiting(&self) -> usize {
        let queue = self.lock();
        queue.batch.records + queue.taken
    }

    /// The sequence number after the last record that is known to be synced.
    pub(crate) fn synced(&self) -> u64 {
        self.synced.load(Relaxed)
    }

    /// Everything before this sequence number is synced.
    pub(crate) fn synced_to(&self, next: u64) {
        self.synced.store(next, Relaxed);
    }

    /// The sequence number that a record gets at least that is queued from now on.
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Relaxed)
    }

    /// The writer has come so far.
    pub(crate) fn reached(&self, next: u64) {
        self.next.store(next, Relaxed);
    }

    /// The writer has so many records left of those that it has taken.
    pub(crate) fn left(&self, records: usize) {
        self.lock().taken = records;
    }

    /// Takes no more records. The writer ends when it has written those queued.
    pub(crate) fn close(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        self.wake(queue);
    }

    /// Stops for good: everything queued and everything to come is refused.
    pub(crate) fn stop(&self, cause: io::ErrorKind) {
        let refused = {
            let mut queue = self.lock();
            queue.health = JournalHealth::Stopped(cause);
            queue.taken = 0;
            mem::replace(&mut queue.batch, Batch::new())
        };
        // The drop wakes callers, so it happens without the lock.
        drop(refused);
    }

    /// Waits for records, for ever or for `patience`, and swaps them for `empty`.
    pub(crate) fn take(&self, empty: &mut Batch, patience: Option<Duration>) -> Found {
        let (mut waited, mut naps, mut seen) = (false, 0, 0);
        loop {
            let mut queue = self.lock();
            queue.writer = Sleep::Awake;
            let records = queue.batch.records;
            let room = !queue.closed && queue.batch.bytes.len() < BATCH_BYTES;
            let (awaited, company) = (queue.batch.is_awaited(), queue.company);
            let nap = Outlook { records, awaited, company, naps, seen }.nap();
            let longest = if let Some(Nap { longest, records: enough }) = nap.filter(|_| room) {
                (naps, seen) = (naps + 1, records);
                queue.writer = Sleep::Napping { records: enough };
                Some(longest)
            } else if records > 0 {
                if awaited {
                    queue.company = records;
                }
                queue.taken += records;
                mem::swap(&mut queue.batch, empty);
                return Found::Records { was_idle: waited };
            } else if queue.closed {
                return Found::Closed;
            } else if waited && patience.is_some() {
                return Found::Nothing;
            } else {
                waited = true;
                queue.writer = Sleep::Idle;
                patience
            };
            drop(queue);
            // Waking early does no harm: at worst a batch is smaller, or a sync earlier.
            match longest {
                Some(longest) => thread::park_timeout(longest),
                None => thread::park(),
            }
        }
    }

    fn push<T>(
        &self,
        payload: &[u8],
        durable: bool,
        note: impl FnOnce(&mut Batch) -> T,
    ) -> Result<T, Refused> {
        if !is_payload_len(payload.len()) {
            return Err(Refused::Length);
        }
        let mut queue = self.lock();
        match queue.health {
            JournalHealth::Stopped(_) => return Err(Refused::Stopped),
            _ if queue.closed => return Err(Refused::Stopped),
            JournalHealth::NotWriting(_) | JournalHealth::AtLimit if !durable => {
                return Err(Refused::NotWritten);
            }
            JournalHealth::NotWriting(_) | JournalHealth::AtLimit | JournalHealth::Good => {}
        }
        let bytes = queue.batch.bytes.len() + payload.len() + FRAME_OVERHEAD;
        if queue.batch.records >= self.records_max || bytes > self.bytes_max {
            return Err(Refused::QueueFull);
        }
        let noted = note(&mut queue.batch);
        push_frame(&mut queue.batch.bytes, payload);
        queue.batch.records += 1;
        let is_needed = match queue.writer {
            Sleep::Awake => false,
            Sleep::Napping { records } => durable && queue.batch.records >= records || bytes >= BATCH_BYTES,
            Sleep::Idle => true,
        };
        if is_needed {
            self.wake(queue);
        }
        Ok(noted)
    }

    fn wake(&self, mut queue: MutexGuard<'_, Queue>) {
        queue.writer = Sleep::Awake;
        drop(queue);
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics under the lock. If something did, the state would still be whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; CHAIN_LEN], records: 0, handed_over: Vec::new(), promise: None }
    }

    /// Whether a caller waits for one of the records.
    pub(crate) fn is_awaited(&self) -> bool {
        self.promise.is_some()
    }

    /// Tells the callers who wait, and empties the batch for its next use. `first` is the sequence number of
    /// the batch's first record.
    pub(crate) fn settle(&mut self, first: Result<u64, Refused>) {
        if let Some(promise) = self.promise.take() {
            promise.0.settle(first);
        }
        self.records = 0;
        self.handed_over.clear();
        if self.bytes.capacity() > KEPT_BYTES_MAX {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        self.bytes.resize(CHAIN_LEN, 0);
    }
}

impl Promise {
    fn new() -> Self {
        Self(Arc::new(Group(Mutex::new(Fate::Open(Vec::new())))))
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.0.settle(Err(Refused::Stopped));
    }
}

impl Group {
    /// Settles the group and wakes one of the callers who wait. Later calls change nothing.
    fn settle(&self, fate: Result<u64, Refused>) {
        let first = {
            let mut state = self.lock();
            let Fate::Open(wakers) = &mut *state else { return };
            let mut wakers: Vec<Waker> = mem::take(wakers).into_iter().flatten().collect();
            let first = wakers.pop();
            *state = Fate::Settled(fate, wakers);
            first
        };
        first.into_iter().for_each(Waker::wake);
    }

    fn poll(&self, index: usize, waker: &Waker) -> Poll<Result<u64, Refused>> {
        let (fate, others) = match &mut *self.lock() {
            Fate::Settled(fate, others) => (*fate, mem::take(others)),
            Fate::Open(wakers) => {
                if wakers.len() <= index {
                    wakers.resize(index + 1, None);
                }
                match wakers.get_mut(index) {
                    Some(Some(known)) if known.will_wake(waker) => {}
                    Some(slot) => *slot = Some(waker.clone()),
                    None => {}
                }
                return Poll::Pending;
            }
        };
        others.into_iter().for_each(Waker::wake);
        Poll::Ready(fate)
    }

    /// A caller stops waiting. If it was the one that had to wake the others, it wakes them now.
    fn leave(&self, index: usize) {
        let (left, others) = match &mut *self.lock() {
            Fate::Open(wakers) => (wakers.get_mut(index).and_then(Option::take), Vec::new()),
            Fate::Settled(_, others) => (None, mem::take(others)),
        };
        // A waker's destructor is somebody else's code, so it runs without the lock.
        drop(left);
        others.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Fate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Appended {
    fn drop(&mut self) {
        if let Ticket::Waiting { group, index } = &self.0 {
            group.leave(*index);
        }
    }
}

impl Future for Appended {
    type Output = Result<Position, Refused>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &self.0 {
            Ticket::Refused(refused) => Poll::Ready(Err(*refused)),
            Ticket::Waiting { group, index } => group
                .poll(*index, context.waker())
                .map_ok(|first| Position { sequence: first.saturating_add(*index as u64) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering::Relaxed},
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn one_is_woken_and_wakes_the_others_even_by_leaving() {
        for leaves in [false, true] {
            let promise = Promise::new();
            let woken: Vec<_> = (0..4).map(|_| Arc::new(Woken::default())).collect();
            let mut waiting: Vec<_> = (0..4)
                .map(|index| Some(Appended(Ticket::Waiting { group: Arc::clone(&promise.0), index })))
                .collect();
            let poll = |appended: &mut Option<Appended>, woken: &Arc<Woken>| {
                let waker = Waker::from(Arc::clone(woken));
                pin!(appended.as_mut().unwrap()).poll(&mut Context::from_waker(&waker))
            };
            for (appended, woken) in waiting.iter_mut().zip(&woken) {
                assert!(poll(appended, woken).is_pending());
            }
            // Gone before there is anything to tell.
            waiting[3] = None;
            promise.0.settle(Ok(7));
            let count = || woken.iter().map(|woken| woken.0.load(Relaxed)).collect::<Vec<_>>();
            assert_eq!(count(), [0, 0, 1, 0], "the writer wakes one");
            if leaves {
                waiting[2] = None;
            } else {
                assert_eq!(poll(&mut waiting[2], &woken[2]), Poll::Ready(Ok(Position { sequence: 9 })));
            }
            assert_eq!(count(), [1, 1, 1, 0], "which wakes the others");
            assert_eq!(poll(&mut waiting[0], &woken[0]), Poll::Ready(Ok(Position { sequence: 7 })));
        }
    }
}
