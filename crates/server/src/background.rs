//! What no request does, on a thread of its own.

use std::{
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

/// How long the index leaves the processor to others, between two pieces of work.
const INDEX_PAUSE: Duration = Duration::from_micros(50);
/// How often it is looked whether there is something to deliver to trails.
const DELIVERY_TICK: Duration = Duration::from_secs(1);
/// How nice the index and delivery are to everything else, of 19 (nice(1)).
const NICE: i32 = 15;

/// The threads that do what no request does: one for what falls due; one for the index of the journal and one for delivery, which
/// take their time.
pub struct Background {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    stop_indexing: Arc<AtomicBool>,
    indexing: Option<JoinHandle<()>>,
    delivering: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts the threads, and waits until memory follows the store, unless the strongroom is sealed.
    ///
    /// # Errors
    /// [`StartError::Thread`].
    pub fn start(runtime: Runtime, following: Following, chores: Chores) -> Result<Self, StartError> {
        let (stop, mut stopped) = watch::channel(false);
        let (watched, indexed, delivered) = (chores.clone(), chores.clone(), chores.clone());
        let delivering = deliver(delivered, stop.subscribe())?;
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
        Ok(Self {
            stop,
            thread: Some(thread),
            stop_indexing,
            indexing: Some(indexing),
            delivering: Some(delivering),
        })
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
        for thread in [self.delivering.take(), self.thread.take()].into_iter().flatten() {
            let _ = thread.join();
        }
    }
}

/// Keeps the index of the journal on the heels of the journal, out of the way of requests: on a busy machine they go first.
fn index(chores: &Chores, stopped: &AtomicBool) {
    // Of this thread alone (setpriority(2), "C library/kernel differences"). Where it is not permitted, nothing is lost.
    let _ = rustix::process::setpriority_process(None, NICE);
    while !stopped.load(Ordering::Relaxed) {
        if chores.advance_index(&|| thread::sleep(INDEX_PAUSE)) == Advance::Reached {
            thread::park_timeout(INDEX_TICK);
        }
    }
}

/// Delivers to trails. A delivery that is cut short goes on with the next start.
fn deliver(chores: Chores, mut stopped: watch::Receiver<bool>) -> Result<JoinHandle<()>, StartError> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
    named("delivery", move || {
        let _ = rustix::process::setpriority_process(None, NICE);
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
    })
}

fn named(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartError> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(StartError::Thread)
}
