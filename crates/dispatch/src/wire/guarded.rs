//! The buffer that answers are encoded into.

use std::io;

use bytes::Bytes;
use zeroize::Zeroizing;

/// Bytes of an answer, which may hold plaintext: wiped when they have been sent, and when they are moved to
/// a larger buffer.
pub(super) struct Guarded(Zeroizing<Vec<u8>>);

/// Enough for most answers. Wiping costs time, so it is not more.
const BYTES: usize = 2048;

impl Guarded {
    pub(super) fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(BYTES)))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Moves to a larger buffer. A vector that grows by itself would leave the old bytes behind.
    #[cold]
    fn grow(&mut self, by: usize) {
        let needed = self.0.len().saturating_add(by);
        let mut larger = Vec::with_capacity(needed.max(self.0.capacity().saturating_mul(2)));
        larger.extend_from_slice(&self.0);
        self.0 = Zeroizing::new(larger);
    }

    /// Hands the bytes to the connection, still guarded.
    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self.0)
    }
}

impl io::Write for Guarded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = self.0.capacity() - self.0.len();
        if bytes.len() > room {
            self.grow(bytes.len());
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn it_grows_without_losing_anything() {
        let mut guarded = Guarded::new();
        let mut expected = Vec::new();
        for size in [0, 1, BYTES - 1, 1, 3 * BYTES, 7] {
            let piece = vec![u8::try_from(size % 251).unwrap(); size];
            guarded.write_all(&piece).unwrap();
            expected.extend(piece);
        }
        assert_eq!(guarded.as_bytes(), expected);
        assert_eq!(guarded.into_bytes(), expected);
    }
}
