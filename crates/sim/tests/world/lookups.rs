//! Events that are looked up: what happened is found by all that CloudTrail finds it by, by those whom it concerns.

use serde_json::{Value, json};
use sim::{
    Credentials, Stage,
    stage::{allow, trusting},
};

/// What is found, once all that happened is in the journal and indexed.
fn look(stage: &Stage, who: &Credentials, input: Value) -> Vec<Value> {
    stage.world.settle();
    stage.world.tick().unwrap();
    let answer = stage.world.call(who, "cloudtrail", "LookupEvents", input).ok();
    answer.get("Events").and_then(Value::as_array).unwrap().clone()
}

fn by(attribute: &str, value: &str) -> Value {
    json!({ "LookupAttributes": [{ "AttributeKey": attribute, "AttributeValue": value }] })
}

fn event(found: &Value) -> Value {
    serde_json::from_str(found["CloudTrailEvent"].as_str().unwrap()).unwrap()
}

#[test]
fn a_call_is_found_by_every_attribute() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    let alice = stage.user_who_may("alice", &["kms:DisableKey"]);
    assert_eq!(stage.kms_as(&alice, "DisableKey", json!({ "KeyId": key })).code, None);
    let disabled = &look(&stage, &stage.root, by("EventName", "DisableKey"))[0];
    let id = disabled["EventId"].as_str().unwrap();
    for (attribute, value) in [
        ("EventId", id),
        ("EventName", "DisableKey"),
        ("ReadOnly", "false"),
        ("Username", "alice"),
        ("ResourceType", "AWS::KMS::Key"),
        ("ResourceName", &*key),
        ("EventSource", "kms.amazonaws.com"),
        ("AccessKeyId", &*alice.access_key_id),
    ] {
        let found = look(&stage, &stage.root, by(attribute, value));
        assert!(found.contains(disabled), "{attribute}={value}: {found:?}");
    }
    assert_eq!(look(&stage, &stage.root, by("Username", "bob")), Vec::<Value>::new());
    assert_eq!((&disabled["Username"], &disabled["ReadOnly"]), (&json!("alice"), &json!("false")));
    let expected = json!([{ "ResourceType": "AWS::KMS::Key", "ResourceName": key }]);
    assert_eq!(disabled["Resources"], expected);
    let event = event(disabled);
    assert_eq!(event["responseElements"], json!({ "keyId": key }));
    assert_eq!(event["userIdentity"]["arn"], "arn:aws:iam::111122223333:user/alice");
    assert_eq!(event["recipientAccountId"], "111122223333");
}

#[test]
fn the_newest_come_first_page_by_page() {
    let stage = Stage::new();
    let key = stage.key(json!({}));
    for _ in 0..7 {
        stage.kms("DescribeKey", json!({ "KeyId": key }));
    }
    let all = look(&stage, &stage.root, by("EventName", "DescribeKey"));
    let times: Vec<_> = all.iter().map(|event| event["EventTime"].as_f64().unwrap()).collect();
    assert!(times.is_sorted_by(|one, next| one >= next), "{times:?}");
    let mut pages = Vec::new();
    let mut input = by("EventName", "DescribeKey");
    input["MaxResults"] = json!(3);
    loop {
        let page = stage.world.call(&stage.root, "cloudtrail", "LookupEvents", input.clone()).ok();
        pages.push(page["Events"].as_array().unwrap().clone());
        match page.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    assert_eq!(pages.concat(), all);
    let mut other = by("EventName", "CreateKey");
    other["NextToken"] = input["NextToken"].clone();
    let refused = stage.world.call(&stage.root, "cloudtrail", "LookupEvents", other);
    assert_eq!(refused.fault(), "InvalidNextTokenException");
}

#[test]
fn each_account_and_region_sees_its_own() {
    let stage = Stage::new();
    let root = stage.root.clone();
    let stranger = stage.world.stranger();
    let theirs = stage
        .world
        .call(
            &stranger,
            "kms",
            "CreateKey",
            json!({ "Policy": json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "AWS": ["111122223333", "444455556666"] },
                        "Action": "kms:*", "Resource": "*" }],
    }).to_string() }),
        )
        .ok();
    let theirs = theirs["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    stage.kms("DescribeKey", json!({ "KeyId": theirs }));
    stage.kms_in("eu-west-1", "ListKeys", json!({}));
    let mine = look(&stage, &root, by("ResourceName", &theirs));
    let owners = look(&stage, &stranger, by("EventName", "DescribeKey"));
    let (mine, owners) = (event(&mine[0]), event(&owners[0]));
    assert_eq!(mine["userIdentity"]["type"], "Root");
    assert_eq!(
        owners["userIdentity"],
        json!({
            "type": "AWSAccount", "principalId": "111122223333", "accountId": "111122223333",
        })
    );
    assert_eq!(mine["sharedEventID"], owners["sharedEventID"]);
    assert_ne!(mine["eventID"], owners["eventID"]);
    assert_eq!(look(&stage, &stranger, by("EventName", "ListKeys")), Vec::<Value>::new());
    assert_eq!(look(&stage, &root, by("EventName", "ListKeys")), Vec::<Value>::new());
    let away = stage.world.call_in("eu-west-1", &root, "cloudtrail", "LookupEvents", json!({})).ok();
    assert_eq!(away["Events"][0]["EventName"], "ListKeys");
}

#[test]
fn a_session_shows_who_is_behind_it() {
    let stage = Stage::new();
    let bob = stage.user_who_may("bob", &["sts:AssumeRole"]);
    let role = stage.role_who_may("Admin", &["kms:ListKeys"]);
    stage.iam(
        "UpdateAssumeRolePolicy",
        json!({
            "RoleName": "Admin",
            "PolicyDocument": trusting("arn:aws:iam::111122223333:user/bob").to_string(),
        }),
    );
    let session = stage.session(&bob, &role, json!({}));
    stage.kms_as(&session, "ListKeys", json!({}));
    let found = look(&stage, &stage.root, by("AccessKeyId", &session.access_key_id));
    let context = &event(&found[0])["userIdentity"]["sessionContext"];
    assert_eq!(context["sessionIssuer"]["arn"], json!(role));
    assert_eq!(context["sessionIssuer"]["userName"], "Admin");
    assert_eq!(context["attributes"]["mfaAuthenticated"], "false");
    assert!(context["attributes"]["creationDate"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn wrong_lookups_are_refused_in_awss_words() {
    let stage = Stage::new();
    let one = json!({ "AttributeKey": "ReadOnly", "AttributeValue": "true" });
    for (input, code) in [
        (json!({ "LookupAttributes": [one, one] }), "InvalidLookupAttributesException"),
        (json!({ "StartTime": 2000, "EndTime": 1000 }), "InvalidTimeRangeException"),
        (json!({ "NextToken": "x" }), "InvalidNextTokenException"),
        (json!({ "MaxResults": 51 }), "ValidationException"),
        (json!({ "MaxResults": 0 }), "ValidationException"),
        (by("Color", "red"), "ValidationException"),
    ] {
        let refused = stage.world.call(&stage.root, "cloudtrail", "LookupEvents", input.clone());
        assert_eq!(refused.fault(), code, "{input}");
    }
    let nothing =
        stage.world.call(&stage.root, "cloudtrail", "LookupEvents", json!({ "EventCategory": "insight" }));
    assert_eq!(nothing.ok()["Events"], json!([]));
    assert_eq!(look(&stage, &stage.root, by("EventId", "no id")), Vec::<Value>::new());
}

#[test]
fn who_may_not_look_is_told_nothing() {
    let stage = Stage::new();
    let eve = stage.user("eve");
    let refused = stage.world.call(&eve, "cloudtrail", "LookupEvents", json!({}));
    let (code, message) = refused.refusal();
    assert_eq!(code, "AccessDeniedException");
    assert!(message.contains("is not authorized to perform: cloudtrail:LookupEvents"), "{message}");
    stage.put_user_policy("eve", &allow(&["cloudtrail:LookupEvents"]));
    assert!(!look(&stage, &eve, json!({})).is_empty());
}

#[test]
fn times_bound_what_is_found() {
    let stage = Stage::new();
    stage.kms("ListKeys", json!({}));
    stage.pass_days(100);
    stage.kms("ListAliases", json!({}));
    let names = |input: Value| -> Vec<String> {
        let found = look(&stage, &stage.root, input);
        found.iter().map(|event| event["EventName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(json!({})), ["ListAliases"], "90 days, if nothing is said");
    let now = stage.world.now().as_seconds();
    let long_ago = json!({ "StartTime": now - 200 * 86_400, "EndTime": now - 50 * 86_400 });
    assert!(names(long_ago).contains(&"ListKeys".to_owned()));
}
