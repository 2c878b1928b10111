//! Reading a request's body within its limits.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use dispatch::BodyFault;
use http::{header::EXPECT, request::Parts};
use hyper::body::{Body, Frame, Incoming};

use crate::limits::{BODY_BYTES_MAX, DISCARDED_BYTES_MAX};

/// Reads the whole body. One that comes in one piece is not copied.
pub(super) async fn read(head: &Parts, body: Incoming, limit: Duration) -> Result<Bytes, BodyFault> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let declared = body.size_hint().lower();
    let most = if head.headers.contains_key(EXPECT) { BODY_BYTES_MAX } else { DISCARDED_BYTES_MAX };
    if declared > most as u64 {
        return Err(BodyFault::TooLarge);
    }
    in_time(collect(body), limit).await
}

async fn collect(mut body: Incoming) -> Result<Bytes, BodyFault> {
    let Some(first) = data(&mut body).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() && first.len() <= BODY_BYTES_MAX {
        return Ok(first);
    }
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(BODY_BYTES_MAX);
    let mut whole = BytesMut::with_capacity(first.len().saturating_add(expected).min(BODY_BYTES_MAX));
    let mut total = 0_usize;
    let mut next = Some(first);
    while let Some(piece) = next {
        total = total.saturating_add(piece.len());
        if total > DISCARDED_BYTES_MAX {
            return Err(BodyFault::TooLarge);
        }
        if total <= BODY_BYTES_MAX {
            whole.extend_from_slice(&piece);
        }
        next = data(&mut body).await?;
    }
    if total > BODY_BYTES_MAX { Err(BodyFault::TooLarge) } else { Ok(whole.freeze()) }
}

/// The next piece of data; `None` at the end. Trailers mean nothing here.
async fn data(body: &mut Incoming) -> Result<Option<Bytes>, BodyFault> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        match frame.map(|frame| frame.map(Frame::into_data)) {
            None => return Ok(None),
            Some(Ok(Ok(data))) => return Ok(Some(data)),
            Some(Ok(Err(_not_data))) => {}
            Some(Err(_)) => return Err(BodyFault::Broken),
        }
    }
}

/// Ends the reading when it takes too long. A body that is there already, as most are, takes one poll and no timer.
async fn in_time(
    reading: impl Future<Output = Result<Bytes, BodyFault>>,
    limit: Duration,
) -> Result<Bytes, BodyFault> {
    let mut reading = pin!(reading);
    match poll_fn(|context| Poll::Ready(reading.as_mut().poll(context))).await {
        Poll::Ready(read) => read,
        Poll::Pending => tokio::time::timeout(limit, reading).await.unwrap_or(Err(BodyFault::TimedOut)),
    }
}
