//! Signatures that AWS has published: the worked example of its documentation, and its signing test suite.
//! Of the suite, what fits a server: its paths with escapes are left out, since it gives them unescaped.

use std::collections::BTreeSet;

use sigv4::{AuthError, Claim, Scope, SigningKey, SigningKeys};

use crate::request::{ACCESS_KEY_ID, Request, SECRET, SIGNED_SECONDS};

#[test]
fn the_documented_request_verifies() {
    let headers = [
        ("host", "iam.amazonaws.com"),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("x-amz-date", "20150830T123600Z"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ),
    ];
    let request = Request::new("GET", "/?Action=ListUsers&Version=2010-05-08", &headers, b"");
    let claim = Claim::parse(request.head()).unwrap();

    assert_eq!(claim.access_key_id(), ACCESS_KEY_ID);
    assert_eq!(claim.scope(), Scope { date: "20150830", region: "us-east-1", service: "iam" });
    assert_eq!(claim.signed_at().seconds(), SIGNED_SECONDS);
    assert_eq!((claim.security_token(), claim.is_presigned()), (None, false));
    assert!(claim.covers("content-type") && !claim.covers("content-length"));

    let keys = SigningKeys::new();
    assert_eq!(keys.verify(&claim, || SECRET, b"x", SIGNED_SECONDS), Err(AuthError::Mismatch));
    assert!(keys.find(claim.scope()).is_none(), "a key that verified nothing is not kept");
    assert_eq!(keys.verify(&claim, || SECRET, b"", SIGNED_SECONDS), Ok(()));
    assert!(keys.find(claim.scope()).is_some());
    let unasked = || -> &str { panic!("the key is kept, the secret not needed") };
    assert_eq!(keys.verify(&claim, unasked, b"", SIGNED_SECONDS), Ok(()));
    assert_eq!(keys.verify(&claim, unasked, b"x", SIGNED_SECONDS), Err(AuthError::Mismatch));

    let bytes = SigningKey::derive_bytes(SECRET.as_bytes(), claim.scope());
    let handed_on = SigningKey::from_bytes(&bytes, claim.scope());
    assert_eq!(claim.verify(&handed_on, b"", SIGNED_SECONDS), Ok(()));
    for scope in [
        Scope { date: "20150831", ..claim.scope() },
        Scope { region: "us-east-2", ..claim.scope() },
        Scope { service: "s3", ..claim.scope() },
    ] {
        // Neither the bytes of another scope nor a key that says another scope.
        let bytes_of_another = SigningKey::derive_bytes(SECRET.as_bytes(), scope);
        for wrong in
            [SigningKey::from_bytes(&bytes_of_another, claim.scope()), SigningKey::from_bytes(&bytes, scope)]
        {
            assert_eq!(claim.verify(&wrong, b"", SIGNED_SECONDS), Err(AuthError::Mismatch), "{scope:?}");
        }
    }
}

/// Method, target, further headers, signature in the header, signature in the query.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

const SUITE: &[Case] = &[
    (
        "GET",
        "/",
        &[],
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d",
    ),
    (
        "GET",
        "/example/..",
        &[],
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d",
    ),
    (
        "GET",
        "/example1/example2/../..",
        &[],
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d",
    ),
    (
        "GET",
        "/./",
        &[],
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d",
    ),
    (
        "GET",
        "//",
        &[],
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d",
    ),
    (
        "GET",
        "/./example",
        &[],
        "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
        "35034b1a0bdd969f346975386daf8aedfd4976573b8348cf4f67eaa41c5857de",
    ),
    (
        "GET",
        "//example//",
        &[],
        "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
        "c1834e8fb0307243711f0f907f6ab7311ed300d87f13792d7ee4da89ab93e082",
    ),
    (
        "GET",
        "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        &[],
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        "95968482db1b9e0fadef6efc1bd24689f77c77d9ef56919c96a28cc92e0d6005",
    ),
    (
        "GET",
        "/ሴ",
        &[],
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44",
    ),
    (
        "GET",
        "/?Param1=value1",
        &[],
        "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        "49096700cbbaa5753443850f40df10f904fc2fdb544dc9512203cc77c471a9de",
    ),
    (
        "GET",
        "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
        &[],
        "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787",
    ),
    (
        "GET",
        "/?Param2=value2&Param1=value1",
        &[],
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5",
    ),
    (
        "GET",
        "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        &[],
        "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        "8e76a88a7433637b12778d5592799b29ad21ecd6cf6325051c21d86f0acda2bf",
    ),
    (
        "GET",
        "/?ሴ=bar",
        &[],
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
        "0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600",
    ),
    (
        "GET",
        "/",
        &[("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        "3349ee0b81b4b589da0ff28a395c3591e04de515651dd74f298fa992d1507a97",
    ),
    (
        "GET",
        "/",
        &[("my-header1", "value1"), ("my-header2", "\"a   b   c\"")],
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4",
    ),
    (
        "POST",
        "/",
        &[],
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        "2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b",
    ),
    (
        "POST",
        "/?Param1=value1",
        &[],
        "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
        "a9ef26247f293bffe40eeff86a0480ba8c14d31503b2e0c3399e3a16bf1a3682",
    ),
];

#[test]
fn the_suite_verifies_in_the_header_and_in_the_query() {
    for (method, target, extra, in_header, in_query) in SUITE {
        let signed = signed_headers(extra, &["host", "x-amz-date"]);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders={signed}, Signature={in_header}"
        );
        let mut headers = vec![("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
        headers.extend_from_slice(extra);
        headers.push(("authorization", &authorization));
        let request = Request::new(method, target, &headers, b"");
        assert_eq!(
            request.verify(SECRET, SIGNED_SECONDS + 60),
            Ok(()),
            "header: {method} {target} {extra:?}"
        );

        let signed = signed_headers(extra, &["host"]).replace(';', "%3B");
        let mut headers = vec![("host", "example.amazonaws.com")];
        headers.extend_from_slice(extra);
        let target = format!(
            "{target}{}X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request\
             &X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders={signed}&X-Amz-Expires=3600\
             &X-Amz-Signature={in_query}",
            if target.contains('?') { '&' } else { '?' }
        );
        let request = Request::new(method, &target, &headers, b"");
        assert_eq!(request.verify(SECRET, SIGNED_SECONDS + 60), Ok(()), "query: {method} {target}");
    }
}

/// `post-sts-header-after` of the suite: the token is added after the request was signed.
#[test]
fn a_token_may_be_added_after_signing() {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date, \
         Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
    let headers = [
        ("host", "example.amazonaws.com"),
        ("x-amz-date", "20150830T123600Z"),
        (
            "x-amz-security-token",
            "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeo",
        ),
        ("authorization", authorization),
    ];
    let request = Request::new("POST", "/", &headers, b"");
    assert_eq!(request.verify(SECRET, SIGNED_SECONDS), Ok(()));
    assert!(Claim::parse(request.head()).unwrap().security_token().unwrap().starts_with("AQoDYXdzEPT"));
}

fn signed_headers(extra: &[(&str, &str)], always: &[&str]) -> String {
    let names = extra.iter().map(|(name, _)| *name).chain(always.iter().copied());
    let names: BTreeSet<&str> = names.collect();
    names.into_iter().collect::<Vec<_>>().join(";")
}
