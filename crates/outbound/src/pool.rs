//! Connections to one place that are kept open from one request to the next.

use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::{Buf, Bytes};
use http::{HeaderValue, Request, Response, Uri, header::HOST};
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use secret::Plaintext;
use tokio::sync::Semaphore;

use crate::{IDLE_TIME, OpenConnection, Outbound, OutboundError, answered, no_http};

/// Requests to one place, over connections that stay open. There is no task of its own: a connection lives while a
/// request is on it, and rests between them.
pub struct Pool {
    outbound: Outbound,
    place: Uri,
    host: HeaderValue,
    permits: Semaphore,
    resting: Mutex<Vec<Resting>>,
}

/// A connection on which no request is.
struct Resting {
    connection: Lasting,
    /// When its last request was sent.
    since: Duration,
}

/// A connection, and what drives it.
struct Lasting {
    sender: SendRequest<Full<Bytes>>,
    driver: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Pool {
    /// Connections to the place that the scheme and the authority of a URI name, at most so many at a time.
    ///
    /// # Errors
    /// [`OutboundError::Url`] if the URI is neither `https`, nor `http` on a loopback address.
    pub fn new(outbound: Outbound, place: &Uri, connections_max: usize) -> Result<Self, OutboundError> {
        Ok(Self {
            host: Outbound::host_to(place)?,
            place: place.clone(),
            outbound,
            permits: Semaphore::new(connections_max),
            resting: Mutex::default(),
        })
    }

    /// The value of the header `host` of requests, for who signs it.
    #[must_use]
    pub fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// Sends a request whose target is a path, and returns the answer, whatever its status. The answer has to be there
    /// within `time`, a wait for a free connection included. `now` is the time since some fixed moment.
    ///
    /// A request may be sent twice: when a connection that had rested turns out to be closed.
    ///
    /// # Errors
    /// [`OutboundError::Connect`], [`OutboundError::Answer`], [`OutboundError::TimedOut`].
    pub async fn send_within(
        &self,
        time: Duration,
        now: Duration,
        mut request: Request<Bytes>,
    ) -> Result<Response<Plaintext>, OutboundError> {
        request.headers_mut().insert(HOST, self.host.clone());
        let answer = tokio::time::timeout(time, self.exchange(now, request)).await;
        answer.map_err(|_| OutboundError::TimedOut(time))?
    }

    /// Opens a connection and closes it again: whether somebody listens there.
    ///
    /// # Errors
    /// [`OutboundError::Connect`], [`OutboundError::TimedOut`].
    pub async fn reach(&self, time: Duration) -> Result<(), OutboundError> {
        let opened = tokio::time::timeout(time, self.outbound.open_to(&self.place)).await;
        opened.map_err(|_| OutboundError::TimedOut(time))?.map(drop)
    }

    async fn exchange(
        &self,
        now: Duration,
        request: Request<Bytes>,
    ) -> Result<Response<Plaintext>, OutboundError> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await.map_err(|_| OutboundError::Url)?;
        if let Some(connection) = self.rested(now) {
            match connection.exchange(request.clone()).await {
                Ok(answer) => return Ok(self.rest(answer, now)),
                // When one was closed meanwhile, the others were too, as by a server that started again.
                Err(_) => self.resting().clear(),
            }
        }
        let connection = Lasting::over(self.outbound.open_to(&self.place).await?).await?;
        Ok(self.rest(connection.exchange(request).await?, now))
    }

    /// The connection that rests for the shortest time, if it does not rest for too long.
    fn rested(&self, now: Duration) -> Option<Lasting> {
        let mut resting = self.resting();
        resting.retain(|resting| now.saturating_sub(resting.since) <= IDLE_TIME);
        resting.pop().map(|resting| resting.connection)
    }

    fn rest(
        &self,
        (answer, connection): (Response<Plaintext>, Lasting),
        since: Duration,
    ) -> Response<Plaintext> {
        if !connection.sender.is_closed() {
            self.resting().push(Resting { connection, since });
        }
        answer
    }

    fn resting(&self) -> std::sync::MutexGuard<'_, Vec<Resting>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lasting {
    async fn over(stream: Box<dyn OpenConnection>) -> Result<Self, OutboundError> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(no_http)?;
        let driver = async move { drop(connection.await) };
        Ok(Self { sender, driver: Box::pin(driver) })
    }

    /// Sends a request, and gives the connection back with the answer.
    async fn exchange(
        mut self,
        request: Request<Bytes>,
    ) -> Result<(Response<Plaintext>, Self), OutboundError> {
        let answer = answered(&mut self.sender, &mut self.driver, request).await?;
        Ok((answer.map(|body| gathered(body.aggregate())), self))
    }
}

/// The pieces of a body together, copied once.
fn gathered(mut pieces: impl Buf) -> Plaintext {
    let filled = Plaintext::zeroed(pieces.remaining()).fill(|bytes| {
        pieces.copy_to_slice(bytes);
        Ok::<(), std::convert::Infallible>(())
    });
    match filled {
        Ok(body) => body,
        Err(never) => match never {},
    }
}
