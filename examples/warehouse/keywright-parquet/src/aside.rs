//! A thread of its own for calls, so that whoever is not asynchronous can wait for them anywhere.

use std::{io, sync::mpsc};

use forward::KmsError;
use tokio::runtime::{Builder, Runtime};

/// A thread that drives calls and their connections. It never is the thread that waits: a caller inside a runtime, of one
/// thread even, gets its answer.
pub(crate) struct Aside(Option<Runtime>);

impl Aside {
    pub(crate) fn start() -> io::Result<Self> {
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(1).thread_name("keywright-parquet").enable_all();
        Ok(Self(Some(runtime.build()?)))
    }

    /// Waits for a call.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, KmsError>> + Send + 'static,
    ) -> Result<T, KmsError> {
        let ended = || KmsError::Request("the thread that calls KMS has ended".to_owned());
        let (answer, answered) = mpsc::sync_channel(1);
        let runtime = self.0.as_ref().ok_or_else(ended)?;
        runtime.spawn(async move {
            // Nobody waits any more if this fails.
            let _ = answer.send(call.await);
        });
        answered.recv().map_err(|_| ended())?
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // A runtime that is dropped inside another waits for its threads, and tokio panics at that.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
