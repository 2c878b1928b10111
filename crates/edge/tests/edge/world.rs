//! A server with an answer that tells what it was given, and a client that speaks byte by byte.

use std::{
    future::Future,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use dispatch::{BodyFault, ConnectionInfo};
use edge::{Answer, Connections, Edge, Limits, Setup, Tls, TurnedAway, bind};
use http::{Response, request::Parts};
use tokio::net::TcpSocket;

/// Tells what it was given; the path says what else it does.
#[derive(Default)]
pub(crate) struct Teller {
    /// The faults that it was given.
    pub(crate) faults: Mutex<Vec<BodyFault>>,
    /// Whom it was told of who did not get as far as a request.
    pub(crate) turned_away: Mutex<Vec<TurnedAway>>,
    /// The paths of the requests, in the order in which they were answered.
    pub(crate) answered: Mutex<Vec<String>>,
    /// How many requests wait, and how many have waited at once.
    at_once: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
    /// What detached tasks have finished.
    pub(crate) finished: Arc<Mutex<usize>>,
}

impl Answer for Teller {
    async fn answer(
        &self,
        head: Parts,
        body: Result<Bytes, BodyFault>,
        connection: &ConnectionInfo,
    ) -> Response<Bytes> {
        let path = head.uri.path().trim_start_matches('/').to_owned();
        let (verb, number) = path.split_once('/').unwrap_or((&path, "0"));
        let number: usize = number.parse().unwrap_or(0);
        match verb {
            "wait" => {
                let at_once = self.at_once.fetch_add(1, Relaxed) + 1;
                self.most_at_once.fetch_max(at_once, Relaxed);
                tokio::time::sleep(Duration::from_millis(number as u64)).await;
                self.at_once.fetch_sub(1, Relaxed);
            }
            "known" => connection.recognise(),
            // The whole worker waits.
            "block" => std::thread::sleep(Duration::from_millis(number as u64)),
            "panic" => panic!("on purpose"),
            "big" => return Response::new(vec![b'x'; number].into()),
            "detach" => {
                let finished = Arc::clone(&self.finished);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(number as u64)).await;
                    *finished.lock().unwrap() += 1;
                });
            }
            _ => {}
        }
        self.answered.lock().unwrap().push(path);
        if let Err(fault) = body {
            self.faults.lock().unwrap().push(fault);
        }
        let body =
            body.map(|bytes| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>() + bytes.len() as u64);
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        let tls = connection.tls().map(|tls| format!("{} {}", tls.version, tls.cipher));
        let told = format!("{:?} {} {body:?} {thread} {tls:?}", head.version, head.method);
        Response::new(told.into())
    }

    fn knows(&self, head: &Parts) -> bool {
        !head.headers.contains_key("x-stranger")
    }

    fn turned_away(&self, why: TurnedAway, _: SocketAddr) {
        self.turned_away.lock().unwrap().push(why);
    }
}

/// A served listener.
pub(crate) struct World {
    pub(crate) edge: Edge,
    pub(crate) teller: Arc<Teller>,
    pub(crate) counts: Arc<Connections>,
}

pub(crate) fn start(limits: Limits) -> World {
    start_with(limits, 1, None)
}

pub(crate) fn start_with(limits: Limits, workers: usize, tls: Option<Tls>) -> World {
    let (teller, counts) = (Arc::new(Teller::default()), Arc::new(Connections::default()));
    let setup = Setup {
        answer: Arc::clone(&teller),
        tls,
        limits,
        workers: NonZeroUsize::new(workers).unwrap(),
        name: "test",
        counts: Arc::clone(&counts),
    };
    let edge = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap().serve(setup).unwrap();
    World { edge, teller, counts }
}

/// Limits so short that tests can wait for them, and so long that a busy machine does not reach them by itself.
pub(crate) fn short() -> Limits {
    Limits {
        head: Duration::from_millis(400),
        body: Duration::from_millis(400),
        idle: Duration::from_millis(600),
        ..Limits::default()
    }
}

impl World {
    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.edge.address())
    }

    /// A client at another address of this machine.
    pub(crate) fn connect_from(&self, source: [u8; 4]) -> Client {
        let stream = run(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind((source, 0).into()).unwrap();
            socket.connect(self.edge.address()).await.unwrap().into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        Client::of(stream)
    }

    /// Waits until no connection is open.
    pub(crate) fn until_all_closed(&self) {
        until(|| self.counts.open() == 0);
    }
}

/// Waits until something is so.
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited for ten seconds");
}

/// Runs a future that uses tokio.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A client that sends what it is told, byte for byte.
pub(crate) struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect(address).unwrap())
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self
    }

    /// Sends as long as the other side takes it.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Closes the sending half.
    pub(crate) fn finish(&mut self) -> &mut Self {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
        self
    }

    pub(crate) fn post(&mut self, path: &str, body: &str) -> &mut Self {
        self.send(format!("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }

    /// The next response: status, and body by its length.
    pub(crate) fn response(&mut self) -> (u16, String) {
        let head = self.until(b"\r\n\r\n");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let length: usize = length.unwrap_or(0);
        while self.read.len() < length {
            assert!(self.more() > 0, "the connection ended within a body");
        }
        let body = self.read.drain(..length).collect();
        (status, String::from_utf8(body).unwrap())
    }

    /// Whether anything of an answer comes within a time.
    pub(crate) fn is_answered_within(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).unwrap();
        let mut buffer = [0; 4096];
        let read = self.stream.read(&mut buffer);
        self.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        self.read.extend_from_slice(&buffer[..read.as_ref().copied().unwrap_or_default()]);
        read.is_ok_and(|length| length > 0)
    }

    fn until(&mut self, end: &[u8]) -> String {
        loop {
            if let Some(at) = self.read.windows(end.len()).position(|window| window == end) {
                let head = self.read.drain(..at + end.len()).collect();
                return String::from_utf8(head).unwrap();
            }
            assert!(
                self.more() > 0,
                "the connection ended within a head: {:?}",
                String::from_utf8_lossy(&self.read)
            );
        }
    }

    fn more(&mut self) -> usize {
        let mut buffer = [0; 4096];
        let length = self.stream.read(&mut buffer).unwrap();
        self.read.extend_from_slice(&buffer[..length]);
        length
    }

    /// Waits until the other side closes; what it sent before is returned.
    pub(crate) fn closed(mut self) -> String {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it stays open: {error}"),
        }
        self.read.extend(rest);
        String::from_utf8_lossy(&self.read).into_owned()
    }
}
