//! The body of a request, as data: what is signed of it is verified on the way, and said at its end.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use s3s::S3Error;
use sigv4::{S3AuthError, S3Body, Trailer};

use crate::faults;

/// A body with its signatures and chunk lines taken off.
pub(crate) struct IncomingData {
    body: Incoming,
    verified: Option<S3Body>,
    length: Option<u64>,
    waiting: Bytes,
    end: BodyEnd,
}

/// What is known of a body at its end, shared with whoever uses the data.
#[derive(Clone, Default)]
pub(crate) struct BodyEnd(Arc<Mutex<KnownEnd>>);

#[derive(Default)]
struct KnownEnd {
    is_whole: bool,
    trailer: Option<Trailer>,
    error: Option<S3AuthError>,
}

/// The body ended by an error; what it is stands in its [`BodyEnd`].
#[derive(Debug)]
pub(crate) struct BrokenBody;

impl IncomingData {
    pub(crate) fn new(body: Incoming, verified: S3Body, end: BodyEnd) -> Self {
        let length = verified.decoded_length().or_else(|| body.size_hint().exact());
        Self { body, verified: Some(verified), length, waiting: Bytes::new(), end }
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
                Ok(Some(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(None) => {}
                Err(error) => return this.fail(error),
            }
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => this.waiting = frame.into_data().unwrap_or_default(),
                Some(Err(_)) => return this.fail(S3AuthError::IncompleteBody),
                None => {
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

impl BodyEnd {
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
