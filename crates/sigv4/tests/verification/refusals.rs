//! Each refusal, with AWS's text.

use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use sigv4::{AuthError, Claim, HeaderPart, Kind, Stamp};

use crate::request::{Request, SECRET, SIGNED_SECONDS};

const SIGNATURE: &str = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
/// SHA-256 of nothing.
const EMPTY_BODY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const CREDENTIAL: &str = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";

/// The request `get-vanilla` of AWS's test suite with another Authorization header.
fn with_authorization(authorization: &str) -> Request {
    let date = ("x-amz-date", "20150830T123600Z");
    Request::new(
        "GET",
        "/",
        &[("host", "example.amazonaws.com"), date, ("authorization", authorization)],
        b"",
    )
}

fn refusal(request: &Request) -> AuthError {
    request.verify(SECRET, SIGNED_SECONDS).unwrap_err()
}

#[test]
fn the_form_of_the_header_is_free_where_it_may_be() {
    let (credential, signature) = (format!("Credential={CREDENTIAL}"), format!("Signature={SIGNATURE}"));
    let list = "SignedHeaders=host;x-amz-date";
    let forms = [
        format!("AWS4-HMAC-SHA256 {credential}, {list}, {signature}"),
        format!("AWS4-HMAC-SHA256 {signature},{list},{credential}"),
        format!("AWS4-HMAC-SHA256  {credential} {list} ,, {signature},"),
        format!("AWS4-HMAC-SHA256 Extra=1, {credential}, {list}, {signature}"),
    ];
    for form in forms {
        assert_eq!(with_authorization(&form).verify(SECRET, SIGNED_SECONDS), Ok(()), "{form}");
    }
}

#[test]
fn malformed_headers_are_named_for_what_they_are() {
    let signed = "SignedHeaders=host;x-amz-date";
    let tail = format!("{signed}, Signature={SIGNATURE}");
    let scope = |credential: &str| format!("AWS4-HMAC-SHA256 Credential={credential}, {tail}");
    let list = |names: &str| {
        format!("AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders={names}, Signature={SIGNATURE}")
    };
    let cases = [
        ("", "Missing Authentication Token"),
        ("Basic QUtJRDpzZWNyZXQ=", "Missing Authentication Token"),
        ("AWS AKIDEXAMPLE:c2lnbmF0dXJl", "Missing Authentication Token"),
        (
            "AWS4-HMAC-SHA256 Credential",
            "Invalid key=value pair (missing equal-sign) in Authorization header \
          (hashed with SHA-256 and encoded with Base64): 'KfSoC26UaBDGXxo5AUFS45c1cmAbyLKDOxOTKcZYWt4='.",
        ),
        (
            &format!("AWS4-HMAC-SHA256 Credential=a/b, Credential=c/d, {tail}"),
            "'Credential' must not be given more than once.",
        ),
        (
            &format!("AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20150830/kms/aws4_request, {tail}"),
            "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). ",
        ),
        (
            &format!("AWS4-HMAC-SHA512 Credential={CREDENTIAL}, {tail}"),
            "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512' (only AWS4-HMAC-SHA256 for now). ",
        ),
        (&scope("AKIDEXAMPLE"), FIVE),
        (&scope("AKIDEXAMPLE/20150830/us-east-1/service"), FIVE),
        (&scope("AKIDEXAMPLE/20150830/us-east-1/service/aws4_request/"), FIVE),
        (&scope("/20150830/us-east-1/service/aws4_request"), FIVE),
        (&scope("AKIDEXAMPLE/20150830//service/aws4_request"), FIVE),
        (
            &scope("AKIDEXAMPLE/20150830/us-east-1/service/aws5_request"),
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
        ),
        (
            &scope("AKIDEXAMPLE/20150831/us-east-1/service/aws4_request"),
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
          '20150831' != '20150830', from '20150830T123600Z'.",
        ),
        (&list("x-amz-date"), "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."),
        (&list("host"), "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."),
        (&list("x-amz-date;host"), LIST),
        (&list("host;host;x-amz-date"), LIST),
        (&list("Host;x-amz-date"), LIST),
        (&list("host;x-amz-date;"), LIST),
        (&list(";host;x-amz-date"), LIST),
        (&list("host;x-(y);x-amz-date"), LIST),
        (&list("host;x-amz-date;x-not-there"), MISMATCH),
        (&scope("AKIDEXAMPLE/20150830/us-east-2/service/aws4_request"), MISMATCH),
        (&scope("AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request"), MISMATCH),
        (
            &scope("ANOTHER/20150830/us-east-1/service/aws4_request"),
            "The security token included in the request is invalid.",
        ),
        (
            &format!(
                "AWS4-HMAC-SHA256 Credential={CREDENTIAL}, {signed}, Signature={}",
                SIGNATURE.to_uppercase()
            ),
            MISMATCH,
        ),
        (&format!("AWS4-HMAC-SHA256 Credential={CREDENTIAL}, {signed}, Signature=5f"), MISMATCH),
    ];
    for (authorization, text) in cases {
        assert_eq!(refusal(&with_authorization(authorization)).to_string(), text, "{authorization}");
    }
}

#[test]
fn only_what_is_missing_is_listed() {
    use HeaderPart::{Credential, Date, Signature, SignedHeaders};
    let hash = "(Hashed with SHA-256 and encoded with Base64) Authorization=";
    let cases = [
        ("AWS4-HMAC-SHA256", vec![Credential, Signature, SignedHeaders, Date]),
        ("AWS4-HMAC-SHA256 Signature=, SignedHeaders=host", vec![Credential, Signature, Date]),
        ("AWS4-HMAC-SHA256 Credential=a, Signature=b", vec![SignedHeaders, Date]),
        ("AWS4-HMAC-SHA256 Credential=a, Signature=b, SignedHeaders=c", vec![Date]),
    ];
    for (authorization, expected) in cases {
        let headers = [("host", "h"), ("authorization", authorization)];
        let refusal = refusal(&Request::new("GET", "/", &headers, b""));
        let AuthError::IncompleteHeader { missing, .. } = &refusal else { panic!("{refusal:?}") };
        assert_eq!(missing, &expected, "{authorization}");
        assert_eq!(refusal.kind(), Kind::Incomplete);
        assert!(refusal.to_string().contains(hash) && !refusal.to_string().contains("AWS4-"), "{refusal}");
    }
    let text = refusal(&Request::new("GET", "/", &[("authorization", "AWS4-HMAC-SHA256")], b"")).to_string();
    let expected = "Authorization header requires 'Credential' parameter. Authorization header requires \
        'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header \
        requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded \
        with Base64) Authorization=";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn what_chooses_the_operation_must_be_signed() {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature={SIGNATURE}"
    );
    let mut request = with_authorization(&authorization);
    request.headers.insert("x-amz-target", "x".parse().unwrap());
    let expected = "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.";
    assert_eq!(refusal(&request).to_string(), expected);
    for name in ["x-amz-date", "authorization", "date", "x-amz-security-token", "x-amz-target", "host"] {
        let mut request = with_authorization(&authorization);
        if name == "date" {
            request.headers.remove("x-amz-date");
        }
        for _ in 0..2 {
            request.headers.append(name, "20150830T123600Z".parse().unwrap());
        }
        let refusal = refusal(&request);
        assert!(matches!(refusal, AuthError::Repeated(_) | AuthError::Mismatch), "{name}: {refusal:?}");
    }
}

#[test]
fn what_is_stated_of_the_body_must_be_true() {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature={SIGNATURE}"
    );
    let stating = |stated: &[&str]| {
        let mut request = with_authorization(&authorization);
        for stated in stated {
            request.headers.append("x-amz-content-sha256", stated.parse().unwrap());
        }
        request.verify(SECRET, SIGNED_SECONDS)
    };
    let streamed = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    for stated in ["UNSIGNED-PAYLOAD", streamed, SIGNATURE, "0", &EMPTY_BODY.to_uppercase()] {
        assert_eq!(stating(&[stated]), Err(AuthError::Mismatch), "{stated}");
    }
    for twice in [[EMPTY_BODY, EMPTY_BODY], ["", ""], ["", EMPTY_BODY], ["", "UNSIGNED-PAYLOAD"]] {
        assert_eq!(stating(&twice), Err(AuthError::Mismatch), "{twice:?}");
    }
    // Who states nothing states nothing wrong; the body is signed all the same.
    assert_eq!((stating(&[EMPTY_BODY]), stating(&[""])), (Ok(()), Ok(())));
    let mut request = with_authorization(&authorization);
    request.headers.insert("x-amz-content-sha256", "".parse().unwrap());
    request.body = b"x".to_vec();
    assert_eq!(refusal(&request), AuthError::Mismatch);
}

#[test]
fn a_token_need_not_be_signed() {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature={SIGNATURE}"
    );
    let mut request = with_authorization(&authorization);
    request.headers.insert("x-amz-security-token", "token".parse().unwrap());
    let claim = Claim::parse(request.head()).unwrap();
    assert_eq!(claim.security_token(), Some("token"));
    assert_eq!(request.verify(SECRET, SIGNED_SECONDS), Ok(()));

    // In the query it is signed, since everything there is.
    let mut request = presigned(&[]);
    request.headers.insert("x-amz-security-token", "token".parse().unwrap());
    assert_eq!(Claim::parse(request.head()).unwrap().security_token(), Some("token"));
    let expires = Some("60&X-Amz-Security-Token=token");
    let request = presigned(&[("X-Amz-Expires", expires)]);
    assert_eq!(Claim::parse(request.head()).unwrap().security_token(), Some("token"));
    assert_eq!(refusal(&request), AuthError::Mismatch);
    let mut both = request;
    both.headers.insert("x-amz-security-token", "token".parse().unwrap());
    assert_eq!(refusal(&both), AuthError::Repeated("X-Amz-Security-Token"));
}

#[test]
fn a_date_header_stands_in_for_x_amz_date() {
    let dated = |name: &str, date: &str| {
        let canonical = format!("GET\n/\n\n{name}:{date}\nhost:h\n\n{name};host\n{EMPTY_BODY}");
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders={name};host, Signature={}",
            sign(&canonical)
        );
        let headers = [("host", "h"), ("authorization", authorization.as_str()), (name, date)];
        Request::new("GET", "/", &headers, b"").verify(SECRET, SIGNED_SECONDS)
    };
    assert_eq!(dated("date", "20150830T123600Z"), Ok(()));
    assert_eq!(dated("date", "Sun, 30 Aug 2015 12:36:00 GMT"), Ok(()));
    assert_eq!(dated("date", "Sun, 30 Aug 2015 12:36:01 GMT"), Err(AuthError::Mismatch));

    let http_date = "Sun, 30 Aug 2015 12:36:00 GMT";
    for (name, date) in [("date", "today"), ("x-amz-date", ""), ("x-amz-date", http_date)] {
        let list = "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=b";
        let refusal = refusal(&Request::new("GET", "/", &[("authorization", list), (name, date)], b""));
        let text = format!(
            "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        );
        assert_eq!(refusal.to_string(), text);
    }
}

/// Signs a canonical request, written out, with the official signer's primitives.
fn sign(canonical_request: &str) -> String {
    sign_for("service", canonical_request)
}

fn sign_for(service: &str, canonical_request: &str) -> String {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(SIGNED_SECONDS.unsigned_abs());
    let hash: String =
        digest(&SHA256, canonical_request.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let text =
        format!("AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/{service}/aws4_request\n{hash}");
    calculate_signature(generate_signing_key(SECRET, time, "us-east-1", service), text.as_bytes())
}

#[test]
fn time_has_two_ends() {
    let request = with_authorization(&format!(
        "AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature={SIGNATURE}"
    ));
    assert_eq!(request.verify(SECRET, SIGNED_SECONDS + 300), Ok(()));
    assert_eq!(request.verify(SECRET, SIGNED_SECONDS - 300), Ok(()));
    let late = request.verify(SECRET, SIGNED_SECONDS + 301).unwrap_err();
    assert_eq!(
        late.to_string(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"
    );
    let early = request.verify(SECRET, SIGNED_SECONDS - 301).unwrap_err();
    assert_eq!(
        early.to_string(),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z \
         (20150830T123059Z + 5 min.)"
    );
    assert_eq!((late.kind(), early.kind()), (Kind::InvalidSignature, Kind::InvalidSignature));
    assert!(request.verify(SECRET, i64::MAX).is_err() && request.verify(SECRET, i64::MIN).is_err());
}

/// A query with a signature, `get-vanilla` of AWS's test suite, some parameters replaced or left out.
fn presigned(changes: &[(&str, Option<&str>)]) -> Request {
    let params = [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", "AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request"),
        ("X-Amz-Date", "20150830T123600Z"),
        ("X-Amz-Expires", "3600"),
        ("X-Amz-SignedHeaders", "host"),
        ("X-Amz-Signature", "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"),
    ];
    let changed = |name: &str, value| {
        changes.iter().find(|(other, _)| *other == name).map_or(Some(value), |(_, value)| *value)
    };
    let kept = params.iter().filter_map(|(name, value)| Some(format!("{name}={}", changed(name, *value)?)));
    let uri = format!("/?{}", kept.collect::<Vec<_>>().join("&"));
    Request::new("GET", &uri, &[("host", "example.amazonaws.com")], b"")
}

/// A query that is good until so many seconds are over, for a service and with a statement of its life.
fn presigned_for(service: &str, expires: Option<&str>) -> Request {
    let scope = format!("AKIDEXAMPLE%2F20150830%2Fus-east-1%2F{service}%2Faws4_request");
    let date = "&X-Amz-Date=20150830T123600Z";
    let stated = expires.map(|expires| format!("&X-Amz-Expires={expires}")).unwrap_or_default();
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={scope}{date}{stated}&X-Amz-SignedHeaders=host"
    );
    let canonical = format!("GET\n/\n{query}\nhost:example.amazonaws.com\n\nhost\n{EMPTY_BODY}");
    let signature = sign_for(service, &canonical);
    let uri = format!("/?{query}&X-Amz-Signature={signature}");
    Request::new("GET", &uri, &[("host", "example.amazonaws.com")], b"")
}

#[test]
fn presigned_requests_live_as_long_as_they_say_but_not_over_a_quarter_of_an_hour() {
    for (service, expires, life) in [
        ("kms", Some("60"), 60),
        ("kms", Some("900"), 900),
        ("kms", Some("901"), 900),
        ("iam", Some("604800"), 900),
        // Without a stated life it has that of a signature in the header.
        ("kms", None, 300),
        // Tokens for Kubernetes state a minute and are used for a quarter of an hour.
        ("sts", Some("60"), 900),
        ("sts", Some("3600"), 900),
        ("sts", None, 900),
    ] {
        let request = presigned_for(service, expires);
        for (after, verdict) in [(-300, true), (-301, false), (life, true), (life + 1, false)] {
            let verified = request.verify(SECRET, SIGNED_SECONDS + after);
            assert_eq!(verified.is_ok(), verdict, "{service} {expires:?} {after}: {verified:?}");
        }
    }
    assert_eq!(
        presigned(&[]).verify(SECRET, SIGNED_SECONDS + 901).unwrap_err().to_string(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z \
         (20150830T125101Z - 15 min.)"
    );
    for wrong in ["0", "604801", "-1", "+60", "60s", "1e3", "99999999999999999999", "%31%00"] {
        let refusal = refusal(&presigned(&[("X-Amz-Expires", Some(wrong))]));
        assert_eq!(refusal.kind(), Kind::Incomplete, "{wrong}: {refusal}");
    }
}

#[test]
fn malformed_queries_are_named_for_what_they_are() {
    let missing = presigned(&[("X-Amz-Credential", None), ("X-Amz-Date", Some(""))]);
    assert_eq!(
        refusal(&missing).to_string(),
        "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must \
         include 'X-Amz-Date'. Re-examine the query-string parameters."
    );
    let no_algorithm = presigned(&[("X-Amz-Algorithm", None)]);
    assert_eq!(
        refusal(&no_algorithm).to_string(),
        "AWS query-string parameters must include 'X-Amz-Algorithm'. Re-examine the query-string parameters."
    );
    let twice = presigned(&[("X-Amz-Date", Some("20150830T123600Z&X-Amz-Date=20150830T123600Z"))]);
    assert_eq!(refusal(&twice), AuthError::Repeated("X-Amz-Date"));
    let hidden = presigned(&[("X-Amz-Date", Some("20150830T123600Z&X-Amz%2DSignature=00"))]);
    assert_eq!(refusal(&hidden), AuthError::Repeated("X-Amz-Signature"));
    let unprintable =
        presigned(&[("X-Amz-Credential", Some("AKID%0A/20150830/us-east-1/service/aws4_request"))]);
    assert_eq!(refusal(&unprintable), AuthError::MalformedParameter("X-Amz-Credential"));
    let not_text = presigned(&[("X-Amz-Credential", Some("%FF/20150830/us-east-1/service/aws4_request"))]);
    assert_eq!(refusal(&not_text), AuthError::MalformedParameter("X-Amz-Credential"));
    let long = "a".repeat(4097);
    assert_eq!(
        refusal(&presigned(&[("X-Amz-Signature", Some(&long))])),
        AuthError::TooLong("X-Amz-Signature")
    );
    let sigv4a = presigned(&[("X-Amz-Algorithm", Some("AWS4-ECDSA-P256-SHA256"))]);
    assert_eq!(refusal(&sigv4a), AuthError::UnsupportedAlgorithm("AWS4-ECDSA-P256-SHA256".to_owned()));

    let mut both = presigned(&[]);
    both.headers.insert("authorization", "AWS4-HMAC-SHA256".parse().unwrap());
    assert_eq!(refusal(&both), AuthError::TwoMechanisms);
    let mut targeted_twice = presigned(&[]);
    for target in ["TrentService.ListKeys", "TrentService.ScheduleKeyDeletion"] {
        targeted_twice.headers.append("x-amz-target", target.parse().unwrap());
    }
    assert_eq!(refusal(&targeted_twice), AuthError::Repeated("X-Amz-Target"));
    let mut retargeted = presigned(&[]);
    retargeted.headers.insert("x-amz-target", "TrentService.ScheduleKeyDeletion".parse().unwrap());
    assert_eq!(refusal(&retargeted), AuthError::HeaderNotSigned("'X-Amz-Target'"));
    assert_eq!(refusal(&Request::new("GET", "/?a=b", &[("host", "h")], b"")), AuthError::MissingToken);
}

#[test]
fn texts_for_the_caller_of_this_crate() {
    let (signed, now) = (Stamp::from_seconds(1_704_164_645), Stamp::from_seconds(1_704_165_246));
    let cases = [
        (
            AuthError::ScopeRegion("mars-1".to_owned()),
            Kind::InvalidSignature,
            "Credential should be scoped to a valid region, not 'mars-1'.",
        ),
        (
            AuthError::ScopeService("kms".to_owned()),
            Kind::InvalidSignature,
            "Credential should be scoped to correct service: 'kms'.",
        ),
        (
            AuthError::UnrecognizedClient,
            Kind::UnrecognizedClient,
            "The security token included in the request is invalid.",
        ),
        (
            AuthError::ExpiredToken,
            Kind::ExpiredToken,
            "The security token included in the request is expired",
        ),
        (
            AuthError::Expired { signed, now, window_seconds: 300 },
            Kind::InvalidSignature,
            "Signature expired: 20240102T030405Z is now earlier than 20240102T030906Z \
             (20240102T031406Z - 5 min.)",
        ),
        (
            AuthError::Expired { signed, now, window_seconds: 90 },
            Kind::InvalidSignature,
            "Signature expired: 20240102T030405Z is now earlier than 20240102T031236Z \
             (20240102T031406Z - 90 sec.)",
        ),
    ];
    for (error, kind, text) in cases {
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
    }
}

const FIVE: &str =
    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term";
const LIST: &str = "'SignedHeaders' must be at most 64 lower-case header names, each once, in ascending \
    order and separated by semicolons.";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. \
    Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
