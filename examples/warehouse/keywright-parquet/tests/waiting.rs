//! A caller gets its answer wherever it waits for it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    error::Error,
    ffi::OsString,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use forward::{Context, Kms, KmsError, Patience, Settings, ThisMachine};
use keywright_parquet::{Columns, MasterKeys, ParquetKeys, ParquetKeysError};
use parquet::schema::{parser::parse_message_type, types::SchemaDescriptor};
use tokio::runtime::Builder;

const SEALED: (&str, &str) = ("200 OK", r#"{"KeyId": "arn", "CiphertextBlob": "AAAA"}"#);
const DENIED: (&str, &str) =
    ("400 Bad Request", r#"{"__type": "AccessDeniedException", "message": "not you"}"#);

/// Keys of a KMS that gives every call the same answer, and nothing that is remembered.
fn keys(answer: (&'static str, &'static str)) -> ParquetKeys {
    remembering(Duration::ZERO, answer, Arc::default())
}

/// Keys that are remembered for a time, of a KMS that counts its calls.
fn remembering(
    memory: Duration,
    answer: (&'static str, &'static str),
    calls: Arc<AtomicUsize>,
) -> ParquetKeys {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming() {
            let calls = Arc::clone(&calls);
            thread::spawn(move || answered(&connection.unwrap(), answer, &calls));
        }
    });
    let variable = |name: &str| match name {
        "AWS_ENDPOINT_URL" => Some(OsString::from(&endpoint)),
        "AWS_REGION" => Some("us-east-1".into()),
        "AWS_ACCESS_KEY_ID" => Some("AKIAIOSFODNN7EXAMPLE".into()),
        "AWS_SECRET_ACCESS_KEY" => Some("secret".into()),
        _ => None,
    };
    let settings = Settings::read(&variable).unwrap();
    let kms = Kms::new(settings, Patience::OF_A_PROGRAM, Arc::new(ThisMachine::start())).unwrap();
    ParquetKeys::new(kms, MasterKeys::as_in_files(), Context::new(), memory).unwrap()
}

fn answered(connection: &TcpStream, (status, body): (&str, &str), calls: &AtomicUsize) {
    let mut input = BufReader::new(connection);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if input.read_line(&mut line).unwrap_or_default() == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        input.read_exact(&mut vec![0; length]).unwrap();
        calls.fetch_add(1, Ordering::SeqCst);
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        (&*connection).write_all(answer.as_bytes()).unwrap();
    }
}

fn sealed(keys: &ParquetKeys) -> Result<(), ParquetKeysError> {
    let schema = Arc::new(parse_message_type("message table { required int64 id; }").unwrap());
    let schema = SchemaDescriptor::new(schema);
    keys.encryption(&schema, "alias/people", Columns::ByTheFootersKey).map(drop)
}

#[test]
fn outside_of_a_runtime() {
    sealed(&keys(SEALED)).unwrap();
}

#[test]
fn inside_a_runtime_of_one_thread() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let keys = keys(SEALED);
        sealed(&keys).unwrap();
        sealed(&keys).unwrap();
    });
}

#[test]
fn inside_a_runtime_whose_workers_all_wait() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let keys = Arc::new(keys(SEALED));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let keys = Arc::clone(&keys);
                tokio::spawn(async move { sealed(&keys).unwrap() })
            })
            .collect();
        drop(keys);
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn keys_are_remembered_as_long_as_is_said() {
    for (memory, asked) in [(Duration::ZERO, 3), (Duration::from_mins(10), 1)] {
        let calls = Arc::default();
        let keys = remembering(memory, SEALED, Arc::clone(&calls));
        for _ in 0..3 {
            sealed(&keys).unwrap();
        }
        assert_eq!(calls.load(Ordering::SeqCst), asked, "{memory:?}");
    }
}

#[test]
fn what_the_kms_says_is_at_the_end_of_the_sources() {
    let refused = sealed(&keys(DENIED)).unwrap_err();
    assert!(refused.to_string().ends_with("AccessDeniedException: not you"), "{refused}");
    let cause = refused.source().and_then(|cause| cause.downcast_ref::<KmsError>());
    assert_eq!(cause.and_then(KmsError::code), Some("AccessDeniedException"));
}

#[test]
fn a_file_in_the_clear_is_not_read() {
    let keys = keys(SEALED);
    for file in ["", "PAR", "PAR1", "PARE, and in the clear PAR1"] {
        let file = Bytes::from(file);
        assert!(matches!(keys.decryption(&file), Err(ParquetKeysError::InTheClear)));
    }
    keys.decryption(&Bytes::from("PARE...PARE")).unwrap();
}

#[test]
fn names_that_readers_would_change_are_not_written() {
    let schema = Arc::new(parse_message_type("message table { required int64 id; }").unwrap());
    let schema = SchemaDescriptor::new(schema);
    let keys = keys(SEALED);
    for (footer, column) in [("50%", "people"), ("people", "50%")] {
        let columns = Columns::ByKeys { keys: &[(column, &["id"])], clear: &[] };
        let refused = keys.encryption(&schema, footer, columns).unwrap_err();
        assert_eq!(refused.to_string(), "the name of a key has no %: 50%");
    }
}
