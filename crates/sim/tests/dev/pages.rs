//! Web pages in a browser, and who asks for health.

use bytes::Bytes;
use dev::DevConfig;
use dispatch::Origins;
use http::{Method, Request, Response};

use crate::server::{Server, config};

const PAGE: &str = "http://localhost:3000";

fn ask(server: &Server, method: Method, path: &str, fields: &[(&str, &str)]) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    server.exchange(request.body(Bytes::new()).unwrap())
}

#[test]
fn a_page_works_no_control_and_makes_no_call() {
    let server = Server::new();
    for path in ["/_keywright/reset", "/", "/healthz"] {
        let by_origin = ask(&server, Method::POST, path, &[("host", "127.0.0.1:4599"), ("origin", PAGE)]);
        assert_eq!(by_origin.status(), 403, "{path}");
        let by_host = ask(&server, Method::GET, path, &[("host", "rebound.example:4599")]);
        assert_eq!(by_host.status(), 403, "{path}");
    }
}

#[test]
fn a_page_whose_origin_is_named_may_call() {
    let origins = Origins::parse([PAGE]).unwrap();
    let server = Server::with(&DevConfig { origins, ..config() });
    let asked = [("host", "127.0.0.1:4599"), ("origin", PAGE), ("access-control-request-method", "POST")];
    let preflight = ask(&server, Method::OPTIONS, "/", &asked);
    assert_eq!(preflight.status(), 200);
    assert_eq!(preflight.headers()["access-control-allow-origin"], PAGE);
    let call = ask(&server, Method::POST, "/", &asked[..2]);
    assert_eq!(
        (call.status().as_u16(), &call.headers()["access-control-allow-origin"]),
        (400, &PAGE.parse().unwrap())
    );
}

#[test]
fn health_is_told() {
    let server = Server::new();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(ask(&server, Method::GET, path, &[("host", "127.0.0.1:4599")]).status(), 200, "{path}");
    }
}
