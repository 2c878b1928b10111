//! Who may stay when there are many, and what is told of those who may not.

use std::time::Duration;

use edge::{HEAD_BYTES_MAX, Limits, TurnedAway};

use crate::world::{Client, World, short, start, start_with, until};

fn answered(client: &mut Client, path: &str) -> bool {
    client.post(path, "a").response().0 == 200
}

fn told(world: &World, expected: &[TurnedAway]) {
    until(|| *world.teller.turned_away.lock().unwrap() == expected);
}

#[test]
fn the_oldest_stranger_makes_room_and_the_known_stay() {
    let world = start_with(Limits { connections_max: 3, ..Limits::default() }, 2, None);
    let mut known = world.connect();
    assert!(answered(&mut known, "/known"));
    let mut strangers = [world.connect(), world.connect()];
    assert!(strangers.iter_mut().all(|stranger| answered(stranger, "/")));
    let mut newcomer = world.connect();
    assert!(answered(&mut newcomer, "/known"));
    let [oldest, mut other] = strangers;
    assert_eq!(oldest.closed(), "");
    told(&world, &[TurnedAway::MadeRoom]);
    assert!(answered(&mut known, "/") && answered(&mut other, "/known"));
    // Nobody is left to make room.
    assert_eq!(world.connect().closed(), "");
    told(&world, &[TurnedAway::MadeRoom, TurnedAway::OverLimit]);
    assert_eq!((world.counts.open(), world.counts.open_known(), world.counts.refused()), (3, 3, 2));
    assert!(answered(&mut known, "/") && answered(&mut newcomer, "/"));
    drop(known);
    until(|| world.counts.open_known() == 2);
    assert!(answered(&mut world.connect(), "/"), "there is room again");
}

#[test]
fn one_address_does_not_take_all_connections() {
    let limits = Limits { connections_max: 10, connections_per_address_max: 2, ..Limits::default() };
    let world = start(limits);
    let mut other = world.connect_from([127, 0, 0, 2]);
    assert!(answered(&mut other, "/"));
    let mut greedy = Vec::new();
    for _ in 0..20 {
        greedy.push(world.connect());
        assert!(answered(greedy.last_mut().unwrap(), "/"));
    }
    until(|| world.counts.open() == 3);
    assert!(answered(&mut other, "/"), "others keep theirs");
    let mut kept = greedy.split_off(18);
    assert!(kept.iter_mut().all(|client| answered(client, "/known")));
    assert_eq!(world.connect().closed(), "");
    assert_eq!(world.teller.turned_away.lock().unwrap().last(), Some(&TurnedAway::OverAddressLimit));
    assert!(answered(&mut world.connect_from([127, 0, 0, 3]), "/"));
}

#[test]
fn a_stranger_is_idle_for_a_short_time_only() {
    let limits = Limits { stranger_idle: Duration::from_millis(300), ..Limits::default() };
    let world = start(limits);
    let (mut known, mut stranger) = (world.connect(), world.connect());
    assert!(answered(&mut known, "/known") && answered(&mut stranger, "/"));
    // The client waits for ten seconds, and the known may idle for two minutes.
    assert_eq!(stranger.closed(), "");
    assert!(answered(&mut known, "/"));
}

#[test]
fn who_is_known_does_not_wait_behind_all_strangers() {
    let world = start(Limits::default());
    let (mut known, mut blocking) = (world.connect(), world.connect());
    assert!(answered(&mut known, "/known") && answered(&mut blocking, "/known"));
    let mut strangers: Vec<_> = (0..200).map(|_| world.connect()).collect();
    until(|| world.counts.open() == 202);
    // All of the following is there when the worker goes on.
    blocking.post("/block/1000", "a");
    for stranger in &mut strangers {
        stranger.post("/stranger", "a");
    }
    assert!(answered(&mut known, "/hurry"));
    assert!(strangers.iter_mut().all(|stranger| stranger.response().0 == 200));
    let order = world.teller.answered.lock().unwrap();
    let before = order.iter().take_while(|path| *path != "hurry").filter(|path| *path == "stranger").count();
    assert!(before <= 50, "{before} strangers were answered before");
}

#[test]
fn what_is_refused_before_it_is_a_request_is_told() {
    let world = start(short());
    let bomb = format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(HEAD_BYTES_MAX));
    assert_eq!(world.connect().send(bomb).response().0, 431);
    told(&world, &[TurnedAway::HeadTooLarge]);
    let many = "X: y\r\n".repeat(101);
    assert_eq!(world.connect().send(format!("GET / HTTP/1.1\r\n{many}\r\n")).response().0, 431);
    told(&world, &[TurnedAway::HeadTooLarge; 2]);
    let mut garbage = world.connect();
    garbage.send("\0\0\0\0\r\n\r\n");
    garbage.closed();
    let mut broken = world.connect();
    // The preface of HTTP/2, and then no frame of it (RFC 9113, section 3.4).
    broken.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnothing that is a frame of HTTP/2 at all");
    broken.closed();
    world.connect().closed();
    let mut all = vec![TurnedAway::HeadTooLarge; 2];
    all.extend([TurnedAway::Malformed, TurnedAway::Malformed, TurnedAway::SlowHead]);
    told(&world, &all);
    // Who goes away has done nothing wrong.
    let mut client = world.connect();
    client.send("POST / HT");
    drop(client);
    world.until_all_closed();
    assert_eq!(world.teller.turned_away.lock().unwrap().len(), 5);
}
