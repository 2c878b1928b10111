//! What the thread of one export does.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use audit::Milestone;

use crate::{ExportProgress, cursor::Cursor, follower::DurableRecords, outlet::Outlet};

/// How often it is looked whether there is something new.
const TICK: Duration = Duration::from_millis(100);
/// How often the cursor is saved.
const SAVE: Duration = Duration::from_secs(1);
/// The pause after the first failure; it doubles up to the longest one.
const RETRY: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(30);

pub(crate) struct ExportWorker {
    pub(crate) name: String,
    pub(crate) follower: DurableRecords,
    pub(crate) outlet: Outlet,
    pub(crate) cursor: Cursor,
    pub(crate) progress: Arc<ExportProgress>,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) now: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// What was handed on, and when, and is not taken to have arrived yet.
    pub(crate) handed_on: VecDeque<(Milestone, Duration)>,
    /// When the cursor was saved.
    pub(crate) saved: Duration,
}

impl ExportWorker {
    /// Hands on what is recorded, until it is told to stop, and then what is there.
    pub(crate) fn run(&mut self) {
        let mut retry = None;
        while !self.stop.load(Relaxed) {
            match self.step() {
                Ok(true) => self.went_well(&mut retry),
                Ok(false) => {
                    self.went_well(&mut retry);
                    thread::park_timeout(TICK);
                }
                Err(error) => thread::park_timeout(self.failed(&error, &mut retry)),
            }
        }
        if retry.is_none() {
            while self.step().unwrap_or(false) {}
        }
        let _ = self.confirm(true);
        self.outlet.close();
    }

    /// Hands on the next records. Whether there were any.
    fn step(&mut self) -> io::Result<bool> {
        let records = self.follower.records().map_err(|error| io::Error::other(error.to_string()))?;
        let Some(last) = records.last() else {
            self.confirm(false)?;
            return Ok(false);
        };
        let reached = Milestone { sequence: last.sequence, chain: last.chain };
        let events = self.outlet.send(&records)?;
        self.handed_on.push_back((reached, (self.now)()));
        self.progress.events.fetch_add(events, Relaxed);
        self.progress.behind.store(self.follower.behind(reached.sequence.saturating_add(1)), Relaxed);
        self.confirm(false)?;
        Ok(true)
    }

    /// Saves how far everything has arrived, now and then or at once.
    fn confirm(&mut self, at_once: bool) -> io::Result<()> {
        let now = (self.now)();
        if self.handed_on.is_empty() || (!at_once && now.saturating_sub(self.saved) < SAVE) {
            return Ok(());
        }
        self.outlet.assure()?;
        let settled = self.outlet.settles_after();
        let mut arrived = None;
        while let Some((milestone, _)) =
            self.handed_on.pop_front_if(|(_, at)| now.saturating_sub(*at) >= settled)
        {
            arrived = Some(milestone);
        }
        self.saved = now;
        arrived.map_or(Ok(()), |milestone| self.cursor.save(milestone))
    }

    fn went_well(&self, retry: &mut Option<Duration>) {
        if retry.take().is_some() {
            tracing::info!(export = self.name, "events are handed on again");
        }
    }

    /// Goes back to what is known to have arrived. Answers how long to wait.
    fn failed(&mut self, error: &io::Error, retry: &mut Option<Duration>) -> Duration {
        if retry.is_none() {
            tracing::warn!(export = self.name, %error, "events are not handed on, and wait in the journal");
        }
        self.progress.failures.fetch_add(1, Relaxed);
        self.outlet.close();
        self.handed_on.clear();
        self.follower.go_to(self.cursor.next());
        self.progress.behind.store(self.follower.behind(self.cursor.next()), Relaxed);
        let pause = retry.map_or(RETRY, |last| (last * 2).min(RETRY_MAX));
        *retry = Some(pause);
        pause
    }
}
