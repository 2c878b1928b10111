//! A thread that serves connections.

use std::{
    collections::BTreeMap,
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
    connection::{Answer, Coarse, Order, Overdue, Shared, Station, Watch},
    connections::TurnedAway,
    doorway::Doorway,
    guests::Guest,
};

/// The way to a worker.
pub(super) struct Worker {
    errands: mpsc::UnboundedSender<Errand>,
    open: Arc<AtomicUsize>,
}

/// What the acceptor tells a worker.
enum Errand {
    /// Serve this connection.
    Serve(TcpStream, (Guest, SocketAddr)),
    /// End this one: a later one takes its place.
    End(Guest),
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
        let (sender, errands) = mpsc::unbounded_channel();
        let open = Arc::new(AtomicUsize::new(0));
        let floor = Floor {
            sweep: shared.limits.sweep(),
            shared,
            open: Arc::clone(&open),
            now: Arc::default(),
            doorway: Arc::default(),
            watches: BTreeMap::new(),
        };
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || floor.run(&runtime, errands, stopped))?;
        Ok((Self { errands: sender, open }, thread))
    }

    /// Connections that this worker has.
    pub(super) fn open(&self) -> usize {
        self.open.load(Relaxed)
    }

    /// Gives it another one.
    pub(super) fn hand(&mut self, stream: TcpStream, from: (Guest, SocketAddr)) {
        self.open.fetch_add(1, Relaxed);
        // A worker that is gone takes no more; the connection is closed with the errand.
        if self.errands.send(Errand::Serve(stream, from)).is_err() {
            self.open.fetch_sub(1, Relaxed);
        }
    }

    /// Ends a connection, if it is this worker's.
    pub(super) fn end(&mut self, guest: Guest) {
        // A worker that is gone has ended all.
        let _ = self.errands.send(Errand::End(guest));
    }
}

/// The worker's side.
struct Floor<A> {
    shared: Arc<Shared<A>>,
    open: Arc<AtomicUsize>,
    now: Arc<Coarse>,
    doorway: Arc<Doorway>,
    sweep: Duration,
    watches: BTreeMap<Guest, (Arc<Watch>, SocketAddr)>,
}

type Incoming = mpsc::UnboundedReceiver<Errand>;

impl<A: Answer> Floor<A> {
    fn run(mut self, runtime: &Runtime, errands: Incoming, stopped: watch::Receiver<bool>) -> usize {
        let doorway = Arc::clone(&self.doorway);
        let served = async {
            self.work(errands, stopped).await;
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
        };
        runtime.block_on(doorway.kept_while(served))
    }

    async fn work(&mut self, mut errands: Incoming, mut stopped: watch::Receiver<bool>) {
        let started = Instant::now();
        let mut sweep = interval(self.sweep);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                errand = errands.recv() => match errand {
                    Some(Errand::Serve(stream, from)) => self.take(stream, from),
                    Some(Errand::End(guest)) => self.make_room(guest),
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
        errands.close();
        while let Ok(errand) = errands.try_recv() {
            if let Errand::Serve(stream, from) = errand {
                self.take(stream, from);
            }
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

    fn take(&mut self, stream: TcpStream, from: (Guest, SocketAddr)) {
        let (guest, peer) = from;
        let watch = Arc::new(Watch::new(Arc::clone(&self.now)));
        let opened = Opened {
            open: Arc::clone(&self.open),
            shared: Arc::clone(&self.shared),
            watch: Arc::clone(&watch),
            guest,
        };
        self.shared.counts.opened();
        let stream = stream.set_nodelay(true).and_then(|()| tokio::net::TcpStream::from_std(stream));
        // It fails when the client is gone already.
        let Ok(stream) = stream else { return };
        self.watches.insert(guest, (Arc::clone(&watch), peer));
        let station = Station { watch, doorway: Arc::clone(&self.doorway) };
        let serving = Arc::clone(&self.shared).serve(stream, from, station);
        tokio::spawn(async move {
            let _guard = opened;
            serving.await;
        });
    }

    /// Ends a connection for a later one, unless it is another worker's or has ended.
    fn make_room(&mut self, guest: Guest) {
        if let Some((watch, peer)) = self.watches.remove(&guest).filter(|(watch, _)| !watch.is_gone()) {
            watch.tell(Order::End);
            self.shared.turned_away(TurnedAway::MadeRoom, peer);
        }
    }

    fn sweep(&mut self) {
        self.forget_gone();
        for (watch, peer) in self.watches.values() {
            match watch.check(&self.shared.limits) {
                Some(Overdue::Head) => self.shared.turned_away(TurnedAway::SlowHead, *peer),
                Some(Overdue::Idle) => self.shared.counts.overdue_idle(),
                None => {}
            }
        }
    }

    fn tell(&self, order: Order) {
        for (watch, _) in self.watches.values() {
            watch.tell(order);
        }
    }

    fn forget_gone(&mut self) {
        self.watches.retain(|_, (watch, _)| !watch.is_gone());
    }
}

/// Counts a connection as open while it lives, and tells that it is gone when its task ends, however it ends.
struct Opened<A: Answer> {
    open: Arc<AtomicUsize>,
    shared: Arc<Shared<A>>,
    watch: Arc<Watch>,
    guest: Guest,
}

impl<A: Answer> Drop for Opened<A> {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Relaxed);
        self.shared.guests().leave(self.guest);
        self.shared.counts.closed();
        if self.watch.has_been_known() {
            self.shared.counts.known_closed();
        }
        self.watch.gone();
    }
}
