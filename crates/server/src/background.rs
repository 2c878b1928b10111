//! What no request does, on a thread of its own.

use std::{thread, time::Duration};

use tokio::{runtime::Runtime, sync::watch};

use crate::{
    compose::{Chores, Following},
    start::StartError,
};

/// The thread that does what no request does.
pub struct Background {
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Background {
    /// Starts the thread, and waits until memory follows the store, unless the strongroom is sealed.
    ///
    /// # Errors
    /// [`StartError::Thread`].
    pub fn start(runtime: Runtime, following: Following, chores: Chores) -> Result<Self, StartError> {
        let (stop, mut stopped) = watch::channel(false);
        let watched = chores.clone();
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
        let thread =
            thread::Builder::new().name("background".to_owned()).spawn(run).map_err(StartError::Thread)?;
        // A server that answers its first request before it follows would refuse it.
        while !(watched.is_following() || watched.is_sealed() || thread.is_finished()) {
            thread::sleep(Duration::from_micros(200));
        }
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Ends it, and waits.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
