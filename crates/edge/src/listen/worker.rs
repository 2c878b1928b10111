//! A thread that serves connections.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::{
    runtime::{self, Runtime},
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use crate::{
    connection::{Answer, Coarse, Order, Overdue, Shared, Watch},
    connections::Connections,
};

/// The way to a worker.
pub(super) struct Worker {
    connections: mpsc::UnboundedSender<(TcpStream, SocketAddr)>,
    open: Arc<AtomicUsize>,
}

/// How long to wait between two looks at what is still open while stopping.
const LOOK: Duration = Duration::from_millis(5);

impl Worker {
    /// Starts a worker. Its thread ends, with the number of connections that it had to cut off, after `stopped`
    /// turns true.
    pub(super) fn start<A: Answer>(
        name: &str,
        shared: Arc<Shared<A>>,
        stopped: watch::Receiver<bool>,
    ) -> io::Result<(Self, JoinHandle<usize>)> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (sender, connections) = mpsc::unbounded_channel();
        let open = Arc::new(AtomicUsize::new(0));
        let floor = Floor {
            sweep: shared.limits.sweep(),
            shared,
            open: Arc::clone(&open),
            now: Arc::default(),
            watches: Vec::new(),
        };
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || floor.run(&runtime, connections, stopped))?;
        Ok((Self { connections: sender, open }, thread))
    }

    /// Connections that this worker has.
    pub(super) fn open(&self) -> usize {
        self.open.load(Relaxed)
    }

    /// Gives it another one.
    pub(super) fn hand(&mut self, stream: TcpStream, peer: SocketAddr) {
        self.open.fetch_add(1, Relaxed);
        // A worker that is gone takes no more; the connection is closed with the message.
        if self.connections.send((stream, peer)).is_err() {
            self.open.fetch_sub(1, Relaxed);
        }
    }
}

/// The worker's side.
struct Floor<A> {
    shared: Arc<Shared<A>>,
    open: Arc<AtomicUsize>,
    now: Arc<Coarse>,
    sweep: Duration,
    watches: Vec<Arc<Watch>>,
}

type Incoming = mpsc::UnboundedReceiver<(TcpStream, SocketAddr)>;

impl<A: Answer> Floor<A> {
    fn run(mut self, runtime: &Runtime, connections: Incoming, stopped: watch::Receiver<bool>) -> usize {
        runtime.block_on(async {
            self.work(connections, stopped).await;
            let deadline = Instant::now() + self.shared.limits.shutdown;
            self.finish(deadline).await;
            let cut_off = self.watches.len();
            self.tell(Order::End);
            // What the requests left behind, and the connections that were just told.
            let tasks = runtime.metrics();
            while tasks.num_alive_tasks() > 0 && (Instant::now() < deadline || !self.watches.is_empty()) {
                sleep(LOOK).await;
                self.forget_gone();
            }
            cut_off
        })
    }

    async fn work(&mut self, mut connections: Incoming, mut stopped: watch::Receiver<bool>) {
        let started = Instant::now();
        let mut sweep = interval(self.sweep);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                connection = connections.recv() => match connection {
                    Some((stream, peer)) => self.take(stream, peer),
                    None => break,
                },
                _ = sweep.tick() => {
                    self.now.set(started.elapsed());
                    self.sweep();
                }
                _ = stopped.wait_for(|stop| *stop) => break,
            }
        }
        // What the acceptor handed over before it stopped has been accepted as far as the client can tell.
        connections.close();
        while let Ok((stream, peer)) = connections.try_recv() {
            self.take(stream, peer);
        }
    }

    /// Waits until the connections have finished, until the deadline.
    async fn finish(&mut self, deadline: Instant) {
        loop {
            self.forget_gone();
            if self.watches.is_empty() || Instant::now() >= deadline {
                return;
            }
            self.tell(Order::Finish);
            sleep(LOOK).await;
        }
    }

    fn take(&mut self, stream: TcpStream, peer: SocketAddr) {
        let opened = Opened { open: Arc::clone(&self.open), shared: Arc::clone(&self.shared) };
        self.shared.counts.opened();
        let stream = stream.set_nodelay(true).and_then(|()| tokio::net::TcpStream::from_std(stream));
        // It fails when the client is gone already.
        let Ok(stream) = stream else { return };
        let watch = Arc::new(Watch::new(Arc::clone(&self.now)));
        self.watches.push(Arc::clone(&watch));
        let gone = Gone(Arc::clone(&watch));
        let serving = Arc::clone(&self.shared).serve(stream, peer, watch);
        tokio::spawn(async move {
            let _guards = (opened, gone);
            serving.await;
        });
    }

    fn sweep(&mut self) {
        self.forget_gone();
        for watch in &self.watches {
            match watch.check(&self.shared.limits) {
                Some(Overdue::Head) => self.shared.counts.overdue_head(),
                Some(Overdue::Idle) => self.shared.counts.overdue_idle(),
                None => {}
            }
        }
    }

    fn tell(&self, order: Order) {
        for watch in &self.watches {
            watch.tell(order);
        }
    }

    fn forget_gone(&mut self) {
        self.watches.retain(|watch| !watch.is_gone());
    }
}

/// Counts a connection as open while it lives.
struct Opened<A> {
    open: Arc<AtomicUsize>,
    shared: Arc<Shared<A>>,
}

impl<A> Drop for Opened<A> {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Relaxed);
        let counts: &Connections = &self.shared.counts;
        counts.closed();
    }
}

/// Marks a connection's watch when its task ends, however it ends.
struct Gone(Arc<Watch>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.gone();
    }
}
