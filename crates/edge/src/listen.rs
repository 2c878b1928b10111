//! A listener: one thread accepts, workers serve.
//!
//! Each worker is a thread with an event loop of its own; a connection stays with the worker it was given to, so
//! that the requests on it never change threads. New connections go to the worker with the fewest, which keeps
//! workers even when some clients open many connections and others one.

mod worker;

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use tokio::{net::TcpSocket, runtime, sync::watch};
use tokio_rustls::TlsAcceptor;

use self::worker::Worker;
use crate::{
    connection::{Answer, Shared, is_theirs},
    connections::{Connections, TurnedAway},
    guests::{Arrived, Guest},
    limits::Limits,
    tls::Tls,
};

/// Connections that the kernel holds until they are accepted.
const BACKLOG: u32 = 1024;
/// The pause after an accept that failed for want of descriptors or memory, doubled each time.
const PAUSE: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// A bound address, not yet served.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// How to serve a bound address.
pub struct Setup<A> {
    /// Who answers.
    pub answer: Arc<A>,
    /// TLS, unless the listener is on loopback.
    pub tls: Option<Tls>,
    /// Limits on connections.
    pub limits: Limits,
    /// Threads that serve.
    pub workers: NonZeroUsize,
    /// What the threads are called: `api` gives `api-accept`, `api-0`, …
    pub name: &'static str,
    /// Where connections are counted.
    pub counts: Arc<Connections>,
}

/// A listener that is served. Dropping it without [`Edge::shut_down`] stops it as well, and waits.
pub struct Edge {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    acceptor: Option<JoinHandle<()>>,
    workers: Vec<JoinHandle<usize>>,
}

/// How a listener ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every request in flight was answered.
    Clean,
    /// That many connections were closed because their time was over.
    CutOff(usize),
}

/// Binds an address.
///
/// # Errors
/// What the system says: the address is in use, not of this machine, or not permitted.
pub fn bind(address: SocketAddr) -> io::Result<Bound> {
    // The listener registers with an event loop only to get its backlog; the loop that serves it is another.
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let _context = runtime.enter();
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?.into_std()?;
    let address = listener.local_addr()?;
    Ok(Bound { listener, address })
}

impl Bound {
    /// The address, with the port that the system chose if it was 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts serving.
    ///
    /// # Errors
    /// When threads or event loops cannot be made.
    pub fn serve<A: Answer>(self, setup: Setup<A>) -> io::Result<Edge> {
        let Setup { answer, tls, limits, workers, name, counts } = setup;
        let tls = tls.map(|tls| TlsAcceptor::from(tls.server()));
        let shared = Arc::new(Shared::new(answer, tls, limits, counts));
        let (stop, stopped) = watch::channel(false);
        let mut edge = Edge { address: self.address, stop, acceptor: None, workers: Vec::new() };
        let mut ways = Vec::with_capacity(workers.get());
        for number in 0..workers.get() {
            let (worker, thread) =
                Worker::start(&format!("{name}-{number}"), Arc::clone(&shared), stopped.clone())?;
            edge.workers.push(thread);
            ways.push(worker);
        }
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let accept = accept(self.listener, ways, shared, stopped);
        let thread = std::thread::Builder::new().name(format!("{name}-accept"));
        edge.acceptor = Some(thread.spawn(move || runtime.block_on(accept))?);
        Ok(edge)
    }
}

impl Edge {
    /// The address that is served.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, lets requests in flight finish within [`Limits::shutdown`], closes everything, and ends
    /// the threads. Blocks until then. Work that outlives its request (a commit whose client hung up) is waited
    /// for within the same time.
    #[must_use]
    pub fn shut_down(mut self) -> Ended {
        self.stop()
    }

    fn stop(&mut self) -> Ended {
        self.stop.send_replace(true);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        let cut_off = self.workers.drain(..).map(|worker| worker.join().unwrap_or(0)).sum();
        if cut_off == 0 { Ended::Clean } else { Ended::CutOff(cut_off) }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Accepts until told to stop. The listener is closed before the workers' connections are.
async fn accept<A: Answer>(
    listener: TcpListener,
    mut workers: Vec<Worker>,
    shared: Arc<Shared<A>>,
    mut stopped: watch::Receiver<bool>,
) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the listener cannot be served");
            return;
        }
    };
    let mut pause = PAUSE;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        match accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer))) {
            Ok((stream, peer)) => {
                pause = PAUSE;
                let arrived = shared.guests().arrive(peer.ip().into());
                match arrived {
                    Arrived::Welcome(guest) => hand_over(&mut workers, stream, (guest, peer)),
                    Arrived::InPlaceOf { guest, leaves } => {
                        workers.iter_mut().for_each(|worker| worker.end(leaves));
                        hand_over(&mut workers, stream, (guest, peer));
                    }
                    Arrived::NetworkFull => shared.turned_away(TurnedAway::OverAddressLimit, peer),
                    Arrived::Full => shared.turned_away(TurnedAway::OverLimit, peer),
                }
            }
            Err(error) if is_theirs(&error) => {}
            Err(error) => {
                // The connection stays in the backlog, and the next accept would fail at once again.
                tracing::warn!(%error, pause_millis = pause.as_millis(), "connections cannot be accepted");
                shared.counts.accept_failed();
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(PAUSE_MAX);
            }
        }
    }
}

fn hand_over(workers: &mut [Worker], stream: TcpStream, from: (Guest, SocketAddr)) {
    if let Some(worker) = workers.iter_mut().min_by_key(|worker| worker.open()) {
        worker.hand(stream, from);
    }
}
