//! HTTP/2 without TLS, by prior knowledge, with hyper's client.

use bytes::Bytes;
use edge::{BODY_BYTES_MAX, HEAD_BYTES_MAX, Limits, TurnedAway};
use http::{Request, Version};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::world::{World, run, start};

pub(crate) async fn connect(world: &World) -> SendRequest<Full<Bytes>> {
    let stream = tokio::net::TcpStream::connect(world.edge.address()).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

pub(crate) async fn post(sender: &SendRequest<Full<Bytes>>, path: &str, body: impl Into<Bytes>) -> String {
    let request = Request::post(format!("http://h{path}")).body(Full::new(body.into())).unwrap();
    let response = sender.clone().send_request(request).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    let told = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(told.to_vec()).unwrap()
}

#[test]
fn requests_run_side_by_side() {
    let world = start(Limits::default());
    run(async {
        let sender = connect(&world).await;
        let slow = post(&sender, "/wait/300", "a");
        let quick = async {
            let told = post(&sender, "/", "b").await;
            assert_eq!(told, "HTTP/2.0 POST Ok(99) test-0 None");
        };
        let (slow, ()) = tokio::join!(slow, quick);
        assert!(slow.contains("Ok(98)"));
        assert_eq!(world.counts.open(), 1);
    });
    world.until_all_closed();
}

#[test]
fn bodies_have_the_same_limit() {
    let world = start(Limits::default());
    run(async {
        let sender = connect(&world).await;
        let told = post(&sender, "/", vec![0; BODY_BYTES_MAX]).await;
        assert!(told.contains(&format!("Ok({BODY_BYTES_MAX})")), "{told}");
        let told = post(&sender, "/", vec![0; BODY_BYTES_MAX + 1]).await;
        assert!(told.contains("Err(TooLarge)"), "{told}");
        assert!(post(&sender, "/", "").await.contains("Ok(0)"));
    });
}

#[test]
fn heads_that_are_too_large_are_refused_and_told() {
    let world = start(Limits::default());
    run(async {
        let sender = connect(&world).await;
        // A client's own library sends no field of that length, but many of them.
        for told in 1..=3 {
            let mut request = Request::post("http://h/").body(Full::new(Bytes::new())).unwrap();
            for number in 0..60 {
                let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
                request.headers_mut().insert(name, "y".repeat(HEAD_BYTES_MAX / 50).try_into().unwrap());
            }
            let response = sender.clone().send_request(request).await.unwrap();
            assert_eq!(response.status(), 431);
            assert!(post(&sender, "/", "").await.contains("Ok(0)"), "what is not too large is answered");
            let turned_away = world.teller.turned_away.lock().unwrap().clone();
            assert_eq!(turned_away, vec![TurnedAway::HeadTooLarge; told]);
        }
    });
}
