//! Intake a request's body within its limits.
//!
//! A body that is small and there at once, as most are, is handed on as it came. Any other needs room in the budget of all
//! bodies, and a longer one than strangers may send needs an access key that there is.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use dispatch::BodyFault;
use http::{header::EXPECT, request::Parts};
use hyper::body::{Body, Frame, Incoming};

use crate::{
    limits::{BODY_BYTES_MAX, DISCARDED_BYTES_MAX, STRANGERS_BODY_BYTES_MAX},
    memory::{Memory, NoRoom, Room},
};

/// How a body is read.
pub(super) struct Intake<'a> {
    /// The budget.
    pub(super) memory: &'a Memory,
    /// Time for a body.
    pub(super) limit: Duration,
    /// Whether somebody known has called over the connection.
    pub(super) is_known: bool,
    /// Whether the request names an access key that there is. Asked only of what is long.
    pub(super) knows: &'a (dyn Fn() -> bool + Sync),
}

/// A body on its way.
struct Arriving<'a> {
    body: Incoming,
    reading: &'a Intake<'a>,
    held: &'a mut Room,
    /// Bytes of the body for which there is room.
    room: usize,
    /// The whole body may come: it is short enough for strangers, or somebody known sends it.
    is_admitted: bool,
}

/// A body of so many bytes that is there at once takes no room.
const SMALL_BYTES: usize = STRANGERS_BODY_BYTES_MAX;
/// Time for which what a stranger sends is thrown away.
const DISCARDED_FOR: Duration = Duration::from_secs(2);
/// More room is taken in steps of so many bytes, when the length of a body is not known.
const STEP_BYTES: usize = 64 * 1024;

impl Intake<'_> {
    /// Reads the whole body. What it takes of the budget is held as long as `held`.
    pub(super) async fn read(
        &self,
        head: &Parts,
        body: Incoming,
        held: &mut Room,
    ) -> Result<Bytes, BodyFault> {
        if body.is_end_stream() {
            return Ok(Bytes::new());
        }
        let declared = body.size_hint().lower();
        let asks_first = head.headers.contains_key(EXPECT);
        let most = if asks_first { BODY_BYTES_MAX } else { DISCARDED_BYTES_MAX };
        if declared > most as u64 {
            return Err(BodyFault::TooLarge);
        }
        let mut arriving = Arriving { body, reading: self, held, room: 0, is_admitted: self.is_known };
        let read = arriving.read(head, usize::try_from(declared).unwrap_or(usize::MAX)).await;
        if let Err(BodyFault::TooLarge | BodyFault::Unread | BodyFault::NoRoom) = read
            && !asks_first
        {
            arriving.discard().await;
        }
        read
    }
}

impl Arriving<'_> {
    async fn read(&mut self, head: &Parts, declared: usize) -> Result<Bytes, BodyFault> {
        if declared > BODY_BYTES_MAX {
            return Err(BodyFault::TooLarge);
        }
        self.admit(declared)?;
        // Most bodies take one poll, no timer and no room.
        let first = poll_fn(|context| Poll::Ready(poll_data(&mut self.body, context))).await;
        let first = match first {
            Poll::Ready(Ok(Some(whole))) if whole.len() <= SMALL_BYTES && self.body.is_end_stream() => {
                return Ok(whole);
            }
            Poll::Ready(first) => first?,
            Poll::Pending => Some(Bytes::new()),
        };
        let limit = self.reading.limit;
        let collected = async {
            self.make_room(head_bytes(head) + declared).await?;
            self.room = declared;
            self.collect(first).await
        };
        tokio::time::timeout(limit, collected).await.unwrap_or(Err(BodyFault::TimedOut))
    }

    /// Reads what comes and throws it away, so that a client that sends before it listens can still read why it was refused.
    /// A stranger is not waited for.
    async fn discard(&mut self) {
        let limit = if self.reading.is_known { self.reading.limit } else { DISCARDED_FOR };
        let discarded = async {
            let mut total = 0_usize;
            while let Ok(Some(piece)) = poll_fn(|context| poll_data(&mut self.body, context)).await {
                total = total.saturating_add(piece.len());
                if total > DISCARDED_BYTES_MAX {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(limit, discarded).await;
    }

    async fn collect(&mut self, first: Option<Bytes>) -> Result<Bytes, BodyFault> {
        let mut whole = BytesMut::new();
        let mut total = 0_usize;
        let mut next = first;
        while let Some(piece) = next {
            total = total.saturating_add(piece.len());
            if total > BODY_BYTES_MAX {
                return Err(BodyFault::TooLarge);
            }
            self.admit(total)?;
            self.have_room(total).await?;
            whole.reserve(self.room.saturating_sub(whole.len()));
            whole.extend_from_slice(&piece);
            next = poll_fn(|context| poll_data(&mut self.body, context)).await?;
        }
        Ok(whole.freeze())
    }

    /// Lets a body of so many bytes come, if strangers may send as much or its sender may be known.
    fn admit(&mut self, bytes: usize) -> Result<(), BodyFault> {
        if !self.is_admitted && bytes > STRANGERS_BODY_BYTES_MAX {
            if !(self.reading.knows)() {
                return Err(BodyFault::Unread);
            }
            self.is_admitted = true;
        }
        Ok(())
    }

    async fn have_room(&mut self, total: usize) -> Result<(), BodyFault> {
        while self.room < total {
            self.make_room(STEP_BYTES).await?;
            self.room += STEP_BYTES;
        }
        Ok(())
    }

    async fn make_room(&mut self, bytes: usize) -> Result<(), BodyFault> {
        let Intake { memory, is_known, .. } = self.reading;
        let made = if *is_known {
            memory.take(bytes, self.held).await
        } else {
            memory.take_for_stranger(bytes, self.held)
        };
        made.map_err(|NoRoom| BodyFault::NoRoom)
    }
}

/// About what a head takes in memory.
pub(super) fn head_bytes(head: &Parts) -> usize {
    let fields = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES);
    fields.sum::<usize>() + head.uri.path().len() + head.uri.query().map_or(0, str::len)
}

/// What a field takes beside its text.
const FIELD_BYTES: usize = 64;

/// The next piece of data; `None` at the end. Trailers mean nothing here.
fn poll_data(body: &mut Incoming, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyFault>> {
    loop {
        let frame = ready!(Pin::new(&mut *body).poll_frame(context));
        match frame.map(|frame| frame.map(Frame::into_data)) {
            None => return Poll::Ready(Ok(None)),
            Some(Ok(Ok(data))) => return Poll::Ready(Ok(Some(data))),
            Some(Ok(Err(_not_data))) => {}
            Some(Err(_)) => return Poll::Ready(Err(BodyFault::Broken)),
        }
    }
}
