//! The body of a verified request.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use http::HeaderMap;

use super::{
    chain::Chain,
    payload::Payload,
    refusal::S3AuthError,
    streamed::{Streamed, Trailer, Trailers},
};

/// Takes the bytes of a body as they come, in pieces of any size, and gives the object's data, without a copy.
///
/// No more than one line of a streamed body is kept in memory, however large its chunks are. So data is given before
/// everything that covers it is verified, and what somebody makes of it must have no effect until [`S3Body::finish`] has
/// said yes:
///
/// ```
/// # use bytes::Bytes; use sigv4::{S3AuthError, S3Body};
/// fn data(mut body: S3Body, pieces: Vec<Bytes>) -> Result<Vec<u8>, S3AuthError> {
///     let mut data = Vec::new();
///     for mut piece in pieces {
///         while let Some(bytes) = body.read(&mut piece)? {
///             data.extend_from_slice(&bytes);
///         }
///     }
///     // Before this line, the data may be anybody's.
///     let _trailer = body.finish()?;
///     Ok(data)
/// }
/// ```
pub struct S3Body(Coming);

enum Coming {
    Hashed { stated: [u8; 32], hash: Context },
    Unsigned,
    Streamed(Box<Streamed>),
}

impl S3Body {
    /// The body that a request announces in its headers.
    pub(super) fn announced(
        payload: Payload,
        headers: &HeaderMap,
        chain: impl FnOnce() -> Chain,
    ) -> Result<Self, S3AuthError> {
        let trailers = Trailers::announced(headers)?;
        if trailers.is_some() != payload.has_trailer() {
            return Err(S3AuthError::MalformedTrailer);
        }
        let chain = match payload {
            Payload::Hash(stated) => return Ok(Self(Coming::Hashed { stated, hash: Context::new(&SHA256) })),
            Payload::Unsigned => return Ok(Self(Coming::Unsigned)),
            Payload::SignedChunks | Payload::SignedChunksWithTrailer => Some(chain()),
            Payload::UnsignedTrailer => None,
        };
        let length = decoded_length(headers).ok_or(S3AuthError::MissingDecodedLength)?;
        Ok(Self(Coming::Streamed(Box::new(Streamed::new(length, chain, trailers)))))
    }

    /// Takes bytes from the front of `input`, and gives the next piece of the object's data: never an empty one, and
    /// nothing when `input` is used up.
    ///
    /// # Errors
    /// [`S3AuthError::Mismatch`], [`S3AuthError::IncompleteBody`], [`S3AuthError::MalformedTrailer`] and
    /// [`S3AuthError::ChunkTooSmall`] for streamed bodies. Nothing comes of a body after an error.
    pub fn read(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, S3AuthError> {
        match &mut self.0 {
            Coming::Streamed(streamed) => streamed.read(input),
            Coming::Hashed { hash, .. } => {
                hash.update(input);
                Ok(whole(input))
            }
            Coming::Unsigned => Ok(whole(input)),
        }
    }

    /// The length of the data, where the request states it apart from the body's length.
    #[must_use]
    pub fn decoded_length(&self) -> Option<u64> {
        match &self.0 {
            Coming::Streamed(streamed) => Some(streamed.length()),
            Coming::Hashed { .. } | Coming::Unsigned => None,
        }
    }

    /// Ends the body, when no more bytes come. All data that was given may now be believed, as far as it is signed; the
    /// trailer's checksum, if there is one, is still to be compared.
    ///
    /// # Errors
    /// [`S3AuthError::PayloadMismatch`] if the body does not have the hash that the request states;
    /// [`S3AuthError::IncompleteBody`] if a streamed body is not at its end, or had an error.
    pub fn finish(self) -> Result<Option<Trailer>, S3AuthError> {
        match self.0 {
            Coming::Streamed(streamed) => streamed.finish(),
            Coming::Unsigned => Ok(None),
            Coming::Hashed { stated, hash } => {
                let mut computed = [0; 32];
                let digest = hash.finish();
                computed.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
                if computed == stated {
                    Ok(None)
                } else {
                    Err(S3AuthError::PayloadMismatch { stated, computed })
                }
            }
        }
    }
}

/// All of a body that is not streamed is data.
fn whole(input: &mut Bytes) -> Option<Bytes> {
    (!input.is_empty()).then(|| std::mem::take(input))
}

/// What a signed header says, which is there once.
fn decoded_length(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get("x-amz-decoded-content-length")?.to_str().ok()?;
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}
