use std::collections::BTreeSet;

use super::*;
use crate::{
    EventResource, NotAWantedKey,
    generated::{CALLERS, Drawn, DrawnCall, KEYS, call, call_by, denied, draw_all, wanted},
};

fn counted<'r>(
    key: WantedKey,
    since: Option<i64>,
    records: impl IntoIterator<Item = &'r Record<'r>>,
) -> KeyUsage {
    let mut counter = UsageCounter::new(key, since.map(Timestamp::from_millis));
    records.into_iter().for_each(|record| counter.add(record));
    counter.finish()
}

fn occurrences(calls: &[&DrawnCall]) -> Occurrences {
    let times = calls.iter().map(|call| Timestamp::from_millis(call.record.time_ms));
    Occurrences { times: calls.len() as u64, first: times.clone().min().unwrap(), last: times.max().unwrap() }
}

/// One question after the other, each by a walk over all calls.
fn check(calls: &[DrawnCall], key: usize, found: &KeyUsage) {
    let about = |call: &&&DrawnCall| call.key == key;
    let calls: Vec<&DrawnCall> = calls.iter().collect();
    let calls: Vec<&DrawnCall> = calls.iter().filter(about).copied().collect();
    let principals: BTreeSet<&str> = calls.iter().map(|call| call.principal).collect();
    assert_eq!(found.principals.keys().map(String::as_str).collect::<BTreeSet<_>>(), principals);
    for (arn, usage) in &found.principals {
        let of = |wanted: &dyn Fn(&DrawnCall) -> bool| -> Vec<&DrawnCall> {
            calls.iter().copied().filter(|call| call.principal == arn && wanted(call)).collect()
        };
        assert_eq!((&usage.principal, usage.calls), (arn, occurrences(&of(&|_| true))));
        let operations: BTreeSet<&str> = of(&|_| true).iter().map(|call| call.operation).collect();
        assert_eq!(usage.operations.keys().map(String::as_str).collect::<BTreeSet<_>>(), operations);
        for (name, operation) in &usage.operations {
            let ended =
                |ends: &[Drawn]| of(&|call| call.operation == name && ends.contains(&call.end)).len() as u64;
            assert_eq!(operation.calls, occurrences(&of(&|call| call.operation == name)));
            assert_eq!(operation.succeeded, ended(&[Drawn::Answered, Drawn::Granted]), "{arn} {name}");
            assert_eq!(operation.denied, ended(&[Drawn::Denied, Drawn::Unasked]), "{arn} {name}");
            assert_eq!(operation.failed, ended(&[Drawn::Failed]), "{arn} {name}");
        }
        let via = of(&|call| call.via.is_some());
        assert_eq!(usage.via.get("s3.amazonaws.com").copied(), (!via.is_empty()).then(|| occurrences(&via)));
        let addresses: BTreeSet<&str> =
            of(&|call| call.via.is_none()).iter().map(|call| &*call.address).collect();
        assert_eq!(usage.addresses.get(), (addresses.len(), false));
        for name in ["tenant", "document"] {
            let all = of(&|_| true);
            let pairs = all.iter().flat_map(|call| &call.context).filter(|(key, _)| key == name);
            let values: BTreeSet<&str> = pairs.map(|(_, value)| &**value).collect();
            let counted = usage.context_keys.get(name).map(|counted| counted.get().0);
            assert_eq!(counted, Some(values.len()).filter(|count| *count > 0), "{arn} {name}");
        }
    }
}

#[test]
fn it_counts_as_one_who_asks_each_question_alone() {
    for seed in 0..20 {
        let calls = draw_all(seed, 400);
        for (key, arn) in KEYS.into_iter().enumerate() {
            let found = counted(wanted(key, seed % 2 == 0), None, calls.iter().map(|call| &call.record));
            assert_eq!(found.keys, BTreeSet::from([arn.to_owned()]));
            assert_eq!(found.records, occurrences(&calls.iter().collect::<Vec<_>>()));
            check(&calls, key, &found);
        }
    }
}

#[test]
fn what_is_earlier_is_not_counted_and_is_known_to_be_there() {
    let calls = draw_all(7, 400);
    let found = counted(wanted(0, true), Some(200_000), calls.iter().map(|call| &call.record));
    assert_eq!(found.records.times, 400);
    check(&calls[199..], 0, &found);
}

#[test]
fn a_re_encryption_shows_each_key_its_own_context() {
    let record = Record {
        resources: vec![KEYS[0].into(), KEYS[1].into()],
        parameters: vec![
            ("sourceEncryptionContext".into(), Value::map([("old", "1")])),
            ("destinationEncryptionContext".into(), Value::map([("new", "2")])),
        ],
        ..call_by(0, "ReEncrypt", 1_000)
    };
    let within = Record { resources: vec![KEYS[0].into()], ..record.clone() };
    let refused = denied(record.clone(), Some(format!("kms:ReEncryptTo on {}\n", KEYS[1])));
    for (record, key, expected) in [
        (&record, 0, vec!["old"]),
        (&record, 1, vec!["new"]),
        (&within, 0, vec!["new", "old"]),
        (&refused, 1, vec!["new"]),
    ] {
        let found = counted(wanted(key, true), None, [record]);
        let keys: Vec<_> = found.principals[CALLERS[0].1].context_keys.keys().collect();
        assert_eq!(keys, expected, "{record:?}");
    }
    assert_eq!(counted(wanted(2, true), None, [&record, &refused]).principals.len(), 0);
}

#[test]
fn an_id_is_of_the_account_and_region_of_the_call() {
    let named = ("keyId".into(), EventResource::of(KEYS[0]).name().into());
    let here = denied(Record { parameters: vec![named], ..call_by(0, "Decrypt", 1_000) }, None);
    let away = Record { region: "eu-west-1".into(), ..here.clone() };
    let theirs = Record { account: Some("444455556666".into()), ..here.clone() };
    for (record, count) in [(&here, 1), (&away, 0), (&theirs, 0)] {
        assert_eq!(counted(wanted(0, true), None, [record]).principals.len(), count);
        assert_eq!(counted(wanted(0, false), None, [record]).principals.len(), 1);
    }
}

#[test]
fn what_the_service_does_by_itself_is_nobodys() {
    let record =
        Record { kind: EventKind::ServiceEvent, resources: vec![KEYS[0].into()], ..call("RotateKey", 1_000) };
    let found = counted(wanted(0, true), None, [&record, &record]);
    assert_eq!((found.principals.len(), found.events["RotateKey"].times), (0, 2));
}

#[test]
fn a_session_without_its_role_counts_for_the_role_of_its_name() {
    let record = Record { session: None, resources: vec![KEYS[0].into()], ..call_by(2, "Decrypt", 1_000) };
    let found = counted(wanted(0, true), None, [&record]);
    assert_eq!(found.principals.keys().next().unwrap(), "arn:aws:iam::111122223333:role/App");
}

#[test]
fn contexts_without_end_are_told_in_part() {
    let calls: Vec<_> = (0..1_500)
        .map(|number| {
            let context = Value::map([(format!("key {}", number % 150), number.to_string())]);
            let parameters = vec![("encryptionContext".into(), context)];
            Record { resources: vec![KEYS[0].into()], parameters, ..call_by(0, "Encrypt", number) }
        })
        .collect();
    let found = counted(wanted(0, true), None, &calls);
    let usage = &found.principals[CALLERS[0].1];
    assert_eq!((usage.context_keys.len(), usage.has_more_context_keys), (CONTEXT_KEYS_MAX, true));
    assert_eq!(usage.context_keys["key 0"].get(), (10, false));
}

#[test]
fn keys_are_named_by_id_or_arn() {
    assert!(WantedKey::parse("mrk-1234abcd12ab34cd56ef1234567890ab").is_ok());
    assert_eq!(WantedKey::parse("alias/a"), Err(NotAWantedKey::Alias));
    let alias = "arn:aws:kms:us-east-1:111122223333:alias/a";
    assert_eq!(WantedKey::parse(alias), Err(NotAWantedKey::Alias));
    assert_eq!(WantedKey::parse("key"), Err(NotAWantedKey::Neither));
}

#[test]
fn the_report_is_json_that_tells_who_and_when() {
    let record = Record { resources: vec![KEYS[0].into()], ..call_by(2, "Decrypt", 1_000) };
    let report = serde_json::to_value(counted(wanted(0, true), None, [&record])).unwrap();
    let calls =
        serde_json::json!({ "count": 1, "first": "1970-01-01T00:00:01Z", "last": "1970-01-01T00:00:01Z" });
    assert_eq!(
        report,
        serde_json::json!({
            "keys": [KEYS[0]],
            "records": calls,
            "principals": [{
                "principal": CALLERS[2].2,
                "calls": calls,
                "operations": [{ "operation": "Decrypt", "calls": calls, "succeeded": 1, "denied": 0, "failed": 0 }],
                "via": {},
                "addresses": { "count": 0, "more": false },
                "contextKeys": {},
                "hasMoreContextKeys": false,
            }],
            "events": {},
        })
    );
}
