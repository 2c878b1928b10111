//! Calls that are not believed.

use std::time::Duration;

use http::HeaderValue;
use model::Timestamp;
use serde_json::json;
use sim::{Credentials, Scope, World, sign};

const INVALID: &str = "InvalidSignatureException";

/// Signs a listing of keys for a scope and sends it; the refusal.
fn listing(world: &World, scope: &Scope<'_>) -> (String, String) {
    let request = world.request("kms", "ListKeys", &json!({}));
    let answer = world.send(sign(request, &world.root(), scope));
    let (code, message) = answer.refusal();
    assert_eq!(answer.status, 400);
    (code.to_owned(), message.to_owned())
}

fn here(world: &World) -> Scope<'static> {
    Scope { service: "kms", region: "us-east-1", at: world.now() }
}

fn moved(at: Timestamp, by_millis: i64) -> Timestamp {
    Timestamp::from_millis(at.as_millis() + by_millis)
}

#[test]
fn without_a_signature() {
    let world = World::new();
    let answer = world.send(world.request("kms", "ListKeys", &json!({})));
    assert_eq!(answer.fault(), "MissingAuthenticationTokenException");
    let mut other_scheme = world.request("kms", "ListKeys", &json!({}));
    other_scheme.headers_mut().insert("authorization", HeaderValue::from_static("Bearer abc"));
    assert_eq!(world.send(other_scheme).fault(), "MissingAuthenticationTokenException");
}

#[test]
fn too_old_or_from_the_future() {
    let world = World::new();
    let minutes = |minutes: i64| minutes * 60 * 1000;
    for by in [minutes(-6), minutes(6)] {
        let (code, message) = listing(&world, &Scope { at: moved(world.now(), by), ..here(&world) });
        assert_eq!(code, INVALID);
        assert!(message.starts_with("Signature "), "{message}");
    }
    for by in [minutes(-4), minutes(4)] {
        let request = world.request("kms", "ListKeys", &json!({}));
        let scope = Scope { at: moved(world.now(), by), ..here(&world) };
        world.send(sign(request, &world.root(), &scope)).ok();
    }
}

#[test]
fn a_recorded_request_is_not_good_for_ever() {
    let world = World::new();
    let request = world.sign(world.request("kms", "ListKeys", &json!({})), &world.root(), "kms");
    world.send(request.clone()).ok();
    world.clock().advance(Duration::from_secs(6 * 60));
    assert_eq!(world.send(request).fault(), INVALID);
}

#[test]
fn for_another_service() {
    let world = World::new();
    let refused = listing(&world, &Scope { service: "sts", ..here(&world) });
    assert_eq!(refused, (INVALID.into(), "Credential should be scoped to correct service: 'kms'.".into()));
}

#[test]
fn for_another_region_than_the_host_names() {
    let world = World::new();
    let mut request = world.request("kms", "ListKeys", &json!({}));
    request.headers_mut().insert("host", HeaderValue::from_static("kms.eu-west-1.amazonaws.com"));
    let answer = world.send(sign(request.clone(), &world.root(), &here(&world)));
    assert_eq!(answer.fault(), INVALID);
    for region in ["", "mars", "us-east-one"] {
        let scope = Scope { region, ..here(&world) };
        let answer = world.send(sign(world.request("kms", "ListKeys", &json!({})), &world.root(), &scope));
        assert!([INVALID, "IncompleteSignatureException"].contains(&answer.fault()), "{region}: {answer:?}");
    }
}

#[test]
fn changed_on_the_way() {
    let world = World::new();
    let signed = world.sign(world.request("kms", "ListKeys", &json!({ "Limit": 1 })), &world.root(), "kms");
    world.send(signed.clone()).ok();

    let mut body = signed.clone();
    *body.body_mut() = json!({ "Limit": 2 }).to_string().into();
    let mut target = signed.clone();
    target.headers_mut().insert("x-amz-target", HeaderValue::from_static("TrentService.ListAliases"));
    let mut date = signed.clone();
    date.headers_mut().insert("x-amz-date", HeaderValue::from_static("20260102T030406Z"));
    let mut host = signed.clone();
    host.headers_mut().insert("host", HeaderValue::from_static("localhost:1"));
    let mut query = signed;
    *query.uri_mut() = "/?other".parse().unwrap();
    for (what, request) in
        [("body", body), ("target", target), ("date", date), ("host", host), ("query", query)]
    {
        let answer = world.send(request);
        assert_eq!(answer.fault(), INVALID, "{what}");
        let message = answer.message.unwrap_or_default();
        assert!(!message.contains("Canonical"), "the canonical request is not shown: {message}");
    }
}

#[test]
fn a_session_token_with_a_long_term_access_key() {
    let world = World::new();
    let session = Credentials { session_token: Some("token".to_owned()), ..world.root() };
    assert_eq!(world.call(&session, "kms", "ListKeys", json!({})).fault(), "UnrecognizedClientException");
}

#[test]
fn what_is_malformed_shows_neither_secret_nor_signature() {
    let world = World::new();
    let root = world.root();
    let signed = world.sign(world.request("kms", "ListKeys", &json!({})), &root, "kms");
    let whole = signed.headers()["authorization"].to_str().unwrap().to_owned();
    let secret = root.secret_access_key.as_str();
    for authorization in [
        format!("AWS4-HMAC-SHA256 {secret}"),
        format!("AWS4-HMAC-SHA256 Credential={secret}, SignedHeaders=host, Signature=0"),
        whole.replace("Signature=", "Signatur="),
        whole.replace("aws4_request", "aws3_request"),
        whole.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
        whole.replace("/us-east-1/", "/"),
    ] {
        let mut request = signed.clone();
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        let answer = world.send(request);
        assert_eq!(answer.status, 400, "{authorization}");
        let shown = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!shown.contains(secret), "{shown}");
        let signature = whole.rsplit('=').next().unwrap();
        assert!(!shown.contains(signature), "{shown}");
    }
    for record in world.records() {
        assert!(!format!("{record:?}").contains(secret), "{record:?}");
    }
}
