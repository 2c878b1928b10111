//! Events handed on as they are recorded: each as one line of JSON, to a file, to standard output or to a syslog receiver.
//!
//! ```text
//! journal ──► DurableRecords ──► Outlet ──► file, standard output, syslog
//!                                  │
//!                                Cursor     how far it came, in a small file
//! ```
//! Each export has a thread that follows the journal's files. No request waits for it, and a receiver that is gone keeps nobody
//! waiting: the journal keeps what the receiver did not get. Every event arrives at least once; after a failure, a kill or a
//! stop some arrive again.

mod cursor;
mod file;
mod follower;
mod lines;
mod outlet;
mod syslog;
mod target;
mod worker;

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use audit::{Disk, Journal};

pub use self::target::{Export, ExportTo};
use self::{cursor::Cursor, follower::DurableRecords, outlet::Outlet, worker::ExportWorker};

/// How nice a thread is to everything else, of 19 (nice(1)).
const NICE: i32 = 15;
/// How long a stop waits for what can still be handed on.
const STOP_TIME: Duration = Duration::from_secs(3);
const STOP_TICK: Duration = Duration::from_millis(10);

/// What exports read and are told by.
#[derive(Clone)]
pub struct Surroundings<'a> {
    /// The journal whose events are handed on. It is not kept open for an export.
    pub journal: &'a Arc<Journal>,
    /// The files of that journal.
    pub disk: Arc<dyn Disk>,
    /// The folder of the cursors, which is made if it is missing.
    pub folder: &'a Path,
    /// The name of this machine, for syslog.
    pub host: &'a str,
    /// The time.
    pub now: Arc<dyn Fn() -> Duration + Send + Sync>,
}

/// Exports that run.
#[derive(Default)]
pub struct Exports(Vec<Running>);

/// How an export gets on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFigures {
    /// Its name.
    pub name: String,
    /// Events handed on since the start, also those that were handed on again.
    pub events: u64,
    /// Attempts that failed since the start.
    pub failures: u64,
    /// Records of the journal that were not handed on yet.
    pub behind: u64,
}

#[derive(Default)]
pub(crate) struct ExportProgress {
    pub(crate) events: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) behind: AtomicU64,
}

struct Running {
    name: String,
    progress: Arc<ExportProgress>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Exports {
    /// Starts a thread for each export. An export that was there before goes on where it was; a new one begins with what is
    /// recorded from now on.
    ///
    /// # Errors
    /// What the system says of cursors and threads; what is wrong with CAs to trust.
    pub fn start(exports: &[Export], around: &Surroundings<'_>) -> io::Result<Self> {
        let mut running = Self::default();
        for export in exports {
            running.0.push(Running::start(export, around)?);
        }
        Ok(running)
    }

    /// How each gets on.
    #[must_use]
    pub fn figures(&self) -> Vec<ExportFigures> {
        let figures = |Running { name, progress, .. }: &Running| ExportFigures {
            name: name.clone(),
            events: progress.events.load(Relaxed),
            failures: progress.failures.load(Relaxed),
            behind: progress.behind.load(Relaxed),
        };
        self.0.iter().map(figures).collect()
    }

    /// Hands on what can be handed on within three seconds, and ends the threads. A thread that a receiver holds is left
    /// behind: the journal has what it did not hand on.
    pub fn stop(&self) {
        for Running { stop, thread, .. } in &self.0 {
            stop.store(true, Relaxed);
            thread.thread().unpark();
        }
        let mut left = STOP_TIME;
        while !self.0.iter().all(|running| running.thread.is_finished()) {
            if left.is_zero() {
                tracing::warn!(
                    "an export was stopped before its receiver took everything; it goes on with the next start"
                );
                return;
            }
            thread::sleep(STOP_TICK);
            left = left.saturating_sub(STOP_TICK);
        }
    }
}

impl Running {
    fn start(Export { name, to }: &Export, around: &Surroundings<'_>) -> io::Result<Self> {
        let Surroundings { journal, disk, folder, host, now } = around;
        let cursor = Cursor::open(folder, name, journal, &**disk)?;
        let follower = DurableRecords::new(Arc::clone(disk), Arc::downgrade(journal), cursor.next());
        let (progress, stop) = (Arc::<ExportProgress>::default(), Arc::<AtomicBool>::default());
        let mut worker = ExportWorker {
            name: name.clone(),
            outlet: Outlet::to(to, host)?,
            follower,
            cursor,
            progress: Arc::clone(&progress),
            stop: Arc::clone(&stop),
            now: Arc::clone(now),
            handed_on: Default::default(),
            saved: now(),
        };
        let run = move || {
            // Of this thread alone (setpriority(2), "C library/kernel differences"). Where it is not permitted, nothing is lost.
            let _ = rustix::process::setpriority_process(None, NICE);
            worker.run();
        };
        let thread = thread::Builder::new().name(format!("export {name}")).spawn(run)?;
        Ok(Self { name: name.clone(), progress, stop, thread })
    }
}

#[cfg(test)]
mod tests;
