//! A stream that tells its connection's watch when bytes arrive and which heads were too large, and wipes what arrived before.
//!
//! What it wipes lies in hyper's buffer, and is reached only when hyper reads on into the same place: with a buffer of 8 KiB
//! that is at the next read, with a larger one when the rest of it is full. The buffer grows when a request's first bytes
//! come alone. So the protocol is recognised here, and the bytes that tell it go on with those behind them; hyper-util would
//! hand them on alone.

use std::{
    io::{self, IoSlice, Write},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use zeroize::Zeroize;

use super::{Watch, frames::SentFrames};
use crate::limits::STRANGERS_READ_BYTES;

/// A head and a body that are not longer together are written in one piece: to the system, that is less work than a
/// list of pieces, and more than makes up for the copy, which is wiped.
const GATHERED_BYTES_MAX: usize = 1024;

/// What a client of HTTP/2 sends first (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The stream, and whom it tells.
pub(super) struct Watched<S> {
    stream: S,
    watch: Arc<Watch>,
    /// Bytes read since others had their turn.
    read: usize,
    /// The address behind the last bytes that were read.
    read_to: usize,
    /// Bytes that were read to recognise the protocol, and not handed on yet.
    begun: Vec<u8>,
    sent: SentFrames,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, watch: Arc<Watch>) -> Self {
        Self { stream, watch, read: 0, read_to: 0, begun: Vec::new(), sent: SentFrames::default() }
    }

    /// Takes note of what was written of these bytes.
    fn note(&mut self, bytes: &[u8], written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(written)) = written {
            let sent = bytes.get(..*written).unwrap_or(bytes);
            self.watch.refused_heads(self.sent.bare_answers(sent));
        }
    }

    /// Hands on the bytes that were read to recognise the protocol. Whether there were any.
    fn hand_on_begun(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let begun = self.begun.drain(..self.begun.len().min(buf.remaining()));
        let handed_on = !begun.as_slice().is_empty();
        buf.put_slice(begun.as_slice());
        handed_on
    }

    /// Wipes what is left of earlier requests in the room that is to be read into. hyper reads each request into the place of
    /// the last one, and waits for it there while the connection is idle.
    fn wipe_earlier(&self, buf: &mut ReadBuf<'_>) {
        let earlier = self.read_to.saturating_sub(end(buf)).min(buf.remaining());
        buf.initialize_unfilled_to(earlier).zeroize();
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Whether the client begins HTTP/2. One that goes away does not.
    pub(super) async fn begins_http2(&mut self) -> io::Result<bool> {
        while self.begun.len() < PREFACE.len() && PREFACE.starts_with(&self.begun) {
            let missing = PREFACE.len() - self.begun.len();
            if self.stream.read_buf(&mut (&mut self.begun).limit(missing)).await? == 0 {
                break;
            }
        }
        Ok(self.begun == PREFACE)
    }
}

/// The address behind what is in a buffer.
fn end(buf: &ReadBuf<'_>) -> usize {
    buf.filled().as_ptr_range().end.addr()
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read >= STRANGERS_READ_BYTES && !self.watch.has_been_known() {
            self.read = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.wipe_earlier(buf);
        let before = buf.filled().len();
        let handed_on = self.hand_on_begun(buf);
        let read = Pin::new(&mut self.stream).poll_read(context, buf);
        if buf.filled().len() > before {
            self.read_to = end(buf);
            self.read = self.read.saturating_add(buf.filled().len() - before);
            self.watch.arrived();
        } else {
            // Nothing is there: others have their turn.
            self.read = 0;
        }
        // What was handed on has arrived, whether or not more is there.
        if handed_on && read.is_pending() { Poll::Ready(Ok(())) } else { read }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, buf);
        self.note(buf, &written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes: usize = bufs.iter().map(|buf| buf.len()).sum();
        if bytes > GATHERED_BYTES_MAX {
            let written = Pin::new(&mut self.stream).poll_write_vectored(context, bufs);
            let mut left = match written {
                Poll::Ready(Ok(written)) => written,
                _ => 0,
            };
            for buf in bufs {
                let of_this = left.min(buf.len());
                self.note(buf, &Poll::Ready(Ok(of_this)));
                left -= of_this;
            }
            return written;
        }
        let mut gathered = [0; GATHERED_BYTES_MAX];
        let mut room = gathered.as_mut_slice();
        for buf in bufs {
            room.write_all(buf)?;
        }
        let text = gathered.get(..bytes).unwrap_or_default();
        let written = Pin::new(&mut self.stream).poll_write(context, text);
        self.note(text, &written);
        // As a slice, which is wiped many bytes in a step; an array is wiped byte by byte.
        gathered.as_mut_slice().zeroize();
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::connection::Coarse;

    /// Reads as much as there is without a turn for others.
    async fn at_once(watched: &mut Watched<tokio::io::DuplexStream>) -> usize {
        let mut bytes = [0; 1024];
        let mut total = 0;
        loop {
            let mut buf = ReadBuf::new(&mut bytes);
            let read =
                poll_fn(|context| Poll::Ready(Pin::new(&mut *watched).poll_read(context, &mut buf))).await;
            match read {
                Poll::Ready(Ok(())) => total += buf.filled().len(),
                _ => return total,
            }
        }
    }

    #[tokio::test]
    async fn of_a_stranger_a_part_is_read_at_a_time() {
        let (near, mut far) = tokio::io::duplex(4 * STRANGERS_READ_BYTES);
        let watch = Arc::new(Watch::new(Arc::new(Coarse::default())));
        let mut watched = Watched::new(near, Arc::clone(&watch));
        far.write_all(&vec![0; 3 * STRANGERS_READ_BYTES]).await.unwrap();
        assert_eq!(at_once(&mut watched).await, STRANGERS_READ_BYTES);
        assert_eq!(at_once(&mut watched).await, STRANGERS_READ_BYTES, "and the next in the next turn");
        watch.is_known();
        far.write_all(&vec![0; 2 * STRANGERS_READ_BYTES]).await.unwrap();
        assert_eq!(at_once(&mut watched).await, 3 * STRANGERS_READ_BYTES, "the known are read to the end");
    }

    #[tokio::test]
    async fn what_was_read_is_wiped_before_more_is_waited_for() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut watched = Watched::new(near, Arc::new(Watch::new(Arc::new(Coarse::default()))));
        let mut bytes = [7; 64];
        far.write_all(b"a secret").await.unwrap();
        watched.read_exact(bytes.get_mut(..8).unwrap()).await.unwrap();
        assert!(bytes.starts_with(b"a secret"));
        let mut buf = ReadBuf::new(&mut bytes);
        let read = poll_fn(|context| Poll::Ready(Pin::new(&mut watched).poll_read(context, &mut buf))).await;
        assert!(read.is_pending());
        assert_eq!(bytes.split_at(8), (&[0; 8][..], &[7; 56][..]), "and nothing else is");
    }

    #[tokio::test]
    async fn http2_is_recognised_and_nothing_is_lost() {
        let head = b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let begun = [PREFACE, b"\0\0\0\x04"].concat();
        for (sent, is_http2) in
            [(&begun[..], true), (PREFACE, true), (b"PRI * HTTP/2", false), (head, false), (b"", false)]
        {
            for piece in [1, 3, 64] {
                let (near, mut far) = tokio::io::duplex(1);
                let mut watched = Watched::new(near, Arc::new(Watch::new(Arc::new(Coarse::default()))));
                let sending = async {
                    for piece in sent.chunks(piece) {
                        far.write_all(piece).await.unwrap();
                    }
                    drop(far);
                };
                let mut arrived = Vec::new();
                let reading = async {
                    assert_eq!(watched.begins_http2().await.unwrap(), is_http2);
                    watched.read_to_end(&mut arrived).await.unwrap();
                };
                tokio::join!(sending, reading);
                assert_eq!(arrived, sent);
            }
        }
    }

    #[tokio::test]
    async fn what_tells_the_protocol_is_handed_on_with_what_follows() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut watched = Watched::new(near, Arc::new(Watch::new(Arc::new(Coarse::default()))));
        let head = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        far.write_all(head).await.unwrap();
        assert!(!watched.begins_http2().await.unwrap());
        let mut bytes = [0; 64];
        assert_eq!(watched.read(&mut bytes).await.unwrap(), head.len());
    }

    #[tokio::test]
    async fn pieces_arrive_whole_and_in_order() {
        for bytes in [0, 1, GATHERED_BYTES_MAX - 3, GATHERED_BYTES_MAX, GATHERED_BYTES_MAX + 1] {
            let (near, mut far) = tokio::io::duplex(4 * GATHERED_BYTES_MAX);
            let mut watched = Watched::new(near, Arc::new(Watch::new(Arc::new(Coarse::default()))));
            let text: Vec<u8> = (0..bytes).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let (head, body) = text.split_at(bytes / 3);
            let bufs = [IoSlice::new(head), IoSlice::new(&[]), IoSlice::new(body)];
            let written =
                poll_fn(|context| Pin::new(&mut watched).poll_write_vectored(context, &bufs)).await.unwrap();
            assert_eq!(written, bytes);
            drop(watched);
            let mut arrived = Vec::new();
            far.read_to_end(&mut arrived).await.unwrap();
            assert_eq!(arrived, text);
        }
    }
}
