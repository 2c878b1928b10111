//! Strangers cost little: what they leave in the journal, and what it costs others.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use audit::{Crash, Disk, EventKind, Record, RecordedOutcome, Value};
use bytes::Bytes;
use dispatch::{BodyFault, ConnectionInfo};
use http::{HeaderValue, Request};
use serde_json::json;
use sim::{Credentials, Stage, World};

const UNSIGNED: &str = "MissingAuthenticationTokenException";
const UNKNOWN: &str = "UnrecognizedClientException";

fn from(address: &str) -> ConnectionInfo {
    ConnectionInfo::new((address.parse::<IpAddr>().unwrap(), 50_000).into(), None)
}

fn unsigned(world: &World) -> Request<Bytes> {
    world.request("kms", "ListKeys", &json!({}))
}

fn by_nobody(world: &World) -> Request<Bytes> {
    let nobody = Credentials { access_key_id: "AKIANOBODYNOBODYNOBO".to_owned(), ..world.root() };
    world.sign(unsigned(world), &nobody, "kms")
}

/// Lets a minute go by, and what is due then be done.
fn a_minute_later(world: &World) {
    world.clock().advance(Duration::from_secs(61));
    world.tick().unwrap();
}

/// The refusals that are recorded one by one, by source and error.
fn one_by_one(records: &[Record<'_>]) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for record in records.iter().filter(|record| record.kind == EventKind::ApiCall) {
        if let RecordedOutcome::Fault { code, .. } = &record.outcome {
            *counts.entry((record.source.as_deref().unwrap().to_owned(), code.to_string())).or_default() += 1;
        }
    }
    counts
}

/// The refusals that are summed up, by source and error.
fn summed_up(records: &[Record<'_>]) -> BTreeMap<(String, String), i64> {
    let mut counts = BTreeMap::new();
    for record in records.iter().filter(|record| record.operation == "RefuseStrangers") {
        assert_eq!((record.kind, &*record.service), (EventKind::ServiceEvent, "keywright"));
        let value = |name| &record.parameters.iter().find(|(known, _)| known == name).unwrap().1;
        let (Value::Text(code), Value::Integer(count)) = (value("errorCode"), value("count")) else {
            panic!("{record:?}");
        };
        let (Value::Text(first), Value::Text(last)) = (value("first"), value("last")) else {
            panic!("{record:?}");
        };
        assert!(first <= last);
        *counts.entry((record.source.as_deref().unwrap().to_owned(), code.to_string())).or_default() += count;
    }
    counts
}

fn journal_bytes(world: &World) -> usize {
    let disk = world.disk();
    disk.list().unwrap().iter().map(|name| disk.read(name).unwrap().len()).sum()
}

#[test]
fn a_flood_is_summed_up_by_source_and_kind() {
    let world = World::new();
    for _ in 0..200 {
        assert_eq!(world.send_over(unsigned(&world), &from("192.0.2.1")).fault(), UNSIGNED);
    }
    for _ in 0..50 {
        assert_eq!(world.send_over(by_nobody(&world), &from("192.0.2.1")).fault(), UNKNOWN);
    }
    for host in 1..=60 {
        world.send_over(unsigned(&world), &from(&format!("2001:db8:0:7::{host}")));
    }
    let source = |text: &str, code: &str| (text.to_owned(), code.to_owned());
    let recorded = one_by_one(&world.records());
    assert_eq!(recorded[&source("192.0.2.1", UNSIGNED)], 20);
    assert_eq!(recorded.get(&source("192.0.2.1", UNKNOWN)), None, "one stranger, one allowance");
    assert_eq!(recorded.values().sum::<usize>(), 40, "a /64 is one stranger too: {recorded:?}");
    assert!(summed_up(&world.records()).is_empty(), "a minute is not over");
    a_minute_later(&world);
    let expected = [
        (source("192.0.2.1", UNSIGNED), 180),
        (source("192.0.2.1", UNKNOWN), 50),
        (source("2001:db8:0:7::/64", UNSIGNED), 40),
    ];
    assert_eq!(summed_up(&world.records()), BTreeMap::from(expected));
    // The allowance is back, and nothing is told twice.
    world.send_over(by_nobody(&world), &from("192.0.2.1"));
    assert_eq!(one_by_one(&world.records())[&source("192.0.2.1", UNKNOWN)], 1);
    a_minute_later(&world);
    assert_eq!(summed_up(&world.records()).len(), 3);
}

#[test]
fn calls_of_the_known_are_never_summed_up() {
    let stage = Stage::new();
    let (world, stranger) = (&stage.world, stage.world.stranger());
    let before = world.records().len();
    for _ in 0..100 {
        let key = stage.value("key");
        world.send(unsigned(world));
        assert_eq!(
            world.call(&stranger, "kms", "DescribeKey", json!({ "KeyId": key })).fault(),
            "AccessDeniedException"
        );
    }
    let records = world.records().split_off(before);
    let denied = records.iter().filter(|record| record.operation == "DescribeKey").count();
    assert_eq!(denied, 100);
    let strangers = records.iter().filter(|record| record.operation == "ListKeys").count();
    assert_eq!(strangers, 20);
}

#[test]
fn whatever_strangers_do_the_journal_grows_by_their_share_alone() {
    let world = World::new();
    // An hour's part of the default of 64 MiB a day.
    let share = 64 * 1024 * 1024 / 24;
    let before = journal_bytes(&world);
    for number in 0..12_000_u32 {
        let source =
            ConnectionInfo::new((IpAddr::from((0x0A00_0000 + number).to_be_bytes()), 1).into(), None);
        world.send_over(by_nobody(&world), &source);
    }
    a_minute_later(&world);
    let records = world.records();
    let counted: i64 = summed_up(&records).values().sum();
    assert_eq!(one_by_one(&records).values().sum::<usize>() + usize::try_from(counted).unwrap(), 12_000);
    assert!(counted > 1000, "the share came to its end");
    let grown = journal_bytes(&world) - before;
    assert!(grown < share + 512 * 1024, "{grown} bytes");
}

#[test]
fn what_a_stranger_says_is_cut_short() {
    let world = World::new();
    let mut request = by_nobody(&world);
    let long = HeaderValue::try_from("x".repeat(4000)).unwrap();
    let target = HeaderValue::try_from(format!("TrentService.{}", "y".repeat(4000))).unwrap();
    for (name, value) in [("user-agent", &long), ("host", &long), ("x-amz-target", &target)] {
        request.headers_mut().insert(name, value.clone());
    }
    world.send(request);
    let mut record = world.records().pop().unwrap();
    let claimed = record.additional.clone();
    assert_eq!(claimed, Some(Value::map([("claimedAccessKeyId", "AKIANOBODYNOBODYNOBO")])));
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    assert!(bytes.len() < 900, "{} bytes: {record:?}", bytes.len());
}

#[test]
fn a_stranger_does_not_make_the_disk_sync() {
    let world = World::new();
    world.settle();
    world.disk().hold_syncs(true);
    // Somebody's answer would wait for the sync.
    assert_eq!(world.send(unsigned(&world)).fault(), UNSIGNED);
    world.disk().hold_syncs(false);
    assert_eq!(world.records().len(), 1);
}

#[test]
fn while_the_disk_is_full_strangers_are_counted_and_the_server_heals_by_itself() {
    let world = World::new();
    let random = || world.call(&world.root(), "kms", "GenerateRandom", json!({ "NumberOfBytes": 1 }));
    random().ok();
    world.disk().set_bytes_max(Some(0));
    assert_eq!(random().status, 500, "the journal notices when it has to write");
    assert!(!world.is_well());
    for _ in 0..30 {
        assert_eq!(world.send(unsigned(&world)).status, 500);
    }
    world.disk().set_bytes_max(None);
    // Nobody calls.
    world.heal();
    random().ok();
    a_minute_later(&world);
    assert_eq!(summed_up(&world.records()).values().sum::<i64>(), 30);
}

#[test]
fn what_was_counted_is_recorded_at_the_end() {
    let world = World::new();
    for _ in 0..25 {
        world.send(unsigned(&world));
    }
    world.finish();
    assert_eq!(summed_up(&world.records()).values().sum::<i64>(), 5);
}

#[test]
fn a_connection_is_known_once_a_signature_holds() {
    let world = World::new();
    let connection = from("192.0.2.1");
    let wrong = Credentials { secret_access_key: "wrong".to_owned(), ..world.root() };
    for request in [unsigned(&world), by_nobody(&world), world.sign(unsigned(&world), &wrong, "kms")] {
        world.send_over(request, &connection);
        assert!(!connection.is_known());
    }
    world.send_over(world.sign(unsigned(&world), &world.root(), "kms"), &connection).ok();
    assert!(connection.is_known());
}

#[test]
fn a_body_that_is_not_read_is_refused_by_what_its_head_says() {
    let world = World::new();
    for (request, code) in [
        (unsigned(&world), UNSIGNED),
        (by_nobody(&world), UNKNOWN),
        // The access key was there, and a moment ago was not.
        (world.sign(unsigned(&world), &world.root(), "kms"), "RequestTimeoutException"),
    ] {
        let (head, _) = request.into_parts();
        assert_eq!(world.knows(&head), code == "RequestTimeoutException");
        assert_eq!(world.deliver(head, Err(BodyFault::Unread)).fault(), code);
    }
}

#[test]
fn the_reserve_of_the_disk_is_for_the_known() {
    let world = World::new();
    let random = || world.call(&world.root(), "kms", "GenerateRandom", json!({ "NumberOfBytes": 1 }));
    random().ok();
    // Room for much, and less than the reserve.
    world.disk().set_bytes_max(Some(journal_bytes(&world) + 1024 * 1024));
    world.tick().unwrap();
    let before = world.records().len();
    for _ in 0..50 {
        assert_eq!(world.send(unsigned(&world)).fault(), UNSIGNED);
        random().ok();
    }
    a_minute_later(&world);
    assert_eq!(world.records().len(), before + 50, "nothing of strangers");
    assert!(world.is_well() && world.parts().iter().any(|part| part.state.contains("nearly full")));
    world.disk().set_bytes_max(None);
    world.tick().unwrap();
    assert_eq!(summed_up(&world.records()).values().sum::<i64>(), 50);
}

#[test]
fn a_server_starts_on_a_full_disk_and_heals_by_itself() {
    let stage = Stage::new();
    stage.world.settle();
    // A change is made, and its record does not get from the store to the journal.
    stage.world.disk().set_bytes_max(Some(0));
    let key = stage.kms("CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
    let world = stage.world.crash(Crash::Process);
    let describe = || world.call(&stage.root, "kms", "DescribeKey", json!({ "KeyId": key }));
    let journal = world.parts().into_iter().find(|part| !part.ready).unwrap();
    assert_eq!((journal.name, &*journal.state), ("journal", "not writing: its disk is full"));
    assert_eq!(describe().status, 500);
    world.disk().set_bytes_max(None);
    world.heal();
    describe().ok();
    let made = || world.records().into_iter().filter(|record| record.operation == "CreateKey").count();
    // It is tried again twice a second.
    let mut looks = 0..200;
    while made() == 0 && looks.next().is_some() {
        world.run(tokio::time::sleep(Duration::from_millis(50)));
    }
    assert_eq!(made(), 1, "the record that waited in the store");
}
