//! The body of a request, as data: what is signed of it is verified on the way, and said at its end.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use s3s::S3Error;
use sigv4::{S3AuthError, S3Body, Trailer};

use crate::{faults, metrics::GatewayMetrics};

/// A body with its signatures and chunk lines taken off.
pub(crate) struct IncomingData {
    /// Until it is at its end.
    body: Option<Incoming>,
    verified: Option<S3Body>,
    length: Option<u64>,
    waiting: Bytes,
    end: BodyEnd,
    metrics: Arc<GatewayMetrics>,
}

/// What is known of a body at its end, shared with whoever uses the data.
#[derive(Clone, Default)]
pub(crate) struct BodyEnd(Arc<Mutex<KnownEnd>>);

#[derive(Default)]
struct KnownEnd {
    is_whole: bool,
    trailer: Option<Trailer>,
    error: Option<S3AuthError>,
    /// What nobody read.
    rest: Option<Incoming>,
}

/// The body ended by an error; what it is stands in its [`BodyEnd`].
#[derive(Debug)]
pub(crate) struct BrokenBody;

impl IncomingData {
    pub(crate) fn new(body: Incoming, verified: S3Body, end: BodyEnd, metrics: Arc<GatewayMetrics>) -> Self {
        let length = verified.decoded_length().or_else(|| body.size_hint().exact());
        Self { body: Some(body), verified: Some(verified), length, waiting: Bytes::new(), end, metrics }
    }

    /// How many bytes of data there will be, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    fn fail(&mut self, error: S3AuthError) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        self.verified = None;
        self.end.known().error = Some(error);
        Poll::Ready(Some(Err(BrokenBody)))
    }
}

impl Body for IncomingData {
    type Data = Bytes;
    type Error = BrokenBody;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        let this = &mut *self;
        loop {
            let Some(verified) = &mut this.verified else { return Poll::Ready(None) };
            match verified.read(&mut this.waiting) {
                Ok(Some(data)) => {
                    this.metrics.received(data.len());
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Ok(None) => {}
                Err(error) => return this.fail(error),
            }
            let Some(body) = &mut this.body else { return Poll::Ready(None) };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => this.waiting = frame.into_data().unwrap_or_default(),
                Some(Err(_)) => return this.fail(S3AuthError::IncompleteBody),
                None => {
                    this.body = None;
                    let finished = this.verified.take().map_or(Ok(None), S3Body::finish);
                    match finished {
                        Ok(trailer) => {
                            let mut known = this.end.known();
                            (known.is_whole, known.trailer) = (true, trailer);
                        }
                        Err(error) => return this.fail(error),
                    }
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for IncomingData {
    fn drop(&mut self) {
        self.end.known().rest = self.body.take();
    }
}

impl BodyEnd {
    /// What nobody read of the body, once all that could read it is gone.
    pub(crate) fn take_rest(&self) -> Option<Incoming> {
        self.known().rest.take()
    }

    /// The checksum that came behind the data, once the body has been read to its end.
    ///
    /// # Errors
    /// Why the body is not believed; a body that was not read to its end is not.
    pub(crate) fn trailer(&self) -> Result<Option<Trailer>, S3Error> {
        let known = self.known();
        match (&known.error, known.is_whole) {
            (Some(error), _) => Err(faults::of_signature(error)),
            (None, false) => Err(faults::of_signature(&S3AuthError::IncompleteBody)),
            (None, true) => Ok(known.trailer.clone()),
        }
    }

    /// Whether the body was read to its end, and is believed.
    pub(crate) fn is_whole(&self) -> bool {
        self.known().is_whole
    }

    /// Why the body is not believed.
    pub(crate) fn error(&self) -> Option<S3Error> {
        self.known().error.as_ref().map(faults::of_signature)
    }

    fn known(&self) -> MutexGuard<'_, KnownEnd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Display for BrokenBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the body of the request is not believed")
    }
}

impl std::error::Error for BrokenBody {}

/// Reads and drops a body, up to so many bytes: a client that still sends when its connection is closed may never see the answer. Whether
/// it is at its end.
pub(crate) async fn pass_over(mut body: Incoming, bytes_max: u64) -> bool {
    let read = async {
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame.ok()?.data_ref().map_or(0, Bytes::len) as u64;
            (bytes <= bytes_max).then_some(())?;
        }
        Some(())
    };
    matches!(tokio::time::timeout(PASSED_WITHIN, read).await, Ok(Some(())))
}

/// How long a body is read that nobody wants.
const PASSED_WITHIN: Duration = Duration::from_secs(10);
