//! The buffer that answers are encoded into.

use bytes::Bytes;
use zeroize::Zeroize;

/// Bytes of an answer, which may hold plaintext: wiped when they have been sent, and when they are moved to
/// a larger buffer.
pub(super) struct Guarded(Vec<u8>);

/// Enough for most answers.
const BYTES: usize = 2048;

impl Guarded {
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(BYTES))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends bytes.
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    /// Appends bytes between two marks.
    #[inline]
    pub(super) fn push_between<const B: usize, const A: usize>(
        &mut self,
        before: &[u8; B],
        bytes: &[u8],
        after: &[u8; A],
    ) {
        self.reserve(bytes.len().saturating_add(B + A));
        self.0.extend_from_slice(before);
        self.0.extend_from_slice(bytes);
        self.0.extend_from_slice(after);
    }

    /// Appends bytes as base64 (RFC 4648 section 4), without a copy elsewhere.
    pub(super) fn push_base64(&mut self, bytes: &[u8]) {
        self.reserve(base64_simd::STANDARD.encoded_length(bytes.len()));
        base64_simd::STANDARD.encode_append(bytes, &mut self.0);
    }

    #[inline]
    fn reserve(&mut self, by: usize) {
        if by > self.0.capacity() - self.0.len() {
            self.grow(by);
        }
    }

    /// Moves to a larger buffer. A vector that grows by itself would leave the old bytes behind.
    #[cold]
    fn grow(&mut self, by: usize) {
        let needed = self.0.len().saturating_add(by);
        let mut larger = Vec::with_capacity(needed.max(self.0.capacity().saturating_mul(2)));
        larger.extend_from_slice(&self.0);
        std::mem::replace(&mut self.0, larger).zeroize();
    }

    /// Hands the bytes to the connection, still guarded.
    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Guarded {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Only what was written: room that was never used holds nothing.
        self.0.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_without_losing_anything() {
        let mut guarded = Guarded::new();
        let mut expected = Vec::new();
        for size in [0, 1, BYTES - 1, 1, 3 * BYTES, 7] {
            let piece = vec![u8::try_from(size % 251).unwrap(); size];
            guarded.push(&piece);
            expected.extend(piece);
        }
        assert_eq!(guarded.as_bytes(), expected);
        assert_eq!(guarded.into_bytes(), expected);
    }
}
