//! A server, the machine that it runs on, and the accounts that call it.

mod outliving;
mod restarts;
mod tampering;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use audit::{MemoryDisk, Record};
use bytes::Bytes;
use dispatch::{BodyFault, Clock, ConnectionInfo, Facts, Protocol, Service};
use http::{Request, request::Parts as Head};
use model::{Timestamp, arn::Partition};
use serde_json::Value;
use server::{Health, Part};
use state::Stateful;
use store::{Batch, FaultEffect, PlannedFault, Revision, Store, StoreCall, StoreError};
use tokio::runtime::Runtime;

use crate::{
    Answer, Credentials, Scope,
    machine::{Machine, Server, Settings},
    request,
};

/// A server in memory, with its machine. Single-threaded but for the journal's writer.
pub struct World {
    // Dropped in this order: the tasks, the server, the machine.
    runtime: Runtime,
    server: Server,
    joined: Option<Joined>,
    machine: Machine,
}

/// A second server on the same store, with a journal of its own.
struct Joined {
    server: Server,
    disk: MemoryDisk,
}

/// The ids of the first server and of the second.
const NODE: [u8; 16] = *b"a simulated node";
const JOINED: [u8; 16] = *b"a node beside it";

/// Where records of changes wait (docs/store-format.md).
const OUTBOX: &[u8] = b"-/-/outbox/";
/// Where the accounts of all records are.
const LEDGERS: &[u8] = b"-/-/ledger/";
/// Where it stands how far journals have come.
const NOTES: &[u8] = b"-/-/journal/";

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A new deployment with two accounts, served.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Settings::default())
    }

    /// The same, with all randomness from this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::of(Settings { seed, ..Settings::default() })
    }

    /// A new deployment with these settings.
    ///
    /// # Panics
    /// If the server does not start.
    #[must_use]
    pub fn of(settings: Settings) -> Self {
        let (mut machine, runtime) = (Machine::new(settings), runtime());
        runtime.block_on(machine.found());
        let server = runtime.block_on(machine.start(NODE, &machine.disk)).expect("the server starts");
        Self { runtime, server, joined: None, machine }
    }

    /// Adds a service to the others, until the next start.
    ///
    /// # Panics
    /// If a call is still being answered.
    #[must_use]
    pub fn with<S: Stateful>(self, service: Service<S>) -> Self {
        let Self { runtime, server: Server { dispatcher, vitals, chores, store }, joined, machine } = self;
        let dispatcher = Arc::into_inner(dispatcher).expect("no call is in flight");
        let dispatcher = Arc::new(dispatcher.with(service));
        Self { runtime, server: Server { dispatcher, vitals, chores, store }, joined, machine }
    }

    /// Starts a second server on the same store, until the next start. It does what is due as the first one does, and
    /// gets no calls.
    ///
    /// # Panics
    /// If the server does not start.
    pub fn join(&mut self) {
        let disk = MemoryDisk::new();
        let server = self.runtime.block_on(self.machine.start(JOINED, &disk)).expect("the server starts");
        self.joined = Some(Joined { server, disk });
    }

    /// The root user of the first account, 111122223333.
    #[must_use]
    pub fn root(&self) -> Credentials {
        self.machine.roots.first().cloned().expect("an account")
    }

    /// The root user of another account, 444455556666.
    #[must_use]
    pub fn stranger(&self) -> Credentials {
        self.machine.roots.get(1).cloned().expect("a second account")
    }

    /// The partition that everything is of.
    #[must_use]
    pub fn partition(&self) -> Partition {
        self.machine.settings.regions.partition()
    }

    /// Where calls go that name no Region: `us-east-1` in the partition `aws`.
    fn home(&self) -> &'static str {
        self.partition().global_region()
    }

    /// Makes a call at home. `input` is the operation's input as JSON, also for services of the Query protocol.
    pub fn call(&self, credentials: &Credentials, service: &str, operation: &str, input: Value) -> Answer {
        self.call_in(self.home(), credentials, service, operation, input)
    }

    /// Makes a call in a Region.
    #[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
    pub fn call_in(
        &self,
        region: &str,
        credentials: &Credentials,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Answer {
        let request = self.request(service, operation, &input);
        let scope = Scope { service, region, at: self.now() };
        self.send(request::sign(request, credentials, &scope))
    }

    /// The request of a call, not signed.
    ///
    /// # Panics
    /// If there is no such service.
    #[must_use]
    pub fn request(&self, service: &str, operation: &str, input: &Value) -> Request<Bytes> {
        match self.protocol(service) {
            Protocol::AwsJson { target } => request::json(target, operation, input.to_string()),
            Protocol::Query { version, .. } => request::query(version, operation, input),
        }
    }

    /// The same with the input written out: a JSON text, or the fields of a form.
    ///
    /// # Panics
    /// If there is no such service.
    #[must_use]
    pub fn written(&self, service: &str, operation: &str, input: &str) -> Request<Bytes> {
        match self.protocol(service) {
            Protocol::AwsJson { target } => request::json(target, operation, input.to_owned()),
            Protocol::Query { version, .. } => request::form(version, operation, input),
        }
    }

    /// Signs a request for a service, at home and now.
    #[must_use]
    pub fn sign(&self, request: Request<Bytes>, credentials: &Credentials, service: &str) -> Request<Bytes> {
        request::sign(request, credentials, &Scope { service, region: self.home(), at: self.now() })
    }

    /// Sends a request as it is.
    pub fn send(&self, request: Request<Bytes>) -> Answer {
        let (head, body) = request.into_parts();
        self.deliver(head, Ok(body))
    }

    /// Sends a request over another connection than calls usually have: plain, from 127.0.0.1.
    pub fn send_over(&self, request: Request<Bytes>, connection: &ConnectionInfo) -> Answer {
        let (head, body) = request.into_parts();
        self.run(async { self.server.dispatcher.answer(head, Ok(body), connection).await.into() })
    }

    /// Sends a request whose body may not have arrived.
    pub fn deliver(&self, head: Head, body: Result<Bytes, BodyFault>) -> Answer {
        self.run(async { self.server.dispatcher.answer(head, body, &connection()).await.into() })
    }

    /// Whether the head of a request names an access key that there is.
    #[must_use]
    pub fn knows(&self, head: &Head) -> bool {
        self.server.dispatcher.knows(head)
    }

    /// Sends requests all at once, and waits for every answer.
    ///
    /// # Panics
    /// If the server does.
    pub fn send_together(&self, requests: Vec<Request<Bytes>>) -> Vec<Answer> {
        let send = |request: Request<Bytes>| {
            let (dispatcher, (head, body)) = (Arc::clone(&self.server.dispatcher), request.into_parts());
            tokio::spawn(async move { Answer::from(dispatcher.answer(head, Ok(body), &connection()).await) })
        };
        self.run(async {
            let sent: Vec<_> = requests.into_iter().map(send).collect();
            let mut answers = Vec::new();
            for answer in sent {
                answers.push(answer.await.expect("an answer"));
            }
            answers
        })
    }

    /// Sends requests from so many threads at once, and waits for every answer, in the order of the requests. How the
    /// threads meet is not repeatable.
    ///
    /// # Panics
    /// If the server does.
    pub fn send_from_threads(&self, threads: usize, requests: Vec<Request<Bytes>>) -> Vec<Answer> {
        let next = AtomicUsize::new(0);
        let requests: Vec<_> = requests.into_iter().map(|request| Mutex::new(Some(request))).collect();
        let dispatcher = &self.server.dispatcher;
        let send = || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
            let mut answers = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(request) = requests.get(index) else { return answers };
                let request = request.lock().expect("a request").take().expect("sent once");
                let (head, body) = request.into_parts();
                let answer = runtime.block_on(dispatcher.answer(head, Ok(body), &connection()));
                answers.push((index, Answer::from(answer)));
            }
        };
        thread::scope(|scope| {
            let senders: Vec<_> = (0..threads).map(|_| scope.spawn(send)).collect();
            // The server's background work runs here meanwhile.
            self.run(async {
                while !senders.iter().all(|sender| sender.is_finished()) {
                    pause().await;
                }
            });
            let mut answers: Vec<_> =
                senders.into_iter().flat_map(|sender| sender.join().expect("answers")).collect();
            answers.sort_by_key(|(index, _)| *index);
            answers.into_iter().map(|(_, answer)| answer).collect()
        })
    }

    /// Sends a request and hangs up after the server has had `turns` turns at it. `None` if that was before the answer.
    pub fn send_and_hang_up(&self, request: Request<Bytes>, turns: usize) -> Option<Answer> {
        let (head, body) = request.into_parts();
        let connection = connection();
        self.run(async {
            tokio::select! {
                biased;
                response = self.server.dispatcher.answer(head, Ok(body), &connection) => Some(response.into()),
                () = take_turns(turns) => None,
            }
        })
    }

    /// Runs a future beside the server's background work.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Every operation of every service, with the service's name.
    #[must_use]
    pub fn operations(&self) -> Vec<(&'static str, &'static Facts)> {
        self.server.dispatcher.operations()
    }

    /// Does what is due at this time of the clock. Two servers do so at the same time.
    ///
    /// # Errors
    /// What the store answers.
    pub fn tick(&self) -> Result<(), StoreError> {
        self.run(async {
            let sealed = self.server.chores.is_sealed();
            let Some(joined) = &self.joined else {
                self.server.chores.tick().await?;
                return if sealed { self.unsealed().await } else { Ok(()) };
            };
            let (first, second) = tokio::join!(self.server.chores.tick(), joined.server.chores.tick());
            first.and(second)
        })
    }

    /// Does what is due, right after a change in the store that the server has not heard of.
    ///
    /// # Errors
    /// What the store answers.
    ///
    /// # Panics
    /// If the change has conditions, and they do not hold.
    pub fn tick_after(&self, change: Batch) -> Result<(), StoreError> {
        self.run(async {
            self.server.store.commit(change).await?.expect("no condition");
            self.server.chores.tick().await
        })
    }

    /// Writes down what is only in memory, as at the end of a server.
    pub fn finish(&self) {
        self.run(self.server.chores.finish());
    }

    /// The journal, or that of each server, the chains verified. Records of changes are brought there first, if nothing stands in the way.
    ///
    /// # Panics
    /// If the chain is broken or a record does not decode.
    #[must_use]
    pub fn records(&self) -> Vec<Record<'static>> {
        self.settle();
        let mut records = Vec::new();
        // A test is short, and what it looks at may stay.
        let visit = &mut |_, payload: &[u8]| {
            records.push(Record::decode(payload.to_vec().leak()).expect("a record"));
        };
        let joined = self.joined.iter().map(|joined| &joined.disk);
        for disk in std::iter::once(&self.machine.disk).chain(joined) {
            audit::verify(disk, visit).expect("an unbroken chain");
        }
        records
    }

    /// Lets the store stop answering, or answer again. Returns when the server has noticed.
    pub fn cut_store(&self, cut: bool) {
        const CALLS: [StoreCall; 5] =
            [StoreCall::Get, StoreCall::Scan, StoreCall::Commit, StoreCall::Watch, StoreCall::Next];
        let gone = FaultEffect::Fail(StoreError::Unavailable("it was cut off".to_owned()));
        let fault = |call| PlannedFault { call, after: 0, times: u64::MAX, effect: gone.clone() };
        let faults = if cut { CALLS.into_iter().map(fault).collect() } else { Vec::new() };
        self.machine.store.set_plan(faults);
        self.run(async {
            // A watch that waits notices at the next change.
            let _ = self.machine.store.inner().commit(Batch::default()).await;
            while self.server.chores.is_following() == cut {
                pause().await;
            }
        });
    }

    /// Waits until memory follows the store and records of changes are in the journal, unless that is impossible now.
    pub fn settle(&self) {
        self.run(async {
            while self.is_well() && self.is_busy().await {
                pause().await;
            }
        });
    }

    /// Waits until calls are answered, unless that takes a new start.
    pub fn heal(&self) {
        let has_stopped = || self.parts().iter().any(|part| part.state.starts_with("stopped"));
        self.run(async {
            while !self.is_well() && !has_stopped() {
                pause().await;
            }
        });
    }

    /// Whether calls are answered.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.parts().iter().all(|part| part.ready)
    }

    /// How the server's parts are, as the health page has it.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        self.server.vitals.parts()
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.machine.clock.now()
    }

    /// Everything that is stored, without its stamps, but for ledgers and records on their way to the journal.
    ///
    /// # Panics
    /// Never: the store within does not fail.
    #[must_use]
    pub fn state(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.run(async {
            let (store, mut from, mut state) = (self.machine.store.inner(), Bytes::new(), BTreeMap::new());
            loop {
                let page = store.scan(&from, &[0xFF], usize::MAX).await.expect("the store within");
                state.extend(
                    page.items
                        .into_iter()
                        .map(|(key, stored)| (key.to_vec(), tampering::bare(&stored.value))),
                );
                match page.next {
                    Some(next) => from = next,
                    None => break,
                }
            }
            state.retain(|key: &Vec<u8>, _| {
                !key.starts_with(OUTBOX) && !key.starts_with(LEDGERS) && !key.starts_with(NOTES)
            });
            state
        })
    }

    fn boot(self, disk: impl FnOnce(MemoryDisk) -> MemoryDisk) -> Self {
        let Self { runtime: old, server, joined, mut machine } = self;
        machine.disk = disk(machine.disk);
        drop(old);
        drop((server, joined));
        let runtime = runtime();
        let server = runtime.block_on(machine.start(NODE, &machine.disk)).expect("the server starts");
        Self { runtime, server, joined: None, machine }
    }

    /// Whether memory is behind the store, or records of changes are on their way to the journal.
    async fn is_busy(&self) -> bool {
        let page = self.machine.store.inner().scan(&[], &[0xFF], 1).await;
        let newest = page.map_or(Revision(0), |page| page.revision);
        let joined = self.joined.iter().map(|joined| &joined.server);
        let mut servers = std::iter::once(&self.server).chain(joined);
        servers.any(|server| server.chores.underway() > 0 || server.chores.reached() < newest)
    }

    fn protocol(&self, service: &str) -> Protocol {
        self.server.dispatcher.protocol(service).unwrap_or_else(|| panic!("there is no service {service}"))
    }
}

fn connection() -> ConnectionInfo {
    ConnectionInfo::new(([127, 0, 0, 1], 50_000).into(), None)
}

/// Time is tokio's own and stands still: what waits for a while goes on as soon as nothing else can.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
}

/// Lets everything else go on, the journal's thread as well.
pub(crate) async fn pause() {
    std::thread::yield_now();
    tokio::task::yield_now().await;
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
}

async fn take_turns(turns: usize) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}
