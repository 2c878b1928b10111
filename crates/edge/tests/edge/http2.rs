//! HTTP/2 without TLS, by prior knowledge, with hyper's client.

use bytes::Bytes;
use edge::{BODY_BYTES_MAX, Limits};
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
