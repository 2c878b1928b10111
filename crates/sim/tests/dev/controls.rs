//! What tests tell the server under `/_keywright/`.

use http::Method;
use serde_json::{Value, json};
use sim::World;

use crate::server::{Server, file};

#[test]
fn the_clock_moves_and_what_falls_due_is_done() {
    let server = Server::new();
    let key = server.kms("CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
    let rotating = server.kms("CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
    server.kms("EnableKeyRotation", json!({ "KeyId": rotating })).ok();
    server.kms("ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 })).ok();
    server.advance("6d23h");
    server.kms("DescribeKey", json!({ "KeyId": key })).ok();
    server.advance("1h1s");
    assert_eq!(server.kms("DescribeKey", json!({ "KeyId": key })).fault(), "NotFoundException");
    server.advance("365d");
    let rotations = server.kms("ListKeyRotations", json!({ "KeyId": rotating })).ok();
    assert_eq!(rotations["Rotations"].as_array().unwrap().len(), 1, "{rotations}");

    let (status, answer) = server.control(Method::POST, "clock", &json!({ "now": "2040-01-31T12:00:00Z" }));
    assert_eq!(status, 200);
    assert!(answer["now"].as_str().unwrap().starts_with("2040-01-31T12:00:"), "{answer}");
    let made = server.kms("CreateKey", json!({})).ok()["KeyMetadata"]["CreationDate"].as_f64().unwrap();
    assert!((made - 2_211_624_000.0).abs() < 60.0, "{made}");
}

#[test]
fn calls_fail_as_often_as_asked() {
    let server = Server::new();
    let encrypt =
        |server: &Server, key: &Value| server.kms("Encrypt", json!({ "KeyId": key, "Plaintext": "QQ==" }));
    let key = server.kms("CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
    let rule = json!({ "operation": "Encrypt", "error": "ThrottlingException", "times": 2 });
    let (status, listed) = server.control(Method::POST, "faults", &rule);
    assert_eq!((status, &listed["faults"][0]["times"]), (200, &json!(2)));
    let text = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.";
    for _ in 0..2 {
        assert_eq!(encrypt(&server, &key).refusal(), ("ThrottlingException", text));
        server.kms("DescribeKey", json!({ "KeyId": key })).ok();
    }
    encrypt(&server, &key).ok();

    let rules = json!([
        { "operation": "*", "error": "KMSInternalException", "message": "on purpose", "after": 1 },
        { "operation": "GenerateRandom", "delay": "1ms" },
    ]);
    assert_eq!(server.control(Method::POST, "faults", &rules).0, 200);
    encrypt(&server, &key).ok();
    let failed = encrypt(&server, &key);
    assert_eq!((failed.status, failed.refusal()), (500, ("KMSInternalException", "on purpose")));
    let (_, left) = server.control(Method::DELETE, "faults", &Value::Null);
    assert_eq!(left, json!({ "faults": [] }));
    encrypt(&server, &key).ok();
}

#[test]
fn a_reset_leaves_what_the_seed_says() {
    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let (_folder, path) = file(&format!("keys:\n  - id: {ID}\n    aliases: [alias/app]\n"));
    let server = Server::with(&dev::DevConfig { seed: Some(path), ..crate::server::config() });
    let key = server.kms("CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
    server.kms("DisableKey", json!({ "KeyId": ID })).ok();
    server.kms("DeleteAlias", json!({ "AliasName": "alias/app" })).ok();
    server.advance("1000d");
    server.control(Method::POST, "faults", &json!({ "operation": "*", "error": "DisabledException" }));

    assert_eq!(server.control(Method::POST, "reset", &Value::Null), (200, json!({ "keys": 1 })));
    assert_eq!(server.kms("DescribeKey", json!({ "KeyId": key })).fault(), "NotFoundException");
    let seeded = server.kms("DescribeKey", json!({ "KeyId": "alias/app" })).ok();
    assert_eq!(
        (&seeded["KeyMetadata"]["KeyId"], &seeded["KeyMetadata"]["KeyState"]),
        (&json!(ID), &json!("Enabled"))
    );
    let (_, time) = server.control(Method::GET, "clock", &Value::Null);
    let time = model::Timestamp::parse_iso8601(time["now"].as_str().unwrap()).unwrap();
    let machine = server::SystemClock::start().unix_millis();
    assert!((machine - time.as_millis()).abs() < 60_000, "the clock is the machine's again");
}

#[test]
fn what_is_wrong_is_told() {
    let server = Server::new();
    for (method, path, body, status, expected) in [
        (Method::POST, "clock", json!({ "advance": "1 year" }), 400, "365d"),
        (Method::POST, "clock", json!({ "now": "tomorrow" }), 400, "2030-01-31T12:00:00Z"),
        (Method::POST, "clock", json!({}), 400, "advance"),
        (Method::POST, "clock", json!({ "advance": "1d", "now": "2030-01-31T12:00:00Z" }), 400, "expected"),
        (Method::POST, "clock", json!({ "forward": "1d" }), 400, "forward"),
        (Method::POST, "clock", Value::Null, 400, "EOF"),
        (Method::DELETE, "clock", Value::Null, 405, "clock"),
        (Method::POST, "faults", json!({ "operation": "Encript", "delay": "1s" }), 400, "`Encrypt`"),
        (Method::POST, "faults", json!({ "operation": "*", "error": "Oops" }), 400, "ThrottlingException"),
        (Method::GET, "reset", Value::Null, 405, "reset"),
        (Method::GET, "clocks", Value::Null, 404, "clock, faults, reset"),
        (Method::GET, "", Value::Null, 404, "clock"),
    ] {
        let (found, answer) = server.control(method.clone(), path, &body);
        assert_eq!(found, status, "{method} {path} {body}: {answer}");
        assert!(answer["error"].as_str().unwrap().contains(expected), "{method} {path} {body}: {answer}");
    }
}

#[test]
fn what_serves_in_earnest_has_no_controls() {
    let world = World::new();
    for (method, path) in [("GET", "clock"), ("POST", "clock"), ("POST", "faults"), ("POST", "reset")] {
        let request = http::Request::builder().method(method).uri(format!("/_keywright/{path}"));
        let answer = world.send(request.body(bytes::Bytes::from_static(b"{\"advance\":\"1d\"}")).unwrap());
        assert_eq!(answer.status, 400);
        let before = world.now();
        assert_eq!(world.now(), before);
    }
    assert_eq!(world.records().len(), 4, "they are calls of nobody, and recorded");
}
