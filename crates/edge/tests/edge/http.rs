//! HTTP/1.1: framing, limits, misbehaviour.

use dispatch::BodyFault;
use edge::{BODY_BYTES_MAX, HEAD_BYTES_MAX, Limits};

use crate::world::{start, start_with, until};

#[test]
fn requests_follow_each_other_on_a_connection() {
    let world = start(Limits::default());
    let mut client = world.connect();
    for _ in 0..3 {
        let (status, told) = client.post("/", "ab").response();
        assert_eq!(status, 200);
        assert_eq!(told, "HTTP/1.1 POST Ok(197) test-0 None");
    }
    assert_eq!(world.counts.open(), 1);
}

#[test]
fn requests_may_be_sent_before_answers_are_read() {
    let world = start(Limits::default());
    let mut client = world.connect();
    client.post("/", "a").post("/wait/50", "b").post("/", "c");
    for sum in [98, 99, 100] {
        assert!(client.response().1.contains(&format!("Ok({sum})")));
    }
}

#[test]
fn a_body_in_pieces_is_put_together() {
    let world = start(Limits::default());
    let mut client = world.connect();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
    for piece in ["a", "b", "c"] {
        std::thread::sleep(std::time::Duration::from_millis(20));
        client.send(piece);
    }
    assert!(client.response().1.contains("Ok(297)"));
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    client.send("1\r\nc\r\n0\r\n\r\n");
    assert!(client.response().1.contains("Ok(297)"));
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(client.response().1.contains("GET Ok(0)"));
}

#[test]
fn the_longest_body_is_taken_and_one_byte_more_is_not() {
    let world = start(Limits::default());
    let mut client = world.connect();
    client.post("/", &"\0".repeat(BODY_BYTES_MAX));
    assert!(client.response().1.contains(&format!("Ok({BODY_BYTES_MAX})")));
    // The client sends all before it reads, as most do, and still gets its answer.
    client.post("/", &"\0".repeat(BODY_BYTES_MAX + 1));
    assert!(client.response().1.contains("Err(TooLarge)"));
    client.post("/", "a");
    assert!(client.response().1.contains("Ok(98)"), "the connection is still good");
}

#[test]
fn a_chunked_body_has_the_same_limit() {
    let world = start(Limits::default());
    let mut client = world.connect();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..17 {
        client.send(format!("10000\r\n{}\r\n", "\0".repeat(0x10000)));
    }
    client.send("0\r\n\r\n");
    assert!(client.response().1.contains("Err(TooLarge)"));
}

#[test]
fn an_absurd_body_is_refused_unread() {
    let world = start(Limits::default());
    let mut client = world.connect();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n");
    assert!(client.response().1.contains("Err(TooLarge)"));
    client.closed();
    let mut endless = world.connect();
    endless.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("10000\r\n{}\r\n", "\0".repeat(0x10000));
    let taken = (0..1000).take_while(|_| endless.try_send(&chunk)).count();
    assert!(taken < 1000, "it was read to the end");
}

#[test]
fn who_asks_first_is_told_to_go_on_or_not() {
    let world = start(Limits::default());
    let head = |length| {
        format!("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n")
    };
    let mut client = world.connect();
    assert_eq!(client.send(head(1)).response().0, 100);
    assert!(client.send("a").response().1.contains("Ok(98)"));
    let (status, told) = client.send(head(BODY_BYTES_MAX + 1)).response();
    assert_eq!(status, 200);
    assert!(told.contains("Err(TooLarge)"));
}

#[test]
fn heads_have_a_limit() {
    let world = start(Limits::default());
    let fits = format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(HEAD_BYTES_MAX - 100));
    assert_eq!(world.connect().send(fits).response().0, 200);
    let long = format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(HEAD_BYTES_MAX));
    assert_eq!(world.connect().send(long).response().0, 431);
    let many = "X: y\r\n".repeat(101);
    assert_eq!(world.connect().send(format!("GET / HTTP/1.1\r\n{many}\r\n")).response().0, 431);
    until(|| world.counts.open() == 0);
}

#[test]
fn what_is_not_http_is_refused() {
    let world = start(Limits::default());
    for garbage in ["\0\0\0\0\r\n\r\n", "GET /\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"] {
        let mut client = world.connect();
        client.send(garbage);
        let said = client.closed();
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{garbage:?}: {said}");
    }
    let smuggled = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!";
    let mut client = world.connect();
    client.send(smuggled);
    assert!(client.closed().starts_with("HTTP/1.1 400"));
}

#[test]
fn broken_bodies_are_told_to_the_answer() {
    let world = start(Limits::default());
    let mut wrong = world.connect();
    wrong.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
    wrong.closed();
    let mut short = world.connect();
    short.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    drop(short);
    until(|| *world.teller.faults.lock().unwrap() == [BodyFault::Broken, BodyFault::Broken]);
    world.until_all_closed();
}

#[test]
fn who_has_nothing_more_to_say_is_still_answered() {
    let world = start(Limits::default());
    let mut client = world.connect();
    client.post("/wait/100", "a").finish();
    let said = client.closed();
    assert!(said.contains("Ok(98)"), "{said}");
}

#[test]
fn a_panic_ends_its_connection_and_no_other() {
    let world = start(Limits::default());
    let mut other = world.connect();
    other.post("/", "a").response();
    let mut client = world.connect();
    client.post("/panic", "a");
    assert_eq!(client.closed(), "");
    assert_eq!(other.post("/", "a").response().0, 200);
    until(|| world.counts.open() == 1);
}

#[test]
fn connections_go_to_the_worker_with_the_fewest() {
    let world = start_with(Limits::default(), 3, None);
    let mut clients: Vec<_> = (0..9).map(|_| world.connect()).collect();
    let told: Vec<_> = clients.iter_mut().map(|client| client.post("/", "").response().1).collect();
    for worker in ["test-0", "test-1", "test-2"] {
        assert_eq!(told.iter().filter(|told| told.contains(worker)).count(), 3, "{told:?}");
    }
}
