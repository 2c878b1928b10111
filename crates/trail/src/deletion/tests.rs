use audit::EventKind;

use super::*;
use crate::generated::{CALLERS, Dice, Drawn, KEYS, call, call_by, denied, draw_all, wanted};

fn foreseen<'r>(key: WantedKey, records: impl IntoIterator<Item = &'r Record<'r>>) -> DeletionForecast {
    let mut forecaster = DeletionForecaster::new(key);
    records.into_iter().for_each(|record| forecaster.add(record));
    forecaster.finish()
}

fn alias(number: usize) -> String {
    format!("arn:aws:kms:us-east-1:111122223333:alias/{number}")
}

fn on(key: usize, record: Record<'static>) -> Record<'static> {
    Record { resources: vec![KEYS[key].into()], ..record }
}

#[test]
fn uses_are_those_that_were_answered_and_took_the_material() {
    for seed in 0..10 {
        let calls = draw_all(seed, 200);
        let found = foreseen(wanted(0, true), calls.iter().map(|call| &call.record));
        for (_, _, arn) in CALLERS {
            let uses = calls.iter().filter(|call| {
                let is_use =
                    call.operation != "DescribeKey" && [Drawn::Answered, Drawn::Granted].contains(&call.end);
                call.key == 0 && call.principal == arn && is_use
            });
            let last = uses.clone().map(|call| call.record.time_ms).max();
            let used = found.uses.get(arn);
            assert_eq!(used.map(|used| used.calls.last.as_millis()), last);
            assert_eq!(used.map_or(0, |used| used.calls.times), uses.clone().count() as u64);
            let via = uses.filter(|call| call.via.is_some()).count() as u64;
            assert_eq!(used.map_or(0, |used| used.via.values().map(|calls| calls.times).sum()), via);
        }
    }
}

/// Grants and aliases made and ended at random, beside a table that says how they are.
#[test]
fn grants_and_aliases_are_as_the_last_change_left_them() {
    for seed in 0..50 {
        let mut dice = Dice::new(seed);
        let (mut grants, mut aliases) = (BTreeMap::new(), BTreeMap::new());
        let mut records = Vec::new();
        for at in 1..200 {
            let (key, number) = (dice.below(KEYS.len()), dice.below(8));
            let id = format!("{number:064x}");
            let target = KEYS[key].to_owned();
            let moved =
                |old: usize, new: usize| vec![alias(number).into(), KEYS[old].into(), KEYS[new].into()];
            records.push(match dice.below(7) {
                0 => {
                    let was = grants.entry(id.clone()).or_insert(key);
                    let response = vec![("grantId".into(), id.into())];
                    on(*was, Record { response, ..call_by(0, "CreateGrant", at) })
                }
                ending @ (1 | 2) => {
                    let Some(key) = grants.remove(&id) else { continue };
                    let operation = if ending == 1 { "RetireGrant" } else { "RevokeGrant" };
                    let mut record = on(key, call_by(0, operation, at));
                    match dice.below(2) {
                        0 => record.parameters = vec![("grantId".into(), id.into())],
                        _ => record.additional = Some(Value::map([("grantId", id)])),
                    }
                    record
                }
                3 | 4 => match aliases.insert(number, key) {
                    None => Record {
                        resources: vec![alias(number).into(), target.into()],
                        ..call_by(0, "CreateAlias", at)
                    },
                    Some(old) if old == key => Record {
                        resources: vec![alias(number).into(), target.into()],
                        ..call_by(0, "UpdateAlias", at)
                    },
                    Some(old) => Record { resources: moved(old, key), ..call_by(0, "UpdateAlias", at) },
                },
                5 => {
                    let Some(key) = aliases.remove(&number) else { continue };
                    let resources = vec![alias(number).into(), KEYS[key].into()];
                    Record { resources, ..call_by(0, "DeleteAlias", at) }
                }
                // What is denied changes nothing.
                _ => denied(
                    call_by(0, "DeleteAlias", at),
                    Some(format!("kms:DeleteAlias on {}\n", alias(number))),
                ),
            });
        }
        for (key, arn) in KEYS.into_iter().enumerate() {
            let found = foreseen(wanted(key, false), &records);
            let ids: BTreeSet<_> =
                grants.iter().filter(|(_, on)| **on == key).map(|(id, _)| id.clone()).collect();
            assert_eq!(found.grants.keys().cloned().collect::<BTreeSet<_>>(), ids, "{seed}");
            assert!(found.grants.values().all(|grant| grant.key == arn));
            let named: BTreeSet<_> =
                aliases.iter().filter(|(_, of)| **of == key).map(|(number, _)| alias(*number)).collect();
            assert_eq!(found.aliases, named, "{seed}");
        }
    }
}

#[test]
fn an_alias_that_was_used_is_the_keys_as_long_as_it_is_not_seen_elsewhere() {
    let used = |key: usize, named: String, at| Record {
        parameters: vec![("keyId".into(), named.into())],
        ..on(key, call_by(0, "Encrypt", at))
    };
    let by_name = used(0, "alias/1".to_owned(), 1);
    let by_arn = used(0, alias(2), 2);
    let elsewhere = used(1, alias(1), 3);
    assert_eq!(foreseen(wanted(0, true), [&by_name, &by_arn]).aliases, [alias(1), alias(2)].into());
    assert_eq!(foreseen(wanted(0, true), [&by_name, &by_arn, &elsewhere]).aliases, [alias(2)].into());
    let both = Record {
        resources: vec![KEYS[0].into(), KEYS[1].into()],
        parameters: vec![
            ("sourceKeyId".into(), "alias/1".into()),
            ("destinationKeyId".into(), "alias/2".into()),
        ],
        ..call_by(0, "ReEncrypt", 4)
    };
    assert_eq!(foreseen(wanted(0, true), [&both]).aliases, [alias(1)].into());
    assert_eq!(foreseen(wanted(1, true), [&by_arn, &both]).aliases, [alias(2)].into());
}

#[test]
fn a_grant_tells_what_whoever_revokes_it_wants_to_know() {
    let record = Record {
        parameters: vec![
            ("granteePrincipal".into(), CALLERS[1].1.into()),
            ("retiringPrincipal".into(), CALLERS[0].1.into()),
            ("operations".into(), Value::list(["Decrypt", "Encrypt"])),
            ("name".into(), "backup".into()),
        ],
        response: vec![("grantId".into(), "g".into())],
        ..on(0, call_by(2, "CreateGrant", 1_000))
    };
    let expected = StandingGrant {
        grant_id: Some("g".to_owned()),
        key: KEYS[0].to_owned(),
        name: Some("backup".to_owned()),
        grantee: CALLERS[1].1.to_owned(),
        retiring: Some(CALLERS[0].1.to_owned()),
        operations: vec!["Decrypt".to_owned(), "Encrypt".to_owned()],
        made_by: CALLERS[2].2.to_owned(),
        made: Timestamp::from_millis(1_000),
    };
    assert_eq!(foreseen(wanted(0, true), [&record]).grants["g"], expected);
    // Records of earlier versions did not tell the id.
    let untold = Record { response: vec![], ..record };
    let found = foreseen(wanted(0, true), [&untold]);
    assert_eq!(found.grants.values().next().unwrap().grant_id, None);
}

#[test]
fn replicas_and_deletions_are_followed() {
    const PRIMARY: &str = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
    const REPLICA: &str = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
    let replicated =
        Record { resources: vec![PRIMARY.into(), REPLICA.into()], ..call_by(0, "ReplicateKey", 1_000) };
    let of = |arn: &'static str, record| Record { resources: vec![arn.into()], ..record };
    let due = vec![("deletionDate".into(), 90_000.into())];
    let waits = of(PRIMARY, call_by(0, "ScheduleKeyDeletion", 2_000));
    let scheduled = of(REPLICA, Record { response: due, ..call_by(0, "ScheduleKeyDeletion", 3_000) });
    let gone = of(REPLICA, Record { kind: EventKind::ServiceEvent, ..call("DeleteKey", 4_000) });
    let kept = of(PRIMARY, call_by(0, "CancelKeyDeletion", 5_000));
    let (by_arn, by_id) = (
        WantedKey::parse(PRIMARY).unwrap(),
        WantedKey::parse("mrk-1234abcd12ab34cd56ef1234567890ab").unwrap(),
    );

    let found = foreseen(by_arn.clone(), [&replicated, &waits, &scheduled]);
    assert_eq!(found.replicas, [REPLICA.to_owned()].into());
    assert_eq!(found.deletions, [(PRIMARY.to_owned(), DeletionProgress::WaitsForReplicas)].into());
    let found = foreseen(by_arn, [&replicated, &waits, &scheduled, &gone, &kept]);
    assert_eq!((found.replicas.len(), found.deletions.len()), (0, 0));
    let found = foreseen(by_id.clone(), [&replicated, &waits, &scheduled]);
    assert_eq!(found.keys, [PRIMARY.to_owned(), REPLICA.to_owned()].into());
    let due = DeletionProgress::Due(Timestamp::from_millis(90_000));
    assert_eq!(found.deletions[REPLICA], due);
    let found = foreseen(by_id, [&replicated, &waits, &scheduled, &gone]);
    assert_eq!(found.deletions[REPLICA], DeletionProgress::Done(Timestamp::from_millis(4_000)));
    let told = serde_json::to_value(&found).unwrap();
    assert_eq!(told["deletions"][REPLICA], serde_json::json!({ "done": "1970-01-01T00:00:04Z" }));
    assert_eq!(told["deletions"][PRIMARY], "waitsForReplicas");
}
