//! Statements that are refused, and what is left of them in the journal.

use http::{HeaderName, HeaderValue};
use serde_json::json;
use sim::{Answer, Credentials, Settings, Stage, World, stage::ACCOUNT};

use crate::gateway::{ALICE, FOR, Gateway, SOURCE_ACCOUNT, SOURCE_ARN};

/// Whoever states it is refused, with one record that says why to the operator and not to the caller.
#[track_caller]
fn assert_refused(gateway: &Gateway, answer: &Answer, signer: &str, why: &str) {
    assert_eq!((answer.status, answer.fault()), (400, "AccessDeniedException"));
    let expected =
        format!("User: {signer} is not authorized to act for another principal with x-keywright-act-for");
    assert_eq!(answer.message.as_deref(), Some(expected.as_str()));
    let record = gateway.stage.record_of(answer);
    assert_eq!(record.detail.as_deref(), Some(why));
    assert!(
        matches!(&record.decision, audit::RecordedDecision::Denied { layer, .. } if layer == "service-identity")
    );
    assert_eq!((record.caller.unwrap().arn.as_ref(), record.invoked_by), (signer, None));
}

const GATEWAY: &str = "arn:aws:iam::111122223333:user/gateway";
const PROVIDER: &str = "arn:aws:iam::444455556666:user/provider";

/// A gateway on which alice may do everything, so that nothing else refuses.
fn open() -> Gateway {
    let gateway = Gateway::new();
    gateway.put_policy("alice", json!([{ "Effect": "Allow", "Action": "kms:*", "Resource": "*" }]));
    gateway
}

#[test]
fn strangers_may_not_state_anything() {
    let gateway = open();
    let why = "the configuration does not name it as a service";
    let stranger = gateway.stage.world.stranger();
    for (by, arn) in [
        (&gateway.alice, ALICE),
        (&gateway.stage.root, "arn:aws:iam::111122223333:root"),
        (&stranger, "arn:aws:iam::444455556666:root"),
    ] {
        for stated in [ALICE, "service", "nonsense"] {
            let answer = gateway.call(by, &[(FOR, stated)], "Encrypt", &gateway.secret());
            assert_refused(&gateway, &answer, arn, why);
        }
    }
}

#[test]
fn what_is_not_signed_is_not_believed() {
    let gateway = open();
    let put = |by: &Credentials, name: &'static str| {
        let request = gateway.stage.world.request("kms", "Encrypt", &gateway.secret());
        let mut request = gateway.stage.world.sign(request, by, "kms");
        request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(ALICE));
        gateway.stage.world.send(request)
    };
    let why = "x-keywright-act-for is not covered by the signature";
    assert_refused(&gateway, &put(&gateway.credentials, FOR), GATEWAY, why);
    let why = "the configuration does not name it as a service";
    assert_refused(&gateway, &put(&gateway.alice, FOR), ALICE, why);
    // Without a statement these say nothing.
    assert_eq!(put(&gateway.alice, SOURCE_ARN).code, None);

    let request = gateway.stage.world.request("kms", "Encrypt", &gateway.secret());
    let mut request = request;
    request.headers_mut().insert(HeaderName::from_static(FOR), HeaderValue::from_static("service"));
    let mut request = gateway.stage.world.sign(request, &gateway.credentials, "kms");
    let source = HeaderValue::from_static("arn:aws:s3:::bucket");
    request.headers_mut().insert(HeaderName::from_static(SOURCE_ARN), source);
    let why = "x-keywright-source-arn is not covered by the signature";
    assert_refused(&gateway, &gateway.stage.world.send(request), GATEWAY, why);
}

#[test]
fn a_changed_statement_breaks_the_signature() {
    let gateway = open();
    let mut request = gateway.stage.world.request("kms", "Encrypt", &gateway.secret());
    request.headers_mut().insert(HeaderName::from_static(FOR), HeaderValue::from_static(ALICE));
    let mut request = gateway.stage.world.sign(request, &gateway.credentials, "kms");
    let root = HeaderValue::from_static("arn:aws:iam::111122223333:root");
    request.headers_mut().insert(HeaderName::from_static(FOR), root);
    assert_eq!(gateway.stage.world.send(request).fault(), "InvalidSignatureException");
}

#[test]
fn one_call_is_for_one_principal() {
    let gateway = open();
    let twice = [(FOR, ALICE), (FOR, ALICE)];
    let answer = gateway.call(&gateway.credentials, &twice, "Encrypt", &gateway.secret());
    assert_refused(&gateway, &answer, GATEWAY, "x-keywright-act-for comes more than once");
}

#[test]
fn only_those_are_acted_for_who_exist_now() {
    let gateway = open();
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
        assert_refused(&gateway, &gateway.encrypt_for(stated), GATEWAY, why);
    }
    gateway.encrypt_for(ALICE).ok();
    let key = json!({ "UserName": "alice", "AccessKeyId": gateway.alice.access_key_id });
    gateway.stage.iam("DeleteAccessKey", key);
    gateway.stage.iam("DeleteUserPolicy", json!({ "UserName": "alice", "PolicyName": "inline" }));
    gateway.stage.iam("DeleteUser", json!({ "UserName": "alice" }));
    let why = "arn:aws:iam::111122223333:user/alice is no user and no account's root user";
    assert_refused(&gateway, &gateway.encrypt_for(ALICE), GATEWAY, why);
}

#[test]
fn a_service_acts_in_the_accounts_that_it_is_configured_for() {
    let gateway = open();
    let why = "the configuration does not let it act in account 444455556666";
    let stranger = gateway.stage.world.stranger();
    assert_refused(&gateway, &gateway.encrypt_for("arn:aws:iam::444455556666:root"), GATEWAY, why);
    let provider = gateway.stage.user_of(&stranger, "provider");
    gateway.call(&provider, &[(FOR, ALICE)], "Encrypt", &gateway.secret()).ok();
    let source = [(FOR, "service"), (SOURCE_ACCOUNT, "444455556666")];
    let answer = gateway.call(&gateway.credentials, &source, "Encrypt", &gateway.secret());
    assert_refused(&gateway, &answer, GATEWAY, why);
}

#[test]
fn sources_are_for_services_that_call_as_themselves() {
    let gateway = open();
    for (name, value, why) in [
        (
            SOURCE_ARN,
            "arn:aws:s3:::bucket",
            "x-keywright-source-arn goes with a service that calls as itself",
        ),
        (SOURCE_ACCOUNT, ACCOUNT, "x-keywright-source-account goes with a service that calls as itself"),
    ] {
        let answer =
            gateway.call(&gateway.credentials, &[(FOR, ALICE), (name, value)], "Encrypt", &gateway.secret());
        assert_refused(&gateway, &answer, GATEWAY, why);
    }
    for (name, value, why) in [
        (SOURCE_ARN, "bucket", "x-keywright-source-arn has no value that it can have"),
        (SOURCE_ACCOUNT, "42", "x-keywright-source-account has no value that it can have"),
    ] {
        let answer = gateway.call(
            &gateway.credentials,
            &[(FOR, "service"), (name, value)],
            "Encrypt",
            &gateway.secret(),
        );
        assert_refused(&gateway, &answer, GATEWAY, why);
    }
}

#[test]
fn services_use_keys_and_do_not_manage_them() {
    let gateway = open();
    for operation in ["ScheduleKeyDeletion", "PutKeyPolicy", "CreateKey", "DisableKey"] {
        let input = json!({ "KeyId": gateway.key });
        let answer = gateway.call(&gateway.credentials, &[(FOR, ALICE)], operation, &input);
        assert_refused(&gateway, &answer, GATEWAY, &format!("services do not call {operation} for others"));
    }
    for service in ["iam", "sts"] {
        let operation = if service == "iam" { "ListUsers" } else { "GetCallerIdentity" };
        let answer =
            gateway.stage.call_with(&[(FOR, ALICE)], &gateway.credentials, service, operation, &json!({}));
        assert_eq!((answer.status, answer.fault()), (403, "AccessDenied"));
    }
}

#[test]
fn the_provider_of_another_account_is_a_user_there() {
    let gateway = open();
    let provider = gateway.stage.user_of(&gateway.stage.world.stranger(), "provider");
    let stated = [(FOR, "arn:aws:iam::111122223333:user/bob")];
    let answer = gateway.call(&provider, &stated, "Encrypt", &gateway.secret());
    let why = "arn:aws:iam::111122223333:user/bob is no user and no account's root user";
    assert_refused(&gateway, &answer, PROVIDER, why);
}

#[test]
fn what_the_identity_itself_is_denied_it_does_for_nobody() {
    let gateway = open();
    gateway.stage.user("bob");
    let bob = "arn:aws:iam::111122223333:user/bob";
    let everybody = json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" });
    gateway.put_key_policy(&[everybody]);
    let denial =
        json!({ "Sid": "NotAlice", "Effect": "Deny", "Action": "keywright:ActFor", "Resource": ALICE });
    gateway.put_policy("gateway", json!([denial]));
    let why = "keywright:ActFor is denied by identity-policy: `NotAlice`";
    assert_refused(&gateway, &gateway.encrypt_for(ALICE), GATEWAY, why);
    gateway.encrypt_for(bob).ok();
    gateway.encrypt_for("service").ok();
    gateway.stage.iam("DeleteUserPolicy", json!({ "UserName": "gateway", "PolicyName": "inline" }));
    gateway.encrypt_for(ALICE).ok();

    let bound = |action: &str, name: &str| {
        let document = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": action, "Resource": "*",
        }});
        let input = json!({ "PolicyName": name, "PolicyDocument": document.to_string() });
        let arn = gateway.stage.iam("CreatePolicy", input).xml("Arn").unwrap();
        let input = json!({ "UserName": "gateway", "PermissionsBoundary": arn });
        gateway.stage.iam("PutUserPermissionsBoundary", input);
    };
    bound("kms:*", "keys");
    let why = "keywright:ActFor is not allowed by permissions-boundary";
    for whom in [ALICE, "service"] {
        assert_refused(&gateway, &gateway.encrypt_for(whom), GATEWAY, why);
    }
    bound("keywright:ActFor", "service");
    gateway.encrypt_for(ALICE).ok();
}

#[test]
fn a_namesake_of_the_identity_is_no_service() {
    let mut gateway = open();
    gateway.encrypt_for(ALICE).ok();
    let bindings = |gateway: &Gateway| {
        let is = |record: &&audit::Record<'_>| record.operation == "BindServiceIdentity";
        let records = gateway.stage.world.records();
        records.iter().filter(is).map(|record| record.resources.clone()).collect::<Vec<_>>()
    };
    assert_eq!(bindings(&gateway), [[GATEWAY]], "once, and recorded");
    gateway.encrypt_for(ALICE).ok();
    assert_eq!(bindings(&gateway).len(), 1);

    let key = json!({ "UserName": "gateway", "AccessKeyId": gateway.credentials.access_key_id });
    gateway.stage.iam("DeleteAccessKey", key);
    gateway.stage.iam("DeleteUser", json!({ "UserName": "gateway" }));
    gateway.credentials = gateway.stage.user("gateway");
    let shown = gateway.stage.iam("GetUser", json!({ "UserName": "gateway" }));
    let why = format!(
        "the service identity is bound to another unique id; if {} is meant now, name it by `id` in the configuration",
        shown.xml("UserId").unwrap()
    );
    for whom in [ALICE, "service"] {
        assert_refused(&gateway, &gateway.encrypt_for(whom), GATEWAY, &why);
    }
    assert_eq!(bindings(&gateway).len(), 1);
}

/// What the configuration says stands over what was stored.
#[test]
fn the_configuration_says_who_bears_the_identity() {
    let mut gateway = Gateway::on(Stage::on(World::of(Settings::default())));
    gateway.put_policy("alice", json!([{ "Effect": "Allow", "Action": "kms:*", "Resource": "*" }]));
    let shown = gateway.stage.iam("GetUser", json!({ "UserName": "gateway" }));
    let own = shown.xml("UserId").unwrap();
    let world = gateway.stage.world;
    gateway.stage.world = world.reconfigured(|settings| settings.gateway_id = Some(own.clone()));
    gateway.encrypt_for(ALICE).ok();
    let world = gateway.stage.world;
    gateway.stage.world = world.reconfigured(|settings| settings.gateway_id = Some("AIDAOTHER".to_owned()));
    let why = format!(
        "the service identity is bound to another unique id; if {own} is meant now, name it by `id` in the configuration"
    );
    assert_refused(&gateway, &gateway.encrypt_for(ALICE), GATEWAY, &why);
}
