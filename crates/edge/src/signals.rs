//! Signals.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the system or an operator wants of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// To end: SIGTERM or SIGINT.
    Stop(&'static str),
    /// To read the TLS certificate again: SIGHUP.
    Reload,
}

/// Signals that are caught. From [`Signals::catch`] on they no longer end the process by themselves.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Starts catching. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next wish.
    pub async fn next(&mut self) -> Wanted {
        tokio::select! {
            _ = self.terminate.recv() => Wanted::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Wanted::Stop("SIGINT"),
            _ = self.hang_up.recv() => Wanted::Reload,
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn signals_are_told_apart() {
        let mut signals = Signals::catch().unwrap();
        for (sent, wanted) in [
            (Signal::HUP, Wanted::Reload),
            (Signal::TERM, Wanted::Stop("SIGTERM")),
            (Signal::INT, Wanted::Stop("SIGINT")),
        ] {
            kill_process(getpid(), sent).unwrap();
            assert_eq!(signals.next().await, wanted);
        }
    }
}
