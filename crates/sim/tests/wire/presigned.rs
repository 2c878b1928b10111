//! Calls that are signed in their query.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::json;
use sim::{Stage, World};

use crate::requests::{bare, presign, session};

/// A call of each service, presigned by root.
fn calls(world: &World, expires_seconds: u64) -> [(&'static str, Request<Bytes>); 3] {
    let get = |uri| bare(Method::GET, uri);
    let kms = world.request("kms", "ListKeys", &json!({}));
    let sts = get("/?Action=GetCallerIdentity&Version=2011-06-15");
    let iam = get("/?Action=ListUsers&Version=2010-05-08");
    [("kms", kms), ("sts", sts), ("iam", iam)]
        .map(|(name, call)| (name, presign(world, call, &world.root(), name, expires_seconds)))
}

#[test]
fn they_live_for_a_quarter_of_an_hour_whatever_they_say() {
    let world = World::new();
    let presigned = calls(&world, 7 * 24 * 3600);
    for (service, call) in &presigned {
        assert_eq!(world.send(call.clone()).code, None, "{service}");
    }
    world.clock().advance(Duration::from_secs(900));
    for (service, call) in &presigned {
        assert_eq!(world.send(call.clone()).code, None, "{service}");
    }
    world.clock().advance(Duration::from_secs(1));
    for (service, call) in presigned {
        let refused = world.send(call);
        assert!(refused.refusal().1.contains("15 min"), "{service}: {refused:?}");
    }
}

/// `aws eks get-token` and its like state a minute and use the token for a quarter of an hour.
#[test]
fn a_shorter_life_holds_but_for_the_security_token_service() {
    let world = World::new();
    let presigned = calls(&world, 60);
    world.clock().advance(Duration::from_secs(14 * 60));
    for (service, call) in presigned {
        assert_eq!(world.send(call).code.is_none(), service == "sts", "{service}");
    }
}

#[test]
fn parameters_of_the_signature_stand_there_once() {
    let stage = Stage::new();
    let world = &stage.world;
    let own = session(&stage, "own");
    let call = bare(Method::GET, "/?Action=GetCallerIdentity&Version=2011-06-15");
    let call = presign(world, call, &own, "sts", 60);
    assert_eq!(world.send(call.clone()).code, None);
    let query = call.uri().query().unwrap();
    for name in ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token"]
    {
        let parameter = query.split('&').find(|part| part.starts_with(&format!("X-Amz-{name}="))).unwrap();
        for again in [parameter.to_owned(), parameter.replacen('-', "%2D", 1), format!("X-Amz-{name}=")] {
            let mut twice = call.clone();
            *twice.uri_mut() = format!("/?{query}&{again}").parse().unwrap();
            assert_eq!(world.send(twice).fault(), "IncompleteSignature", "{again}");
        }
    }
    let mut token_again = call.clone();
    let token = own.session_token.unwrap().parse().unwrap();
    token_again.headers_mut().insert("x-amz-security-token", token);
    assert_eq!(world.send(token_again).fault(), "IncompleteSignature");
    let mut both = call;
    let signed = world.sign(world.request("sts", "GetCallerIdentity", &json!({})), &world.root(), "sts");
    both.headers_mut().insert("authorization", signed.headers()["authorization"].clone());
    assert_eq!(world.send(both).fault(), "SignatureDoesNotMatch");
}
