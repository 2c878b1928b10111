use audit::{EventKind, Record, RecordedOutcome};
use proptest::prelude::*;
use trail::events;

use super::*;

fn record(operation: &str) -> Record<'_> {
    Record {
        service: "kms".into(),
        operation: operation.into(),
        region: "us-east-1".into(),
        account: Some("111122223333".into()),
        ..Record::new(EventKind::ApiCall, [1; 16], 1_796_022_000_000)
    }
}

fn message_of(record: &Record<'_>, host: &str) -> String {
    let event = &events(record)[0];
    message(event, &event.to_json().unwrap(), &header_text(host, HOST_MAX))
}

#[test]
fn a_message_has_the_header_of_rfc_5424() {
    let told = message_of(&record("Decrypt"), "kms1.example");
    let (header, json) = told.split_once(" - {").unwrap();
    assert_eq!(header, "<110>1 2026-11-30T07:00:00Z kms1.example keywright - Decrypt");
    assert!(json.ends_with('}'), "{json}");
    let denied = Record {
        outcome: RecordedOutcome::Fault { code: "AccessDeniedException".into(), message: "no".into() },
        ..record("Decrypt")
    };
    assert!(message_of(&denied, "kms1.example").starts_with("<108>1 "));
}

#[test]
fn what_others_named_breaks_no_header() {
    let told = message_of(&record("a b\n<1>\u{e9}"), "two words\n");
    assert!(told.starts_with("<110>1 2026-11-30T07:00:00Z twowords keywright - ab<1> - {"), "{told}");
    assert!(told.is_ascii() && !told.contains('\n'), "{told}");
    assert!(message_of(&record(""), "").starts_with("<110>1 2026-11-30T07:00:00Z - keywright - - - {"));
    let long = "x".repeat(400);
    let (host, id) = ("x".repeat(HOST_MAX), "x".repeat(MESSAGE_ID_MAX));
    assert!(message_of(&record(&long), &long).contains(&format!(" {host} keywright - {id} - {{")));
}

#[test]
fn frames_are_counted_in_bytes() {
    let mut payload = Vec::new();
    record("Entschl\u{fc}sseln").encode(&mut payload);
    let read = || ReadRecord { sequence: 1, chain: [0; 32], payload: payload.clone() };
    let (frames, count) = frames(&[read(), read()], "h");
    assert_eq!(count, 2);
    let text = String::from_utf8(frames).unwrap();
    let (length, rest) = text.split_once(' ').unwrap();
    let (first, second) = rest.split_at(length.parse().unwrap());
    assert!(first.ends_with('}') && first.contains("Entschl\\u00fcsseln"), "{first}");
    assert_eq!(format!("{length} {first}"), second);
}

proptest! {
    #[test]
    fn escaped_json_says_the_same(text in any::<String>()) {
        let json = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace(char::is_control, "?"));
        let escaped = ascii(&json);
        prop_assert!(escaped.is_ascii());
        let utf16: Vec<u16> = json.encode_utf16().collect();
        let mut again = Vec::new();
        let mut rest = escaped.as_bytes();
        while let [letter, after @ ..] = rest {
            rest = after;
            match (letter, after) {
                (b'\\', [b'u', digits @ ..]) => {
                    let digits = std::str::from_utf8(&digits[..4]).unwrap();
                    again.push(u16::from_str_radix(digits, 16).unwrap());
                    rest = &after[5..];
                }
                (b'\\', [escaped, ..]) => {
                    again.extend([u16::from(*letter), u16::from(*escaped)]);
                    rest = &after[1..];
                }
                _ => again.push(u16::from(*letter)),
            }
        }
        prop_assert_eq!(again, utf16);
    }
}
