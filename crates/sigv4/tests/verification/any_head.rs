//! Heads of any kind are refused without a panic.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Uri};
use proptest::prelude::*;
use proptest::sample::select;
use sigv4::{AuthError, Claim};

use crate::request::{Request, SECRET};

/// Pieces that signatures are made of, in no order.
fn pieces(count: usize) -> impl Strategy<Value = String> {
    let known = select(vec![
        "AWS4-HMAC-SHA256",
        "AWS4-ECDSA-P256-SHA256",
        "AWS4-",
        "Credential=",
        "SignedHeaders=",
        "Signature=",
        "AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request",
        "/",
        ", ",
        " ",
        ",",
        ";",
        "=",
        "host",
        "x-amz-date",
        "20150830T123600Z",
        "20150830",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "&",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Credential=",
        "X-Amz-Signature=",
        "X-Amz-Date=",
        "X-Amz-SignedHeaders=host",
        "X-Amz-Expires=",
        "X-Amz-Security-Token=",
        "%2F",
        "%",
        "+",
        "604800",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request, SignedHeaders=host, ",
    ]);
    let piece = prop_oneof![8 => known.prop_map(str::to_owned), 1 => "[!-~]{1,5}", 1 => "\\PC{1,3}"];
    proptest::collection::vec(piece, 0..count).prop_map(|pieces| pieces.concat())
}

fn any_value() -> impl Strategy<Value = HeaderValue> {
    let text = prop_oneof![
        4 => pieces(12).prop_map(String::into_bytes),
        2 => "[0-9]{8}T[0-9]{6}Z".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
    ];
    text.prop_filter_map("no header value", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

fn any_headers() -> impl Strategy<Value = HeaderMap> {
    let name = select(vec![
        "host",
        "date",
        "x-amz-date",
        "x-amz-target",
        "x-amz-security-token",
        "x-amz-content-sha256",
        "x-a",
    ]);
    let others = proptest::collection::vec((name, any_value()), 0..6);
    let authorization = proptest::collection::vec(any_value(), 0..2);
    (others, authorization).prop_map(|(others, authorization)| {
        let mut headers = HeaderMap::new();
        for (name, value) in others {
            headers.append(name, value);
        }
        for value in authorization {
            headers.append(AUTHORIZATION, value);
        }
        headers
    })
}

fn any_uri() -> impl Strategy<Value = Uri> {
    let text = prop_oneof![
        pieces(14).prop_map(|query| format!("/?{query}")),
        "\\PC{0,20}",
        Just("*".to_owned()),
        Just("http://user@host:1".to_owned()),
    ];
    text.prop_filter_map("no target", |text| text.parse().ok())
}

fn any_method() -> impl Strategy<Value = Method> {
    "[!-~]{1,20}".prop_filter_map("no method", |text| text.parse().ok())
}

proptest! {
    #[test]
    fn is_refused_without_a_panic(
        method in any_method(),
        uri in any_uri(),
        headers in any_headers(),
        body in proptest::collection::vec(any::<u8>(), 0..20),
        now in prop_oneof![Just(1_440_938_160_i64), any::<i64>()],
    ) {
        let request = Request { method, uri, headers, body };
        let refusal = request.verify(SECRET, now).unwrap_err();
        prop_assert!(!refusal.to_string().is_empty());
        if let Ok(claim) = Claim::parse(request.head()) {
            prop_assert!(claim.access_key_id().bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}

/// The largest head that the limits allow, and the first that they do not.
#[test]
fn sizes_have_limits() {
    let verify = |names: usize, padding: usize| {
        let names: Vec<_> = (1..names).map(|n| format!("x-{n:02}")).collect();
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request,\
             SignedHeaders=host;{},Signature={}",
            names.join(";"),
            "0".repeat(padding)
        );
        let mut headers =
            vec![("host", "h"), ("date", "20150830T123600Z"), ("authorization", &authorization)];
        headers.extend(names.iter().map(|name| (name.as_str(), "v")));
        let refusal = Request::new("GET", "/", &headers, b"").verify(SECRET, 1_440_938_160).unwrap_err();
        (authorization.len(), refusal)
    };
    assert_eq!(verify(64, 64).1, AuthError::Mismatch);
    assert_eq!(verify(65, 64).1, AuthError::MalformedSignedHeaders);
    let (length, refusal) = verify(2, 3986);
    assert_eq!((length, refusal), (4096, AuthError::Mismatch));
    let (length, refusal) = verify(2, 3987);
    assert_eq!((length, refusal), (4097, AuthError::TooLong("Authorization")));

    let params = |count: usize| Request::new("GET", &format!("/?{}", "a&".repeat(count)), &[], b"");
    assert_eq!(params(1000).verify(SECRET, 0), Err(AuthError::MissingToken));
    assert_eq!(params(1001).verify(SECRET, 0), Err(AuthError::TooManyParameters));
}
