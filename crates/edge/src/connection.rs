//! One connection: handshake, requests, answers, end.
//!
//! ```text
//! accepted ─► TLS handshake ─► HTTP/1.1 or HTTP/2 ─► per request: head, body ─► Answer ─► response
//!                 └─────────── Watch: what the connection is doing, and since when ───────────┘
//! ```
//! Over TLS the protocol is what ALPN chose; without TLS, HTTP/2 is recognised by how it begins. Timeouts are not
//! timers of each request but a look at every connection's [`Watch`] once in a while, which costs a request two
//! stores to memory.

mod body;
mod frames;
mod watch;
mod watched;

use std::{
    convert::Infallible,
    error::Error,
    future::{Future, poll_fn},
    io, mem,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::Poll,
};

use bytes::Bytes;
use dispatch::{BodyFault, ConnectionInfo, TlsDetails};
use http::{Request, Response, Version, request::Parts};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{Semaphore, SemaphorePermit},
    task::yield_now,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use self::body::{Intake, head_bytes};
pub(crate) use self::watch::{Coarse, Order, Overdue, Watch};
use self::watched::Watched;
use crate::{
    connections::{Connections, TurnedAway},
    doorway::Doorway,
    guests::{Guest, Guests},
    limits::{
        HEAD_BYTES_MAX, Limits, SEND_BYTES_MAX, STRANGERS_DELAY, STRANGERS_QUICK_REQUESTS,
        STRANGERS_STREAMS_MAX, STREAMS_MAX, WINDOW_BYTES,
    },
    memory::{Memory, NoRoom, Room},
};

/// What the edge hands over for each request.
pub trait Answer: Send + Sync + 'static {
    /// Answers one request. Never fails: every request gets a response. `body` is `Err` when it could not be
    /// read within the limits. The response should carry a `Date`; the edge adds none. Head and body are the answer's, to
    /// be given up as soon as they are not needed.
    fn answer(
        &self,
        head: Parts,
        body: Result<Bytes, BodyFault>,
        connection: &ConnectionInfo,
    ) -> impl Future<Output = Response<Bytes>> + Send;

    /// Whether a request names an access key that there is. Asked before more than
    /// [`STRANGERS_BODY_BYTES_MAX`](crate::STRANGERS_BODY_BYTES_MAX) of its body are read, where nobody known has called
    /// over the connection.
    fn knows(&self, _head: &Parts) -> bool {
        true
    }

    /// Is told of a client that does not get as far as a request.
    fn turned_away(&self, _why: TurnedAway, _peer: SocketAddr) {}
}

/// What all connections of a listener share.
pub(crate) struct Shared<A> {
    pub(crate) answer: Arc<A>,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) limits: Limits,
    pub(crate) counts: Arc<Connections>,
    guests: Mutex<Guests>,
    memory: Memory,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

/// What a connection has of its worker.
#[derive(Clone)]
pub(crate) struct Station {
    /// What the connection is doing.
    pub(crate) watch: Arc<Watch>,
    /// The way to the worker's time while nobody known has called.
    pub(crate) doorway: Arc<Doorway>,
}

/// What the requests of one connection share.
struct Served<A> {
    shared: Arc<Shared<A>>,
    station: Station,
    info: ConnectionInfo,
    guest: Guest,
    /// The turns of requests while nobody known has called.
    turns: Semaphore,
    /// Requests while nobody known has called.
    requests: AtomicU32,
}

impl<A: Answer> Shared<A> {
    pub(crate) fn new(
        answer: Arc<A>,
        tls: Option<TlsAcceptor>,
        limits: Limits,
        counts: Arc<Connections>,
    ) -> Self {
        // A client may close its sending half after the request; it still gets its answer, and work once begun
        // is not dropped. hyper's own header timer is a timer per request: the watch does its work. The limit on
        // fields is hyper's default of 100, which needs no allocation.
        let mut http1 = http1::Builder::new();
        http1
            .half_close(true)
            .header_read_timeout(None)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_header_size(HEAD_BYTES_MAX)
            // AWS's spelling, `Content-Length`, is the only one that libmongocrypt knows. It speaks TLS only, and
            // hyper spells so at a cost for each field: without TLS, fields stay as they are.
            .title_case_headers(tls.is_some())
            .auto_date_header(false);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .max_concurrent_streams(STREAMS_MAX)
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_send_buf_size(SEND_BYTES_MAX)
            .max_header_list_size(HEAD_BYTES_MAX as u32)
            .timer(TokioTimer::new())
            .keep_alive_interval(limits.idle)
            .keep_alive_timeout(limits.head)
            .auto_date_header(false);
        let guests = Guests::new(limits.connections_max, limits.connections_per_address_max);
        let memory = Memory::new(limits.bodies_bytes_max);
        Self { answer, tls, limits, counts, guests: Mutex::new(guests), memory, http1, http2 }
    }

    /// The connections that there are.
    pub(crate) fn guests(&self) -> MutexGuard<'_, Guests> {
        // Nothing panics under the lock. If something did, the table would still be whole.
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a client that does not get as far as a request, and tells of it.
    pub(crate) fn turned_away(&self, why: TurnedAway, peer: SocketAddr) {
        self.counts.turned_away(why);
        self.answer.turned_away(why, peer);
    }

    /// Serves a connection until either side ends it.
    pub(crate) async fn serve(self: Arc<Self>, tcp: TcpStream, from: (Guest, SocketAddr), station: Station) {
        let (guest, peer) = from;
        let watch = &station.watch;
        match self.tls.clone() {
            None => {
                let mut stream = Watched::new(tcp, Arc::clone(watch));
                let begun = watch.unless_ordered(station.in_pieces(stream.begins_http2())).await;
                let Some(Ok(is_http2)) = begun else { return };
                let info = ConnectionInfo::new(peer, None);
                self.requests(is_http2, stream, (guest, info), station).await;
            }
            Some(acceptor) => {
                let shaken = station.in_pieces(acceptor.accept(tcp));
                let Some(accepted) = watch.unless_ordered(shaken).await else { return };
                let Ok(stream) = accepted else {
                    return self.turned_away(TurnedAway::Handshake, peer);
                };
                let (_, session) = stream.get_ref();
                let is_http2 = session.alpn_protocol() == Some(b"h2");
                let info = ConnectionInfo::new(peer, Some(details(session)));
                watch.expect_head();
                let stream = Watched::new(stream, Arc::clone(watch));
                self.requests(is_http2, stream, (guest, info), station).await;
            }
        }
    }

    async fn requests<S>(
        self: &Arc<Self>,
        is_http2: bool,
        stream: Watched<S>,
        (guest, info): (Guest, ConnectionInfo),
        station: Station,
    ) where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let io = TokioIo::new(stream);
        let peer = info.peer();
        let served = Arc::new(Served {
            shared: Arc::clone(self),
            station: station.clone(),
            info,
            guest,
            turns: Semaphore::new(STRANGERS_STREAMS_MAX),
            requests: AtomicU32::new(0),
        });
        let service = service_fn(move |request| respond(Arc::clone(&served), request));
        // Boxed: a connection that has not begun takes no room for what either protocol needs.
        let ended = if is_http2 {
            let mut connection = Box::pin(self.http2.serve_connection(io, service));
            let refused_heads = || self.refused_heads(&station.watch, peer);
            driven(connection.as_mut(), http2::Connection::graceful_shutdown, &station, refused_heads).await
        } else {
            let mut connection = Box::pin(self.http1.serve_connection(io, service));
            driven(connection.as_mut(), http1::Connection::graceful_shutdown, &station, || ()).await
        };
        if let Some(why) = ended.err().and_then(|error| reason(&error)) {
            self.turned_away(why, peer);
        }
    }

    /// Tells of heads over HTTP/2 that were too large.
    fn refused_heads(&self, watch: &Watch, peer: SocketAddr) {
        for _ in 0..watch.take_refused_heads() {
            self.turned_away(TurnedAway::HeadTooLarge, peer);
        }
    }
}

/// Serves a connection to its end, and does with it what its task is told. `worked` is called whenever it has done something.
async fn driven<C: Future<Output = hyper::Result<()>>>(
    mut connection: Pin<&mut C>,
    finish: impl FnOnce(Pin<&mut C>),
    station: &Station,
    worked: impl Fn(),
) -> hyper::Result<()> {
    let mut finish = Some(finish);
    let work = poll_fn(|context| {
        match station.watch.order(context) {
            Some(Order::End) => return Poll::Ready(Ok(())),
            Some(Order::Finish) => {
                if let Some(finish) = finish.take() {
                    finish(connection.as_mut());
                }
            }
            None => {}
        }
        let polled = connection.as_mut().poll(context);
        worked();
        polled
    });
    station.in_pieces(work).await
}

impl Station {
    /// Does some work piece by piece. While nobody known has called, each piece waits at the doorway, but not when the task has
    /// been told something.
    async fn in_pieces<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        loop {
            if !self.watch.has_been_known() {
                self.watch.unless_ordered(self.doorway.pass()).await;
            }
            match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
                Poll::Ready(done) => return done,
                Poll::Pending => woken().await,
            }
        }
    }
}

/// Waits until the task is woken.
async fn woken() {
    let mut has_waited = false;
    poll_fn(|_| if mem::replace(&mut has_waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

impl<A> Served<A> {
    /// One request of a stranger, then everybody else: who sends many in one go does not keep others waiting for all. Who
    /// goes on waits.
    async fn let_others_go_first(&self, version: Version) {
        if self.info.is_known() {
            return;
        }
        if self.requests.fetch_add(1, Relaxed) >= STRANGERS_QUICK_REQUESTS {
            sleep(STRANGERS_DELAY).await;
        }
        if version == Version::HTTP_2 {
            self.station.doorway.pass().await;
        } else {
            // The request is a part of the connection's task, which waits at the doorway before it goes on.
            yield_now().await;
        }
    }

    /// The turn of a request to be read. While nobody known has called over an HTTP/2 connection, only a few have it at a time,
    /// and their heads are reckoned up before they wait: a connection has many.
    async fn turn(&self, head: &Parts, held: &mut Room) -> Result<Option<SemaphorePermit<'_>>, NoRoom> {
        let is_one_of_many = head.version == Version::HTTP_2 && !self.info.is_known();
        if is_one_of_many {
            self.shared.memory.take_for_stranger(head_bytes(head), held)?;
        }
        self.let_others_go_first(head.version).await;
        if !is_one_of_many {
            return Ok(None);
        }
        self.turns.acquire().await.map(Some).map_err(|_| NoRoom)
    }
}

async fn respond<A: Answer>(
    served: Arc<Served<A>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let Served { shared, station: Station { watch, .. }, info, guest, .. } = &*served;
    let _busy = watch.busy(request.version() == Version::HTTP_2);
    let (head, body) = request.into_parts();
    let mut held = Room::default();
    let turn = served.turn(&head, &mut held).await;
    let reading = Intake {
        memory: &shared.memory,
        limit: shared.limits.body,
        is_known: info.is_known(),
        knows: &|| shared.answer.knows(&head),
    };
    let body = match turn {
        Ok(_) => reading.read(&head, body, &mut held).await,
        Err(NoRoom) => Err(BodyFault::NoRoom),
    };
    let is_too_much = matches!(body, Err(BodyFault::NoRoom)) && head.version == Version::HTTP_2;
    let response = shared.answer.answer(head, body, info).await;
    if is_too_much && !info.is_known() {
        // What its other requests hold is given up at once.
        watch.tell(Order::End);
    }
    if info.is_known() && watch.is_known() {
        shared.guests().is_known(*guest);
        served.turns.add_permits(STREAMS_MAX as usize);
        shared.counts.known();
    }
    Ok(response.map(Full::new))
}

/// What a client did wrong on its connection, if it was more than going away. hyper has answered by itself.
fn reason(error: &hyper::Error) -> Option<TurnedAway> {
    if error.is_parse_too_large() {
        Some(TurnedAway::HeadTooLarge)
    } else if error.is_parse() {
        Some(TurnedAway::Malformed)
    } else {
        // A connection that breaks off has an error of the system for its cause, one that HTTP/2 gives up has not.
        error.source().is_some_and(|cause| !cause.is::<io::Error>()).then_some(TurnedAway::Malformed)
    }
}

fn details(session: &rustls::ServerConnection) -> TlsDetails {
    let version = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "unknown",
    };
    // rustls calls `TLS13_…` what the registry calls `TLS_…`.
    let name =
        session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or("unknown");
    let cipher = name.strip_prefix("TLS13_").map_or_else(|| name.to_owned(), |rest| format!("TLS_{rest}"));
    TlsDetails { version, cipher }
}

/// Whether an error while accepting is about the connection that was to be accepted, not about this process.
pub(crate) fn is_theirs(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable,
    };
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | HostUnreachable | NetworkUnreachable
    )
}
