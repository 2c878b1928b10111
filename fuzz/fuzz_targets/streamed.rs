//! Arbitrary bodies in chunks are decoded, the same however they are cut, or refused. None is taken for a signed one.

#![no_main]

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use libfuzzer_sys::fuzz_target;
use sigv4::{Head, S3AuthError, S3Body, S3Claim, SigningKey, Trailer};

/// Nine bytes of data to come: how, and the signature of the head, by the secret of AWS's examples.
const ANNOUNCED: [(&str, &str); 3] = [
    (
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "4eca37fc2815451c2cf5bb2b79fe3ad9872c78619f3706f7fb43cf95aa4e25e5",
    ),
    (
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "9be017a0358d77f1159c47b0decb5ca7d02317cb0387ebc04056d82f2d5b804f",
    ),
    (
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "2ef9d5f7cdd94c265f41198c03d90391cbffc96bb2436b62b9b9176dc2901b5b",
    ),
];

fuzz_target!(|data: &[u8]| {
    let Some((size, body)) = data.split_first() else { return };
    for (payload, signature) in ANNOUNCED {
        let whole = read(announced(payload, signature), body, body.len().max(1));
        let pieces = read(announced(payload, signature), body, 1 + usize::from(*size));
        assert_eq!(whole, pieces);
        if payload.contains("AWS4") {
            assert!(whole.is_err());
        } else if let Ok((data, trailer)) = whole {
            assert_eq!((data.len(), trailer.is_some()), (9, true));
        }
    }
});

/// What comes of a body in pieces of this size.
fn read(mut body: S3Body, bytes: &[u8], size: usize) -> Result<(Vec<u8>, Option<Trailer>), S3AuthError> {
    let mut data = Vec::new();
    for piece in bytes.chunks(size) {
        let mut piece = Bytes::copy_from_slice(piece);
        while let Some(bytes) = body.read(&mut piece)? {
            data.extend_from_slice(&bytes);
            assert!(data.len() <= 9);
        }
    }
    Ok((data, body.finish()?))
}

fn announced(payload: &str, signature: &str) -> S3Body {
    let mut list = "host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length".to_owned();
    if payload.ends_with("TRAILER") {
        list.push_str(";x-amz-trailer");
    }
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
         SignedHeaders={list}, Signature={signature}"
    );
    let all = [
        ("authorization", authorization.as_str()),
        ("host", "s3.example"),
        ("x-amz-content-sha256", payload),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-decoded-content-length", "9"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    let sent = all
        .iter()
        .filter(|(name, _)| *name == "authorization" || list.split(';').any(|signed| signed == *name));
    let headers: HeaderMap = sent
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    let uri = Uri::from_static("/bucket/key");
    let claim = S3Claim::parse(Head { method: &Method::PUT, uri: &uri, headers: &headers }).unwrap();
    let key = SigningKey::derive(b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", claim.scope());
    claim.verify(&Arc::new(key), claim.signed_at().seconds()).unwrap()
}
