//! A store that fails on purpose: by a plan, and always alike.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use crate::{Answer, Batch, Changes, Conflict, Key, Revision, ScanPage, Store, StoreError, Versioned, Watch};

/// Which calls a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreCall {
    /// [`Store::get`].
    Get,
    /// [`Store::scan`].
    Scan,
    /// [`Store::commit`].
    Commit,
    /// [`Store::watch`].
    Watch,
    /// [`Watch::next`].
    Next,
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultEffect {
    /// The call is not made; the answer is this error.
    Fail(StoreError),
    /// The call is made, but its answer is lost: [`StoreError::Unavailable`]. The caller then does not know a
    /// commit's outcome.
    DropAnswer,
    /// The call is made after giving way to other tasks this many times.
    Delay {
        /// How often.
        turns: u32,
    },
}

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFault {
    /// The kind of call.
    pub call: StoreCall,
    /// Calls of that kind that pass first, counted from when the plan was set.
    pub after: u64,
    /// Calls that are then affected; `u64::MAX` for all of them.
    pub times: u64,
    /// How.
    pub effect: FaultEffect,
}

/// Wraps a store and lets its calls fail by a plan. Without a plan it behaves as the store within.
pub struct FaultyStore<S> {
    inner: S,
    plan: Arc<Plan>,
}

#[derive(Default)]
struct Plan(Mutex<Vec<Planned>>);

struct Planned {
    fault: PlannedFault,
    calls: u64,
}

impl<S: Store> FaultyStore<S> {
    /// Wraps a store.
    pub fn new(inner: S, faults: Vec<PlannedFault>) -> Self {
        let faulty = Self { inner, plan: Arc::default() };
        faulty.set_plan(faults);
        faulty
    }

    /// Replaces the plan, also of running watches; counting starts anew. Several faults may meet in one call: the
    /// first that fails the call or loses its answer decides, and all delays before that fault happen.
    pub fn set_plan(&self, faults: Vec<PlannedFault>) {
        *self.plan.lock() = faults.into_iter().map(|fault| Planned { fault, calls: 0 }).collect();
    }

    /// The store within, which does not fail.
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn get<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Versioned>>> {
        Box::pin(self.plan.carry_out(StoreCall::Get, self.inner.get(keys)))
    }

    fn scan<'a>(&'a self, from: &'a [u8], to: &'a [u8], limit: usize) -> Answer<'a, ScanPage> {
        Box::pin(self.plan.carry_out(StoreCall::Scan, self.inner.scan(from, to, limit)))
    }

    fn commit(&self, batch: Batch) -> Answer<'_, Result<Revision, Conflict>> {
        Box::pin(self.plan.carry_out(StoreCall::Commit, self.inner.commit(batch)))
    }

    fn watch(&self, after: Revision) -> Answer<'_, Box<dyn Watch>> {
        Box::pin(async move {
            let inner = self.plan.carry_out(StoreCall::Watch, self.inner.watch(after)).await?;
            let watch: Box<dyn Watch> = Box::new(FaultyWatch { inner, plan: Arc::clone(&self.plan) });
            Ok(watch)
        })
    }
}

struct FaultyWatch {
    inner: Box<dyn Watch>,
    plan: Arc<Plan>,
}

impl Watch for FaultyWatch {
    fn next(&mut self) -> Answer<'_, Changes> {
        Box::pin(self.plan.carry_out(StoreCall::Next, self.inner.next()))
    }
}

impl Plan {
    /// Makes a call, as the plan wants it. A call counts when it is first polled.
    async fn carry_out<T>(&self, call: StoreCall, made: Answer<'_, T>) -> Result<T, StoreError> {
        for effect in self.effects(call) {
            match effect {
                FaultEffect::Delay { turns } => give_way(turns).await,
                FaultEffect::Fail(error) => return Err(error),
                FaultEffect::DropAnswer => {
                    made.await?;
                    return Err(StoreError::Unavailable("the answer was lost".to_owned()));
                }
            }
        }
        made.await
    }

    fn effects(&self, call: StoreCall) -> Vec<FaultEffect> {
        let mut effects = Vec::new();
        for planned in self.lock().iter_mut().filter(|planned| planned.fault.call == call) {
            let PlannedFault { after, times, effect, .. } = &planned.fault;
            if planned.calls >= *after && planned.calls - after < *times {
                effects.push(effect.clone());
            }
            planned.calls = planned.calls.saturating_add(1);
        }
        effects
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Planned>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn give_way(turns: u32) {
    let mut left = turns;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
