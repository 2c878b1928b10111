//! What is signed here is signed as AWS's own signer does it, and verifies.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use sigv4::{Claim, Head, S3Claim, Signer, SigningKey};

use crate::request::{ACCESS_KEY_ID, SECRET, SIGNED_SECONDS};

#[test]
fn it_signs_as_awss_signer_does() {
    for token in [None, Some("a/session+token==")] {
        let signer = Signer {
            access_key_id: ACCESS_KEY_ID,
            secret: SECRET.as_bytes(),
            security_token: token,
            region: "eu-west-1",
            service: "sts",
        };
        let unsigned = || {
            http::Request::post("/")
                .header(HOST, "sts.eu-west-1.amazonaws.com")
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
                .body("Action=AssumeRole&RoleArn=a%2Fb".to_owned())
                .unwrap()
        };
        let mut own = unsigned();
        signer.sign(&mut own, SIGNED_SECONDS).unwrap();
        let official = official(unsigned(), token);
        assert_eq!(own.headers()[AUTHORIZATION], official.headers()[AUTHORIZATION]);

        let claim =
            Claim::parse(Head { method: own.method(), uri: own.uri(), headers: own.headers() }).unwrap();
        assert_eq!((claim.access_key_id(), claim.security_token()), (ACCESS_KEY_ID, token));
        let key = SigningKey::derive(SECRET.as_bytes(), claim.scope());
        claim.verify(&key, own.body().as_bytes(), SIGNED_SECONDS).unwrap();
        assert!(claim.verify(&key, b"Action=AssumeRole", SIGNED_SECONDS).is_err());
    }
}

#[test]
fn what_it_signs_without_a_body_verifies_with_any() {
    let signer = Signer {
        access_key_id: ACCESS_KEY_ID,
        secret: SECRET.as_bytes(),
        security_token: None,
        region: "eu-west-1",
        service: "s3",
    };
    let request = http::Request::put("/sealed/data/1?prefix=a%2Fb").header(HOST, "127.0.0.1:8333");
    let mut request = request.body(()).unwrap();
    signer.sign_without_body(&mut request, SIGNED_SECONDS).unwrap();
    let verified = |target: &str| {
        let uri = target.parse().unwrap();
        let head = Head { method: request.method(), uri: &uri, headers: request.headers() };
        let claim = S3Claim::parse(head).unwrap();
        let key = Arc::new(SigningKey::derive(SECRET.as_bytes(), claim.scope()));
        claim.verify(&key, SIGNED_SECONDS).map(drop)
    };
    verified("/sealed/data/1?prefix=a%2Fb").unwrap();
    verified("/sealed/data/2?prefix=a%2Fb").unwrap_err();
}

fn official(mut request: http::Request<String>, token: Option<&str>) -> http::Request<String> {
    let identity = Credentials::new(ACCESS_KEY_ID, SECRET, token.map(str::to_owned), None, "test").into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name("sts")
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(SIGNED_SECONDS.unsigned_abs()))
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let signable = SignableRequest::new(
        "POST",
        "https://sts.eu-west-1.amazonaws.com/",
        headers,
        SignableBody::Bytes(request.body().as_bytes()),
    );
    let (instructions, _) = sign(signable.unwrap(), &params).unwrap().into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}
