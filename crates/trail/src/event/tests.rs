use audit::{InvokedBy, RecordedCaller, RecordedIssuer, RecordedSession};
use serde_json::{Value as Json, json};

use super::*;

const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ALIAS: &str = "arn:aws:kms:us-west-2:111122223333:alias/ExampleAlias";
const ALICE: &str = "arn:aws:iam::111122223333:user/staff/Alice";

fn call(operation: &'static str) -> Record<'static> {
    Record {
        request_id: Some([2; 16]),
        service: "kms".into(),
        operation: operation.into(),
        region: "us-west-2".into(),
        account: Some("111122223333".into()),
        caller: Some(RecordedCaller {
            kind: "IAMUser".into(),
            arn: ALICE.into(),
            unique_id: "AIDAEXAMPLE".into(),
            access_key_id: Some("AKIAEXAMPLE".into()),
        }),
        http_status: 200,
        resources: vec![KEY.into()],
        source: Some("192.0.2.0".into()),
        user_agent: Some("aws-cli/2.1".into()),
        // 2022-07-14T20:17:42Z
        ..Record::new(EventKind::ApiCall, [1; 16], 1_657_829_862_999)
    }
}

fn shown(record: &Record<'_>) -> Vec<Json> {
    let events = events(record);
    events.iter().map(|event| serde_json::from_str(&event.to_json().unwrap()).unwrap()).collect()
}

fn alone(record: &Record<'_>) -> Json {
    let mut shown = shown(record);
    assert_eq!(shown.len(), 1);
    shown.remove(0)
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-encrypt.html>
#[test]
fn a_call_has_all_members_that_cloudtrail_gives_it() {
    let record = Record {
        read_only: true,
        parameters: vec![
            ("keyId".into(), KEY.into()),
            ("encryptionContext".into(), Value::map([("Department", "Engineering")])),
            ("encryptionAlgorithm".into(), "SYMMETRIC_DEFAULT".into()),
        ],
        tls: Some(RecordedTls { version: "TLSv1.3".into(), cipher: "TLS_AES_256_GCM_SHA384".into() }),
        host: Some("kms.us-west-2.amazonaws.com".into()),
        detail: Some("for the operator".into()),
        trace: Some("for the operator".into()),
        ..call("Encrypt")
    };
    let expected = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": ALICE,
            "accountId": "111122223333",
            "accessKeyId": "AKIAEXAMPLE",
            "userName": "Alice",
        },
        "eventTime": "2022-07-14T20:17:42Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "Encrypt",
        "awsRegion": "us-west-2",
        "sourceIPAddress": "192.0.2.0",
        "userAgent": "aws-cli/2.1",
        "requestParameters": {
            "keyId": KEY,
            "encryptionContext": { "Department": "Engineering" },
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
        },
        "responseElements": null,
        "requestID": "02020202-0202-0202-0202-020202020202",
        "eventID": "01010101-0101-0101-0101-010101010101",
        "readOnly": true,
        "resources": [{ "accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": KEY }],
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_256_GCM_SHA384",
            "clientProvidedHostHeader": "kms.us-west-2.amazonaws.com",
        },
    });
    assert_eq!(alone(&record), expected);
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-schedule-key-deletion.html>
#[test]
fn times_are_words_and_a_change_is_answered_with_the_key() {
    let record = Record {
        parameters: vec![("keyId".into(), KEY.into()), ("pendingWindowInDays".into(), 20.into())],
        response: vec![
            ("keyState".into(), "PendingDeletion".into()),
            ("deletionDate".into(), 1_618_253_910_000.into()),
        ],
        ..call("ScheduleKeyDeletion")
    };
    let expected = json!({
        "keyId": KEY, "keyState": "PendingDeletion", "deletionDate": "Apr 12, 2021, 6:58:30 PM",
    });
    assert_eq!(alone(&record)["responseElements"], expected);
    assert_eq!(alone(&call("DisableKey"))["responseElements"], json!({ "keyId": KEY }));
    let of_alias = Record { resources: vec![ALIAS.into(), KEY.into()], ..call("DeleteAlias") };
    assert_eq!(alone(&of_alias)["responseElements"], json!({ "keyId": KEY }));
    let reading = Record { read_only: true, ..call("DescribeKey") };
    assert_eq!(alone(&reading)["responseElements"], Json::Null);
    let metadata = Value::map([("aWSAccountId", "111122223333")]);
    let making = Record { response: vec![("keyMetadata".into(), metadata)], ..call("CreateKey") };
    let expected = json!({ "keyMetadata": { "aWSAccountId": "111122223333" } });
    assert_eq!(alone(&making)["responseElements"], expected);
}

#[test]
fn a_denial_has_cloudtrails_code_and_no_answer() {
    let outcome = RecordedOutcome::Fault { code: "AccessDeniedException".into(), message: "no".into() };
    let event = alone(&Record { outcome, ..call("DisableKey") });
    assert_eq!((&event["errorCode"], &event["errorMessage"]), (&json!("AccessDenied"), &json!("no")));
    assert_eq!(event["responseElements"], Json::Null);
    let outcome = RecordedOutcome::Fault { code: "DisabledException".into(), message: "".into() };
    let event = alone(&Record { outcome, ..call("Encrypt") });
    assert_eq!((&event["errorCode"], event.get("errorMessage")), (&json!("DisabledException"), None));
}

/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
#[test]
fn a_session_shows_its_role_and_how_it_was_made() {
    let issuer = RecordedIssuer {
        arn: "arn:aws:iam::111122223333:role/ops/Admin".into(),
        unique_id: "AROAEXAMPLE".into(),
    };
    let record = Record {
        caller: Some(RecordedCaller {
            kind: "AssumedRole".into(),
            arn: "arn:aws:sts::111122223333:assumed-role/Admin/bob".into(),
            unique_id: "AROAEXAMPLE:bob".into(),
            access_key_id: Some("ASIAEXAMPLE".into()),
        }),
        session: Some(RecordedSession {
            issued_ms: 1_657_829_862_000,
            second_factor: true,
            issuer: Some(issuer),
            provider: Some("arn:aws:iam::111122223333:oidc-provider/id.example.com".into()),
            source_identity: Some("carol".into()),
        }),
        ..call("Encrypt")
    };
    let expected = json!({
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:bob",
        "arn": "arn:aws:sts::111122223333:assumed-role/Admin/bob",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": "arn:aws:iam::111122223333:role/ops/Admin",
                "accountId": "111122223333",
                "userName": "Admin",
            },
            "webIdFederationData": {
                "federatedProvider": "arn:aws:iam::111122223333:oidc-provider/id.example.com",
                "attributes": {},
            },
            "attributes": { "creationDate": "2022-07-14T20:17:42Z", "mfaAuthenticated": "true" },
            "sourceIdentity": "carol",
        },
    });
    assert_eq!(alone(&record)["userIdentity"], expected);
    assert_eq!(events(&record)[0].user_identity.username(), Some("bob"));
}

#[test]
fn those_without_an_account_show_what_is_known_of_them() {
    let caller = RecordedCaller {
        kind: "WebIdentityUser".into(),
        arn: "arn:aws:iam::111122223333:oidc-provider/id.example.com:8443".into(),
        unique_id: "id.example.com:8443:app:alice".into(),
        access_key_id: None,
    };
    let vouched_for =
        Record { caller: Some(caller), service: "sts".into(), ..call("AssumeRoleWithWebIdentity") };
    let expected = json!({
        "type": "WebIdentityUser",
        "principalId": "id.example.com:8443:app:alice",
        "userName": "alice",
        "identityProvider": "id.example.com:8443",
    });
    assert_eq!(alone(&vouched_for)["userIdentity"], expected);

    let stranger = Record {
        caller: None,
        account: None,
        resources: vec![],
        additional: Some(Value::map([("claimedAccessKeyId", "AKIAGUESSED")])),
        ..call("Decrypt")
    };
    let event = alone(&stranger);
    assert_eq!(event["userIdentity"], json!({ "type": "Unknown", "accessKeyId": "AKIAGUESSED" }));
    assert_eq!(event["recipientAccountId"], "");
}

#[test]
fn a_service_stands_where_the_client_would() {
    let invoked_by = InvokedBy {
        service: "s3.amazonaws.com".into(),
        arn: "arn:aws:iam::111122223333:user/gateway".into(),
        access_key_id: "AKIAGATEWAY".into(),
        source_arn: None,
        source_account: None,
    };
    let event = alone(&Record { invoked_by: Some(invoked_by), ..call("Decrypt") });
    assert_eq!(event["userIdentity"]["invokedBy"], "s3.amazonaws.com");
    assert_eq!(event["userIdentity"]["userName"], "Alice");
    assert_eq!(
        (&event["sourceIPAddress"], &event["userAgent"]),
        (&json!("s3.amazonaws.com"), &json!("s3.amazonaws.com"))
    );
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-rotatekey.html>
#[test]
fn what_happens_by_itself_is_a_service_event() {
    let record = Record {
        kind: EventKind::ServiceEvent,
        caller: None,
        request_id: None,
        source: None,
        user_agent: None,
        parameters: vec![("keyId".into(), KEY.into()), ("rotationType".into(), "AUTOMATIC".into())],
        ..call("RotateKey")
    };
    let expected = json!({
        "eventVersion": "1.11",
        "userIdentity": { "accountId": "111122223333", "invokedBy": "AWS Internal" },
        "eventTime": "2022-07-14T20:17:42Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "RotateKey",
        "awsRegion": "us-west-2",
        "sourceIPAddress": "AWS Internal",
        "userAgent": "AWS Internal",
        "requestParameters": null,
        "responseElements": null,
        "eventID": "01010101-0101-0101-0101-010101010101",
        "readOnly": false,
        "resources": [{ "accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": KEY }],
        "eventType": "AwsServiceEvent",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "serviceEventDetails": { "keyId": KEY, "rotationType": "AUTOMATIC" },
        "eventCategory": "Management",
    });
    assert_eq!(alone(&record), expected);
}

#[test]
fn a_call_on_another_accounts_key_is_shown_to_both() {
    let theirs = "arn:aws:kms:us-west-2:444455556666:key/k";
    let record = Record { resources: vec![theirs.into()], read_only: true, ..call("Decrypt") };
    let shown = shown(&record);
    let [callers, owners] = &*shown else { panic!("{shown:#?}") };
    assert_eq!(callers["recipientAccountId"], "111122223333");
    assert_eq!(callers["userIdentity"]["userName"], "Alice");
    assert_eq!(owners["recipientAccountId"], "444455556666");
    let expected = json!({ "type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "111122223333" });
    assert_eq!(owners["userIdentity"], expected);
    assert_eq!(callers["sharedEventID"], owners["sharedEventID"]);
    let ids = [&callers["eventID"], &owners["eventID"], &owners["sharedEventID"]];
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
}

#[test]
fn an_event_is_found_by_what_it_shows() {
    let record = Record { resources: vec![ALIAS.into(), KEY.into()], ..call("CreateAlias") };
    let events = events(&record);
    let mut found = Vec::new();
    events[0].attributes(&mut |attribute, value| found.push(format!("{attribute}={value}")));
    found.sort();
    assert_eq!(
        found,
        [
            "AccessKeyId=AKIAEXAMPLE",
            "EventName=CreateAlias",
            "EventSource=kms.amazonaws.com",
            "ReadOnly=false",
            &format!("ResourceName={ALIAS}"),
            &format!("ResourceName={KEY}"),
            "ResourceType=AWS::KMS::Key",
            "Username=Alice",
        ]
    );
}
