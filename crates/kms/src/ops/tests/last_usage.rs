use model::{
    Timestamp,
    arn::KeyArn,
    kms::{
        DescribeKeyRequest, DisableKeyRequest, EncryptRequest, GetKeyLastUsageRequest,
        GetKeyLastUsageResponse, KeyLastUsageData, KeyLastUsageTrackingOperation, ReEncryptRequest,
        UpdateKeyDescriptionRequest,
    },
};
use secret::Plaintext;
use store::{FaultEffect, FaultyStore, MemoryStore, PlannedFault, Store, StoreCall, StoreError};

use super::{code, key};
use crate::{
    layout::Place,
    ops::{
        describe_key::DescribeKey, disable_key::DisableKey, encrypt::Encrypt,
        get_key_last_usage::GetKeyLastUsage, re_encrypt::ReEncrypt,
        update_key_description::UpdateKeyDescription,
    },
    testing::{OWNER, World, root, user, wait},
    usage::{WRITTEN_AFTER_MILLIS, write_behind},
};

fn encryption(key: &str, dry_run: Option<bool>) -> EncryptRequest {
    EncryptRequest {
        key_id: key.to_owned(),
        plaintext: Plaintext::zeroed(5),
        encryption_context: None,
        grant_tokens: None,
        encryption_algorithm: None,
        dry_run,
    }
}

fn last(world: &World, key: &str) -> KeyLastUsageData {
    let input = GetKeyLastUsageRequest { key_id: key.to_owned() };
    let answer: GetKeyLastUsageResponse = world.call::<GetKeyLastUsage>(&root(OWNER), input).unwrap();
    assert_eq!(answer.tracking_start_date, answer.key_creation_date);
    answer.key_last_usage.unwrap()
}

fn stored(world: &World, key: &KeyArn) -> Option<bytes::Bytes> {
    let at = Place { account: key.account, region: key.region.clone() }.usage(key.key_id);
    wait(world.store.get(&[at])).unwrap().remove(0).map(|stored| stored.value)
}

fn later(millis: i64, seconds: i64) -> Timestamp {
    Timestamp::from_millis(millis + seconds * 1000)
}

#[test]
fn successes_count_and_nothing_else_does() {
    let mut world = World::new();
    let (first, second) = (key(&world, None).to_string(), key(&world, None).to_string());
    let start = world.now.as_millis();
    assert_eq!(last(&world, &first), KeyLastUsageData::default());

    world.now = later(start, 1);
    assert_eq!(
        code(world.call::<Encrypt>(&root(OWNER), encryption(&first, Some(true)))),
        "DryRunOperationException"
    );
    assert_eq!(
        code(world.call::<Encrypt>(&user(OWNER, "eve", ""), encryption(&first, None))),
        "AccessDeniedException"
    );
    let input = DescribeKeyRequest { key_id: first.clone(), ..DescribeKeyRequest::default() };
    world.call::<DescribeKey>(&root(OWNER), input).unwrap();
    assert_eq!(last(&world, &first), KeyLastUsageData::default());

    let made = world.call::<Encrypt>(&root(OWNER), encryption(&first, None)).unwrap();
    let used = last(&world, &first);
    assert_eq!(used.operation, Some(KeyLastUsageTrackingOperation::Encrypt));
    assert_eq!(used.timestamp, Some(world.now));
    assert!(used.cloud_trail_event_id.is_some() && used.cloud_trail_event_id != used.kms_request_id);

    // Both keys of a re-encryption are used, in one call; a change of the key forgets nothing.
    world.now = later(start, 2);
    let input = ReEncryptRequest {
        ciphertext_blob: made.ciphertext_blob,
        destination_key_id: second.clone(),
        ..ReEncryptRequest::default()
    };
    world.call::<ReEncrypt>(&root(OWNER), input).unwrap();
    let input = UpdateKeyDescriptionRequest { key_id: first.clone(), description: "x".to_owned() };
    world.call::<UpdateKeyDescription>(&root(OWNER), input).unwrap();
    let used = last(&world, &first);
    assert_eq!(used, last(&world, &second));
    assert_eq!(used.operation, Some(KeyLastUsageTrackingOperation::ReEncrypt));
    assert_eq!(used.timestamp, Some(world.now));
}

#[test]
fn uses_are_written_behind_and_read_again() {
    let mut world = World::new();
    let (used, unused) = (key(&world, None), key(&world, None));
    let start = world.now.as_millis();
    let write = |world: &World| wait(write_behind(&world.kms(), &*world.store, world.now)).unwrap();
    world.call::<Encrypt>(&root(OWNER), encryption(&used.to_string(), None)).unwrap();
    assert_eq!(stored(&world, &used), None);
    write(&world);
    let first = stored(&world, &used);
    assert!(first.is_some());
    assert_eq!(stored(&world, &unused), None);

    // Not with every use, but in time.
    world.now = later(start, 1);
    world.call::<Encrypt>(&root(OWNER), encryption(&used.to_string(), None)).unwrap();
    write(&world);
    assert_eq!(stored(&world, &used), first);
    world.now = Timestamp::from_millis(start + WRITTEN_AFTER_MILLIS);
    write(&world);
    assert_ne!(stored(&world, &used), first);

    let known = last(&world, &used.to_string());
    world.restart();
    assert_eq!(last(&world, &used.to_string()), known);
    assert_eq!(last(&world, &unused.to_string()), KeyLastUsageData::default());
}

#[test]
fn a_use_that_could_not_be_written_is_written_later() {
    let mut world = World::new();
    let used = key(&world, None);
    world.call::<Encrypt>(&root(OWNER), encryption(&used.to_string(), None)).unwrap();
    let failing = FaultyStore::new(
        MemoryStore::new(),
        vec![PlannedFault {
            call: StoreCall::Commit,
            after: 0,
            times: 1,
            effect: FaultEffect::Fail(StoreError::Full),
        }],
    );
    assert!(wait(write_behind(&world.kms(), &failing, world.now)).is_err());
    world.now = Timestamp::from_millis(world.now.as_millis() + WRITTEN_AFTER_MILLIS);
    wait(write_behind(&world.kms(), &*world.store, world.now)).unwrap();
    let known = last(&world, &used.to_string());
    world.restart();
    assert_eq!(last(&world, &used.to_string()), known);
}

#[test]
fn policies_can_ask_how_long_a_key_was_not_used() {
    let mut world = World::new();
    let key = key(&world, None).to_string();
    let statement = r#"{"Effect":"Allow","Action":"kms:DisableKey","Resource":"*",
        "Condition":{"NumericGreaterThanEquals":{"kms:TrailingDaysWithoutKeyUsage":"30"}}}"#;
    let admin = user(OWNER, "admin", statement);
    let disable =
        |world: &World| code(world.call::<DisableKey>(&admin, DisableKeyRequest { key_id: key.clone() }));
    let start = world.now.as_millis();
    let day = 24 * 60 * 60;
    world.now = later(start, 29 * day);
    assert_eq!(disable(&world), "AccessDeniedException");
    world.call::<Encrypt>(&root(OWNER), encryption(&key, None)).unwrap();
    world.now = later(start, 30 * day);
    assert_eq!(disable(&world), "AccessDeniedException");
    world.now = later(start, 59 * day);
    assert_eq!(disable(&world), "ok");
}
