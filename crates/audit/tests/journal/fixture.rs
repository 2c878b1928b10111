//! A journal of format version 1, written by a program that knew only `docs/audit-format.md`. Journals outlive the
//! version that wrote them: every later version must read this file, and write its records the same.

use std::path::Path;

use audit::{
    EventKind, FsDisk, Record, RecordedCaller, RecordedDecision, RecordedOutcome, RecordedTls, Value, verify,
};

#[test]
fn the_journal_of_version_1_stays_readable() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journal/v1");
    let mut payloads = Vec::new();
    let verdict =
        verify(&FsDisk::reader(&directory), &mut |_, payload| payloads.push(payload.to_vec())).unwrap();
    assert_eq!((verdict.next_sequence, verdict.torn_bytes), (3, 0));
    for (mut record, payload) in [denied_call(), service_event()].into_iter().zip(payloads) {
        assert_eq!(Record::decode(&payload).unwrap(), record);
        let mut written = Vec::new();
        record.encode(&mut written);
        assert_eq!(written, payload);
    }
}

fn denied_call() -> Record<'static> {
    Record {
        request_id: Some([0xa1; 16]),
        service: "kms".into(),
        operation: "Decrypt".into(),
        region: "us-east-1".into(),
        account: Some("111122223333".into()),
        read_only: true,
        caller: Some(RecordedCaller {
            kind: "IAMUser".into(),
            arn: "arn:aws:iam::111122223333:user/Alice".into(),
            unique_id: "AIDAEXAMPLE".into(),
            access_key_id: Some("AKIAEXAMPLE".into()),
        }),
        decision: RecordedDecision::Denied { layer: "key-policy".into(), statement: None },
        outcome: RecordedOutcome::Fault { code: "AccessDeniedException".into(), message: "no".into() },
        http_status: 400,
        resources: vec!["arn:aws:kms:us-east-1:111122223333:key/k".into()],
        parameters: vec![
            ("keyId".into(), "alias/a".into()),
            ("encryptionContext".into(), Value::map([("tenant", "7")])),
            ("dryRun".into(), false.into()),
            ("limit".into(), (-1).into()),
            ("operations".into(), Value::List(vec!["t".into()])),
        ],
        source: Some("192.0.2.1".into()),
        user_agent: Some("aws-cli/2".into()),
        tls: Some(RecordedTls { version: "TLSv1.3".into(), cipher: "TLS_AES_128_GCM_SHA256".into() }),
        host: Some("kms.example".into()),
        detail: Some("no statement matched".into()),
        ..Record::new(EventKind::ApiCall, [0xe1; 16], 1_700_000_000_123)
    }
}

fn service_event() -> Record<'static> {
    Record {
        service: "kms".into(),
        operation: "DeleteKey".into(),
        region: "us-east-1".into(),
        account: Some("111122223333".into()),
        response: vec![("keyId".into(), "k".into())],
        ..Record::new(EventKind::ServiceEvent, [0xe2; 16], 1_700_000_060_000)
    }
}
