//! What no request does, on a thread of its own.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use cloudtrail::{Advance, Delivered};
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
};

use crate::{
    compose::{Chores, Following},
    start::StartError,
};

/// How often it is looked whether there is something new to index.
const INDEX_TICK: Duration = Duration::from_millis(200);

/// How often it is looked whether there is something to deliver to trails.
const DELIVERY_TICK: Duration = Duration::from_secs(1);
/// How often it is looked whether a segment of the journal is full, or its time is over.
const UPKEEP_TICK: Duration = Duration::from_secs(1);

/// How long the patient threads leave the processor to others, between two pieces of work.
const PAUSE: Duration = Duration::from_micros(50);
/// How nice the patient threads are to everything else, of 19 (nice(1)).
const NICE: i32 = 15;

/// The threads that do what no request does: one for what falls due; and patient ones for the index of the journal, for its full
/// segments, and for delivery to trails, which take their time.
pub struct Background {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    stop_patient: Arc<AtomicBool>,
    patient: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts the threads, and waits until memory follows the store, unless the strongroom is sealed.
    ///
    /// # Errors
    /// [`StartError::Thread`].
    pub fn start(runtime: Runtime, following: Following, chores: Chores) -> Result<Self, StartError> {
        let (stop, mut stopped) = watch::channel(false);
        let (watched, indexed, tended, delivered) =
            (chores.clone(), chores.clone(), chores.clone(), chores.clone());
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = following.run() => {}
                    () = chores.run() => {}
                    _ = stopped.wait_for(|stop| *stop) => {}
                }
                chores.finish().await;
            });
        };
        let thread = named("background", run)?;
        // A server that answers its first request before it follows would refuse it.
        while !(watched.is_following() || watched.is_sealed() || thread.is_finished()) {
            thread::sleep(Duration::from_micros(200));
        }
        let stopping = stop.subscribe();
        let stop_patient = Arc::new(AtomicBool::new(false));
        let mut background = Self { stop, thread: Some(thread), stop_patient, patient: Vec::new() };
        let stopped = Arc::clone(&background.stop_patient);
        background.patient.push(named("index", move || index(&indexed, &stopped))?);
        let stopped = Arc::clone(&background.stop_patient);
        let runtime = Builder::new_current_thread().build().map_err(StartError::Thread)?;
        background.patient.push(named("journal-upkeep", move || tend(&tended, &runtime, &stopped))?);
        let runtime = Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        // Whoever calls first finds them.
        runtime.block_on(delivered.make_trails());
        background.patient.push(named("delivery", move || deliver(&delivered, &runtime, stopping))?);
        Ok(background)
    }

    /// Ends it, and waits.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.stop_patient.store(true, Ordering::Relaxed);
        for patient in self.patient.drain(..) {
            patient.thread().unpark();
            let _ = patient.join();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Keeps the index of the journal on the heels of the journal, out of the way of requests: on a busy machine they go first.
fn index(chores: &Chores, stopped: &AtomicBool) {
    make_way();
    while !stopped.load(Ordering::Relaxed) {
        if chores.advance_index(&|| thread::sleep(PAUSE)) == Advance::Reached {
            thread::park_timeout(INDEX_TICK);
        }
    }
}

/// Delivers to trails. A delivery that is cut short goes on with the next start.
fn deliver(chores: &Chores, runtime: &Runtime, mut stopped: watch::Receiver<bool>) {
    make_way();
    runtime.block_on(async {
        let deliver = async {
            loop {
                if chores.deliver().await == Delivered::Reached {
                    tokio::time::sleep(DELIVERY_TICK).await;
                }
            }
        };
        tokio::select! {
            () = deliver => {}
            _ = stopped.wait_for(|stop| *stop) => {}
        }
    });
}

/// Looks after the full segments of the journal, out of the way of requests.
fn tend(chores: &Chores, runtime: &Runtime, stopped: &AtomicBool) {
    make_way();
    let pause = || {
        if stopped.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        thread::sleep(PAUSE);
        Ok(())
    };
    while !stopped.load(Ordering::Relaxed) {
        if !runtime.block_on(chores.tend_journal(&pause)) {
            thread::park_timeout(UPKEEP_TICK);
        }
    }
}

/// Lets everybody else go first, from this thread on.
fn make_way() {
    // Of this thread alone (setpriority(2), "C library/kernel differences"). Where it is not permitted, nothing is lost.
    let _ = rustix::process::setpriority_process(None, NICE);
}

fn named(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartError> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(StartError::Thread)
}
