//! A stream that tells its connection's watch when bytes arrive.

use std::{
    io::{self, IoSlice, Write},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zeroize::Zeroize;

use super::Watch;
use crate::limits::STRANGERS_READ_BYTES;

/// A head and a body that are not longer together are written in one piece: to the system, that is less work than a
/// list of pieces, and more than makes up for the copy, which is wiped.
const GATHERED_BYTES_MAX: usize = 1024;

/// The stream, and whom it tells.
pub(super) struct Watched<S> {
    stream: S,
    watch: Arc<Watch>,
    /// Bytes read since others had their turn.
    read: usize,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, watch: Arc<Watch>) -> Self {
        Self { stream, watch, read: 0 }
    }
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
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buf);
        if buf.filled().len() > before {
            self.read = self.read.saturating_add(buf.filled().len() - before);
            self.watch.arrived();
        } else {
            // Nothing is there: others have their turn.
            self.read = 0;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes: usize = bufs.iter().map(|buf| buf.len()).sum();
        if bytes > GATHERED_BYTES_MAX {
            return Pin::new(&mut self.stream).poll_write_vectored(context, bufs);
        }
        let mut gathered = [0; GATHERED_BYTES_MAX];
        let mut room = gathered.as_mut_slice();
        for buf in bufs {
            room.write_all(buf)?;
        }
        let text = gathered.get(..bytes).unwrap_or_default();
        let written = Pin::new(&mut self.stream).poll_write(context, text);
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
