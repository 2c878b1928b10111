//! What is signed here is signed as AWS's own signer does it, and verifies.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign,
    },
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
        let place = ("sts", "https://sts.eu-west-1.amazonaws.com/");
        let official = official(unsigned(), place, SigningSettings::default(), token);
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
fn requests_to_s3_may_name_any_object() {
    for target in
        ["/b/plain.txt", "/b/a%20b//%C3%BC%2B/../%252F", "/b/x?encryption", "/b?list-type=2&prefix=%2F%3D"]
    {
        let token = Some("a/session+token==");
        let signer = Signer {
            access_key_id: ACCESS_KEY_ID,
            secret: SECRET.as_bytes(),
            security_token: token,
            region: "eu-west-1",
            service: "s3",
        };
        let unsigned = || {
            let host = "s3.eu-west-1.amazonaws.com";
            http::Request::put(target).header(HOST, host).body("<ObjectEncryption/>".to_owned()).unwrap()
        };
        let mut own = unsigned();
        signer.sign_for_s3(&mut own, SIGNED_SECONDS).unwrap();
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let url = format!("https://s3.eu-west-1.amazonaws.com{target}");
        let official = official(unsigned(), ("s3", &url), settings, token);
        assert_eq!(own.headers()[AUTHORIZATION], official.headers()[AUTHORIZATION], "{target}");

        let claim =
            S3Claim::parse(Head { method: own.method(), uri: own.uri(), headers: own.headers() }).unwrap();
        let key = Arc::new(SigningKey::derive(SECRET.as_bytes(), claim.scope()));
        claim.verify(&key, SIGNED_SECONDS).unwrap();
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

fn official(
    mut request: http::Request<String>,
    (service, url): (&str, &str),
    settings: SigningSettings,
    token: Option<&str>,
) -> http::Request<String> {
    let identity = Credentials::new(ACCESS_KEY_ID, SECRET, token.map(str::to_owned), None, "test").into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name(service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(SIGNED_SECONDS.unsigned_abs()))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let body = SignableBody::Bytes(request.body().as_bytes());
    let signable = SignableRequest::new(request.method().as_str(), url, headers, body);
    let (instructions, _) = sign(signable.unwrap(), &params).unwrap().into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}
