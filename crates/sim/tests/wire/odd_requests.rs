//! Requests that no client sends: each is refused, recorded once, and understood by nobody in two ways.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, header::CONTENT_TYPE};
use serde_json::json;
use sim::{Answer, World};

use crate::requests::bare;

/// A listing of keys, signed, with a header added once more.
fn with_another(world: &World, name: &'static str, value: &str) -> Answer {
    let mut request = world.sign(world.request("kms", "ListKeys", &json!({})), &world.root(), "kms");
    request.headers_mut().append(HeaderName::from_static(name), value.parse().unwrap());
    world.send(request)
}

#[test]
fn what_a_signature_consists_of_stands_there_once() {
    let world = World::new();
    let signed = world.sign(world.request("kms", "ListKeys", &json!({})), &world.root(), "kms");
    let own = |name: &str| signed.headers()[name].to_str().unwrap().to_owned();
    for name in ["authorization", "x-amz-date", "x-amz-target"] {
        for value in [own(name), String::new(), "x".to_owned()] {
            let refused = with_another(&world, name, &value);
            assert_eq!(refused.fault(), "IncompleteSignatureException", "{name}: {value}");
        }
    }
    for (name, value) in
        [("host", own("host")), ("host", "other".into()), ("content-type", "text/xml".into())]
    {
        assert_eq!(
            with_another(&world, name, &value).fault(),
            "InvalidSignatureException",
            "{name}: {value}"
        );
    }
    // A date besides the one that counts is signed or of no account.
    with_another(&world, "date", "yesterday").ok();
}

/// Percent-encodings, in the query: what is signed is what is meant, whatever is written.
#[test]
fn names_have_one_spelling() {
    let world = World::new();
    let send = |query: &str| {
        let request = bare(Method::GET, &format!("/?{query}"));
        world.send(world.sign(request, &world.root(), "iam"))
    };
    assert_eq!(send("Action=ListUsers&Version=2010-05-08").status, 200);
    assert_eq!(send("Action=List%55sers&Version=2010%2D05%2d08").status, 200);
    assert_eq!(send("&&Action=ListUsers&&Version=2010-05-08&=&").status, 200);
    for query in [
        "%41ction=ListUsers&Version=2010-05-08",
        "action=ListUsers&Version=2010-05-08",
        "Action+=ListUsers&Version=2010-05-08",
        "Action=ListUsers;Version=2010-05-08",
        "Action=ListUsers%00&Version=2010-05-08",
        "Action=%C3%28&Version=2010-05-08",
        "Action=ListUsers",
        "Version=2010-05-08",
        "Action&Version=2010-05-08",
        "Action=ListUsers&Version=2010-05-08%20",
    ] {
        let refused = send(query);
        assert!(
            ["UnknownOperationException", "InvalidAction"].contains(&refused.fault()),
            "{query}: {refused:?}"
        );
    }
    for more in [
        "Action=DeleteUser",
        "%41ction=DeleteUser",
        "Version=2010-05-08",
        "MaxItems=1&MaxItems=2",
        "MaxItems=1&Max%49tems=1",
        "Tags.member.1.Key=a&Tags.member.01.Key=b",
        "PathPrefix=%FF",
        "PathPrefix=%C3%28",
        "%FF=a",
        "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1",
    ] {
        let form = world.written("iam", "ListUsers", more);
        assert_eq!(world.send(world.sign(form, &world.root(), "iam")).fault(), "MalformedInput", "{more}");
        // In the URL the official signer signs something else than the bytes that are none of UTF-8.
        if !more.contains("%FF") && !more.contains("%C3") {
            assert_eq!(
                send(&format!("Action=ListUsers&Version=2010-05-08&{more}")).fault(),
                "MalformedInput"
            );
        }
    }
    assert_eq!(send("Action=GetUser&Version=2010-05-08&UserName=%25%30%30").fault(), "ValidationError");
}

#[test]
fn bombs_are_refused_as_what_they_are() {
    let world = World::new();
    let root = world.root();
    // As many fields as the limit allows, and one more than it does.
    let fields = |count: usize| {
        let fields: Vec<_> = (0..count).map(|n| format!("a{n}=1")).collect();
        world.send(world.sign(world.written("iam", "ListUsers", &fields.join("&")), &root, "iam"))
    };
    assert_eq!(fields(1_998).status, 200);
    assert_eq!(fields(1_999).fault(), "MalformedInput");
    let long = format!("/?Action=ListUsers&Version=2010-05-08&{}", "a&".repeat(1_000));
    let refused = world.send(world.sign(bare(Method::GET, &long), &root, "iam"));
    assert_eq!(refused.fault(), "IncompleteSignature");

    // Many headers that are signed, and many that are not.
    let headed = |count: usize, is_signed: bool| {
        let mut request = world.request("kms", "ListKeys", &json!({}));
        let add = |request: &mut Request<Bytes>| {
            for n in 0..count {
                let name = HeaderName::try_from(format!("x-bomb-{n}")).unwrap();
                request.headers_mut().insert(name, HeaderValue::from_static("x"));
            }
        };
        if is_signed {
            add(&mut request);
        }
        let mut signed = world.sign(request, &root, "kms");
        if !is_signed {
            add(&mut signed);
        }
        world.send(signed)
    };
    headed(60, true).ok();
    assert_eq!(headed(61, true).fault(), "IncompleteSignatureException");
    headed(5_000, false).ok();
    let long = "x".repeat(100_000);
    with_another(&world, "user-agent", &long).ok();
    with_another(&world, "accept", &"application/json,".repeat(20_000)).ok();
    assert_eq!(with_another(&world, "x-amz-security-token", &long).fault(), "UnrecognizedClientException");
    assert_eq!(with_another(&world, "x-amz-security-token", "").fault(), "UnrecognizedClientException");
}

/// What other protocols of AWS sign in pieces is not read in pieces here.
#[test]
fn chunks_that_are_signed_are_no_body() {
    let world = World::new();
    for stated in [
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-EVENTS",
    ] {
        let body = "2;chunk-signature=00\r\n{}\r\n0;chunk-signature=00\r\n\r\n";
        let mut request = world.written("kms", "ListKeys", body);
        request.headers_mut().insert("x-amz-content-sha256", HeaderValue::from_static(stated));
        request.headers_mut().insert("content-encoding", HeaderValue::from_static("aws-chunked"));
        request.headers_mut().insert("x-amz-decoded-content-length", HeaderValue::from_static("2"));
        let refused = world.send(world.sign(request, &world.root(), "kms"));
        assert_eq!(refused.fault(), "InvalidSignatureException", "{stated}");
    }
}

#[test]
fn authorities_that_disagree_are_refused() {
    let world = World::new();
    let signed = world.sign(world.request("kms", "ListKeys", &json!({})), &world.root(), "kms");
    let at = |uri: &str, host: Option<&str>| {
        let mut request = signed.clone();
        *request.uri_mut() = uri.parse().unwrap();
        match host {
            Some(host) => request.headers_mut().insert("host", host.parse().unwrap()),
            None => request.headers_mut().remove("host"),
        };
        world.send(request)
    };
    // As HTTP/2 brings it, and as a proxy does.
    at("http://localhost:4599/", None).ok();
    at("http://localhost:4599/", Some("localhost:4599")).ok();
    at("http://localhost:4599", None).ok();
    for (uri, host) in [
        ("http://other:4599/", None),
        ("http://other:4599/", Some("localhost:4599")),
        ("http://localhost:4599/", Some("other")),
        ("http://user@localhost:4599/", None),
        ("http://localhost/", None),
        ("/", None),
        ("/", Some("")),
    ] {
        assert_eq!(at(uri, host).fault(), "InvalidSignatureException", "{uri} {host:?}");
    }
    for uri in ["*", "http://localhost:4599/other"] {
        assert_eq!(at(uri, Some("localhost:4599")).fault(), "UnknownOperationException", "{uri}");
    }
}

/// No page of another origin is answered, unless its origin is named in the configuration: nothing tells the browser
/// to hand the answer over.
#[test]
fn browsers_are_told_nothing() {
    let world = World::new();
    let mut preflight = bare(Method::OPTIONS, "/");
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,x-amz-target"),
    ] {
        preflight.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let mut simple = world.sign(world.request("kms", "ListKeys", &json!({})), &world.root(), "kms");
    simple.headers_mut().insert("origin", HeaderValue::from_static("https://evil.example"));
    for request in [preflight, simple] {
        let answer = world.send(request);
        assert!(
            answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")),
            "{answer:?}"
        );
    }
}

#[test]
fn forms_are_read_only_where_the_body_says_that_it_is_one() {
    let world = World::new();
    let sent_as = |content_type: Option<&'static str>| {
        let mut request = world.request("sts", "GetCallerIdentity", &json!({}));
        request.headers_mut().remove(CONTENT_TYPE);
        if let Some(content_type) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        world.send(world.sign(request, &world.root(), "sts"))
    };
    for good in [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-8",
        "Application/X-WWW-Form-Urlencoded;charset=UTF-8",
    ] {
        assert_eq!(sent_as(Some(good)).status, 200, "{good}");
    }
    for other in
        [None, Some("text/plain"), Some("application/x-www-form-urlencodedx"), Some("multipart/form-data")]
    {
        assert_eq!(sent_as(other).fault(), "UnknownOperationException", "{other:?}");
    }
}
