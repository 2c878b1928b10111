//! Bodies and names of operations that are none.

use audit::RecordedOutcome;
use dispatch::BodyFault;
use http::{HeaderValue, Method};
use serde_json::json;
use sim::{Answer, Stage, World, json as aws_json};

/// Sends a body to an operation of KMS, signed.
fn send(world: &World, operation: &str, body: impl Into<bytes::Bytes>) -> Answer {
    world.send(world.sign(aws_json("TrentService", operation, body), &world.root(), "kms"))
}

#[test]
fn what_is_no_json_of_the_operation() {
    let world = World::new();
    let deep = |open: &str, close: &str, depth| open.repeat(depth) + &close.repeat(depth);
    let bodies: Vec<Vec<u8>> = [
        "{",
        "{}}",
        "{} {}",
        "[]",
        "\"text\"",
        "null",
        "nonsense",
        "{'KeyId':'a'}",
        r#"{"KeyId":}"#,
        r#"{"KeyId":1}"#,
        r#"{"KeyId":{}}"#,
        r#"{"KeyId":["a"]}"#,
        r#"{"KeyId":true}"#,
        r#"{"KeyId":"a","KeyId":"b"}"#,
        r#"{"KeyId":"a","Plaintext":"not base64"}"#,
        r#"{"KeyId":"a","Plaintext":"QQ"}"#,
        r#"{"KeyId":"a","Plaintext":"QQ=\u003d"#,
        r#"{"KeyId":"a","EncryptionContext":"b"}"#,
        r#"{"KeyId":"a","EncryptionContext":{"b":1}}"#,
        r#"{"KeyId":"a","Plaintext":"QQ==","EncryptionContext":{"b":"1","b":"2"}}"#,
        r#"{"KeyId":"a","GrantTokens":"b"}"#,
        r#"{"KeyId":"a","DryRun":"yes"}"#,
        "{\"KeyId\":\"\u{1}\"}",
        r#"{"KeyId":"\ud800"}"#,
    ]
    .into_iter()
    .map(|body| body.as_bytes().to_vec())
    .chain([
        b"{\"KeyId\":\"\xff\"}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        deep("[", "]", 100_000).into_bytes(),
        deep(r#"{"a":"#, "}", 100_000).into_bytes(),
    ])
    .collect();
    for body in &bodies {
        let answer = send(&world, "Encrypt", body.clone());
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert_eq!(answer.body, r#"{"__type":"SerializationException"}"#, "{shown}");
        assert_eq!(answer.status, 400, "{shown}");
    }
    let records = world.records();
    assert_eq!(records.len(), bodies.len());
    assert!(records.iter().all(
        |record| matches!(&record.outcome, RecordedOutcome::Fault { code, .. } if code == "SerializationException")
    ));
}

#[test]
fn unknown_members_are_ignored_and_null_is_absent() {
    let world = World::new();
    send(&world, "ListKeys", r#"{"Limit":null,"Colour":"blue","Deep":{"er":[1,{}]}}"#).ok();
    let deep = format!(r#"{{"Limit":1,"Unknown":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    send(&world, "ListKeys", deep).ok();
    send(&world, "ListKeys", "").ok();
    send(&world, "ListKeys", " \n{ }\t").ok();
    let answer = send(&world, "DescribeKey", r#"{"KeyId":null}"#);
    assert_eq!(
        answer.refusal(),
        (
            "ValidationException",
            "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null"
        )
    );
}

#[test]
fn bodies_that_did_not_arrive() {
    let world = World::new();
    let signed = world.sign(world.request("kms", "ListKeys", &json!({})), &world.root(), "kms");
    for (fault, status, code) in [
        (BodyFault::TooLarge, 413, "RequestEntityTooLargeException"),
        (BodyFault::TimedOut, 408, "RequestTimeoutException"),
        (BodyFault::Broken, 408, "RequestTimeoutException"),
        (BodyFault::NoRoom, 503, "ServiceUnavailableException"),
    ] {
        let (head, _) = signed.clone().into_parts();
        let answer = world.deliver(head, Err(fault));
        assert_eq!((answer.status, answer.fault()), (status, code));
    }
    let records = world.records();
    assert_eq!(records.len(), 4);
    assert!(records.iter().all(|record| record.operation == "ListKeys" && record.http_status >= 408));
}

#[test]
fn operations_that_there_are_not() {
    let world = World::new();
    let root = world.root();
    for (target, operation) in [
        ("TrentService", "Nope"),
        ("TrentService", ""),
        ("TrentService", "encrypt"),
        ("TrentService", "Encrypt.Encrypt"),
        ("DynamoDB_20120810", "ListTables"),
        ("", "Encrypt"),
    ] {
        let answer = world.send(world.sign(aws_json(target, operation, "{}"), &root, "kms"));
        assert_eq!(answer.body, r#"{"__type":"UnknownOperationException"}"#, "{target}.{operation}");
    }
    let mut without_target = aws_json("TrentService", "Encrypt", "{}");
    without_target.headers_mut().remove("x-amz-target");
    let mut without_dot = aws_json("TrentService", "Encrypt", "{}");
    without_dot.headers_mut().insert("x-amz-target", HeaderValue::from_static("Encrypt"));
    let mut get = aws_json("TrentService", "Encrypt", "");
    *get.method_mut() = Method::GET;
    get.headers_mut().remove("x-amz-target");
    for request in [without_target, without_dot, get] {
        let answer = world.send(world.sign(request, &root, "kms"));
        assert_eq!(answer.fault(), "UnknownOperationException");
    }
    assert_eq!(world.records().len(), 9);
}

#[test]
fn operations_of_the_api_that_are_not_offered() {
    let world = World::new();
    let offered: Vec<_> = world.operations().into_iter().map(|(_, facts)| facts.name).collect();
    for name in model::kms::OPERATION_NAMES.iter().filter(|name| !offered.contains(name)) {
        let answer = send(&world, name, "{}");
        let expected = format!("{name} is not offered yet.");
        assert_eq!(answer.refusal(), ("UnsupportedOperationException", expected.as_str()));
    }
}

#[test]
fn queries_that_are_none() {
    let world = World::new();
    let root = world.root();
    for (version, action) in [("2011-06-15", "Nope"), ("1999-01-01", "GetCallerIdentity"), ("", "")] {
        let answer = world.send(world.sign(sim::form(version, action, ""), &root, "sts"));
        assert!(["InvalidAction", "UnknownOperationException"].contains(&answer.fault()), "{answer:?}");
        assert_eq!(answer.status, 400);
    }
}

#[test]
fn lengths_and_ranges() {
    let stage = Stage::new();
    let key = stage.value("key");
    let constraint = |answer: &Answer| {
        let (code, message) = answer.refusal();
        assert_eq!(code, "ValidationException");
        message.rsplit(": ").next().unwrap_or_default().to_owned()
    };
    let plaintext = |length: usize| {
        let text = base64_of(&vec![b'a'; length]);
        stage.kms("Encrypt", json!({ "KeyId": key, "Plaintext": text }))
    };
    plaintext(4096).ok();
    let answer = plaintext(4097);
    assert_eq!(constraint(&answer), "Member must have length less than or equal to 4096");
    assert!(!answer.message.unwrap_or_default().contains("aaa"), "plaintext is not echoed");
    assert_eq!(constraint(&plaintext(0)), "Member must have length greater than or equal to 1");

    let too_long = stage.kms("DescribeKey", json!({ "KeyId": "k".repeat(2049) }));
    assert_eq!(constraint(&too_long), "Member must have length less than or equal to 2048");
    let description = json!({ "Description": "d".repeat(8193) });
    assert_eq!(
        constraint(&stage.kms("CreateKey", description)),
        "Member must have length less than or equal to 8192"
    );
    for (limit, expected) in [(0, "greater than or equal to 1"), (1001, "less than or equal to 1000")] {
        let answer = stage.kms("ListKeys", json!({ "Limit": limit }));
        assert_eq!(constraint(&answer), format!("Member must have value {expected}"));
    }
    let pending = json!({ "KeyId": key, "PendingWindowInDays": 31 });
    assert_eq!(stage.kms("ScheduleKeyDeletion", pending).fault(), "ValidationException");
    let blob = json!({ "CiphertextBlob": base64_of(&[0; 6145]) });
    assert_eq!(constraint(&stage.kms("Decrypt", blob)), "Member must have length less than or equal to 6144");
}

#[test]
fn markers_that_were_never_handed_out() {
    let stage = Stage::new();
    let key = stage.value("key");
    for _ in 0..3 {
        stage.kms("CreateKey", json!({})).ok();
    }
    let page = stage.kms("ListKeys", json!({ "Limit": 1 })).ok();
    let marker = page["NextMarker"].as_str().unwrap().to_owned();
    stage.kms("ListKeys", json!({ "Limit": 1, "Marker": marker })).ok();

    let mut forged = marker.clone().into_bytes();
    forged[10] = if forged[10] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    for (operation, input) in [
        ("ListKeys", json!({ "Marker": "next" })),
        ("ListKeys", json!({ "Marker": "!" })),
        ("ListKeys", json!({ "Marker": forged })),
        ("ListKeys", json!({ "Marker": &marker[..marker.len() - 4] })),
        ("ListAliases", json!({ "Marker": marker })),
        ("ListResourceTags", json!({ "KeyId": key, "Marker": marker })),
    ] {
        assert_eq!(stage.kms(operation, input).fault(), "InvalidMarkerException", "{operation}");
    }
    let elsewhere = stage.world.call(&stage.world.stranger(), "kms", "ListKeys", json!({ "Marker": marker }));
    assert_eq!(elsewhere.fault(), "InvalidMarkerException");
    let input = json!({ "Marker": marker });
    let region = stage.world.call_in("eu-west-1", &stage.root, "kms", "ListKeys", input);
    assert_eq!(region.fault(), "InvalidMarkerException");
}

/// Base64 as clients write it.
pub(crate) fn base64_of(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}
