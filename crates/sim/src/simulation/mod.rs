//! A random workload from a seed, on a machine that fails: what was acknowledged is never lost, never undone, and always
//! recorded.

mod call;
mod observed;
mod oracle;
mod tampering;
mod trouble;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use audit::EventKind;
use dispatch::Clock;
use serde_json::Value;
use strongroom::testing::Seeded;

use crate::{Answer, Credentials, Settings, World};

use self::{
    call::Call,
    observed::Observed,
    oracle::Oracle,
    tampering::{Stored, Tampering},
    trouble::Trouble,
};

/// What a run did.
#[derive(Debug, Default)]
pub struct Report {
    /// Calls that were made.
    pub calls: usize,
    /// Calls that failed because of trouble.
    pub failed: usize,
    /// Times that the server was started again.
    pub starts: usize,
    /// Times that somebody changed what is stored, and was found out.
    pub found_out: usize,
    /// Times that the clock leapt.
    pub leaps: usize,
}

/// Runs a seed for so many steps.
///
/// # Panics
/// If the server does not keep a promise; the message has the step. The same seed does the same again.
#[must_use]
pub fn run(seed: u64, steps: usize) -> Report {
    let mut simulation = Simulation::new(seed);
    for step in 0..steps {
        simulation.step = step;
        simulation.take_step();
    }
    simulation.recover();
    simulation.report
}

struct Simulation {
    seed: u64,
    step: usize,
    chance: Seeded,
    /// `None` only while it is started again.
    world: Option<World>,
    root: Credentials,
    oracle: Oracle,
    /// Request ids of calls that were answered for good.
    acknowledged: BTreeSet<String>,
    /// Something may be wrong with the machine.
    troubled: bool,
    /// What was stored some time ago.
    earlier: Stored,
    clock: Leapt,
    report: Report,
}

/// How the clock leapt, in years that did not pass.
#[derive(Debug, Default)]
struct Leapt {
    ahead: i64,
    /// How far ahead the running server believes the clock to be rightly.
    believed: i64,
    /// Until then, by the time that passes, it deletes nothing.
    waits_until: Duration,
}

/// The clock goes wrong by so many years at most.
const YEARS_MAX: i64 = 2;
/// So short that the journal has full segments to compress in the midst of all trouble.
const SEGMENT_BYTES_MAX: u64 = 50_000;
/// How long the server waits after a leap.
const WAIT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Simulation {
    fn new(seed: u64) -> Self {
        let segment_bytes_max = SEGMENT_BYTES_MAX;
        let world = World::of(Settings { seed, segment_bytes_max, ..Settings::default() });
        Self {
            seed,
            step: 0,
            // The workload must not depend on how much randomness the server draws.
            chance: Seeded::new(!seed),
            root: world.root(),
            world: Some(world),
            oracle: Oracle::default(),
            acknowledged: BTreeSet::new(),
            troubled: false,
            earlier: Stored::new(),
            clock: Leapt::default(),
            report: Report::default(),
        }
    }

    fn take_step(&mut self) {
        match self.chance.below(44) {
            0..=2 => self.make_trouble(),
            3 => self.recover(),
            4 => self.restart(),
            5 => self.crash(),
            6 => self.crash_in_a_call(),
            7 | 8 => self.let_time_pass(),
            9 => self.hang_up(),
            10 => self.leap(),
            11 => self.tamper(),
            12 => self.earlier = tampering::stored(self.world().store().inner()),
            _ => self.call(),
        }
    }

    /// Makes a call and holds its answer against the oracle.
    fn call(&mut self) {
        let call = Call::draw(&self.oracle, &self.chance);
        let answer = self.send(call.operation(), &call.input(&self.oracle));
        self.judge(&call, Some(&answer));
    }

    /// Makes a call and does not wait for the answer.
    fn hang_up(&mut self) {
        let call = Call::draw(&self.oracle, &self.chance);
        let request = self.signed(call.operation(), &call.input(&self.oracle));
        let turns = self.chance.below(12);
        let answer = self.world().send_and_hang_up(request, turns);
        self.note(answer.as_ref());
        self.judge(&call, answer.as_ref());
    }

    /// Lets the machine fail in the middle of a call.
    fn crash_in_a_call(&mut self) {
        let call = Call::draw(&self.oracle, &self.chance);
        let request = self.signed(call.operation(), &call.input(&self.oracle));
        let turns = self.chance.below(8);
        if self.chance.below(2) == 0 {
            self.world().disk().hold_syncs(true);
        }
        let answer = self.world().send_and_hang_up(request, turns);
        self.note(answer.as_ref());
        self.crash_now();
        self.judge(&call, answer.as_ref());
    }

    /// What an answer, or none, means for the oracle.
    fn judge(&mut self, call: &Call, answer: Option<&Answer>) {
        let now = self.world().now().as_millis();
        match (answer, self.oracle.refusal(call, now)) {
            (Some(answer), _) if answer.status >= 500 => {
                assert!(self.troubled, "{self}: {call:?} failed without trouble: {answer:?}");
                self.report.failed += 1;
                self.find_out(call);
            }
            (Some(answer), None) => {
                assert!(answer.code.is_none(), "{self}: {call:?} is refused: {answer:?}");
                let output = answer.json();
                assert!(self.oracle.agrees(call, &output), "{self}: {call:?} answers {output}");
                self.oracle.apply(call, &output, now);
            }
            (Some(answer), Some(code)) => {
                assert_eq!(answer.code.as_deref(), Some(code), "{self}: {call:?}: {answer:?}");
            }
            (None, Some(_)) => {}
            (None, None) => self.find_out(call),
        }
    }

    /// A call that may have changed something or not: looks which, and takes nothing else for an answer.
    fn find_out(&mut self, call: &Call) {
        let now = self.world().now().as_millis();
        self.repair();
        let observed = self.observe();
        if observed == self.oracle || self.oracle.refusal(call, now).is_some() {
            return self.check(&observed);
        }
        let new = observed.keys.keys().find(|id| !self.oracle.keys.contains_key(*id));
        let output = serde_json::json!({ "KeyMetadata": { "KeyId": new } });
        let blobs = self.oracle.blobs.len();
        if !matches!(call, Call::Mac { .. }) {
            self.oracle.apply(call, &output, now);
        }
        // A ciphertext that did not arrive is nobody's.
        self.oracle.blobs.truncate(blobs);
        self.check(&observed);
    }

    fn make_trouble(&mut self) {
        self.world().settle();
        let trouble = Trouble::draw(&self.chance);
        trouble.make(self.world(), &self.chance);
        self.troubled = true;
    }

    fn let_time_pass(&mut self) {
        let hours = 1 + self.chance.below(24 * 10);
        self.world().clock().advance(std::time::Duration::from_secs(hours as u64 * 3600));
        if self.chance.below(3) > 0 {
            self.recover();
        }
    }

    /// Sets the clock a year forwards or back. Nothing is deleted by that.
    fn leap(&mut self) {
        self.recover();
        let forwards = match self.clock.ahead {
            YEARS_MAX => false,
            ahead => ahead == -YEARS_MAX || self.chance.below(2) == 0,
        };
        let years = if forwards { 1 } else { -1 };
        self.world().clock().leap_years(years);
        self.report.leaps += 1;
        self.clock.ahead += years;
        if forwards {
            self.clock.waits_until = self.world().clock().elapsed() + WAIT;
        }
        self.recover();
    }

    /// Whether the server waits with what is due.
    fn waits(&mut self) -> bool {
        let passed = self.world().clock().elapsed() >= self.clock.waits_until;
        if passed || self.clock.ahead < self.clock.believed {
            self.clock.believed = self.clock.ahead;
        }
        self.clock.ahead > self.clock.believed
    }

    /// Lets somebody change what is stored between two starts. No server believes it.
    fn tamper(&mut self) {
        self.recover();
        self.started();
        let before = tampering::stored(self.world().store().inner());
        let tampering = Tampering::draw(&before, &self.earlier, &self.chance);
        let Some(world) = self.world.take() else { return };
        let (refused, world) = world.tampered_and_mended(
            |engine| tampering.make(engine),
            |engine| tampering.take_back(engine, &before),
        );
        self.world = Some(world);
        match refused {
            Some(message) if tampering.is_told_by(&message) => self.report.found_out += 1,
            refused => panic!("{self}: of {tampering:?} the start says {refused:?}"),
        }
        self.recover();
    }

    /// The server is started again, and takes the clock as it finds it.
    fn started(&mut self) {
        self.report.starts += 1;
        self.clock.believed = self.clock.ahead;
        self.clock.waits_until = Duration::ZERO;
    }

    fn restart(&mut self) {
        self.started();
        if let Some(world) = self.world.take() {
            // A server starts neither without its store nor on a disk that fails. Crashes leave a full disk full.
            trouble::mend(&world);
            self.world = Some(world.restart());
        }
        self.recover();
    }

    fn crash(&mut self) {
        self.crash_now();
        self.recover();
    }

    fn crash_now(&mut self) {
        self.started();
        let crash = trouble::crash(&self.chance);
        if let Some(world) = self.world.take() {
            world.store().set_plan(Vec::new());
            self.world = Some(world.crash(crash));
        }
    }

    /// Ends all trouble, lets the clockwork run, and holds everything against the oracle.
    fn recover(&mut self) {
        self.repair();
        let ticked = self.world().tick();
        assert!(ticked.is_ok(), "{self}: {ticked:?}");
        if !self.waits() {
            for key in self.oracle.due(self.world().now().as_millis()) {
                self.oracle.delete(&key);
            }
        }
        let observed = self.observe();
        self.check(&observed);
        self.check_records();
    }

    /// Ends all trouble. A journal that does not know what is on its disk takes a new start.
    fn repair(&mut self) {
        trouble::end(self.world());
        self.world().heal();
        if !self.world().is_well() {
            self.started();
            self.world = self.world.take().map(World::restart);
        }
        self.world().settle();
        assert!(self.world().is_well(), "{self}: it does not recover");
        self.troubled = false;
    }

    fn observe(&mut self) -> Observed {
        Observed::by(|operation, input| self.send(operation, &input).ok())
    }

    #[track_caller]
    fn check(&self, observed: &Observed) {
        assert!(*observed == self.oracle, "{self}: it is {observed:#?}, and must be {:#?}", self.oracle);
    }

    /// Every call that was answered for good has one record; every deletion has one. A call that failed because the
    /// store did not answer may have a second one: of the change, which was made after all.
    fn check_records(&self) {
        let records = self.world().records();
        let mut calls: BTreeMap<String, Vec<u16>> = BTreeMap::new();
        let mut deleted: BTreeMap<&str, usize> = BTreeMap::new();
        for record in &records {
            if let Some(id) = record.request_id {
                calls.entry(uuid(id)).or_default().push(record.http_status);
            }
            if let (EventKind::ServiceEvent, "DeleteKey", [arn]) =
                (record.kind, record.operation.as_ref(), &record.resources[..])
            {
                *deleted.entry(arn.rsplit('/').next().unwrap_or_default()).or_default() += 1;
            }
        }
        for (id, statuses) in &calls {
            let made_after_all = !self.acknowledged.contains(id) && matches!(statuses[..], [500 | 0, 200]);
            assert!(statuses.len() == 1 || made_after_all, "{self}: records of call {id}: {statuses:?}");
        }
        for id in &self.acknowledged {
            assert!(calls.contains_key(id), "{self}: call {id} was answered and has no record");
        }
        let gone: BTreeMap<&str, usize> = self.oracle.gone.iter().map(|id| (id.as_str(), 1)).collect();
        assert_eq!(deleted, gone, "{self}: records of deletions");
    }

    fn send(&mut self, operation: &str, input: &Value) -> Answer {
        let request = self.signed(operation, input);
        let answer = self.world().send(request);
        self.note(Some(&answer));
        answer
    }

    fn signed(&self, operation: &str, input: &Value) -> http::Request<bytes::Bytes> {
        let world = self.world();
        world.sign(world.request("kms", operation, input), &self.root, "kms")
    }

    /// Keeps the request id of an answer that promises a record.
    fn note(&mut self, answer: Option<&Answer>) {
        self.report.calls += 1;
        let Some(answer) = answer.filter(|answer| answer.status < 500) else { return };
        let id = answer.headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok());
        self.acknowledged.extend(id.map(str::to_owned));
    }

    fn world(&self) -> &World {
        self.world.as_ref().expect("a world that is not being started")
    }
}

impl std::fmt::Display for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "seed {}, step {}", self.seed, self.step)
    }
}

fn uuid(bytes: [u8; 16]) -> String {
    model::arn::KeyId::from_bytes(bytes, false).to_string()
}
