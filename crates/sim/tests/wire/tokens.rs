//! Session tokens that are sent and not signed, and what is said of the body.

use http::HeaderValue;
use serde_json::json;
use sim::{Answer, Credentials, Stage, World};

use crate::requests::session;

/// A call that is signed without a token, to which one is added.
fn call(world: &World, by: &Credentials, token: Option<&str>, (service, operation): (&str, &str)) -> Answer {
    let without = Credentials { session_token: None, ..by.clone() };
    let mut request = world.sign(world.request(service, operation, &json!({})), &without, service);
    if let Some(token) = token {
        request.headers_mut().insert("x-amz-security-token", token.parse().unwrap());
    }
    world.send(request)
}

const CALLS: [(&str, &str); 3] = [("kms", "ListKeys"), ("sts", "GetCallerIdentity"), ("iam", "ListUsers")];

#[test]
fn one_that_is_not_signed_has_to_be_that_of_the_access_key() {
    let stage = Stage::new();
    let world = &stage.world;
    let (own, other) = (session(&stage, "own"), session(&stage, "other"));
    let token = own.session_token.clone().unwrap();
    let cut = &token[..token.len() / 2];
    let mut forged = token.clone().into_bytes();
    forged[token.len() - 9] = if forged[token.len() - 9] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    for which in CALLS {
        assert_eq!(call(world, &own, Some(&token), which).code, None, "{which:?}");
        for wrong in [None, other.session_token.as_deref(), Some(cut), Some(&forged), Some("")] {
            let refused = call(world, &own, wrong, which);
            assert!(
                ["UnrecognizedClientException", "InvalidClientTokenId"].contains(&refused.fault()),
                "{which:?} with {wrong:?}: {refused:?}"
            );
        }
        // With the right token of another secret.
        let mixed = Credentials { secret_access_key: other.secret_access_key.clone(), ..own.clone() };
        let refused = call(world, &mixed, Some(&token), which);
        assert!(
            ["InvalidSignatureException", "SignatureDoesNotMatch"].contains(&refused.fault()),
            "{which:?}"
        );
        // A token neither helps nor passes with an access key that has none.
        let refused = call(world, &world.root(), Some(&token), which);
        assert!(refused.message.unwrap().contains("security token included in the request is invalid"));
    }
}

#[test]
fn one_that_is_put_in_place_of_a_signed_one_is_refused() {
    let stage = Stage::new();
    let world = &stage.world;
    let (own, other) = (session(&stage, "own"), session(&stage, "other"));
    let signed = world.sign(world.request("kms", "ListKeys", &json!({})), &own, "kms");
    world.send(signed.clone()).ok();
    let mut replaced = signed.clone();
    let token = other.session_token.as_deref().unwrap().parse().unwrap();
    replaced.headers_mut().insert("x-amz-security-token", token);
    assert_eq!(world.send(replaced).fault(), "UnrecognizedClientException");
    let mut twice = signed;
    let token = own.session_token.as_deref().unwrap().parse().unwrap();
    twice.headers_mut().append("x-amz-security-token", token);
    assert_eq!(world.send(twice).fault(), "IncompleteSignatureException");
}

#[test]
fn an_empty_claim_about_the_body_claims_nothing() {
    let world = World::new();
    let stating = |stated: &'static str| {
        let mut request = world.request("kms", "ListKeys", &json!({}));
        request.headers_mut().insert("x-amz-content-sha256", HeaderValue::from_static(stated));
        world.sign(request, &world.root(), "kms")
    };
    let signed = stating("");
    assert!(signed.headers()["authorization"].to_str().unwrap().contains("x-amz-content-sha256"));
    world.send(signed.clone()).ok();
    let mut changed = signed;
    *changed.body_mut() = r#"{"Limit":1}"#.into();
    assert_eq!(world.send(changed).fault(), "InvalidSignatureException");
    for stated in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "0"] {
        assert_eq!(world.send(stating(stated)).fault(), "InvalidSignatureException", "{stated}");
    }
}
