//! The end of a server.

use std::{net::TcpStream, sync::Arc, time::Duration};

use edge::{Ended, Limits};

use crate::{
    http2,
    world::{World, run, start, start_with, until},
};

#[test]
fn what_is_in_flight_is_answered_and_nothing_new_is_taken() {
    let World { edge, counts, .. } = start_with(Limits::default(), 2, None);
    let address = edge.address();
    let mut idle = crate::world::Client::connect(address);
    idle.post("/", "a").response();
    let mut busy = crate::world::Client::connect(address);
    busy.post("/wait/800", "a");
    until(|| counts.open() == 2);
    std::thread::sleep(Duration::from_millis(100));
    let ending = std::thread::spawn(move || edge.shut_down());
    assert_eq!(idle.closed(), "", "an idle connection is closed at once");
    until(|| TcpStream::connect(address).is_err());
    let (status, told) = busy.response();
    assert_eq!(status, 200);
    assert!(told.contains("Ok(98)"));
    assert_eq!(busy.closed(), "");
    assert_eq!(ending.join().unwrap(), Ended::Clean);
    assert_eq!(counts.open(), 0);
}

#[test]
fn what_takes_too_long_is_cut_off() {
    let world = start(Limits { shutdown: Duration::from_millis(300), ..Limits::default() });
    let mut client = world.connect();
    client.post("/wait/60000", "a");
    until(|| world.counts.open() == 1);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(world.edge.shut_down(), Ended::CutOff(1));
    assert_eq!(client.closed(), "");
    assert_eq!(world.counts.open(), 0);
}

#[test]
fn a_request_that_is_still_being_sent_is_answered() {
    let world = start(Limits::default());
    let mut client = world.connect();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
    until(|| world.counts.open() == 1);
    std::thread::sleep(Duration::from_millis(100));
    let ending = std::thread::spawn(move || world.edge.shut_down());
    std::thread::sleep(Duration::from_millis(100));
    client.send("a");
    assert!(client.response().1.contains("Ok(98)"));
    assert_eq!(ending.join().unwrap(), Ended::Clean);
}

#[test]
fn http2_requests_in_flight_are_answered() {
    let world = start(Limits::default());
    run(async {
        let sender = http2::connect(&world).await;
        let in_flight = tokio::spawn(async move { http2::post(&sender, "/wait/500", "a").await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let ending = tokio::task::spawn_blocking(move || world.edge.shut_down());
        assert!(in_flight.await.unwrap().contains("Ok(98)"));
        assert_eq!(ending.await.unwrap(), Ended::Clean);
    });
}

#[test]
fn work_that_outlives_its_request_is_waited_for() {
    let world = start(Limits::default());
    world.connect().post("/detach/500", "a").response();
    let finished = Arc::clone(&world.teller.finished);
    assert_eq!(world.edge.shut_down(), Ended::Clean);
    assert_eq!(*finished.lock().unwrap(), 1);
}
