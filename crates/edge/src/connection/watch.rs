//! What a connection is doing and since when, for the sweep that ends those that take too long.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::limits::Limits;

/// Time in milliseconds since a worker's start, as of its latest sweep. Reading it is reading memory.
#[derive(Debug, Default)]
pub(crate) struct Coarse(AtomicU64);

/// One connection's state. Written by its task, read by the sweep on the same thread: the atomics are for the
/// compiler, not against contention.
#[derive(Debug)]
pub(crate) struct Watch {
    now: Arc<Coarse>,
    phase: AtomicU8,
    since: AtomicU64,
    requests: AtomicU32,
    multiplexed: AtomicBool,
    known: AtomicBool,
    /// Heads that were too large, and are not told of yet.
    refused_heads: AtomicU32,
    order: AtomicU8,
    waker: OnceLock<Waker>,
}

/// What the connection's task is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Order {
    /// Answer what is in flight, then close.
    Finish = 1,
    /// Close.
    End = 2,
}

/// Why a connection was ordered to end by the sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// A handshake or head took too long.
    Head,
    /// No request for too long.
    Idle,
}

/// Nothing of the next request has come yet.
const IDLE: u8 = 0;
/// A handshake or a head is on its way.
const HEAD: u8 = 1;
/// At least one request is being read or answered.
const BUSY: u8 = 2;
/// The task is gone.
const GONE: u8 = 3;

impl Coarse {
    pub(crate) fn set(&self, elapsed: Duration) {
        self.0.store(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Watch {
    /// The watch of a connection that has just been accepted.
    pub(crate) fn new(now: Arc<Coarse>) -> Self {
        Self {
            since: AtomicU64::new(now.get()),
            now,
            phase: AtomicU8::new(HEAD),
            requests: AtomicU32::new(0),
            multiplexed: AtomicBool::new(false),
            known: AtomicBool::new(false),
            refused_heads: AtomicU32::new(0),
            order: AtomicU8::new(0),
            waker: OnceLock::new(),
        }
    }

    /// The handshake is done; the first head should follow.
    pub(super) fn expect_head(&self) {
        self.enter(HEAD);
    }

    /// Bytes arrived. Between requests they begin a head; not on HTTP/2, where they may be a ping as well.
    pub(super) fn arrived(&self) {
        if self.phase.load(Relaxed) == IDLE && !self.multiplexed.load(Relaxed) {
            self.enter(HEAD);
        }
    }

    /// A request's head is complete; it is answered or abandoned when the guard goes.
    pub(super) fn busy(&self, multiplexed: bool) -> Busy<'_> {
        self.multiplexed.store(multiplexed, Relaxed);
        self.requests.fetch_add(1, Relaxed);
        self.phase.store(BUSY, Relaxed);
        Busy(self)
    }

    /// One of the requests came from somebody known. Whether that is news.
    pub(super) fn is_known(&self) -> bool {
        // Reading costs the many requests that bring no news less than writing.
        !self.has_been_known() && !self.known.swap(true, Relaxed)
    }

    /// Whether one of the requests came from somebody known.
    pub(crate) fn has_been_known(&self) -> bool {
        self.known.load(Relaxed)
    }

    /// So many heads were too large.
    pub(super) fn refused_heads(&self, heads: u32) {
        if heads > 0 {
            self.refused_heads.fetch_add(heads, Relaxed);
        }
    }

    /// Heads that were too large since the last look.
    pub(super) fn take_refused_heads(&self) -> u32 {
        // Reading costs the many looks that find nothing less than writing.
        if self.refused_heads.load(Relaxed) == 0 { 0 } else { self.refused_heads.swap(0, Relaxed) }
    }

    /// The connection's task has ended.
    pub(crate) fn gone(&self) {
        self.phase.store(GONE, Relaxed);
    }

    /// Whether the connection's task has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.phase.load(Relaxed) == GONE
    }

    /// What the task has been told; asked at each of its polls.
    pub(super) fn order(&self, context: &Context<'_>) -> Option<Order> {
        // A task's waker stays good for the task's life.
        self.waker.get_or_init(|| context.waker().clone());
        match self.order.load(Relaxed) {
            0 => None,
            1 => Some(Order::Finish),
            _ => Some(Order::End),
        }
    }

    /// Runs a future unless the task is told anything; then `None`.
    pub(super) async fn unless_ordered<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|context| match self.order(context) {
            Some(_) => Poll::Ready(None),
            None => future.as_mut().poll(context).map(Some),
        })
        .await
    }

    /// Tells the task. What it was told before stands if it was more.
    pub(crate) fn tell(&self, order: Order) {
        if self.order.fetch_max(order as u8, Relaxed) < order as u8
            && let Some(waker) = self.waker.get()
        {
            waker.wake_by_ref();
        }
    }

    /// Tells the task to finish or end if it is overdue.
    pub(crate) fn check(&self, limits: &Limits) -> Option<Overdue> {
        let waited = Duration::from_millis(self.now.get().saturating_sub(self.since.load(Relaxed)));
        let before = self.order.load(Relaxed);
        let idle = if self.has_been_known() { limits.idle } else { limits.stranger_idle.min(limits.idle) };
        let (order, overdue) = match self.phase.load(Relaxed) {
            HEAD if waited >= limits.head => (Order::End, Overdue::Head),
            // One that does not take its last answer does not finish either.
            IDLE if waited >= idle.saturating_add(limits.head) => (Order::End, Overdue::Idle),
            IDLE if waited >= idle => (Order::Finish, Overdue::Idle),
            _ => return None,
        };
        self.tell(order);
        (before == 0).then_some(overdue)
    }

    fn enter(&self, phase: u8) {
        self.since.store(self.now.get(), Relaxed);
        self.phase.store(phase, Relaxed);
    }
}

/// A request in flight.
pub(super) struct Busy<'w>(&'w Watch);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if self.0.requests.fetch_sub(1, Relaxed) == 1 && !self.0.is_gone() {
            self.0.enter(IDLE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        connections_max: 1,
        connections_per_address_max: 1,
        bodies_bytes_max: 1,
        head: Duration::from_secs(10),
        body: Duration::from_secs(30),
        idle: Duration::from_secs(100),
        stranger_idle: Duration::from_secs(20),
        shutdown: Duration::from_secs(10),
    };

    fn started() -> (Arc<Coarse>, Watch) {
        let now = Arc::new(Coarse::default());
        (Arc::clone(&now), Watch::new(now))
    }

    fn at(now: &Coarse, secs: u64) {
        now.set(Duration::from_secs(secs));
    }

    #[test]
    fn a_head_has_its_time_and_no_more() {
        let (now, watch) = started();
        at(&now, 9);
        assert_eq!(watch.check(&LIMITS), None);
        at(&now, 10);
        assert_eq!(watch.check(&LIMITS), Some(Overdue::Head));
        assert_eq!(watch.check(&LIMITS), None, "it is counted once");
        assert_eq!(watch.order.load(Relaxed), Order::End as u8);
    }

    #[test]
    fn a_request_in_flight_is_left_alone() {
        let (now, watch) = started();
        watch.is_known();
        let first = watch.busy(false);
        let second = watch.busy(false);
        at(&now, 1000);
        assert_eq!(watch.check(&LIMITS), None);
        drop(first);
        at(&now, 2000);
        assert_eq!(watch.check(&LIMITS), None);
        drop(second);
        at(&now, 2099);
        assert_eq!(watch.check(&LIMITS), None);
        at(&now, 2100);
        assert_eq!(watch.check(&LIMITS), Some(Overdue::Idle));
        assert_eq!(watch.order.load(Relaxed), Order::Finish as u8);
        at(&now, 2110);
        assert_eq!(watch.check(&LIMITS), None);
        assert_eq!(watch.order.load(Relaxed), Order::End as u8, "one that does not finish is ended");
    }

    #[test]
    fn a_stranger_idles_for_a_short_time() {
        let (now, watch) = started();
        drop(watch.busy(false));
        at(&now, 19);
        assert_eq!(watch.check(&LIMITS), None);
        assert!(watch.is_known() && !watch.is_known(), "it is news once");
        at(&now, 20);
        assert_eq!(watch.check(&LIMITS), None);
        let stranger = Watch::new(now);
        drop(stranger.busy(false));
        at(&stranger.now, 40);
        assert_eq!(stranger.check(&LIMITS), Some(Overdue::Idle));
    }

    #[test]
    fn bytes_begin_a_head_between_requests_only() {
        let (now, watch) = started();
        drop(watch.busy(false));
        at(&now, 50);
        watch.arrived();
        at(&now, 55);
        watch.arrived();
        at(&now, 60);
        assert_eq!(watch.check(&LIMITS), Some(Overdue::Head), "more bytes do not buy more time");
    }

    #[test]
    fn pings_do_not_begin_a_head() {
        let (now, watch) = started();
        watch.is_known();
        drop(watch.busy(true));
        at(&now, 50);
        watch.arrived();
        at(&now, 99);
        assert_eq!(watch.check(&LIMITS), None);
        at(&now, 100);
        assert_eq!(watch.check(&LIMITS), Some(Overdue::Idle));
    }
}
