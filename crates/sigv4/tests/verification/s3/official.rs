//! AWS's own signer for Rust, as its SDK sets it up for S3.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignatureLocation, SigningSettings,
    UriPathNormalizationMode,
};
use aws_sigv4::sign::v4::{SigningParams, sign_chunk, sign_trailer};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::http::Headers;
use bytes::Bytes;
use http::header::AUTHORIZATION;

use super::{ACCESS_KEY_ID, SECRET, SIGNED_SECONDS};
use crate::official_signer::arrived;
use crate::request::Request;

/// The name and value of a trailer.
pub(super) type NamedValue<'a> = (&'a str, &'a str);

/// How a body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    Hashed,
    Unsigned,
    SignedChunks,
    SignedChunksWithTrailer,
    UnsignedTrailer,
}

/// A request to S3, signed in the header over all headers it has, for an absolute URI without its authority. Its body
/// is sent in the given chunks, if in chunks.
pub(super) fn signed(request: &Request, sent: Sent, chunks: &[&[u8]], trailer: NamedValue<'_>) -> Request {
    let mut request = request.clone();
    let data = chunks.concat();
    if !matches!(sent, Sent::Hashed | Sent::Unsigned) {
        let length = data.len().to_string().parse().unwrap();
        request.headers.insert("x-amz-decoded-content-length", length);
        request.headers.insert("content-encoding", "aws-chunked".parse().unwrap());
    }
    if matches!(sent, Sent::SignedChunksWithTrailer | Sent::UnsignedTrailer) {
        request.headers.insert("x-amz-trailer", trailer.0.parse().unwrap());
    }
    let body = match sent {
        Sent::Hashed => SignableBody::Bytes(&data),
        Sent::Unsigned => SignableBody::UnsignedPayload,
        Sent::SignedChunks => SignableBody::Precomputed("STREAMING-AWS4-HMAC-SHA256-PAYLOAD".to_owned()),
        Sent::SignedChunksWithTrailer => SignableBody::StreamingSignedPayloadTrailer,
        Sent::UnsignedTrailer => SignableBody::StreamingUnsignedPayloadTrailer,
    };
    let mut arrived = with_settings(&request, body, settings());
    arrived.body = match sent {
        Sent::Hashed | Sent::Unsigned => data,
        Sent::UnsignedTrailer => unsigned_chunks(chunks, trailer),
        Sent::SignedChunks => signed_chunks(&seed(&arrived), chunks, None),
        Sent::SignedChunksWithTrailer => signed_chunks(&seed(&arrived), chunks, Some(trailer)),
    };
    arrived
}

/// A request signed in the header over the hash of its body, which no header states.
pub(super) fn signed_without_statement(request: &Request) -> Request {
    let mut settings = settings();
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    with_settings(request, SignableBody::Bytes(&request.body), settings)
}

/// A request whose signature is in the query and lives so long; nothing is signed of its body.
pub(super) fn presigned(request: &Request, life_seconds: u64) -> Request {
    with_settings(request, SignableBody::UnsignedPayload, in_query(life_seconds))
}

/// The same, over the hash of its body.
pub(super) fn presigned_with_hash(request: &Request, life_seconds: u64) -> Request {
    with_settings(request, SignableBody::Bytes(&request.body), in_query(life_seconds))
}

fn in_query(life_seconds: u64) -> SigningSettings {
    let mut settings = settings();
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_secs(life_seconds));
    settings
}

/// A request signed in the header with this statement about its body, whatever else its headers say.
pub(super) fn precomputed(request: &Request, payload: &str) -> Request {
    with_settings(request, SignableBody::Precomputed(payload.to_owned()), settings())
}

fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings
}

fn with_settings(request: &Request, body: SignableBody<'_>, settings: SigningSettings) -> Request {
    let identity = identity();
    let params = params(&identity, settings).into();
    arrived(request, body, &params)
}

fn identity() -> Identity {
    Credentials::new(ACCESS_KEY_ID, SECRET, None, None, "test").into()
}

fn params<S: Default>(identity: &Identity, settings: S) -> SigningParams<'_, S> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(SIGNED_SECONDS.unsigned_abs());
    let params = SigningParams::builder().identity(identity).region("us-east-1").name("s3").time(time);
    params.settings(settings).build().unwrap()
}

/// The signature of a request, on which that of its first chunk is built.
pub(super) fn seed(request: &Request) -> String {
    let authorization = request.headers.get(AUTHORIZATION).unwrap().to_str().unwrap();
    authorization.rsplit_once("Signature=").unwrap().1.to_owned()
}

/// A body in signed chunks, the last of which is added.
pub(super) fn signed_chunks(seed: &str, chunks: &[&[u8]], trailer: Option<NamedValue<'_>>) -> Vec<u8> {
    let identity = identity();
    let params = params(&identity, ());
    let (mut body, mut previous) = (Vec::new(), seed.to_owned());
    for chunk in chunks.iter().chain([&&b""[..]]) {
        let signature =
            sign_chunk(&Bytes::copy_from_slice(chunk), &previous, &params).unwrap().signature().to_owned();
        body.extend_from_slice(format!("{:x};chunk-signature={signature}\r\n", chunk.len()).as_bytes());
        if !chunk.is_empty() {
            body.extend_from_slice(&[chunk, &b"\r\n"[..]].concat());
        }
        previous = signature;
    }
    if let Some((name, value)) = trailer {
        let mut headers = Headers::new();
        headers.insert(name.to_owned(), value.to_owned());
        let signature = sign_trailer(&headers, &previous, &params).unwrap().signature().to_owned();
        body.extend_from_slice(
            format!("{name}:{value}\r\nx-amz-trailer-signature:{signature}\r\n").as_bytes(),
        );
    }
    body.extend_from_slice(b"\r\n");
    body
}

/// A body in unsigned chunks, the last of which is added.
pub(super) fn unsigned_chunks(chunks: &[&[u8]], (name, value): NamedValue<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    for chunk in chunks {
        body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(&[chunk, &b"\r\n"[..]].concat());
    }
    body.extend_from_slice(format!("0\r\n{name}:{value}\r\n\r\n").as_bytes());
    body
}
