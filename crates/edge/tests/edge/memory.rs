//! What requests may hold before anybody knows who sends them.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use bytes::Bytes;
use edge::{Limits, STRANGERS_BODY_BYTES_MAX};
use http::Request;
use http_body_util::Full;
use hyper::client::conn::http2::SendRequest;

use crate::{
    http2,
    world::{Client, World, run, start},
};

const KIB: usize = 1024;

/// A head of a request with a body of so many bytes, by a stranger.
fn head(bytes: usize) -> String {
    format!("POST / HTTP/1.1\r\nHost: h\r\nX-Stranger: yes\r\nContent-Length: {bytes}\r\n\r\n")
}

/// Strangers that begin bodies and do not go on; how many of them got room.
fn crowd(world: &World) -> (Vec<Client>, usize) {
    let mut crowd: Vec<Client> = (0..20).map(|_| world.connect()).collect();
    for client in &mut crowd {
        client.send(head(30 * KIB)).send("a");
    }
    // Whoever got no room is answered once nothing more comes.
    std::thread::sleep(Duration::from_secs(4));
    let mut with_room = 0;
    for client in &mut crowd {
        if client.is_answered_within(Duration::from_millis(300)) {
            assert!(client.response().1.contains("Err(NoRoom)"));
        } else {
            with_room += 1;
        }
    }
    (crowd, with_room)
}

#[test]
fn a_long_body_of_a_stranger_is_not_read() {
    let world = start(Limits::default());
    let mut client = world.connect();
    client.send(head(STRANGERS_BODY_BYTES_MAX + 1));
    assert!(client.response().1.contains("Err(Unread)"), "nothing of it was sent");
    let mut client = world.connect();
    client.send(head(STRANGERS_BODY_BYTES_MAX)).send("\0".repeat(STRANGERS_BODY_BYTES_MAX));
    assert!(client.response().1.contains(&format!("Ok({STRANGERS_BODY_BYTES_MAX})")));
    let mut client = world.connect();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nX-Stranger: yes\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(format!("{:x}\r\n{}\r\n", 33 * KIB, "\0".repeat(33 * KIB)));
    assert!(client.response().1.contains("Err(Unread)"));
}

#[test]
fn over_a_known_connection_nobody_is_asked_again() {
    let world = start(Limits::default());
    let mut client = world.connect();
    client.post("/known", "a").response();
    client.send(head(100 * KIB)).send("\0".repeat(100 * KIB));
    assert!(client.response().1.contains(&format!("Ok({})", 100 * KIB)));
}

#[test]
fn strangers_hold_half_of_the_budget_and_the_known_have_the_rest() {
    let world = start(Limits { bodies_bytes_max: 256 * KIB, ..Limits::default() });
    let mut known = world.connect();
    known.post("/known", "a").response();
    let (crowd, with_room) = crowd(&world);
    assert_eq!(with_room, 4, "of 128 KiB, for a body of 30 KiB and its head");
    known.post("/", &"\0".repeat(100 * KIB));
    assert!(known.response().1.contains(&format!("Ok({})", 100 * KIB)));
    let mut quick = world.connect();
    quick.post("/", "a");
    assert!(quick.response().1.contains("Ok(98)"), "what is small and there at once needs no room");
    drop(crowd);
    // Their room is there again.
    crate::world::until(|| {
        let mut client = world.connect();
        client.send(head(30 * KIB)).send("\0").send("\0".repeat(30 * KIB - 1));
        client.response().1.contains("Ok(")
    });
}

#[test]
fn requests_of_a_stranger_take_turns_on_an_http2_connection() {
    let world = start(Limits::default());
    let most_at_once = || world.teller.most_at_once.load(Relaxed);
    run(async {
        let stranger = http2::connect(&world).await;
        for told in all_of((0..20).map(|_| http2::post(&stranger, "/wait/100", "a"))).await {
            assert!(told.contains("Ok(98)"));
        }
        assert_eq!(most_at_once(), 8);
        let known = http2::connect(&world).await;
        http2::post(&known, "/known", "a").await;
        all_of((0..20).map(|_| http2::post(&known, "/wait/1000", "a"))).await;
        assert_eq!(most_at_once(), 20);
    });
}

#[test]
fn a_stranger_that_goes_on_is_answered_slowly() {
    let world = start(Limits::default());
    let (mut stranger, mut known) = (world.connect(), world.connect());
    known.post("/known", "a").response();
    for _ in 0..8 {
        stranger.post("/", "a").response();
        known.post("/", "a").response();
    }
    stranger.post("/", "a");
    assert!(!stranger.is_answered_within(Duration::from_millis(20)));
    assert!(known.post("/", "a").is_answered_within(Duration::from_secs(10)));
    assert_eq!(stranger.response().0, 200);
}

#[test]
fn a_stranger_whose_requests_find_no_room_loses_its_connection() {
    let world = start(Limits { bodies_bytes_max: 16 * KIB, ..Limits::default() });
    let mut other = world.connect();
    other.post("/known", "a").response();
    run(async {
        let stranger = http2::connect(&world).await;
        let all = (0..5).map(|_| with_head(&stranger, "/wait/5000", 3000));
        assert_eq!(all_of(all).await, ["false"; 5]);
    });
    crate::world::until(|| world.counts.open() == 1);
    assert_eq!(other.post("/", "a").response().0, 200);
}

#[test]
fn heads_that_wait_for_their_turn_are_reckoned_up() {
    let world = start(Limits { bodies_bytes_max: 64 * KIB, ..Limits::default() });
    run(async {
        let (stranger, other) = (http2::connect(&world).await, http2::connect(&world).await);
        for _ in 0..8 {
            assert_eq!(with_head(&stranger, "/", 3000).await, "true");
        }
        let refused = async {
            // Less than the time for which the others wait, and long enough for them to arrive.
            tokio::time::sleep(Duration::from_millis(100)).await;
            with_head(&other, "/", 12_000).await
        };
        let (waited, refused) =
            tokio::join!(all_of((0..8).map(|_| with_head(&stranger, "/", 3000))), refused);
        assert_eq!(waited, ["true"; 8]);
        assert_eq!(refused, "false", "of 32 KiB, 24 are taken");
    });
}

/// Whether a request with a head of so many bytes is answered.
async fn with_head(sender: &SendRequest<Full<Bytes>>, path: &str, bytes: usize) -> String {
    let request = Request::post(format!("http://h{path}")).header("x-large", "x".repeat(bytes));
    let sent = sender.clone().send_request(request.body(Full::new(Bytes::new())).unwrap()).await;
    sent.is_ok().to_string()
}

/// Waits for all at once.
async fn all_of<F: Future<Output = String>>(futures: impl Iterator<Item = F>) -> Vec<String> {
    let mut futures: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, output) in futures.iter_mut().filter(|(_, output)| output.is_none()) {
            match future.as_mut().poll(context) {
                std::task::Poll::Ready(told) => *output = Some(told),
                std::task::Poll::Pending => pending = true,
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    futures.into_iter().filter_map(|(_, output)| output).collect()
}
