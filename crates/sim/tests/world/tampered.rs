//! Somebody who can write the store, but has no keys, changes it while the server is stopped. Whatever they do, the next
//! start refuses, and says where.

use bytes::Bytes;
use serde_json::json;
use sim::Stage;
use store::{Batch, Key, MemoryStore, Revision, SCAN_ITEMS_MAX, Store};

/// What was ever written: each key with its value, or `None` where it was removed, in order.
type History = Vec<(Key, Option<Bytes>)>;

/// Kinds of records: what the key of one has in it, and what is known of its history.
const REPLACED: &[&str] = &["/key/", "/user/", "/role/", "/policy/", "/access-key/", "/alias/"];
const WRITTEN_ONCE: &[&str] = &["/material/", "/account", "/deployment"];
const REMOVED: &[&str] = &["/outbox/", "/grant/"];

/// A server to which has happened what these kinds need.
fn busy() -> Stage {
    let stage = Stage::new();
    let iam = |operation: &str, input| stage.world.call(&stage.root, "iam", operation, input);
    let key = stage.value("key");
    let grant = json!({ "KeyId": key, "GrantId": stage.value("grant") });
    stage.kms("RevokeGrant", grant).ok();
    stage.kms("DisableKey", json!({ "KeyId": key })).ok();
    stage.value("alias");
    let other = stage.kms("CreateKey", json!({})).ok().pointer("/KeyMetadata/KeyId").cloned().unwrap();
    stage.kms("UpdateAlias", json!({ "AliasName": "alias/staged", "TargetKeyId": other })).ok();

    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}}"#;
    let inline = json!({ "UserName": "mallory", "PolicyName": "denied", "PolicyDocument": document });
    assert_eq!(iam("CreateUser", json!({ "UserName": "mallory" })).status, 200);
    assert_eq!(iam("PutUserPolicy", inline).status, 200);
    let role = json!({ "RoleName": "visitor", "AssumeRolePolicyDocument": trust });
    assert_eq!(iam("CreateRole", role).status, 200);
    let description = json!({ "RoleName": "visitor", "Description": "changed" });
    assert_eq!(iam("UpdateRole", description).status, 200);
    let policy = iam("CreatePolicy", json!({ "PolicyName": "denied", "PolicyDocument": document }));
    let arn = policy.xml("Arn").unwrap();
    assert_eq!(iam("AttachUserPolicy", json!({ "UserName": "mallory", "PolicyArn": arn })).status, 200);
    let access_key = iam("CreateAccessKey", json!({ "UserName": "mallory" })).xml("AccessKeyId").unwrap();
    let inactive = json!({ "UserName": "mallory", "AccessKeyId": access_key, "Status": "Inactive" });
    assert_eq!(iam("UpdateAccessKey", inactive).status, 200);
    stage
}

#[test]
fn what_nobody_touched_starts() {
    let world = busy().world.tampered(|_| ()).map_err(|error| error.to_string()).unwrap();
    assert!(world.is_well());
}

#[test]
fn an_edited_record_stops_the_start_and_is_named() {
    for kind in REPLACED.iter().chain(WRITTEN_ONCE) {
        let mut place = None;
        let found = start_after(|engine, history| {
            let (key, value) = newest(&history, kind);
            let mut value = value.to_vec();
            *value.last_mut().unwrap() ^= 1;
            set(engine, &key, Some(value.into()));
            place = Some(key);
        });
        names(&found, place, kind);
    }
}

#[test]
fn a_record_without_its_stamp_stops_the_start_and_is_named() {
    for kind in REPLACED.iter().chain(WRITTEN_ONCE) {
        let mut place = None;
        let found = start_after(|engine, history| {
            let (key, value) = newest(&history, kind);
            set(engine, &key, Some(value.slice(store::STAMP_BYTES..)));
            place = Some(key);
        });
        names(&found, place, kind);
    }
}

#[test]
fn two_records_that_changed_places_stop_the_start_and_are_named() {
    for kind in ["/key/", "/user/", "/access-key/", "/material/"] {
        let mut places = None;
        let found = start_after(|engine, history| {
            let one = newest(&history, kind);
            let other = newest(&without(&history, &one.0), if kind == "/user/" { "/role/" } else { kind });
            set(engine, &one.0, Some(other.1));
            set(engine, &other.0, Some(one.1));
            places = Some(one.0.min(other.0));
        });
        names(&found, places, kind);
    }
}

#[test]
fn a_record_under_a_second_key_stops_the_start_and_is_named() {
    for kind in REPLACED.iter().chain(WRITTEN_ONCE).chain(REMOVED) {
        let mut place = None;
        let found = start_after(|engine, history| {
            let (key, value) = written(&history, kind).last().unwrap().clone();
            let key: Key = [&key[..], b"2"].concat().into();
            set(engine, &key, Some(value));
            place = Some(key);
        });
        names(&found, place, kind);
    }
}

#[test]
fn a_record_of_another_deployment_stops_the_start_and_is_named() {
    for kind in ["/account", "/deployment"] {
        let foreign = newest(&history(sim::World::seeded(2).store().inner()), kind);
        let mut place = None;
        let found = start_after(|engine, _| {
            set(engine, &foreign.0, Some(foreign.1.clone()));
            place = Some(foreign.0.clone());
        });
        names(&found, place, kind);
    }
}

#[test]
fn a_record_that_was_put_back_stops_the_start() {
    for kind in REPLACED {
        let found = start_after(|engine, history| {
            let (key, newest) = newest(&history, kind);
            let older =
                written(&history, kind).into_iter().rfind(|(at, value)| *at == key && *value != newest);
            set(engine, &key, Some(older.unwrap().1));
        });
        assert!(found.contains("an older version was put in the place of a record"), "{kind}: {found}");
    }
}

#[test]
fn a_removed_record_stops_the_start() {
    for kind in REPLACED.iter().chain(WRITTEN_ONCE) {
        let found = start_after(|engine, history| set(engine, &newest(&history, kind).0, None));
        assert!(found.contains("1 of its records were removed"), "{kind}: {found}");
    }
}

#[test]
fn a_record_that_is_there_again_stops_the_start_and_is_named() {
    for kind in REMOVED {
        let mut place = None;
        let found = start_after(|engine, history| {
            let (key, value) = written(&history, kind).last().unwrap().clone();
            set(engine, &key, Some(value));
            place = Some(key);
        });
        names(&found, place, kind);
    }
}

/// A server that took it for new would found another deployment over its keys.
#[test]
fn a_store_without_its_seal_is_not_a_new_one() {
    let found = start_after(|engine, _| set(engine, &Key::from_static(b"-/-/seal"), None));
    assert!(found.contains("`-/-/seal` is gone"), "{found}");
}

#[test]
fn a_domain_key_under_a_second_key_keeps_the_server_sealed() {
    let (told, world) = busy().world.tampered_and_mended(
        |engine| {
            let (key, value) = newest(&history(engine), "/domain-key/");
            set(engine, &[&key[..], b"2"].concat().into(), Some(value));
        },
        |engine| set(engine, &Key::from_static(b"-/-/domain-key/00000000012"), None),
    );
    assert!(told.is_some_and(|told| told.contains("`-/-/domain-key/00000000012`")));
    assert!(world.is_well());
}

#[test]
fn a_store_without_its_journal_is_served_only_if_somebody_says_so() {
    let refused = busy().world.without_its_journal().err().map(|error| error.to_string()).unwrap_or_default();
    assert!(
        refused.contains("the journal ends before its record") && refused.contains("--begin-journal"),
        "{refused}"
    );

    let said = busy().world.reconfigured(|settings| settings.begin_journal = true);
    let world = said.without_its_journal().map_err(|error| error.to_string()).unwrap();
    let begun: Vec<_> = world.records().into_iter().map(|record| record.operation).collect();
    assert_eq!(begun, ["BeginJournal"]);
    // Once said is enough.
    let world = world.reconfigured(|settings| settings.begin_journal = false);
    assert!(world.is_well());
}

#[test]
fn ledgers_are_records_too() {
    let ledger = "-/-/ledger/";
    let found = start_after(|engine, history| {
        let (key, newest) = newest(&history, ledger);
        let older = written(&history, ledger).into_iter().rfind(|(at, value)| *at == key && *value != newest);
        set(engine, &key, Some(older.unwrap().1));
    });
    assert!(found.contains("not as it was left"), "{found}");
    let found = start_after(|engine, history| {
        for (key, _) in written(&history, ledger) {
            set(engine, &key, None);
        }
    });
    assert!(found.contains("keywright store authenticate"), "{found}");
}

#[test]
fn what_somebody_writes_while_the_server_runs_is_not_believed() {
    let stage = busy();
    let engine = stage.world.store().inner();
    let (key, value) = newest(&history(engine), "/user/");
    set(engine, &key, Some([&value[..], b"!"].concat().into()));
    stage.world.settle();
    let answer = stage.kms("ListKeys", json!({}));
    assert_eq!(
        (stage.world.is_well(), answer.status),
        (false, 500),
        "the server follows its store no longer"
    );
    set(engine, &key, Some(value));
    while !stage.world.is_well() {
        stage.world.run(async { tokio::time::sleep(std::time::Duration::from_secs(1)).await });
    }
    assert_eq!(stage.kms("ListKeys", json!({})).status, 200);
}

/// What stops the start of a busy server's successor, after somebody was at the store.
fn start_after(tamper: impl FnOnce(&MemoryStore, History)) -> String {
    let started = busy().world.tampered(|engine| tamper(engine, history(engine)));
    started.err().map_or_else(|| "it started".to_owned(), |error| error.to_string())
}

fn history(engine: &MemoryStore) -> History {
    block_on(async {
        let head = engine.scan(b"", b"\xFF", SCAN_ITEMS_MAX).await.unwrap().revision;
        let (mut watch, mut history) = (engine.watch(Revision(0)).await.unwrap(), Vec::new());
        loop {
            let changes = watch.next().await.unwrap();
            history.extend(changes.items);
            if changes.revision == head {
                return history;
            }
        }
    })
}

/// All that was ever written under keys of a kind.
fn written(history: &History, kind: &str) -> Vec<(Key, Bytes)> {
    let of_kind = |key: &Key| String::from_utf8_lossy(key).contains(kind);
    let mut written: Vec<_> =
        history.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    written.retain(|(key, _)| of_kind(key));
    written
}

/// A record of a kind that is there now; of those, the one that was replaced most often.
fn newest(history: &History, kind: &str) -> (Key, Bytes) {
    let written = written(history, kind);
    let gone =
        |key: &Key| history.iter().rfind(|(at, _)| at == key).is_some_and(|(_, value)| value.is_none());
    let times = |key: &Key| written.iter().filter(|(at, _)| at == key).count();
    let there = written.iter().filter(|(key, _)| !gone(key));
    let (key, _) = there.max_by_key(|(key, _)| times(key)).unwrap_or_else(|| panic!("no record of {kind}"));
    written.iter().rfind(|(at, _)| at == key).cloned().unwrap()
}

fn without(history: &History, key: &Key) -> History {
    history.iter().filter(|(at, _)| at != key).cloned().collect()
}

fn set(engine: &MemoryStore, key: &Key, value: Option<Bytes>) {
    let batch = match value {
        Some(value) => Batch::default().put(key.clone(), value),
        None => Batch::default().delete(key.clone()),
    };
    block_on(engine.commit(batch)).unwrap().unwrap();
}

#[track_caller]
fn names(found: &str, place: Option<Key>, kind: &str) {
    let place = String::from_utf8(place.unwrap().to_vec()).unwrap();
    assert!(found.contains(&format!("`{place}`")), "{kind}: {found}");
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
