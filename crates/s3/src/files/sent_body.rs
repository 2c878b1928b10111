//! The body of a request to a bucket.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

/// What is sent.
pub(crate) enum SentBody {
    /// All of it is here, until it is sent.
    Whole(Option<Bytes>),
    /// It comes in pieces.
    Pieces {
        pieces: mpsc::Receiver<Bytes>,
        /// How many bytes are to come.
        left: u64,
    },
}

/// The pieces were not as many bytes as was said. The connection ends, so that the bucket takes nothing for the whole.
#[derive(Debug)]
pub(crate) struct CutBody;

impl SentBody {
    /// No body.
    pub(crate) fn none() -> Self {
        Self::Whole(None)
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = CutBody;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutBody>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Pieces { left: 0, .. } => Poll::Ready(None),
            Self::Pieces { pieces, left } => {
                let piece = ready!(pieces.poll_recv(cx));
                let fits = |piece: &Bytes| left.checked_sub(piece.len() as u64);
                match piece.and_then(|piece| Some((fits(&piece)?, piece))) {
                    Some((after, piece)) => {
                        *left = after;
                        Poll::Ready(Some(Ok(Frame::data(piece))))
                    }
                    None => Poll::Ready(Some(Err(CutBody))),
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None) | Self::Pieces { left: 0, .. })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Whole(bytes) => bytes.as_ref().map_or(0, Bytes::len) as u64,
            Self::Pieces { left, .. } => *left,
        })
    }
}

impl std::fmt::Display for CutBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the object ended before its end")
    }
}

impl std::error::Error for CutBody {}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn pieces_are_as_long_as_was_said_or_no_body() {
        let body = |left: u64, sent: &[&'static [u8]]| {
            let (sender, pieces) = mpsc::channel(8);
            for piece in sent {
                sender.try_send(Bytes::from_static(piece)).unwrap();
            }
            SentBody::Pieces { pieces, left }
        };
        let whole = body(5, &[b"abc", b"de"]).collect().await.unwrap().to_bytes();
        assert_eq!(&*whole, b"abcde");
        for (left, sent) in [(6, &[&b"abc"[..], b"de"][..]), (4, &[b"abc", b"de"]), (1, &[])] {
            assert!(body(left, sent).collect().await.is_err(), "{left}");
        }
        assert!(SentBody::none().is_end_stream());
    }
}
