//! Signature Version 4 as S3 has it.

mod bodies;
mod botocore;
mod official;
mod properties;
mod published;
mod refusals;

use std::sync::Arc;

use bytes::Bytes;
use sigv4::{S3AuthError, S3Body, S3Claim, SigningKey, Trailer};

use crate::request::Request;

/// The access key of S3's examples.
const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";

/// Its secret, which differs from that of the other examples in one character.
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// 2013-05-24T00:00:00Z, when S3's examples were signed.
const SIGNED_SECONDS: i64 = 1_369_353_600;

/// SHA-256 of nothing.
const NO_BYTES: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What came of a body: the object's data and the trailer.
type Came = (Vec<u8>, Option<Trailer>);

/// What a server does with the head: read, look the access key up, verify.
fn head(request: &Request, now_seconds: i64) -> Result<S3Body, S3AuthError> {
    let claim = S3Claim::parse(request.head())?;
    claim.check_region("us-east-1")?;
    if claim.access_key_id() != ACCESS_KEY_ID {
        return Err(S3AuthError::UnknownAccessKey(claim.access_key_id().to_owned()));
    }
    claim.verify(&Arc::new(SigningKey::derive(SECRET.as_bytes(), claim.scope())), now_seconds)
}

/// What a server does with the body, which comes in these pieces.
fn read(mut body: S3Body, pieces: impl IntoIterator<Item = Bytes>) -> Result<Came, S3AuthError> {
    let mut data = Vec::new();
    for mut piece in pieces {
        while let Some(bytes) = body.read(&mut piece)? {
            assert!(!bytes.is_empty());
            data.extend_from_slice(&bytes);
        }
        assert!(piece.is_empty());
    }
    Ok((data, body.finish()?))
}

/// A whole request, whose body comes in one piece.
fn verify(request: &Request, now_seconds: i64) -> Result<Came, S3AuthError> {
    read(head(request, now_seconds)?, [Bytes::copy_from_slice(&request.body)])
}

/// An Authorization header for the examples' scope.
fn authorization(signed_headers: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/20130524/us-east-1/s3/aws4_request,\
         SignedHeaders={signed_headers},Signature={signature}"
    )
}
