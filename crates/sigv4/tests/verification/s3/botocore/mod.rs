//! What botocore sends for calls of boto3 (`make_requests.py`).

use bytes::Bytes;
use serde_json::Value;
use sigv4::{Payload, S3AuthError, S3Claim};

use super::{SIGNED_SECONDS, head, read};
use crate::request::Request;

fn text<'a>(recorded: &'a Value, name: &str) -> &'a str {
    recorded[name].as_str().unwrap()
}

fn request(recorded: &Value) -> Request {
    let pairs = recorded["headers"].as_array().unwrap().iter();
    let headers: Vec<_> = pairs.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect();
    Request::new(
        text(recorded, "method"),
        text(recorded, "target"),
        &headers,
        text(recorded, "body").as_bytes(),
    )
}

#[test]
fn what_it_sends_is_taken_but_version_2() {
    let recorded: Value = serde_json::from_str(include_str!("requests.json")).unwrap();
    let (mut payloads, mut outdated) = (Vec::new(), 0);
    for recorded in recorded.as_array().unwrap() {
        let (name, request) = (text(recorded, "name"), request(recorded));
        let claim = S3Claim::parse(request.head());
        let Some(size) = recorded["size"].as_u64() else {
            assert_eq!(claim.err(), Some(S3AuthError::OutdatedVersion), "{name}");
            outdated += 1;
            continue;
        };
        let claim = claim.unwrap();
        let token = ["session", "a=="].iter().any(|end| name.ends_with(end)).then_some("a/token+of=a==");
        assert_eq!(claim.security_token(), token, "{name}");
        let payload = claim.payload();
        payloads.push(if let Payload::Hash(_) = payload { Payload::Hash([0; 32]) } else { payload });
        let came = |cut: usize| {
            let body = head(&request, SIGNED_SECONDS).unwrap();
            let (data, trailer) = read(body, request.body.chunks(cut).map(Bytes::copy_from_slice)).unwrap();
            assert_eq!(trailer.is_some(), payload == Payload::UnsignedTrailer, "{name}");
            data
        };
        let digits: Vec<u8> =
            b"0123456789".iter().copied().cycle().take(usize::try_from(size).unwrap()).collect();
        assert_eq!((came(usize::MAX), came(7)), (digits.clone(), digits), "{name}");
    }
    assert_eq!(outdated, 2);
    for payload in [Payload::Hash([0; 32]), Payload::Unsigned, Payload::UnsignedTrailer] {
        assert!(payloads.contains(&payload), "{payload:?}");
    }
}
