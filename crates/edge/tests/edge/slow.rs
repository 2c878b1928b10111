//! Clients that take their time, or are not there any more.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use dispatch::BodyFault;
use edge::Limits;
use http::Request;
use http_body_util::BodyExt;
use hyper::{
    body::{Body, Frame},
    client::conn::http2::handshake,
};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::{
    http2,
    world::{run, short, start, until},
};

#[test]
fn who_says_nothing_is_let_go() {
    let world = start(short());
    assert_eq!(world.connect().closed(), "");
    world.until_all_closed();
}

#[test]
fn a_head_that_stops_is_not_waited_for() {
    let world = start(short());
    let mut client = world.connect();
    client.send("POST / HTTP/1.1\r\nHos");
    assert_eq!(client.closed(), "");
    let mut second = world.connect();
    second.post("/", "a").response();
    second.send("P");
    assert_eq!(second.closed(), "", "nor is the second one on a connection");
}

#[test]
fn a_head_that_trickles_gets_no_more_time() {
    let world = start(short());
    let mut client = world.connect();
    let head = format!("POST / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(10_000));
    let sent = head.as_bytes().chunks(1).take_while(|byte| {
        std::thread::sleep(Duration::from_millis(20));
        client.try_send(byte)
    });
    assert!(sent.count() < 500, "it was waited for");
}

#[test]
fn an_idle_connection_is_closed() {
    let world = start(short());
    let mut client = world.connect();
    client.post("/", "a").response();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(client.post("/", "a").response().0, 200, "not before its time");
    assert_eq!(client.closed(), "");
}

#[test]
fn a_body_that_stops_is_answered() {
    let world = start(short());
    for sent in ["", "ab"] {
        let mut client = world.connect();
        client.send(format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n{sent}"));
        let (status, told) = client.response();
        assert_eq!(status, 200);
        assert!(told.contains("Err(TimedOut)"), "{told}");
        assert_eq!(client.closed(), "");
    }
    assert_eq!(*world.teller.faults.lock().unwrap(), [BodyFault::TimedOut; 2]);
}

#[test]
fn an_answer_may_take_longer_than_all_limits() {
    let world = start(short());
    let mut client = world.connect();
    assert_eq!(client.post("/wait/2000", "a").response().0, 200);
}

#[test]
fn who_does_not_take_the_answer_is_let_go() {
    let world = start(short());
    let mut client = world.connect();
    client.post("/big/100000000", "");
    until(|| world.counts.open() == 1);
    world.until_all_closed();
    drop(client);
}

/// A body that never comes.
struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[test]
fn a_body_that_never_comes_is_answered_over_http2() {
    let world = start(short());
    run(async {
        let stream = tokio::net::TcpStream::connect(world.edge.address()).await.unwrap();
        let (mut sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(Request::post("http://h/").body(Never).unwrap()).await.unwrap();
        let told = response.into_body().collect().await.unwrap().to_bytes();
        assert!(told.windows(13).any(|window| window == b"Err(TimedOut)"), "{told:?}");
    });
}

#[test]
fn an_idle_http2_connection_is_closed_after_its_last_request() {
    let world = start(Limits { idle: Duration::from_millis(600), ..Limits::default() });
    run(async {
        let sender = http2::connect(&world).await;
        assert!(http2::post(&sender, "/wait/1500", "a").await.contains("Ok(98)"));
        assert_eq!(world.counts.open(), 1);
        while !sender.is_closed() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    world.until_all_closed();
}
