use super::*;

fn full() -> Record<'static> {
    Record {
        request_id: Some([2; 16]),
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
        ],
        response: vec![("keyId".into(), "k".into())],
        source: Some("192.0.2.1".into()),
        user_agent: Some("aws-cli/2".into()),
        tls: Some(RecordedTls { version: "TLSv1.3".into(), cipher: "TLS_AES_128_GCM_SHA256".into() }),
        host: Some("kms.example".into()),
        detail: Some("no statement matched".into()),
        trace: Some("identity-policy does not allow".into()),
        invoked_by: Some(InvokedBy {
            service: "s3.amazonaws.com".into(),
            arn: "arn:aws:iam::111122223333:user/gateway".into(),
            access_key_id: "AKIAGATEWAY".into(),
            source_arn: Some("arn:aws:s3:::bucket".into()),
            source_account: Some("111122223333".into()),
        }),
        ..Record::new(EventKind::ApiCall, [1; 16], 1_700_000_000_123)
    }
}

fn bytes(record: &mut Record<'_>) -> Vec<u8> {
    let mut buffer = Vec::new();
    record.encode(&mut buffer);
    buffer
}

#[test]
fn records_are_read_back() {
    let empty = Record::new(EventKind::ServiceEvent, [9; 16], -1);
    let allowed = Record {
        decision: RecordedDecision::Allowed { layer: "grant".into(), statement: Some("g-1".into()) },
        ..full()
    };
    for record in [empty, full(), allowed] {
        assert_eq!(Record::decode(&bytes(&mut record.clone())), Ok(record));
    }
}

#[test]
fn records_of_earlier_versions_are_read() {
    for (trace, fields) in [(None, 23), (full().trace, 24)] {
        let before = Record { trace, invoked_by: None, ..full() };
        let earlier = bytes(&mut before.clone());
        let array: u64 = minicbor::Decoder::new(&earlier).array().unwrap().unwrap();
        assert_eq!(array, fields);
        assert_eq!(Record::decode(&earlier), Ok(before));
    }
}

#[test]
fn a_record_with_something_additional_is_read_back() {
    let recipient = Value::map([("attestationDocumentModuleId", "i-1-enc1")]);
    let record = Record { additional: Some(Value::map([("recipient", recipient)])), ..full() };
    let written = bytes(&mut record.clone());
    assert_eq!(written[..2], [0x98, 26], "an array of 26");
    assert_eq!(Record::decode(&written), Ok(record));
}

#[test]
fn a_record_of_a_session_is_read_back() {
    let issuer = RecordedIssuer {
        arn: "arn:aws:iam::111122223333:role/ops/Admin".into(),
        unique_id: "AROAEXAMPLE".into(),
    };
    let session = RecordedSession {
        issued_ms: 1_700_000_000_000,
        second_factor: true,
        issuer: Some(issuer),
        provider: None,
        source_identity: Some("carol".into()),
    };
    let record = Record { session: Some(session), ..full() };
    let written = bytes(&mut record.clone());
    assert_eq!(written[..2], [0x98, 27], "an array of 27");
    assert_eq!(Record::decode(&written), Ok(record));
}

#[test]
fn encoding_appends_to_the_buffer() {
    let mut buffer = vec![1, 2, 3];
    full().encode(&mut buffer);
    assert_eq!(buffer[..3], [1, 2, 3]);
    assert_eq!(Record::decode(&buffer[3..]), Ok(full()));
}

#[test]
fn a_usual_record_is_compact() {
    let len = bytes(&mut Record { trace: None, invoked_by: None, ..full() }).len();
    assert!(len < 400, "{len} bytes");
}

#[test]
fn long_texts_are_cut_at_a_character() {
    let mut record = full();
    record.user_agent = Some("ä".repeat(600).into());
    record.operation = format!("x{}", "é".repeat(200)).into();
    record.detail = Some("d".repeat(5000).into());
    record.resources = vec!["r".repeat(3000).into(); 20];
    record.trace = Some("t".repeat(10_000).into());
    let written = bytes(&mut record);
    let read = Record::decode(&written).unwrap();
    assert_eq!(read.trace.as_ref().map(|trace| trace.len()), Some(8192));
    assert_eq!(read.user_agent.as_deref(), Some("ä".repeat(512).as_str()));
    assert_eq!(read.operation.len(), 255);
    assert_eq!(read.detail.map(|detail| detail.len()), Some(4096));
    assert_eq!((read.resources.len(), read.resources[0].len()), (8, 2048));
    assert!(!read.omitted);
}

#[test]
fn response_then_parameters_are_left_out_of_a_record_that_is_too_long() {
    let long = |len: usize| vec![("policy".into(), Value::from("p".repeat(len)))];
    let mut record = Record { parameters: long(40_000), response: long(40_000), ..full() };
    let written = bytes(&mut record);
    let read = Record::decode(&written).unwrap();
    assert_eq!((read.parameters.len(), read.response.len(), read.omitted), (1, 0, true));

    let mut record = Record { parameters: long(70_000), ..full() };
    let written = bytes(&mut record);
    let read = Record::decode(&written).unwrap();
    assert_eq!((read.parameters, read.omitted), (vec![("policy".into(), "70000 bytes".into())], true));
}

#[test]
fn of_the_longest_parameters_the_length_is_left_in_a_record_that_is_too_long() {
    let named = |name: &str, len: usize| (name.to_owned().into(), Value::from("p".repeat(len)));
    let tags =
        Value::list((0..50).map(|_| Value::map([("key", "k".repeat(300)), ("value", "v".repeat(300))])));
    let (name, description, tags) =
        (named("roleName", 64), named("description", 4000), ("tags".into(), tags));
    let parameters = vec![name.clone(), named("policy", 32_000), tags.clone(), description.clone()];
    let mut record = Record { parameters, ..full() };
    let written = bytes(&mut record);
    let read = Record::decode(&written).unwrap();
    let length = Value::from("32000 bytes");
    assert_eq!(read.parameters, [name, ("policy".into(), length), tags, description]);
    assert!(read.omitted);
}

#[test]
fn no_record_exceeds_the_limit() {
    let huge = || -> RecordedText<'static> { "h".repeat(100_000).into() };
    let mut record = full();
    for text in [&mut record.service, &mut record.operation, &mut record.region] {
        *text = huge();
    }
    for text in [
        &mut record.account,
        &mut record.source,
        &mut record.host,
        &mut record.user_agent,
        &mut record.detail,
        &mut record.trace,
    ] {
        *text = Some(huge());
    }
    record.caller =
        Some(RecordedCaller { kind: huge(), arn: huge(), unique_id: huge(), access_key_id: Some(huge()) });
    record.invoked_by = Some(InvokedBy {
        service: huge(),
        arn: huge(),
        access_key_id: huge(),
        source_arn: Some(huge()),
        source_account: Some(huge()),
    });
    record.decision = RecordedDecision::Denied { layer: huge(), statement: Some(huge()) };
    record.outcome = RecordedOutcome::Fault { code: huge(), message: huge() };
    record.tls = Some(RecordedTls { version: huge(), cipher: huge() });
    record.resources = vec![huge(); 100];
    record.parameters = vec![(huge(), huge().into())];
    record.response = vec![(huge(), huge().into())];
    let bytes = bytes(&mut record);
    assert!(bytes.len() <= PAYLOAD_BYTES_MAX, "{} bytes", bytes.len());
    assert_eq!(Record::decode(&bytes), Ok(record));
}

#[test]
fn fields_of_a_later_version_are_ignored_and_garbage_is_none() {
    let session = RecordedSession {
        issued_ms: 0,
        second_factor: false,
        issuer: None,
        provider: None,
        source_identity: None,
    };
    let known = Record { session: Some(session), ..full() };
    let mut later = bytes(&mut known.clone());
    assert_eq!(later[..2], [0x98, 27], "an array of 27");
    later[1] = 28;
    later.extend_from_slice(b"\x61x");
    assert_eq!(Record::decode(&later), Ok(known));
    assert_eq!(Record::decode(b""), Err(NotARecord));
    assert_eq!(Record::decode(b"garbage"), Err(NotARecord));
    let whole = bytes(&mut full());
    for len in 0..whole.len() {
        assert_eq!(Record::decode(&whole[..len]), Err(NotARecord), "{len} bytes");
    }
}
