use audit::{EventKind, RecordedCaller, RecordedDecision, RecordedOutcome, Value};
use model::arn::Region;
use policy::PolicyKind;

use super::*;
use crate::{explain::tests::journal_of, lint};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

/// A call of alice on the key, in the second `at`.
fn call(operation: &'static str, at: i64) -> Record<'static> {
    Record {
        service: "kms".into(),
        operation: operation.into(),
        region: "us-east-1".into(),
        account: Some("111122223333".into()),
        caller: Some(RecordedCaller {
            kind: "IAMUser".into(),
            arn: ALICE.into(),
            unique_id: "AIDAALICE".into(),
            access_key_id: None,
        }),
        decision: RecordedDecision::Allowed { layer: "identity-policy".into(), statement: None },
        resources: vec![KEY.into()],
        source: Some("192.0.2.1".into()),
        ..Record::new(EventKind::ApiCall, [1; 16], 1_795_551_300_000 + at * 1_000)
    }
}

fn denied(operation: &'static str, at: i64) -> Record<'static> {
    Record {
        decision: RecordedDecision::Denied { layer: "identity-policy".into(), statement: None },
        outcome: RecordedOutcome::Fault { code: "AccessDeniedException".into(), message: "no".into() },
        resources: Vec::new(),
        trace: Some(format!("kms:{operation} on {KEY}\nkey policy: silent\n").into()),
        ..call(operation, at)
    }
}

fn journal() -> tempfile::TempDir {
    let context = Value::map([("tenant\u{1b}[2J", "7")]);
    let encrypt = Record { parameters: vec![("encryptionContext".into(), context)], ..call("Encrypt", 1) };
    let grant = Record {
        parameters: vec![
            ("granteePrincipal".into(), "arn:aws:iam::111122223333:user/bob".into()),
            ("operations".into(), Value::list(["Decrypt"])),
        ],
        response: vec![("grantId".into(), "ab12".into())],
        ..call("CreateGrant", 3)
    };
    let alias = Record {
        resources: vec!["arn:aws:kms:us-east-1:111122223333:alias/a".into(), KEY.into()],
        ..call("CreateAlias", 4)
    };
    journal_of(&mut [encrypt.clone(), encrypt, denied("Decrypt", 2), grant, alias])
}

fn key() -> WantedKey {
    WantedKey::parse(KEY).unwrap()
}

fn text(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap()
}

#[test]
fn usage_is_a_table_for_people() {
    let (directory, mut out) = (journal(), Vec::new());
    usage(directory.path(), (&key(), None), false, &mut out).unwrap();
    assert_eq!(
        text(out),
        format!(
            "key        {KEY}\n\
             journal    records: 5 from 2026-11-24T20:15:01Z to 2026-11-24T20:15:04Z\n\
             \n\
             {ALICE}\n\
             \x20 CreateAlias                          1 at 2026-11-24T20:15:04Z\n\
             \x20 CreateGrant                          1 at 2026-11-24T20:15:03Z\n\
             \x20 Decrypt                              1 at 2026-11-24T20:15:02Z, 1 denied\n\
             \x20 Encrypt                              2 from 2026-11-24T20:15:01Z to 2026-11-24T20:15:01Z\n\
             \x20 from 1 address\n\
             \x20 encryption context `tenant\\u{{1b}}[2J`: 1 value\n"
        )
    );
}

#[test]
fn a_policy_stands_alone_and_what_it_leaves_out_beside_it() {
    let (directory, mut out, mut aside) = (journal(), Vec::new(), Vec::new());
    let asked = (Policyholder::parse(ALICE).unwrap(), None);
    assert!(policy(directory.path(), asked.clone(), false, (&mut out, &mut aside)).unwrap());
    let (drafted, mut findings) = (text(out), Vec::new());
    let region = Region::parse("us-east-1").unwrap();
    lint::lint(&drafted, PolicyKind::IdentityPolicy, &region, &mut findings).unwrap();
    assert_eq!(text(findings), "");
    assert!(drafted.contains("kms:Encrypt") && !drafted.contains("kms:Decrypt"), "{drafted}");
    let told = text(aside);
    assert!(
        told.contains(&format!("denied     kms:Decrypt on {KEY}: 1 at 2026-11-24T20:15:02Z\n")),
        "{told}"
    );

    let (mut out, mut aside) = (Vec::new(), Vec::new());
    policy(directory.path(), asked, true, (&mut out, &mut aside)).unwrap();
    let whole: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let alone: serde_json::Value = serde_json::from_str(&drafted).unwrap();
    assert_eq!((&whole["policy"], &whole["denied"][0]["action"]), (&alone, &"kms:Decrypt".into()));
    assert_eq!(text(aside), "");
}

#[test]
fn who_was_allowed_nothing_gets_no_policy() {
    let directory = journal_of(&mut [denied("Decrypt", 1)]);
    let (mut out, mut aside) = (Vec::new(), Vec::new());
    let asked = (Policyholder::parse(ALICE).unwrap(), None);
    assert!(!policy(directory.path(), asked, false, (&mut out, &mut aside)).unwrap());
    assert!(out.is_empty() && text(aside).contains("denied     kms:Decrypt"));
}

#[test]
fn a_deletion_is_told_with_whom_it_concerns() {
    let (directory, mut out) = (journal(), Vec::new());
    deletion(directory.path(), &key(), false, &mut out).unwrap();
    assert_eq!(
        text(out),
        format!(
            "key        {KEY}\n\
             journal    records: 5 from 2026-11-24T20:15:01Z to 2026-11-24T20:15:04Z\n\
             \n\
             used by {ALICE}\n\
             \x20 Encrypt                              2 from 2026-11-24T20:15:01Z to 2026-11-24T20:15:01Z\n\
             \n\
             aliases\n\
             \x20 arn:aws:kms:us-east-1:111122223333:alias/a\n\
             \n\
             grant ab12\n\
             \x20 to arn:aws:iam::111122223333:user/bob: Decrypt\n\
             \x20 made by {ALICE} at 2026-11-24T20:15:03Z\n"
        )
    );
}

#[test]
fn reports_over_nothing_say_so() {
    let directory = tempfile::tempdir().unwrap();
    let told = usage(directory.path(), (&key(), None), false, &mut Vec::new()).unwrap_err().to_string();
    assert!(told.starts_with("there is no journal in "), "{told}");
    let (directory, mut out) = (journal_of(&mut [denied("ListKeys", 1)]), Vec::new());
    let other = WantedKey::parse("mrk-1234abcd12ab34cd56ef1234567890ab").unwrap();
    usage(directory.path(), (&other, None), false, &mut out).unwrap();
    assert!(text(out).ends_with("no record concerns the key\n"));
}
