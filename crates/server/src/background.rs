//! What no request does, on a thread of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use cloudtrail::Advance;
use tokio::{runtime::Runtime, sync::watch};

use crate::{
    compose::{Chores, Following},
    start::StartError,
};

/// How often it is looked whether there is something new to index.
const INDEX_TICK: Duration = Duration::from_millis(200);

/// How long the index leaves the processor to others, between two pieces of work.
const INDEX_PAUSE: Duration = Duration::from_micros(50);
/// How nice the index is to everything else, of 19 (nice(1)).
const INDEX_NICE: i32 = 15;

/// The threads that do what no request does: one for what falls due, one for the index of the journal, which takes its time.
pub struct Background {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    stop_indexing: Arc<AtomicBool>,
    indexing: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts the threads, and waits until memory follows the store, unless the strongroom is sealed.
    ///
    /// # Errors
    /// [`StartError::Thread`].
    pub fn start(runtime: Runtime, following: Following, chores: Chores) -> Result<Self, StartError> {
        let (stop, mut stopped) = watch::channel(false);
        let (watched, indexed) = (chores.clone(), chores.clone());
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
        let stop_indexing = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop_indexing);
        let indexing = named("index", move || index(&indexed, &stopped))?;
        Ok(Self { stop, thread: Some(thread), stop_indexing, indexing: Some(indexing) })
    }

    /// Ends it, and waits.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.stop_indexing.store(true, Ordering::Relaxed);
        if let Some(indexing) = self.indexing.take() {
            indexing.thread().unpark();
            let _ = indexing.join();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Keeps the index of the journal on the heels of the journal, out of the way of requests: on a busy machine they go first.
fn index(chores: &Chores, stopped: &AtomicBool) {
    // Of this thread alone (setpriority(2), "C library/kernel differences"). Where it is not permitted, nothing is lost.
    let _ = rustix::process::setpriority_process(None, INDEX_NICE);
    while !stopped.load(Ordering::Relaxed) {
        if chores.advance_index(&|| thread::sleep(INDEX_PAUSE)) == Advance::Reached {
            thread::park_timeout(INDEX_TICK);
        }
    }
}

fn named(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartError> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(StartError::Thread)
}
