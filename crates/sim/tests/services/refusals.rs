//! Statements that are refused, and what is left of them in the journal.

use http::{HeaderName, HeaderValue};
use serde_json::json;
use sim::{Answer, Credentials};

use crate::stage::{ACCOUNT, ALICE, FOR, SOURCE_ACCOUNT, SOURCE_ARN, Stage, user};

/// Whoever states it is refused, with one record that says why to the operator and not to the caller.
#[track_caller]
fn assert_refused(stage: &Stage, answer: &Answer, signer: &str, why: &str) {
    assert_eq!((answer.status, answer.fault()), (400, "AccessDeniedException"));
    let expected =
        format!("User: {signer} is not authorized to act for another principal with x-keywright-act-for");
    assert_eq!(answer.message.as_deref(), Some(expected.as_str()));
    let record = stage.record_of(answer);
    assert_eq!(record.detail.as_deref(), Some(why));
    assert!(
        matches!(&record.decision, audit::RecordedDecision::Denied { layer, .. } if layer == "service-identity")
    );
    assert_eq!((record.caller.unwrap().arn.as_ref(), record.invoked_by), (signer, None));
}

const GATEWAY: &str = "arn:aws:iam::111122223333:user/gateway";
const PROVIDER: &str = "arn:aws:iam::444455556666:user/provider";

/// A stage on which alice may do everything, so that nothing else refuses.
fn stage() -> Stage {
    let stage = Stage::new();
    stage.put_policy("alice", json!([{ "Effect": "Allow", "Action": "kms:*", "Resource": "*" }]));
    stage
}

#[test]
fn strangers_may_not_state_anything() {
    let stage = stage();
    let why = "the configuration does not name it as a service";
    let stranger = stage.world.stranger();
    for (by, arn) in [
        (&stage.alice, ALICE),
        (&stage.root, "arn:aws:iam::111122223333:root"),
        (&stranger, "arn:aws:iam::444455556666:root"),
    ] {
        for stated in [ALICE, "service", "nonsense"] {
            let answer = stage.call(by, &[(FOR, stated)], "Encrypt", &stage.secret());
            assert_refused(&stage, &answer, arn, why);
        }
    }
}

#[test]
fn what_is_not_signed_is_not_believed() {
    let stage = stage();
    let put = |by: &Credentials, name: &'static str| {
        let request = stage.world.request("kms", "Encrypt", &stage.secret());
        let mut request = stage.world.sign(request, by, "kms");
        request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(ALICE));
        stage.world.send(request)
    };
    let why = "x-keywright-act-for is not covered by the signature";
    assert_refused(&stage, &put(&stage.gateway, FOR), GATEWAY, why);
    let why = "the configuration does not name it as a service";
    assert_refused(&stage, &put(&stage.alice, FOR), ALICE, why);
    // Without a statement these say nothing.
    assert_eq!(put(&stage.alice, SOURCE_ARN).code, None);

    let request = stage.world.request("kms", "Encrypt", &stage.secret());
    let mut request = request;
    request.headers_mut().insert(HeaderName::from_static(FOR), HeaderValue::from_static("service"));
    let mut request = stage.world.sign(request, &stage.gateway, "kms");
    let source = HeaderValue::from_static("arn:aws:s3:::bucket");
    request.headers_mut().insert(HeaderName::from_static(SOURCE_ARN), source);
    let why = "x-keywright-source-arn is not covered by the signature";
    assert_refused(&stage, &stage.world.send(request), GATEWAY, why);
}

#[test]
fn a_changed_statement_breaks_the_signature() {
    let stage = stage();
    let mut request = stage.world.request("kms", "Encrypt", &stage.secret());
    request.headers_mut().insert(HeaderName::from_static(FOR), HeaderValue::from_static(ALICE));
    let mut request = stage.world.sign(request, &stage.gateway, "kms");
    let root = HeaderValue::from_static("arn:aws:iam::111122223333:root");
    request.headers_mut().insert(HeaderName::from_static(FOR), root);
    assert_eq!(stage.world.send(request).fault(), "InvalidSignatureException");
}

#[test]
fn one_call_is_for_one_principal() {
    let stage = stage();
    let twice = [(FOR, ALICE), (FOR, ALICE)];
    let answer = stage.call(&stage.gateway, &twice, "Encrypt", &stage.secret());
    assert_refused(&stage, &answer, GATEWAY, "x-keywright-act-for comes more than once");
}

#[test]
fn only_those_are_acted_for_who_exist_now() {
    let stage = stage();
    for (stated, why) in [
        ("", "x-keywright-act-for has no value that it can have"),
        ("alice", "x-keywright-act-for has no value that it can have"),
        ("arn:aws:iam::111122223333:user/*", "x-keywright-act-for has no value that it can have"),
        ("arn:aws:s3:::bucket", "x-keywright-act-for has no value that it can have"),
        (
            "arn:aws:iam::111122223333:user/bob",
            "arn:aws:iam::111122223333:user/bob is no user and no account's root user",
        ),
        (
            "arn:aws:iam::111122223333:user/path/alice",
            "arn:aws:iam::111122223333:user/path/alice is no user and no account's root user",
        ),
        (
            "arn:aws:iam::999999999999:root",
            "arn:aws:iam::999999999999:root is no user and no account's root user",
        ),
        (
            "arn:aws:iam::111122223333:role/worker",
            "arn:aws:iam::111122223333:role/worker is no user and no account's root user",
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/worker/s",
            "a session is stated by its access key id and token",
        ),
        (
            "ASIAMADEUP:token",
            "the session of ASIAMADEUP is refused: The security token included in the request is invalid.",
        ),
    ] {
        assert_refused(&stage, &stage.encrypt_for(stated), GATEWAY, why);
    }
    stage.encrypt_for(ALICE).ok();
    let key = json!({ "UserName": "alice", "AccessKeyId": stage.alice.access_key_id });
    stage.iam(&stage.root, "DeleteAccessKey", key);
    stage.iam(&stage.root, "DeleteUserPolicy", json!({ "UserName": "alice", "PolicyName": "p" }));
    stage.iam(&stage.root, "DeleteUser", json!({ "UserName": "alice" }));
    let why = "arn:aws:iam::111122223333:user/alice is no user and no account's root user";
    assert_refused(&stage, &stage.encrypt_for(ALICE), GATEWAY, why);
}

#[test]
fn a_service_acts_in_the_accounts_that_it_is_configured_for() {
    let stage = stage();
    let why = "the configuration does not let it act in account 444455556666";
    let stranger = stage.world.stranger();
    assert_refused(&stage, &stage.encrypt_for("arn:aws:iam::444455556666:root"), GATEWAY, why);
    let provider = user(&stage.world, &stranger, "provider");
    stage.call(&provider, &[(FOR, ALICE)], "Encrypt", &stage.secret()).ok();
    let source = [(FOR, "service"), (SOURCE_ACCOUNT, "444455556666")];
    let answer = stage.call(&stage.gateway, &source, "Encrypt", &stage.secret());
    assert_refused(&stage, &answer, GATEWAY, why);
}

#[test]
fn sources_are_for_services_that_call_as_themselves() {
    let stage = stage();
    for (name, value, why) in [
        (
            SOURCE_ARN,
            "arn:aws:s3:::bucket",
            "x-keywright-source-arn goes with a service that calls as itself",
        ),
        (SOURCE_ACCOUNT, ACCOUNT, "x-keywright-source-account goes with a service that calls as itself"),
    ] {
        let answer = stage.call(&stage.gateway, &[(FOR, ALICE), (name, value)], "Encrypt", &stage.secret());
        assert_refused(&stage, &answer, GATEWAY, why);
    }
    for (name, value, why) in [
        (SOURCE_ARN, "bucket", "x-keywright-source-arn has no value that it can have"),
        (SOURCE_ACCOUNT, "42", "x-keywright-source-account has no value that it can have"),
    ] {
        let answer =
            stage.call(&stage.gateway, &[(FOR, "service"), (name, value)], "Encrypt", &stage.secret());
        assert_refused(&stage, &answer, GATEWAY, why);
    }
}

#[test]
fn services_use_keys_and_do_not_manage_them() {
    let stage = stage();
    for operation in ["ScheduleKeyDeletion", "PutKeyPolicy", "CreateKey", "DisableKey"] {
        let input = json!({ "KeyId": stage.key });
        let answer = stage.call(&stage.gateway, &[(FOR, ALICE)], operation, &input);
        assert_refused(&stage, &answer, GATEWAY, &format!("services do not call {operation} for others"));
    }
    for service in ["iam", "sts"] {
        let operation = if service == "iam" { "ListUsers" } else { "GetCallerIdentity" };
        let answer = stage.call_service(service, &stage.gateway, &[(FOR, ALICE)], operation, &json!({}));
        assert_eq!((answer.status, answer.fault()), (403, "AccessDenied"));
    }
}

#[test]
fn the_provider_of_another_account_is_a_user_there() {
    let stage = stage();
    let provider = user(&stage.world, &stage.world.stranger(), "provider");
    let stated = [(FOR, "arn:aws:iam::111122223333:user/bob")];
    let answer = stage.call(&provider, &stated, "Encrypt", &stage.secret());
    let why = "arn:aws:iam::111122223333:user/bob is no user and no account's root user";
    assert_refused(&stage, &answer, PROVIDER, why);
}
