use std::{collections::BTreeSet, sync::Arc, time::Duration};

use audit::{Journal, MemoryDisk, Record};
use dispatch::{Backstage, Clock, Drain, Strangers, StrangersShare};
use model::{
    Timestamp,
    arn::KeyArn,
    kms::{
        DescribeKeyRequest, DisableKeyRotationRequest, EnableKeyRotationRequest, GetKeyRotationStatusRequest,
        KeyManagerType, RotateKeyOnDemandRequest, ScheduleKeyDeletionRequest,
    },
};
use state::Kept;
use store::{Batch, Store};

use super::{code, key};
use crate::{
    KeyManagement, clockwork,
    key::Key,
    layout::Place,
    lifecycle::State,
    ops::{
        describe_key::DescribeKey, disable_key_rotation::DisableKeyRotation,
        enable_key_rotation::EnableKeyRotation, get_key_rotation_status::GetKeyRotationStatus,
        rotate_key_on_demand::RotateKeyOnDemand, schedule_key_deletion::ScheduleKeyDeletion,
    },
    testing::{OWNER, World, memory, root, service, wait},
};

/// A time that does not pass.
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// One of several servers on one store.
struct Node {
    service: Arc<KeyManagement>,
    backstage: Backstage,
    /// Not run, so that records stay in the store to be counted.
    _drain: Drain,
}

impl Node {
    async fn start(world: &World, number: u8, now: Timestamp) -> Self {
        let store: Arc<dyn Store> = Arc::clone(&world.store) as _;
        let id = [number; 16];
        let (journal, _) = Journal::open(Arc::new(MemoryDisk::new()), audit::Options::new(id)).unwrap();
        let (journal, mirror) = (Arc::new(journal), Arc::new(memory()));
        let loaded = mirror.load(&*store).await.unwrap();
        let (outbox, drain) = dispatch::outbox(&id, Arc::clone(&store), Arc::clone(&journal));
        let following = (Arc::clone(&mirror), Arc::clone(&store));
        tokio::spawn(async move { following.0.follow(&*following.1, loaded).await });
        while !mirror.is_following() {
            tokio::task::yield_now().await;
        }
        let service = Arc::new(service(Arc::clone(&world.service.strongroom)));
        let (clock, entropy) = (Arc::new(At(now)) as Arc<dyn Clock>, Arc::clone(&world.entropy));
        let share = StrangersShare::default();
        let strangers = Strangers::new(share, Arc::clone(&journal), Arc::clone(&clock), Arc::clone(&entropy));
        let strangers = Arc::new(strangers);
        let backstage = Backstage { store, mirror, journal, outbox, strangers, clock, entropy };
        Self { service, backstage, _drain: drain }
    }
}

/// The events in the outboxes of all nodes: their names and the keys concerned.
async fn events(store: &dyn Store) -> Vec<(String, String)> {
    let page = store.scan(b"-/-/outbox/", b"-/-/outbox0", usize::MAX).await.unwrap();
    let event = |value: &[u8]| {
        let record = Record::decode(value).unwrap();
        (record.operation.to_string(), record.resources[0].to_string())
    };
    page.items.iter().map(|(_, stored)| event(&stored.value)).collect()
}

fn stored(world: &World, arn: &KeyArn) -> Key {
    Key::clone(world.kms().tables().key(&Place::of_key(arn), arn.key_id).unwrap().1)
}

#[test]
fn two_nodes_do_each_piece_of_work_once() {
    let world = World::new();
    let owner = root(OWNER);
    let keys: Vec<KeyArn> = (0..20).map(|_| key(&world, None)).collect();
    for (index, key) in keys.iter().enumerate() {
        let key_id = key.to_string();
        if index % 2 == 0 {
            let input = EnableKeyRotationRequest { key_id, rotation_period_in_days: Some(90) };
            world.call::<EnableKeyRotation>(&owner, input).unwrap();
        } else {
            let input = ScheduleKeyDeletionRequest { key_id, pending_window_in_days: Some(7) };
            world.call::<ScheduleKeyDeletion>(&owner, input).unwrap();
        }
    }
    wait(async {
        let now = world.now.plus_days(100);
        let (one, other) = (Node::start(&world, 1, now).await, Node::start(&world, 2, now).await);
        let ticks = tokio::join!(
            clockwork::tick(&one.service, &one.backstage),
            clockwork::tick(&other.service, &other.backstage)
        );
        assert_eq!(ticks.0.unwrap() + ticks.1.unwrap(), 20);
        let events = events(&*world.store).await;
        assert_eq!(events.len(), 20);
        assert_eq!(events.iter().collect::<BTreeSet<_>>().len(), 20);
        for (index, key) in keys.iter().enumerate() {
            let prefix = format!("{OWNER}/eu-west-1/material/{}/", key.key_id);
            let range = (prefix.as_bytes(), format!("{prefix}~"));
            let stored = world.store.scan(range.0, range.1.as_bytes(), usize::MAX).await.unwrap();
            assert_eq!(stored.items.len(), if index % 2 == 0 { 2 } else { 0 }, "{key}");
        }
    });
}

#[test]
fn a_change_in_the_last_moment_wins_over_what_was_due() {
    let world = World::new();
    let key = key(&world, None);
    let input = ScheduleKeyDeletionRequest { key_id: key.to_string(), pending_window_in_days: Some(7) };
    world.call::<ScheduleKeyDeletion>(&root(OWNER), input).unwrap();
    wait(async {
        let node = Node::start(&world, 1, world.now.plus_days(7)).await;
        // The node has not heard of this when it begins: it sees the revision that the key had.
        let kept = Key { state: State::Disabled, ..stored(&world, &key) };
        let change = Batch { puts: vec![(kept.place().key(key.key_id), kept.encode())], ..Batch::default() };
        world.store.commit(change).await.unwrap().unwrap();
        assert_eq!(clockwork::tick(&node.service, &node.backstage).await.unwrap(), 0);
        assert!(events(&*world.store).await.is_empty());
    });
}

#[test]
fn keys_of_aws_services_rotate_every_year_and_nobody_changes_that() {
    let world = World::new();
    let owner = root(OWNER);
    let arn = key(&world, None);
    let key_id = arn.to_string();
    let made = Key { managed_by: Some("ebs".to_owned()), ..stored(&world, &arn) };
    let put = (made.place().key(arn.key_id), made.encode());
    let change = Batch { puts: vec![put], ..Batch::default() };
    wait(world.store.commit(change)).unwrap().unwrap();
    world.catch_up();

    let describe = DescribeKeyRequest { key_id: key_id.clone(), ..DescribeKeyRequest::default() };
    let metadata = world.call::<DescribeKey>(&owner, describe).unwrap().key_metadata.unwrap();
    assert_eq!(metadata.key_manager, Some(KeyManagerType::Aws));
    let status = GetKeyRotationStatusRequest { key_id: key_id.clone() };
    let status = world.call::<GetKeyRotationStatus>(&owner, status).unwrap();
    assert_eq!((status.key_rotation_enabled, status.rotation_period_in_days), (Some(true), Some(365)));
    assert_eq!(status.next_rotation_date, Some(made.created.plus_days(365)));
    let enable = EnableKeyRotationRequest { key_id: key_id.clone(), rotation_period_in_days: Some(90) };
    let disable = DisableKeyRotationRequest { key_id: key_id.clone() };
    let rotate = RotateKeyOnDemandRequest { key_id };
    assert_eq!(code(world.call::<EnableKeyRotation>(&owner, enable)), "AccessDeniedException");
    assert_eq!(code(world.call::<DisableKeyRotation>(&owner, disable)), "AccessDeniedException");
    assert_eq!(code(world.call::<RotateKeyOnDemand>(&owner, rotate)), "AccessDeniedException");
    wait(async {
        for (days, done) in [(364, 0), (365, 1), (729, 0), (730, 1)] {
            let node = Node::start(&world, 1, made.created.plus_days(days)).await;
            assert_eq!(clockwork::tick(&node.service, &node.backstage).await.unwrap(), done, "{days}");
        }
    });
}
