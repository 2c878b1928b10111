//! Where the parameters of a Query call may stand: in the body of a POST, in the URL of a GET, and in the URL of a POST
//! without a body.

use http::{HeaderValue, Method, header::CONTENT_TYPE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use sim::{Stage, TokenSigner, World, stage::ACCOUNT};

use crate::requests::{bare, presign};

const IDENTITY: &str = "/?Action=GetCallerIdentity&Version=2011-06-15";
const USERS: &str = "/?Action=ListUsers&Version=2010-05-08";

#[test]
fn in_the_url_of_a_post_they_do_as_in_that_of_a_get() {
    let stage = Stage::new();
    let world = &stage.world;
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    for (service, uri, shown) in [("sts", IDENTITY, ACCOUNT), ("iam", USERS, "alice")] {
        for method in [Method::GET, Method::POST] {
            let signed = world.sign(bare(method.clone(), uri), &world.root(), service);
            let answer = world.send(signed);
            assert_eq!(answer.status, 200, "{method} {uri}: {answer:?}");
            assert!(String::from_utf8_lossy(&answer.body).contains(shown));
            let answer = world.send(presign(world, bare(method, uri), &world.root(), service, 60));
            assert_eq!(answer.status, 200, "presigned {uri}: {answer:?}");
        }
    }
    // What says that the body is a form says nothing of a body that is not there; awscurl says that it is JSON.
    for content_type in ["application/x-www-form-urlencoded", "application/x-amz-json-1.0", "text/plain"] {
        let mut request = bare(Method::POST, IDENTITY);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        assert_eq!(world.send(world.sign(request, &world.root(), "sts")).status, 200, "{content_type}");
    }
}

#[test]
fn in_the_url_of_a_post_they_are_signed() {
    let world = World::new();
    let signed = world.sign(bare(Method::POST, USERS), &world.root(), "iam");
    let other = "/?Action=DeleteUser&Version=2010-05-08&UserName=alice";
    for uri in [other, &format!("{USERS}&MaxItems=1"), "/?Version=2010-05-08&Action=ListRoles"] {
        let mut changed = signed.clone();
        *changed.uri_mut() = uri.parse().unwrap();
        assert_eq!(world.send(changed).fault(), "SignatureDoesNotMatch", "{uri}");
    }
    let mut unsigned = signed;
    unsigned.headers_mut().remove("authorization");
    assert_eq!(world.send(unsigned).fault(), "MissingAuthenticationToken");
}

#[test]
fn they_stand_in_one_place() {
    let world = World::new();
    let form = || world.request("iam", "ListUsers", &json!({}));
    // What is no parameter of the call does not matter.
    for uri in ["/", "/?", "/?x=y"] {
        let mut request = form();
        *request.uri_mut() = uri.parse().unwrap();
        assert_eq!(world.send(world.sign(request, &world.root(), "iam")).status, 200, "{uri}");
    }
    for uri in [USERS, "/?Action=DeleteUser", "/?x=y&Action=", "/?Action=ListUsers"] {
        let mut request = form();
        *request.uri_mut() = uri.parse().unwrap();
        let refused = world.send(world.sign(request, &world.root(), "iam"));
        assert_eq!((refused.status, refused.fault()), (400, "UnknownOperationException"), "{uri}");
    }
    // A body that is no form is not read, and so is not passed over either.
    let mut request = bare(Method::POST, USERS);
    *request.body_mut() = "Action=ListRoles".into();
    let refused = world.send(world.sign(request, &world.root(), "iam"));
    assert_eq!(refused.fault(), "UnknownOperationException");
}

#[test]
fn by_other_methods_and_on_other_paths_there_is_no_operation() {
    let world = World::new();
    for method in ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let request = bare(Method::from_bytes(method.as_bytes()).unwrap(), IDENTITY);
        let refused = world.send(world.sign(request, &world.root(), "sts"));
        assert_eq!(refused.fault(), "UnknownOperationException", "{method}");
    }
    for path in ["/sts", "/a/..", "/%2F", "/."] {
        for method in [Method::GET, Method::POST] {
            let request = bare(method, &format!("{path}{}", IDENTITY.trim_start_matches('/')));
            let refused = world.send(world.sign(request, &world.root(), "sts"));
            assert_eq!(refused.fault(), "UnknownOperationException", "{path}");
        }
    }
}

#[test]
fn a_web_identity_may_come_in_the_url() {
    const ISSUER: &str = "https://id.example.com";
    let stage = Stage::new();
    let world = &stage.world;
    let made = json!({ "Url": ISSUER, "ClientIDList": ["app"] });
    let provider = stage.iam("CreateOpenIDConnectProvider", made).xml("OpenIDConnectProviderArn").unwrap();
    let signer = TokenSigner::es256(Some("k1"));
    world.issuers().publish(ISSUER, &[&signer]);
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Federated": provider }, "Action": "sts:AssumeRoleWithWebIdentity",
    }] });
    let role = json!({ "RoleName": "web", "AssumeRolePolicyDocument": trust.to_string() });
    let role = stage.iam("CreateRole", role).xml("Arn").unwrap();
    let now = world.now().as_seconds();
    let token = signer.sign(&json!({
        "iss": ISSUER, "sub": "carol", "aud": "app", "iat": now, "nbf": now, "exp": now + 600,
    }));
    let uri = format!(
        "/?Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=web&RoleArn={}&WebIdentityToken={token}",
        utf8_percent_encode(&role, NON_ALPHANUMERIC)
    );
    for method in [Method::GET, Method::POST] {
        let session = world.send(bare(method.clone(), &uri)).credentials(ACCOUNT);
        assert_eq!(world.call(&session, "sts", "GetCallerIdentity", json!({})).status, 200, "{method}");
    }
    for wrong in [uri.replace(&token, "e30.e30.e30"), format!("{uri}x")] {
        assert_eq!(world.send(bare(Method::POST, &wrong)).fault(), "InvalidIdentityToken");
    }
    // It is one place or the other.
    let mut both = world.written("sts", "AssumeRoleWithWebIdentity", "");
    *both.uri_mut() = uri.parse().unwrap();
    assert_eq!(world.send(both).fault(), "MissingAuthenticationTokenException");
    // It is a secret, and stands in no record.
    for record in world.records() {
        assert!(!format!("{record:?}").contains(&token));
    }
}
