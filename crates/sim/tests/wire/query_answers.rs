//! Answers of the Query protocol in JSON, for clients that ask for it.

use http::{HeaderValue, Method, header::ACCEPT};
use serde_json::{Value, json};
use sim::{Answer, Stage, World, stage::ACCOUNT};

use crate::requests::{bare, session};

fn asking(world: &World, accept: &str, (service, operation): (&str, &str), input: &Value) -> Answer {
    let mut request = world.request(service, operation, input);
    request.headers_mut().insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
    world.send(world.sign(request, &world.root(), service))
}

#[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
fn ask(world: &World, which: (&str, &str), input: Value) -> Answer {
    asking(world, "application/json", which, &input)
}

#[test]
fn an_answer_has_the_members_that_it_has_in_xml() {
    let world = World::new();
    let answer = ask(&world, ("sts", "GetCallerIdentity"), json!({}));
    assert_eq!((answer.status, answer.headers["content-type"].as_bytes()), (200, &b"application/json"[..]));
    let id = answer.headers["x-amzn-requestid"].to_str().unwrap();
    let arn = format!("arn:aws:iam::{ACCOUNT}:root");
    assert_eq!(
        answer.json(),
        json!({ "GetCallerIdentityResponse": {
            "GetCallerIdentityResult": { "Account": ACCOUNT, "Arn": arn, "UserId": ACCOUNT },
            "ResponseMetadata": { "RequestId": id },
        } })
    );
}

#[test]
fn lists_times_texts_and_secrets_are_as_json_has_them() {
    let world = World::new();
    for name in ["alice", "bob"] {
        assert_eq!(ask(&world, ("iam", "CreateUser"), json!({ "UserName": name })).status, 200);
    }
    let listed = ask(&world, ("iam", "ListUsers"), json!({})).json();
    let users = &listed["ListUsersResponse"]["ListUsersResult"];
    assert_eq!(users["IsTruncated"], json!(false));
    assert_eq!(users["Users"].as_array().unwrap().len(), 2);
    assert_eq!(users["Users"][1]["UserName"], "bob");
    let made = users["Users"][0]["CreateDate"].as_f64().unwrap();
    assert!((made - world.now().as_seconds() as f64).abs() < 60.0, "{made}");

    let key = ask(&world, ("iam", "CreateAccessKey"), json!({ "UserName": "alice" })).json();
    let key = &key["CreateAccessKeyResponse"]["CreateAccessKeyResult"]["AccessKey"];
    assert_eq!(key["SecretAccessKey"].as_str().unwrap().len(), 40);
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    let put = json!({ "UserName": "bob", "PolicyName": "p", "PolicyDocument": document });
    ask(&world, ("iam", "PutUserPolicy"), put);
    let read = ask(&world, ("iam", "GetUserPolicy"), json!({ "UserName": "bob", "PolicyName": "p" })).json();
    let read = &read["GetUserPolicyResponse"]["GetUserPolicyResult"];
    assert!(read["PolicyDocument"].as_str().unwrap().starts_with("%7B%22Version%22"), "{read}");

    let deleted = ask(
        &world,
        ("iam", "DeleteAccessKey"),
        json!({
            "UserName": "alice", "AccessKeyId": key["AccessKeyId"],
        }),
    );
    let id = deleted.headers["x-amzn-requestid"].to_str().unwrap();
    assert_eq!(
        deleted.json(),
        json!({ "DeleteAccessKeyResponse": { "ResponseMetadata": { "RequestId": id } } })
    );
}

#[test]
fn a_session_is_given_in_json_too() {
    let stage = Stage::new();
    let world = &stage.world;
    session(&stage, "worker");
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/worker");
    let given = ask(world, ("sts", "AssumeRole"), json!({ "RoleArn": arn, "RoleSessionName": "any" })).json();
    let given = &given["AssumeRoleResponse"]["AssumeRoleResult"];
    let text = |member: &str| given["Credentials"][member].as_str().unwrap().to_owned();
    assert!(given["Credentials"]["Expiration"].as_f64().unwrap() > world.now().as_seconds() as f64);
    let session = sim::Credentials {
        account: ACCOUNT.to_owned(),
        access_key_id: text("AccessKeyId"),
        secret_access_key: text("SecretAccessKey"),
        session_token: Some(text("SessionToken")),
    };
    assert_eq!(world.call(&session, "sts", "GetCallerIdentity", json!({})).status, 200);
}

#[test]
fn errors_are_json_with_their_status() {
    let world = World::new();
    let error = |answer: Answer, status, party: &str, code: &str| {
        assert_eq!(
            (answer.status, answer.headers["content-type"].as_bytes()),
            (status, &b"application/json"[..])
        );
        let id = answer.headers["x-amzn-requestid"].to_str().unwrap();
        let message = answer.message.clone().unwrap();
        let error = json!({ "Code": code, "Message": message, "Type": party });
        assert_eq!(answer.json(), json!({ "Error": error, "RequestId": id }));
        message
    };
    let input = json!({ "RoleArn": "nothing-valid-in-here", "RoleSessionName": "ab" });
    let refused = ask(&world, ("sts", "AssumeRole"), input);
    error(refused, 400, "Sender", "ValidationError");
    let refused = ask(&world, ("iam", "GetUser"), json!({ "UserName": "no\"body" }));
    let text = error(refused, 400, "Sender", "ValidationError");
    assert!(text.contains("no\"body"), "{text}");
    let refused = ask(&world, ("iam", "GetUser"), json!({ "UserName": "nobody" }));
    assert_eq!(error(refused, 404, "Sender", "NoSuchEntity"), "The user with name nobody cannot be found.");
    let refused = ask(&world, ("sts", "Nope"), json!({}));
    error(refused, 400, "Sender", "InvalidAction");

    let mut unsigned = bare(Method::GET, "/?Action=GetCallerIdentity&Version=2011-06-15");
    unsigned.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    error(world.send(unsigned.clone()), 403, "Sender", "MissingAuthenticationToken");
    let mut proof = unsigned;
    *proof.uri_mut() = "/?Action=AssumeRoleWithWebIdentity&Version=2011-06-15".parse().unwrap();
    error(world.send(proof), 400, "Sender", "ValidationError");
}

#[test]
fn json_is_for_who_names_it_before_xml() {
    let world = World::new();
    let form = |accept: &str| {
        let answer = asking(&world, accept, ("sts", "GetCallerIdentity"), &json!({}));
        answer.headers["content-type"].to_str().unwrap().to_owned()
    };
    for accept in [
        "application/json",
        "Application/JSON",
        " application/json ; charset=utf-8",
        "application/json, */*",
        "*/*, application/json",
        "text/html, application/json;q=0.9",
        "application/json, text/xml",
    ] {
        assert_eq!(form(accept), "application/json", "{accept}");
    }
    for accept in [
        "",
        "*/*",
        "application/*",
        "text/xml",
        "text/xml, application/json",
        "application/xml;q=0.1, application/json",
        "application/jsonp",
        "application/json-seq",
        "xapplication/json",
        "text/json",
        ",,;,",
        "application/json;q=0",
        "application/json; Q=0.000",
    ] {
        assert_eq!(form(accept), "text/xml", "{accept}");
    }
    // KMS has one form of its own.
    let keys = asking(&world, "application/json", ("kms", "ListKeys"), &json!({}));
    assert_eq!(keys.headers["content-type"], "application/x-amz-json-1.1");
}
