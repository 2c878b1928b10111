//! Requests whose bodies and answers are streams, such as objects. Nothing of them is kept in memory but what is on its way.

use std::{
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header::HOST};
use hyper::{
    body::{Body, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;

use crate::{IDLE_TIME, Outbound, OutboundError, no_http};

/// Bytes that wait on a connection, in each direction.
const BUFFER_BYTES: usize = 128 * 1024;

/// Most connections that rest.
const RESTING_MAX: usize = 64;

/// Requests to one place, with bodies of one type. Connections stay open from one request to the next. Each is driven by a task of its
/// own, since an answer is read after the call that asked for it.
pub struct Streams<B> {
    outbound: Outbound,
    place: Uri,
    host: HeaderValue,
    resting: Arc<Mutex<Vec<RestingStream<B>>>>,
}

/// A connection for one request.
pub struct OpenStream<B>(SendRequest<B>);

/// A connection on which no request is.
struct RestingStream<B> {
    connection: OpenStream<B>,
    /// When its last request was sent.
    since: Duration,
}

impl<B> Streams<B>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Requests to the place that the scheme and the authority of a URI name.
    ///
    /// # Errors
    /// [`OutboundError::Url`] if the URI is neither `https`, nor `http` on a loopback address.
    pub fn new(outbound: Outbound, place: &Uri) -> Result<Self, OutboundError> {
        Ok(Self { host: Outbound::host_to(place)?, place: place.clone(), outbound, resting: Arc::default() })
    }

    /// The value of the header `host` of requests, for who signs it.
    #[must_use]
    pub fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// Sends a request whose target is a path, and returns the head of the answer, whatever its status. `now` is the time since some
    /// fixed moment. There is no limit on the time.
    ///
    /// # Errors
    /// [`OutboundError::Connect`], [`OutboundError::Answer`]. A request on a connection that had rested, and turned out to be closed, may
    /// have got to the other side or not.
    pub async fn send(
        &self,
        now: Duration,
        mut request: Request<B>,
    ) -> Result<Response<Incoming>, OutboundError> {
        request.headers_mut().insert(HOST, self.host.clone());
        if let Some(mut rested) = self.rested(now) {
            match rested.0.try_send_request(request).await {
                Ok(answer) => return Ok(self.rest(rested, now, answer)),
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(no_http(failed.into_error())),
                },
            }
        }
        self.send_over(self.open().await?, now, request).await
    }

    /// Opens a connection for a request that cannot be sent twice.
    ///
    /// # Errors
    /// [`OutboundError::Connect`], [`OutboundError::Answer`].
    pub async fn open(&self) -> Result<OpenStream<B>, OutboundError> {
        let stream = TokioIo::new(self.outbound.open_to(&self.place).await?);
        let mut builder = http1::Builder::new();
        let handshake = builder.max_buf_size(BUFFER_BYTES).handshake(stream).await;
        let (sender, connection) = handshake.map_err(no_http)?;
        // How a connection ends is told to whoever sends on it, and reads from it.
        tokio::spawn(async move { drop(connection.await) });
        Ok(OpenStream(sender))
    }

    /// As [`Streams::send`], over this connection.
    ///
    /// # Errors
    /// [`OutboundError::Answer`].
    pub async fn send_over(
        &self,
        mut connection: OpenStream<B>,
        now: Duration,
        mut request: Request<B>,
    ) -> Result<Response<Incoming>, OutboundError> {
        request.headers_mut().insert(HOST, self.host.clone());
        let answer = connection.0.send_request(request).await.map_err(no_http)?;
        Ok(self.rest(connection, now, answer))
    }

    /// The connection that rests for the shortest time, if it does not rest for too long.
    fn rested(&self, now: Duration) -> Option<OpenStream<B>> {
        let mut resting = lock(&self.resting);
        resting.retain(|resting| {
            now.saturating_sub(resting.since) <= IDLE_TIME && !resting.connection.0.is_closed()
        });
        resting.pop().map(|resting| resting.connection)
    }

    /// Lets a connection rest once its answer was read.
    fn rest(
        &self,
        mut connection: OpenStream<B>,
        since: Duration,
        answer: Response<Incoming>,
    ) -> Response<Incoming> {
        let resting = Arc::clone(&self.resting);
        tokio::spawn(async move {
            if connection.0.ready().await.is_ok() {
                let mut resting = lock(&resting);
                if resting.len() < RESTING_MAX {
                    resting.push(RestingStream { connection, since });
                }
            }
        });
        answer
    }
}

/// Nothing panics under this lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
