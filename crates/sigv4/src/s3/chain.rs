//! The signatures of a streamed body: each covers the one before, so that chunks stay in their order.
//!
//! ```text
//! "AWS4-HMAC-SHA256-PAYLOAD" ⏎ time ⏎ scope ⏎ signature before ⏎ hex(SHA-256("")) ⏎ hex(SHA-256(chunk))
//! "AWS4-HMAC-SHA256-TRAILER" ⏎ time ⏎ scope ⏎ signature before ⏎ hex(SHA-256(trailer))
//! ```
//!
//! "Transferring Payload in Multiple Chunks" (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>) and
//! "Signature calculations for trailing headers"
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>).

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA256, digest};

use super::refusal::S3AuthError;
use crate::canonical::digits;
use crate::{SigningKey, Stamp};

/// The chain as far as it is verified, and the hash of the chunk that is coming.
pub(super) struct Chain {
    key: Arc<SigningKey>,
    signed_at: Stamp,
    previous: [u8; 64],
    chunk: Context,
    /// Room for strings to sign.
    text: Vec<u8>,
}

impl Chain {
    /// The chain that begins with the signature of the request, which is verified.
    pub(super) fn new(key: &Arc<SigningKey>, signed_at: Stamp, seed: [u8; 64]) -> Self {
        let (key, chunk) = (Arc::clone(key), Context::new(&SHA256));
        Self { key, signed_at, previous: seed, chunk, text: Vec::with_capacity(TEXT_BYTES) }
    }

    /// Takes the next bytes of a chunk.
    pub(super) fn update(&mut self, data: &[u8]) {
        self.chunk.update(data);
    }

    /// Ends a chunk, which has this signature.
    pub(super) fn end_chunk(&mut self, signature: &[u8]) -> Result<(), S3AuthError> {
        let chunk = std::mem::replace(&mut self.chunk, Context::new(&SHA256));
        let hash = digits(chunk.finish().as_ref());
        self.link(b"AWS4-HMAC-SHA256-PAYLOAD\n", &[NO_BYTES, b"\n", &hash], signature)
    }

    /// Ends the trailer `name:value⏎`, which has this signature.
    pub(super) fn end_trailer(&mut self, trailer: &[u8], signature: &[u8]) -> Result<(), S3AuthError> {
        let hash = digits(digest(&SHA256, trailer).as_ref());
        self.link(b"AWS4-HMAC-SHA256-TRAILER\n", &[&hash], signature)
    }

    fn link(&mut self, algorithm: &[u8], hashes: &[&[u8]], signature: &[u8]) -> Result<(), S3AuthError> {
        self.text.clear();
        self.text.extend_from_slice(algorithm);
        self.text.extend_from_slice(self.signed_at.as_bytes());
        self.text.push(b'\n');
        self.text.extend_from_slice(self.key.scope_line());
        self.text.extend_from_slice(&self.previous);
        self.text.push(b'\n');
        hashes.iter().for_each(|hash| self.text.extend_from_slice(hash));
        let expected = digits(self.key.sign(&self.text).as_ref());
        verify_slices_are_equal(&expected, signature).map_err(|_| S3AuthError::Mismatch)?;
        self.previous = expected;
        Ok(())
    }
}

/// Room for most strings to sign.
const TEXT_BYTES: usize = 320;

/// SHA-256 of nothing, which stands where a chunk could have headers of its own.
const NO_BYTES: &[u8] = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
