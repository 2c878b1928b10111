//! Pages for the operator's tools, on a listener of their own: `/healthz`, `/readyz`, `/metrics`.

use std::{fmt::Write, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE},
    request::Parts,
};

use counters::gauge;
use dispatch::{BodyFault, ConnectionInfo};
use edge::{Answer, Connections, FromAPage};
use export::Exports;
use server::{Health, Part};

use crate::metrics::{self, Metrics, figure};

/// Answers the pages.
pub(crate) struct Admin {
    /// Calls.
    pub(crate) metrics: Arc<Metrics>,
    /// Connections of the API's listener.
    pub(crate) connections: Arc<Connections>,
    /// The server's parts.
    pub(crate) health: Arc<dyn Health>,
    /// Events that are handed on.
    pub(crate) exports: Arc<Exports>,
}

impl Answer for Admin {
    async fn answer(
        &self,
        head: Parts,
        _: Result<Bytes, BodyFault>,
        connection: &ConnectionInfo,
    ) -> Response<Bytes> {
        // Off loopback, monitoring calls this machine by any of its names.
        if let Some(page) =
            FromAPage::of(&head).filter(|_| connection.peer().ip().to_canonical().is_loopback())
        {
            return self::page(StatusCode::FORBIDDEN, TEXT, format!("{page}\n"));
        }
        if head.method != Method::GET && head.method != Method::HEAD {
            let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here\n");
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        match head.uri.path() {
            "/healthz" => self.healthz(),
            "/readyz" => self.readyz(),
            "/metrics" => self.metrics(),
            _ => text(StatusCode::NOT_FOUND, "there are /healthz, /readyz and /metrics\n"),
        }
    }
}

impl Admin {
    /// 200 while the process lives, whatever its parts are: restarting helps none of them.
    fn healthz(&self) -> Response<Bytes> {
        let parts = self.health.parts();
        let mut json = format!("{{\"alive\":true,\"ready\":{}", parts.iter().all(|part| part.ready));
        for Part { name, state, .. } in &parts {
            let _ = write!(json, ",\"{name}\":");
            quote(&mut json, state);
        }
        json.push_str("}\n");
        page(StatusCode::OK, "application/json", json)
    }

    /// 200 when calls are answered, else 503 with the parts that are in the way; in both cases how many connections there
    /// are.
    fn readyz(&self) -> Response<Bytes> {
        let mut reasons = String::new();
        for Part { name, state, .. } in self.health.parts().iter().filter(|part| !part.ready) {
            let _ = writeln!(reasons, "{name}: {state}");
        }
        let connections = &self.connections;
        let (open, known, refused) = (connections.open(), connections.open_known(), connections.refused());
        let connections =
            format!("connections: {open} open, {known} of them known; {refused} refused so far\n");
        if reasons.is_empty() {
            page(StatusCode::OK, TEXT, format!("ready\n{connections}"))
        } else {
            page(StatusCode::SERVICE_UNAVAILABLE, TEXT, reasons + &connections)
        }
    }

    fn metrics(&self) -> Response<Bytes> {
        let mut out = String::with_capacity(64 * 1024);
        self.metrics.render(&mut out);
        metrics::connections(&mut out, &self.connections);
        let ready = self.health.parts().iter().all(|part| part.ready);
        gauge(&mut out, "keywright_ready", "1 when calls are answered.", u64::from(ready));
        self.health.figures().iter().for_each(|one| figure(&mut out, one));
        metrics::exports(&mut out, &self.exports.figures());
        page(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", out)
    }
}

const TEXT: &str = "text/plain; charset=utf-8";

fn text(status: StatusCode, body: &'static str) -> Response<Bytes> {
    page(status, TEXT, body)
}

fn page(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Writes a JSON string (RFC 8259 §7).
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use server::{Figure, FigureKind};

    use super::*;

    struct Fixed(Vec<Part>);

    impl Health for Fixed {
        fn parts(&self) -> Vec<Part> {
            self.0.clone()
        }

        fn figures(&self) -> Vec<Figure> {
            let kind = FigureKind::Gauge;
            vec![Figure {
                name: "keywright_journal_queue_records",
                kind,
                help: "Records that wait.",
                value: 7,
            }]
        }
    }

    async fn get(parts: Vec<Part>, method: Method, path: &str) -> (StatusCode, String) {
        asked(parts, http::Request::builder().method(method).uri(path), Ipv4Addr::LOCALHOST).await
    }

    async fn asked(
        parts: Vec<Part>,
        request: http::request::Builder,
        peer: Ipv4Addr,
    ) -> (StatusCode, String) {
        let admin = Admin {
            metrics: Arc::default(),
            connections: Arc::default(),
            health: Arc::new(Fixed(parts)),
            exports: Arc::default(),
        };
        let (head, ()) = request.body(()).unwrap().into_parts();
        let connection = ConnectionInfo::new(SocketAddr::from((peer, 1)), None);
        let response = admin.answer(head, Ok(Bytes::new()), &connection).await;
        (response.status(), String::from_utf8(response.body().to_vec()).unwrap())
    }

    fn parts() -> Vec<Part> {
        vec![
            Part { name: "seal", state: "sealed: the key \"file\" is\nmissing".to_owned(), ready: false },
            Part { name: "store", state: "following".to_owned(), ready: true },
        ]
    }

    #[tokio::test]
    async fn health_tells_every_part_and_is_always_well() {
        let (status, body) = get(parts(), Method::GET, "/healthz").await;
        assert_eq!(status, StatusCode::OK);
        let expected = "{\"alive\":true,\"ready\":false,\
                        \"seal\":\"sealed: the key \\\"file\\\" is\\u000amissing\",\"store\":\"following\"}\n";
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn readiness_names_what_is_in_the_way() {
        let (status, body) = get(parts(), Method::GET, "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let connections = "connections: 0 open, 0 of them known; 0 refused so far\n";
        assert_eq!(body, format!("seal: sealed: the key \"file\" is\nmissing\n{connections}"));
        let well = parts().split_off(1);
        assert_eq!(
            get(well, Method::GET, "/readyz").await,
            (StatusCode::OK, format!("ready\n{connections}"))
        );
    }

    #[tokio::test]
    async fn metrics_have_gauges_and_connections() {
        let (status, body) = get(parts(), Method::GET, "/metrics").await;
        assert_eq!(status, StatusCode::OK);
        for expected in
            ["keywright_journal_queue_records 7\n", "keywright_ready 0\n", "keywright_connections_open 0\n"]
        {
            assert!(body.contains(expected), "{expected} is not in\n{body}");
        }
    }

    #[tokio::test]
    async fn pages_in_a_browser_on_this_machine_are_refused() {
        let request = || http::Request::get("/metrics").header("host", "evil.example:4600");
        assert_eq!(asked(parts(), request(), Ipv4Addr::LOCALHOST).await.0, StatusCode::FORBIDDEN);
        assert_eq!(asked(parts(), request(), Ipv4Addr::new(192, 0, 2, 1)).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn nothing_else_is_answered() {
        assert_eq!(get(parts(), Method::POST, "/metrics").await.0, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(get(parts(), Method::GET, "/").await.0, StatusCode::NOT_FOUND);
    }
}
