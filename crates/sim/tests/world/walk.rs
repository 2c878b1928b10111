//! The tests that walk the tables: what holds for every operation of every service. An operation that breaks a rule
//! is named.

use std::panic::{AssertUnwindSafe, catch_unwind};

use audit::{EventKind, Record, RecordedDecision, RecordedOutcome};
use dispatch::Facts;
use model::arn::Partition;
use sim::{Answer, Credentials, Stage, World};

/// Operations on what never exists: there are no passwords, and no encoded messages. What they answer is tested with the users
/// and the sessions.
const NEVER_ACCEPTED: [&str; 4] =
    ["DecodeAuthorizationMessage", "DeleteLoginProfile", "GetAccountPasswordPolicy", "GetLoginProfile"];

/// Operations whose calls are proved by what they are sent, whoever signs them or does not. What they do not believe is
/// tested with the sessions.
const UNSIGNED: [&str; 1] = ["AssumeRoleWithWebIdentity"];

/// Operations on several things, which are answered with what failed of each.
const TOLD_OF_EACH: [&str; 2] = ["TagResources", "UntagResources"];

/// Operations whose examples are about keys that China does not have, or about Regions of another partition.
const NOT_IN_CHINA: [&str; 4] = ["Decapsulate", "Encapsulate", "ReplicateKey", "UpdatePrimaryRegion"];

/// Holds a rule against every operation, each on a stage of its own.
#[track_caller]
fn every_operation(rule: impl Fn(Stage, &'static str, &'static Facts)) {
    every_operation_on(Stage::new, rule);
}

/// The same on stages as they are made here.
#[track_caller]
fn every_operation_on(new: fn() -> Stage, rule: impl Fn(Stage, &'static str, &'static Facts)) {
    let operations = World::new().operations();
    assert!(operations.len() > 20, "the tables are walked");
    let breaks = |(service, facts): &(&'static str, &'static Facts)| {
        catch_unwind(AssertUnwindSafe(|| rule(new(), service, facts))).is_err()
    };
    let accepted = |(_, facts): &(&str, &Facts)| !NEVER_ACCEPTED.contains(&facts.name);
    let broken: Vec<_> =
        operations.into_iter().filter(accepted).filter(breaks).map(|(_, facts)| facts.name).collect();
    assert!(broken.is_empty(), "not so for {broken:?}; the reasons are above");
}

/// The one record that a call has left, and its answer. What a call makes the service do is recorded besides.
#[track_caller]
fn one_record(stage: &Stage, call: impl FnOnce() -> Answer) -> (Record<'static>, Answer) {
    let before = stage.world.records().len();
    let answer = call();
    let mut records = stage.world.records().split_off(before);
    records.retain(|record| record.kind == EventKind::ApiCall);
    assert_eq!(records.len(), 1, "records of one call: {records:?}");
    (records.remove(0), answer)
}

#[test]
fn its_example_is_accepted_decided_and_recorded_once() {
    every_operation(|stage, service, facts| {
        let request = stage.example_by(&stage.root, service, facts);
        let (record, answer) = one_record(&stage, || stage.world.send(request));
        assert_eq!((answer.status, answer.code.as_deref()), (200, None), "{}: {answer:?}", facts.name);
        assert_eq!((record.service.as_ref(), record.operation.as_ref()), (service, facts.name));
        assert_eq!((record.outcome, record.http_status), (RecordedOutcome::Ok, 200));
        assert!(matches!(record.decision, RecordedDecision::Allowed { .. }), "{:?}", record.decision);
        assert_eq!(record.read_only, facts.read_only);
        assert_eq!(record.account.as_deref(), Some(stage.root.account.as_str()));
        let sent_id = record.request_id.map(uuid);
        let id = answer.headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok());
        assert_eq!(id, sent_id.as_deref(), "the id that the client sees is the record's");
    });
}

#[test]
fn in_china_its_example_names_nobody_of_another_partition() {
    every_operation_on(
        || Stage::in_partition(Partition::Cn),
        |stage, service, facts| {
            if NOT_IN_CHINA.contains(&facts.name) {
                return;
            }
            let request = stage.example_by(&stage.root, service, facts);
            let (record, answer) = one_record(&stage, || stage.world.send(request));
            assert_eq!((answer.status, answer.code.as_deref()), (200, None), "{}: {answer:?}", facts.name);
            let body = String::from_utf8_lossy(&answer.body);
            for told in [body.as_ref(), &format!("{record:?}")] {
                let foreign = told.contains("arn:aws:") || told.contains("arn%3Aaws%3A");
                assert!(!foreign, "{}: {told}", facts.name);
            }
        },
    );
}

#[test]
fn what_only_reads_changes_nothing() {
    every_operation(|stage, service, facts| {
        let request = stage.example_by(&stage.root, service, facts);
        let before = stage.world.state();
        stage.world.send(request);
        if facts.read_only {
            assert_eq!(stage.world.state(), before, "{}", facts.name);
        }
    });
}

#[test]
fn a_stranger_is_refused_and_recorded_once() {
    every_operation(|stage, service, facts| {
        let request = stage.example_by(&stage.world.stranger(), service, facts);
        let named = stage.fill(facts.example) != facts.example;
        if UNSIGNED.contains(&facts.name) {
            return;
        }
        let before = stage.world.state();
        let (record, answer) = one_record(&stage, || stage.world.send(request));
        if !named {
            // It names nothing of the first account; the stranger is at home.
            assert_eq!(record.account.as_deref(), Some(stage.world.stranger().account.as_str()));
            return;
        }
        const REFUSALS: [&str; 7] = [
            "AccessDeniedException",
            "AccessDenied",
            "InvalidArnException",
            "NotFoundException",
            "NoSuchEntity",
            "ResourceNotFoundException",
            "TrailNotFoundException",
        ];
        if TOLD_OF_EACH.contains(&facts.name) {
            let failed = answer.ok()["FailedResourcesMap"].as_object().map_or(0, serde_json::Map::len);
            assert_eq!(failed, 1, "{}", facts.name);
        } else {
            assert!(REFUSALS.contains(&answer.fault()), "{}: {answer:?}", facts.name);
        }
        assert_eq!(stage.world.state(), before, "{}: nothing is changed", facts.name);
        let allowed = matches!(record.decision, RecordedDecision::Allowed { .. });
        let theirs = record.resources.iter().any(|arn| arn.contains(&stage.root.account));
        assert!(!(allowed && theirs), "{}: allowed at home only: {record:?}", facts.name);
    });
}

#[test]
fn who_is_not_authenticated_is_refused_and_recorded_once() {
    every_operation(|stage, service, facts| {
        if UNSIGNED.contains(&facts.name) {
            return;
        }
        let unsigned = stage.example(service, facts);
        let nobody = Credentials { access_key_id: "AKIANOBODYNOBODYNOBO".to_owned(), ..stage.root.clone() };
        let wrong = Credentials { secret_access_key: "wrong".to_owned(), ..stage.root.clone() };
        let before = stage.world.state();
        for (request, codes) in [
            (unsigned.clone(), ["MissingAuthenticationTokenException", "MissingAuthenticationToken"]),
            (
                stage.world.sign(unsigned.clone(), &nobody, service),
                ["UnrecognizedClientException", "InvalidClientTokenId"],
            ),
            (
                stage.world.sign(unsigned, &wrong, service),
                ["InvalidSignatureException", "SignatureDoesNotMatch"],
            ),
        ] {
            let (record, answer) = one_record(&stage, || stage.world.send(request));
            assert!(codes.contains(&answer.fault()), "{}: {answer:?}", facts.name);
            assert_eq!((record.decision, record.caller), (RecordedDecision::None, None), "{}", facts.name);
            assert_eq!(record.operation, facts.name);
        }
        assert_eq!(stage.world.state(), before, "{}: nothing is changed", facts.name);
    });
}

#[test]
fn what_cannot_be_read_is_refused_and_recorded_once() {
    every_operation(|stage, service, facts| {
        let broken = if service == "kms" { "{\"" } else { "A=%ff" };
        let request = stage.world.written(service, facts.name, broken);
        let request = stage.world.sign(request, &stage.root, service);
        let before = stage.world.state();
        let (record, answer) = one_record(&stage, || stage.world.send(request));
        assert!(["SerializationException", "MalformedInput"].contains(&answer.fault()), "{answer:?}");
        assert_eq!(record.decision, RecordedDecision::None);
        assert_eq!(stage.world.state(), before);
    });
}

#[test]
fn it_is_refused_while_the_store_does_not_answer() {
    every_operation(|stage, service, facts| {
        let request = stage.example_by(&stage.root, service, facts);
        stage.world.cut_store(true);
        refused_as_internal(&stage.world.send(request), facts);
        stage.world.cut_store(false);
        let request = stage.example_by(&stage.root, service, facts);
        assert_eq!(stage.world.send(request).code, None, "{}: it is back", facts.name);
    });
}

#[test]
fn it_is_refused_while_the_journal_is_full() {
    every_operation(|stage, service, facts| {
        let request = stage.example_by(&stage.root, service, facts);
        let before = (stage.world.records().len(), stage.world.state());
        stage.world.disk().set_bytes_max(Some(0));
        // The journal notices when it has to write.
        let _ = stage.kms("GenerateRandom", serde_json::json!({ "NumberOfBytes": 1 }));
        refused_as_internal(&stage.world.send(request), facts);
        assert_eq!((stage.world.records().len(), stage.world.state()), before, "{}", facts.name);
    });
}

#[test]
fn it_is_refused_while_the_strongroom_is_sealed() {
    every_operation(|mut stage, service, facts| {
        let request = stage.example_by(&stage.root, service, facts);
        stage.world.seal().take_away(true);
        stage.world = stage.world.restart();
        refused_as_internal(&stage.world.send(request.clone()), facts);
        stage.world.seal().take_away(false);
        stage.world.tick().unwrap();
        assert_eq!(stage.world.send(request).code, None, "{}: it is unsealed", facts.name);
    });
}

#[test]
fn its_name_is_in_the_model() {
    for (service, facts) in World::new().operations() {
        let names = match service {
            "kms" => model::kms::OPERATION_NAMES,
            "sts" => model::sts::OPERATION_NAMES,
            "iam" => model::iam::OPERATION_NAMES,
            "tagging" => model::tagging::OPERATION_NAMES,
            "cloudtrail" => model::cloudtrail::OPERATION_NAMES,
            "keywright" => model::keywright::OPERATION_NAMES,
            _ => panic!("a service without a model: {service}"),
        };
        assert!(names.contains(&facts.name), "{service} has no {}", facts.name);
    }
}

#[test]
fn the_tables_are_sorted_for_the_look_up() {
    let operations: Vec<_> =
        World::new().operations().into_iter().map(|(service, facts)| (service, facts.name)).collect();
    for pair in operations.windows(2) {
        assert!(pair[0].0 != pair[1].0 || pair[0].1 < pair[1].1, "{pair:?}");
    }
}

#[track_caller]
fn refused_as_internal(answer: &Answer, facts: &Facts) {
    assert_eq!(answer.status, 500, "{}: {answer:?}", facts.name);
    assert!(["KMSInternalException", "InternalFailure"].contains(&answer.fault()), "{answer:?}");
}

fn uuid(bytes: [u8; 16]) -> String {
    model::arn::KeyId::from_bytes(bytes, false).to_string()
}
