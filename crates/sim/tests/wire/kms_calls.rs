//! The one form that a call of KMS has: `POST /` with one `X-Amz-Target`.

use http::{HeaderValue, Method, Version};
use serde_json::json;
use sim::World;

#[test]
fn on_another_path_there_is_no_operation() {
    let world = World::new();
    let at = |path: &str| {
        let mut request = world.request("kms", "ListKeys", &json!({}));
        *request.uri_mut() = path.parse().unwrap();
        world.send(world.sign(request, &world.root(), "kms"))
    };
    for path in ["/", "//", "/?a=b"] {
        at(path).ok();
    }
    for path in ["/kms", "/kms/", "/TrentService.ListKeys", "/a/..", "/%2F", "/%2e", "/;", "/v1/keys?x=/"] {
        let refused = at(path);
        assert_eq!(refused.body, r#"{"__type":"UnknownOperationException"}"#, "{path}: {refused:?}");
    }
}

#[test]
fn by_another_method_there_is_no_operation() {
    let world = World::new();
    let methods = ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "post"];
    for method in methods {
        let mut request = world.request("kms", "ListKeys", &json!({}));
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        let refused = world.send(world.sign(request, &world.root(), "kms"));
        assert_eq!(refused.body, r#"{"__type":"UnknownOperationException"}"#, "{method}: {refused:?}");
    }
    // In neither version of HTTP.
    let mut request = world.request("kms", "ListKeys", &json!({}));
    (*request.method_mut(), *request.version_mut()) = (Method::GET, Version::HTTP_2);
    let refused = world.send(world.sign(request, &world.root(), "kms"));
    assert_eq!(refused.fault(), "UnknownOperationException");
}

#[test]
fn with_two_targets_there_is_no_operation() {
    let world = World::new();
    let (harmless, harmful) = ("TrentService.ListKeys", "TrentService.CreateKey");
    let twice = |targets: [&str; 2]| {
        let mut request = world.request("kms", "ListKeys", &json!({}));
        request.headers_mut().remove("x-amz-target");
        for target in targets {
            let target = HeaderValue::from_bytes(target.as_bytes()).unwrap();
            request.headers_mut().append("x-amz-target", target);
        }
        request
    };
    for targets in [[harmless, harmless], [harmless, harmful], [harmful, harmless], ["", harmful]] {
        let refused = world.send(world.sign(twice(targets), &world.root(), "kms"));
        assert_eq!(refused.fault(), "IncompleteSignatureException", "{targets:?}");
    }
    // One is signed, the other is added.
    let signed = world.sign(world.request("kms", "ListKeys", &json!({})), &world.root(), "kms");
    for added in [harmful, harmless, "\u{e9}"] {
        let mut request = signed.clone();
        let added = HeaderValue::from_bytes(added.as_bytes()).unwrap();
        request.headers_mut().append("x-amz-target", added);
        assert_eq!(world.send(request).fault(), "IncompleteSignatureException");
    }
    let records = world.records();
    assert!(records.iter().all(|record| record.operation != "CreateKey" && record.http_status == 400));
    assert_eq!(records.len(), 7);
}

/// Some encoders write line ends. RFC 4648, section 3.3, says to refuse them.
#[test]
fn a_blob_has_one_spelling() {
    let world = World::new();
    let key = world.call(&world.root(), "kms", "CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
    let encrypt = |text: &str| {
        let input = json!({ "KeyId": key, "Plaintext": text });
        world.call(&world.root(), "kms", "Encrypt", input)
    };
    encrypt("aGVsbG8=").ok();
    for text in [
        "aGVs\nbG8=",
        "aGVs\r\nbG8=",
        "aGVsbG8=\n",
        "\naGVsbG8=",
        "aGVs bG8=",
        "aGVsbG8 =",
        "aGVsbG8",
        "aGVsbG9=",
        "aGVsbG8==",
        "aGVsbG8=aGVsbG8=",
        "a-Vs_G8=",
        "=",
        "aGVsbG8\u{0}",
    ] {
        let refused = encrypt(text);
        assert_eq!(refused.body, r#"{"__type":"SerializationException"}"#, "{text:?}: {refused:?}");
    }
}
