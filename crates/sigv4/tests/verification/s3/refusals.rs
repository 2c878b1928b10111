//! Each refusal of a head, with S3's code, status, text and details.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use sigv4::{Payload, S3AuthError, S3Claim, SigningKey};

use super::official::{Sent, presigned, signed};
use super::{SIGNED_SECONDS, authorization, head, verify};
use crate::request::Request;

const URI: &str = "https://bucket.s3.example/a%20key?versionId=1";

/// A small object, signed with its hash.
fn good() -> Request {
    let request =
        Request::new("PUT", URI, &[("x-amz-meta-colour", "red"), ("content-type", "text/plain")], b"");
    signed(&request, Sent::Hashed, &[b"data"], ("", ""))
}

fn good_presigned() -> Request {
    presigned(&Request::new("GET", URI, &[], b""), 60)
}

fn refusal(request: &Request) -> S3AuthError {
    head(request, SIGNED_SECONDS).err().unwrap()
}

/// Code, status, text.
fn told(error: &S3AuthError) -> (&'static str, u16, String) {
    (error.code(), error.status(), error.to_string())
}

fn assert_told(request: &Request, code: &'static str, status: u16, text: &str) {
    assert_eq!(told(&refusal(request)), (code, status, text.to_owned()), "{request:?}");
}

/// The request with a header replaced, or removed.
fn with(request: &Request, name: &'static str, value: Option<&str>) -> Request {
    let mut request = request.clone();
    match value {
        Some(value) => drop(request.headers.insert(name, value.parse().unwrap())),
        None => drop(request.headers.remove(name)),
    }
    request
}

/// The request with a piece of its Authorization header replaced.
fn edited(request: &Request, from: &str, to: &str) -> Request {
    let header = request.headers.get(AUTHORIZATION).unwrap().to_str().unwrap();
    assert!(header.contains(from), "{header}");
    with(request, "authorization", Some(&header.replace(from, to)))
}

/// The request with a piece of its query replaced.
fn asking(request: &Request, from: &str, to: &str) -> Request {
    let target = request.uri.to_string();
    assert!(target.contains(from), "{target}");
    Request { uri: target.replace(from, to).parse().unwrap(), ..request.clone() }
}

#[test]
fn what_is_good_is_taken() {
    for request in [good(), good_presigned()] {
        assert!(head(&request, SIGNED_SECONDS).is_ok(), "{request:?}");
    }
    let (request, presigned) = (good(), good_presigned());
    let claim = S3Claim::parse(request.head()).unwrap();
    assert!(claim.covers("x-amz-meta-colour") && claim.scope().service == "s3" && !claim.is_presigned());
    // A browser adds its own type to an upload that somebody else has signed.
    assert!(head(&with(&presigned, "content-type", Some("text/html")), SIGNED_SECONDS).is_ok());
}

#[test]
fn mechanisms_that_are_not_served() {
    let outdated = "Requests specifying Server Side Encryption with AWS KMS managed keys require \
        AWS Signature Version 4.";
    let two = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
        parameter or the Authorization header should be specified";
    let unsigned = Request::new("GET", "/key", &[("host", "h")], b"");
    assert_eq!(refusal(&unsigned), S3AuthError::Anonymous);
    assert_told(&unsigned, "AccessDenied", 403, "Access Denied");

    let scheme = |value: &str| with(&unsigned, "authorization", Some(value));
    assert_told(&scheme("AWS AKID:c2lnbmF0dXJl"), "InvalidArgument", 400, outdated);
    let query = "/key?AWSAccessKeyId=AKID&Expires=1&Signature=c2lnbmF0dXJl";
    assert_told(&Request::new("GET", query, &[("host", "h")], b""), "InvalidArgument", 400, outdated);
    let escaped = "/key?Signatur%65=c2lnbmF0dXJl";
    assert_told(&Request::new("GET", escaped, &[("host", "h")], b""), "InvalidArgument", 400, outdated);

    let asymmetric = edited(&good(), "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    let text = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
    assert_told(&asymmetric, "InvalidRequest", 400, text);
    for value in ["Bearer token", "AWS4-HMAC-SHA512 a", "Basic QUtJRDpzZWNyZXQ="] {
        assert_told(&scheme(value), "InvalidArgument", 400, "Unsupported Authorization Type");
        assert_eq!(refusal(&scheme(value)).details(), [("ArgumentName", "Authorization".to_owned())]);
    }
    let space = "Authorization header is invalid -- one and only one ' ' (space) required";
    for value in ["", "AWS4-HMAC-SHA256"] {
        assert_told(&scheme(value), "InvalidArgument", 400, space);
    }

    assert_told(&asking(&good(), "versionId=1", "X-Amz-Signature=1"), "InvalidArgument", 400, two);
    assert_told(&asking(&good(), "versionId=1", "Signature=1"), "InvalidArgument", 400, two);
    assert_told(&asking(&good_presigned(), "versionId=1", "Signature=1"), "InvalidArgument", 400, two);
    assert_told(&with(&good_presigned(), "authorization", Some("a b")), "InvalidArgument", 400, two);
}

#[test]
fn malformed_headers() {
    let told = |request: &Request, text: &str| {
        let text = format!("The authorization header is malformed; {text}");
        assert_told(request, "AuthorizationHeaderMalformed", 400, &text);
    };
    let three =
        "the authorization header requires three components: Credential, SignedHeaders, and Signature.";
    for part in ["Credential=", "SignedHeaders=", "Signature="] {
        told(&edited(&good(), part, "Other="), three);
        told(&edited(&good(), part, "Other"), three);
    }
    let form =
        "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
    for scope in ["/20130524/us-east-1/s3/", "/20130524//s3/aws4_request", "/20130524/s3/aws4_request"] {
        told(&edited(&good(), "/20130524/us-east-1/s3/aws4_request", scope), form);
    }
    let region = edited(&good(), "us-east-1", "eu-west-1");
    told(&region, "the region 'eu-west-1' is wrong; expecting 'us-east-1'");
    assert_eq!(refusal(&region).details(), [("Region", "us-east-1".to_owned())]);
    told(&edited(&good(), "/s3/", "/kms/"), "incorrect service \"kms\". This endpoint belongs to \"s3\".");
    let terminator = "incorrect terminal \"aws5_request\". This endpoint uses \"aws4_request\".";
    told(&edited(&good(), "aws4_request", "aws5_request"), terminator);
    let date = "Invalid credential date. Date is not the same as X-Amz-Date.";
    told(&edited(&good(), "/20130524/", "/20130525/"), date);
    told(
        &edited(&good(), "Credential=", "Credential=a,Credential="),
        "'Credential' must not be given more than once.",
    );
    let list = "'SignedHeaders' must be at most 128 lower-case header names, each once, in ascending order and \
        separated by semicolons.";
    told(&edited(&good(), "host;", "host;host;"), list);
    let long = format!("AWS4-HMAC-SHA256 {}", "a".repeat(4096));
    told(&with(&good(), "authorization", Some(&long)), "'Authorization' must not be longer than 4096 bytes.");
    for name in ["authorization", "x-amz-security-token"] {
        let mut twice = good();
        twice.headers.append(name, "a".parse().unwrap());
        twice.headers.append(name, "a".parse().unwrap());
        assert_eq!(refusal(&twice).code(), "AuthorizationHeaderMalformed", "{name}");
    }
}

#[test]
fn malformed_queries() {
    let told = |request: &Request, text: &str| {
        assert_told(request, "AuthorizationQueryParametersError", 400, text);
    };
    let six = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
        X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
    for name in ["Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires"] {
        let name = format!("X-Amz-{name}=");
        told(&asking(&good_presigned(), &name, "other="), six);
        told(&asking(&good_presigned(), &name, &format!("{name}&other=")), six);
    }
    for other in ["AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA1"] {
        let request = asking(&good_presigned(), "AWS4-HMAC-SHA256", other);
        told(&request, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
    }
    let date = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"";
    told(&asking(&good_presigned(), "20130524T000000Z", "2013-05-24"), date);
    let expires =
        |life: &str| asking(&good_presigned(), "X-Amz-Expires=60", &format!("X-Amz-Expires={life}"));
    for life in ["1h", "-", "6%2B0", "60.0", "%D9%A3"] {
        let refusal = refusal(&expires(life));
        assert_eq!(refusal.code(), "AuthorizationQueryParametersError", "{life}");
    }
    told(&expires("1h"), "X-Amz-Expires should be a number");
    told(&expires("-1"), "X-Amz-Expires must be non-negative");
    let week = "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be \
        less than 604800 seconds";
    for life in ["604801", "4294967297", "99999999999999999999"] {
        told(&expires(life), week);
    }
    let scope = |from, to| asking(&good_presigned(), from, to);
    told(
        &scope("us-east-1", "eu-west-1"),
        "Error parsing the X-Amz-Credential parameter; the region 'eu-west-1' is wrong; expecting 'us-east-1'",
    );
    told(
        &scope("%2Fs3%2F", "%2Fec2%2F"),
        "Error parsing the X-Amz-Credential parameter; incorrect service \"ec2\". This endpoint belongs to \"s3\".",
    );
    told(
        &scope("%2F20130524%2F", "%2F20130523%2F"),
        "Invalid credential date \"20130523\". This date is not the same as X-Amz-Date: \"20130524\".",
    );
    let twice = asking(&good_presigned(), "versionId=1", "X-Amz-Expires=60");
    told(&twice, "'X-Amz-Expires' must not be given more than once.");
    let many = Request::new("GET", &format!("/?{}X-Amz-Signature=1", "a&".repeat(1000)), &[], b"");
    told(&many, "The query string must not have more than 1000 parameters.");
}

#[test]
fn headers_that_are_not_signed() {
    let text = "There were headers present in the request which were not signed";
    let added = |request: &Request, name: &'static str| {
        let request = with(request, name, Some("x"));
        assert_told(&request, "AccessDenied", 403, text);
        assert_eq!(refusal(&request).details(), [("HeadersNotSigned", name.to_owned())]);
    };
    let names = [
        "content-md5",
        "x-amz-acl",
        "x-amz-copy-source",
        "x-amz-meta-size",
        "x-amz-security-token",
        "x-amz-server-side-encryption",
        "x-amz-target",
        "x-amz-trailer",
        "x-amz-decoded-content-length",
    ];
    for name in names {
        added(&good(), name);
        added(&good_presigned(), name);
    }
    added(&good_presigned(), "x-amz-date");
    let several = with(&with(&good(), "x-amz-b", Some("1")), "x-amz-a", Some("1"));
    assert_eq!(refusal(&several).details(), [("HeadersNotSigned", "x-amz-a, x-amz-b".to_owned())]);
    for name in ["host", "x-amz-meta-colour", "x-amz-date"] {
        let list = S3Claim::parse(good().head()).map(|claim| claim.covers(name));
        assert_eq!(list, Ok(true), "{name}");
        let header = good().headers.get(AUTHORIZATION).unwrap().to_str().unwrap().to_owned();
        let (before, list) = header.split_once("SignedHeaders=").unwrap();
        let (list, after) = list.split_once(',').unwrap();
        let kept: Vec<_> = list.split(';').filter(|other| *other != name).collect();
        let header = format!("{before}SignedHeaders={},{after}", kept.join(";"));
        let request = with(&good(), "authorization", Some(&header));
        assert_eq!(refusal(&request).details(), [("HeadersNotSigned", name.to_owned())]);
    }
}

#[test]
fn payloads_that_are_not_served() {
    let text = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
        STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.";
    for value in ["", "x", "STREAMING-UNSIGNED-PAYLOAD", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"] {
        for request in [good(), good_presigned()] {
            let request = with(&request, "x-amz-content-sha256", Some(value));
            assert_told(&request, "InvalidArgument", 400, text);
            let details = [("ArgumentName", "x-amz-content-sha256"), ("ArgumentValue", value)];
            assert_eq!(refusal(&request).details(), details.map(|(name, value)| (name, value.to_owned())));
        }
    }
    for value in ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"] {
        let request = with(&good_presigned(), "x-amz-content-sha256", Some(value));
        assert_told(&request, "InvalidArgument", 400, text);
    }
    let mut twice = good();
    twice.headers.append("x-amz-content-sha256", "UNSIGNED-PAYLOAD".parse().unwrap());
    assert_told(&twice, "InvalidArgument", 400, text);
    let long = with(&good(), "x-amz-content-sha256", Some(&"x".repeat(200)));
    assert_eq!(refusal(&long), S3AuthError::InvalidPayloadHash("x".repeat(128)));
    let missing = with(&good(), "x-amz-content-sha256", None);
    let text = "Missing required header for this request: x-amz-content-sha256";
    assert_told(&missing, "InvalidRequest", 400, text);
    // What is stated is signed, wherever the signature stands and whatever headers it lists.
    for request in [good(), good_presigned()] {
        for other in [&"0".repeat(64), super::NO_BYTES] {
            let request = with(&request, "x-amz-content-sha256", Some(other));
            assert_eq!(refusal(&request), S3AuthError::Mismatch);
        }
    }
    assert_eq!(
        refusal(&with(&good(), "x-amz-content-sha256", Some("UNSIGNED-PAYLOAD"))),
        S3AuthError::Mismatch
    );
}

#[test]
fn times() {
    let at = |request: &Request, seconds: i64| head(request, SIGNED_SECONDS + seconds).err();
    assert_eq!((at(&good(), 900), at(&good(), -900)), (None, None));
    let late = at(&good(), 901).unwrap();
    let text = "The difference between the request time and the current time is too large.";
    assert_eq!(told(&late), ("RequestTimeTooSkewed", 403, text.to_owned()));
    let details = [
        ("RequestTime", "20130524T000000Z"),
        ("ServerTime", "2013-05-24T00:15:01Z"),
        ("MaxAllowedSkewMilliseconds", "900000"),
    ];
    assert_eq!(late.details(), details.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(at(&good(), -901).unwrap().code(), "RequestTimeTooSkewed");

    let week = presigned(&Request::new("GET", URI, &[], b""), 604_800);
    assert_eq!((at(&week, 604_800), at(&week, -900)), (None, None));
    let expired = at(&week, 604_801).unwrap();
    assert_eq!(told(&expired), ("AccessDenied", 403, "Request has expired".to_owned()));
    let details = [
        ("X-Amz-Expires", "604800"),
        ("Expires", "2013-05-31T00:00:00Z"),
        ("ServerTime", "2013-05-31T00:00:01Z"),
    ];
    assert_eq!(expired.details(), details.map(|(name, value)| (name, value.to_owned())));
    let early = at(&week, -901).unwrap();
    assert_eq!(told(&early), ("AccessDenied", 403, "Request is not yet valid".to_owned()));
    let details = [
        ("X-Amz-Date", "1369353600000"),
        ("Expires", "2013-05-31T00:00:00Z"),
        ("ServerTime", "2013-05-23T23:44:59Z"),
    ];
    assert_eq!(early.details(), details.map(|(name, value)| (name, value.to_owned())));
    for now in [i64::MIN, i64::MAX] {
        assert!(head(&good(), now).is_err() && head(&week, now).is_err());
    }

    let text = "AWS authentication requires a valid Date or x-amz-date header";
    assert_told(&with(&good(), "x-amz-date", None), "AccessDenied", 403, text);
    assert_told(&with(&good(), "x-amz-date", Some("today")), "AccessDenied", 403, text);
}

#[test]
fn signatures_that_are_wrong() {
    let text = "The request signature we calculated does not match the signature you provided. Check your key and \
        signing method.";
    let unknown = edited(&good(), super::ACCESS_KEY_ID, "AKIAUNKNOWN");
    let no_key = "The AWS Access Key Id you provided does not exist in our records.";
    assert_told(&unknown, "InvalidAccessKeyId", 403, no_key);
    assert_eq!(refusal(&unknown).details(), [("AWSAccessKeyId", "AKIAUNKNOWN".to_owned())]);
    let list = "host;x-amz-content-sha256;x-amz-date;x-amz-meta-colour";
    let wrong = [
        with(&good(), "authorization", Some(&authorization(list, &"0".repeat(64)))),
        with(&good(), "authorization", Some(&authorization(list, "0"))),
        with(&good(), "x-amz-meta-colour", Some("blue")),
        with(&good(), "content-type", Some("text/html")),
        with(&good(), "content-type", None),
        with(&good(), "host", Some("other.s3.example")),
        asking(&good(), "versionId=1", "versionId=2"),
        asking(&good(), "/a%20key", "/b%20key"),
        asking(&good(), "/a%20key", "//a%20key"),
        asking(&good(), "/a%20key", "/./a%20key"),
        asking(&good(), "/a%20key", "/x/../a%20key"),
        asking(&good(), "/a%20key", "/a%2520key"),
        asking(&good_presigned(), "versionId=1", "versionId=2"),
        asking(&good_presigned(), "X-Amz-Expires=60", "X-Amz-Expires=61"),
        Request { method: http::Method::DELETE, ..good() },
    ];
    for request in wrong {
        assert_told(&request, "SignatureDoesNotMatch", 403, text);
        assert_eq!(refusal(&request).details(), []);
    }
    // Other ways to write the same path.
    for same in ["/%61%20key", "/a%20ke%79"] {
        assert!(head(&asking(&good(), "/a%20key", same), SIGNED_SECONDS).is_ok(), "{same}");
    }
}

/// Two headers `a` and `b` are signed as one header `a,b` is.
#[test]
fn signed_headers_are_there_once() {
    let headers = [("x-amz-copy-source", "bucket/a,b"), ("range", "bytes=0-1,2-3"), ("accept", "a")];
    let mut request = Request::new("PUT", URI, &headers, b"");
    request = signed(&request, Sent::Hashed, &[], ("", ""));
    assert!(head(&request, SIGNED_SECONDS).is_ok());
    for (name, first, second) in [("x-amz-copy-source", "bucket/a", "b"), ("range", "bytes=0-1", "2-3")] {
        let mut split = with(&request, name, Some(first));
        split.headers.append(name, second.parse().unwrap());
        let text =
            format!("The authorization header is malformed; '{name}' must not be given more than once.");
        assert_told(&split, "AuthorizationHeaderMalformed", 400, &text);
    }
    for _ in 0..2 {
        request.headers.append("via", "1.1 proxy".parse().unwrap());
    }
    assert!(head(&request, SIGNED_SECONDS).is_ok());
}

/// The key is for one scope, and so is what it has signed.
#[test]
fn a_key_of_another_scope_verifies_nothing() {
    let (request, other) = (good(), edited(&good(), "us-east-1", "eu-west-1"));
    let (claim, restated) = (S3Claim::parse(request.head()).unwrap(), S3Claim::parse(other.head()).unwrap());
    let key = Arc::new(SigningKey::derive(super::SECRET.as_bytes(), claim.scope()));
    assert!(claim.verify(&key, SIGNED_SECONDS).is_ok());
    assert_eq!(restated.verify(&key, SIGNED_SECONDS).err(), Some(S3AuthError::Mismatch));
    let other = Arc::new(SigningKey::derive(super::SECRET.as_bytes(), restated.scope()));
    assert_eq!(claim.verify(&other, SIGNED_SECONDS).err(), Some(S3AuthError::Mismatch));
}

/// The largest list that the limit allows, and the first that it does not.
#[test]
fn lists_have_a_limit() {
    let metadata = |count: usize| {
        let names: Vec<_> = (0..count).map(|n| format!("x-amz-meta-{n:03}")).collect();
        let headers: Vec<_> = names.iter().map(|name| (name.as_str(), "v")).collect();
        let request = signed(&Request::new("PUT", URI, &headers, b""), Sent::Hashed, &[], ("", ""));
        head(&request, SIGNED_SECONDS).err().map(|error| error.code())
    };
    // Three more are the host, the hash and the date.
    assert_eq!((metadata(125), metadata(126)), (None, Some("AuthorizationHeaderMalformed")));
}

/// The statement about the body is part of what is signed, whether its header is listed or not.
#[test]
fn the_statement_about_the_body_need_not_be_listed() {
    let request = super::official::signed_without_statement(&Request::new("PUT", URI, &[], b"data"));
    let stating = |value: &str| with(&request, "x-amz-content-sha256", Some(value));
    let hash = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7";
    assert!(!S3Claim::parse(stating(hash).head()).unwrap().covers("x-amz-content-sha256"));
    assert!(verify(&stating(hash), SIGNED_SECONDS).is_ok());
    for other in [super::NO_BYTES, "UNSIGNED-PAYLOAD"] {
        assert_eq!(refusal(&stating(other)), S3AuthError::Mismatch);
    }
}

/// What a presigned request states of its body itself is signed, and has to be true.
#[test]
fn a_presigned_request_may_state_a_hash() {
    let hash = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7";
    let request = Request::new("PUT", URI, &[("x-amz-content-sha256", hash)], b"data");
    let request = super::official::presigned_with_hash(&request, 60);
    let claim = S3Claim::parse(request.head()).unwrap();
    assert!(claim.is_presigned() && matches!(claim.payload(), Payload::Hash(_)));
    assert!(verify(&request, SIGNED_SECONDS).is_ok());
    let other = Request { body: b"atad".to_vec(), ..request.clone() };
    let refusal = verify(&other, SIGNED_SECONDS).unwrap_err();
    let text = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    assert_eq!(told(&refusal), ("XAmzContentSHA256Mismatch", 400, text.to_owned()));
    let computed = "5d47826ed4dd3bc931a5b97e37b6d4136c66551804e6a6fa9b8b5814dee527e1";
    let details =
        [("ClientComputedContentSHA256", hash.to_owned()), ("S3ComputedContentSHA256", computed.to_owned())];
    assert_eq!(refusal.details(), details);
    assert_eq!(
        verify(&with(&request, "x-amz-content-sha256", None), SIGNED_SECONDS),
        Err(S3AuthError::Mismatch)
    );
}

/// Texts that the caller of the crate uses.
#[test]
fn tokens() {
    let (invalid, expired) = (S3AuthError::InvalidToken, S3AuthError::ExpiredToken);
    let text = "The provided token is malformed or otherwise invalid.";
    assert_eq!(told(&invalid), ("InvalidToken", 400, text.to_owned()));
    assert_eq!(told(&expired), ("ExpiredToken", 400, "The provided token has expired.".to_owned()));
}
